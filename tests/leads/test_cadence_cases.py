"""Every line of cadence_cases.csv: what a history makes owed, when, and in which bin the lead is."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from leads import rules
from leads.rules_bins import bin_of, row_of
from leads.rules_types import Duty, Plan
from tests.leads.cadence_notation import CLOCK, Told, WorkingWeek, read_day, read_history, read_moment

pytestmark = pytest.mark.pure
TABLE = Path(__file__).with_name("cadence_cases.csv")
with TABLE.open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))


def plan_of(told: Told) -> Plan:
    return rules.plan(told.history, told.versions, CLOCK, WorkingWeek())


def written(moment: datetime | None) -> str:
    """A moment as the table writes it."""
    if moment is None:
        return "-"
    local = CLOCK.local(moment)
    return f"{local:%Y-%m-%d %H:%M}"


def written_duty(duty: Duty | None) -> str:
    return f"{duty.clause} {written(duty.due)}" if duty is not None else "-"


def expected_duty(clause: str, due: str) -> str:
    return f"{clause} {written(read_moment(due))}" if due != "-" else "-"


def written_closed(plan: Plan) -> str:
    words = []
    for past in plan.closed:
        late = " late" if past.state == "done" and not past.in_time else ""
        excuse = f" ({past.excuse})" if past.excuse else ""
        words.append(f"{past.duty.clause} {past.state}{late}{excuse}")
    return "; ".join(words)


def cadence(plan: Plan) -> Duty:
    assert plan.cadence is not None
    return plan.cadence


def check_also(plan: Plan, also: str) -> None:
    """The further expectations of a line, each "word rest"."""
    for item in filter(None, (part.strip() for part in also.split(";"))):
        word, _, rest = item.partition(" ")
        assert FURTHER[word](plan, rest) == (True if word in ANSWERS_TRUE else _normal(word, rest)), item


def _normal(word: str, rest: str) -> str:
    if word in ("promise", "grade", "repair", "next", "opens", "upcoming", "rejudge"):
        if rest == "-":
            return "-"
        if word == "rejudge":
            return f"{read_day(rest):%Y-%m-%d}"
        if word in ("grade", "upcoming", "repair"):
            clause, due = rest.split(" ", 1)
            return expected_duty(clause, due)
        return written(read_moment(rest))
    return rest


ANSWERS_TRUE = ("sms", "tried", "untried")
FURTHER: dict[str, Callable[[Plan, str], object]] = {
    "promise": lambda plan, rest: written(plan.promise.due) if plan.promise else "-",
    "grade": lambda plan, rest: written_duty(plan.grading),
    "repair": lambda plan, rest: written_duty(plan.repair),
    "upcoming": lambda plan, rest: written_duty(plan.upcoming),
    "next": lambda plan, rest: written(cadence(plan).next_try_at),
    "opens": lambda plan, rest: written(cadence(plan).opens),
    "rejudge": lambda plan, rest: f"{plan.rejudge_on:%Y-%m-%d}" if plan.rejudge_on else "-",
    "tries": lambda plan, rest: str(cadence(plan).tries),
    "hold": lambda plan, rest: plan.hold or "-",
    "suggest": lambda plan, rest: ",".join(plan.suggestions) or "-",
    "channel": lambda plan, rest: cadence(plan).channel,
    "state": lambda plan, rest: plan.state,
    "version": lambda plan, rest: str(cadence(plan).policy_version),
    "adjusted": lambda plan, rest: ",".join(step.kind for step in cadence(plan).adjustments) or "-",
    "lag": lambda plan, rest: str(cadence(plan).adjustments[-1].number),
    "sms": lambda plan, rest: plan.sms_owed is (rest == "owed"),
    "tried": lambda plan, rest: any(past.tried_in_time for past in plan.closed if past.duty.clause == rest),
    "untried": lambda plan, rest: (
        not any(past.tried_in_time for past in plan.closed if past.duty.clause == rest)
    ),
}


def check(case: dict[str, str]) -> None:
    plan = plan_of(read_history(case["history"]))
    assert written_duty(plan.cadence) == expected_duty(case["clause"], case["due"])
    assert written_closed(plan) == case["closed"]
    now = read_moment(case["at"])
    place = bin_of(row_of(plan, CLOCK), now, CLOCK.local_day(now))
    assert place.bin == case["bin"]
    if case["due"] == "-" and place.bin == "messages_only":
        assert place.clause == case["clause"]
    check_also(plan, case["also"])


@pytest.mark.parametrize("kind", sorted({case["id"][0] for case in CASES}))
def test_cases(kind: str) -> None:
    """The cases whose ids begin alike, as one test: five hundred tests of a millisecond cost more to start than to run.

    Each line that fails is named, with what was found.
    """
    wrong = []
    for case in CASES:
        if case["id"].startswith(kind):
            try:
                check(case)
            except AssertionError as found:
                wrong.append(f"{case['id']} {case['title']}: {case['history']}\n{found}")
    assert not wrong, "\n\n".join(wrong)


def test_the_table_is_large_and_names_each_case_once() -> None:
    assert len(CASES) >= 150
    assert max(Counter(case["id"] for case in CASES).values()) == 1
    assert max(Counter(case["history"] + case["at"] for case in CASES).values()) == 1
    assert all(case["zh"] and case["title"] and case["clauses"] for case in CASES)


@pytest.mark.parametrize(
    "clause",
    [
        "SC-1.1", "SC-1.2", "SC-1.3", "SC-1.4", "SC-2.1", "SC-2.2", "SC-2.3a", "SC-2.3b", "SC-2.4", "SC-2.5", "SC-2.6",
        "SC-3.1", "SC-3.2", "SC-4.1", "SC-4.2", "SC-7", "SC-11", "SC-13",
        "PX-1", "PX-2", "PX-6", "PX-9", "PX-10", "PX-14", "PX-15", "PX-16",
    ],
)  # fmt: skip
def test_every_clause_of_the_cadence_has_cases(clause: str) -> None:
    assert [case for case in CASES if clause in case["clauses"].split()]

"""The "why" in words, from just what a task keeps."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leads.explain import why
from leads.rules_types import Adjust

SHANGHAI = ZoneInfo("Asia/Shanghai")
DUE = dt.datetime(2026, 3, 5, 12, 30, tzinfo=dt.UTC)


def explained(*adjustments: dict[str, Any], event: str = "visit", value: str = "", interval: int = 3) -> Any:
    return why(
        clause="SC-2.2",
        facts={"base_day": "2026-03-02", "interval": interval, "adjustments": adjustments},
        event_kind=event,
        event_value=value,
        due_at=DUE,
        zone=SHANGHAI,
        policy_number=4,
    )


def step(kind: str, **values: Any) -> dict[str, Any]:
    return {"kind": kind, "event": 1, "day": None, "number": 0, "at": None, **values}


def test_clause_event_date_interval_and_policy_are_named() -> None:
    found = explained()
    assert found.clause == "SC-2.2"
    assert "second call within three days" in found.clause_text
    assert found.sentence == "visit on Mon 2 Mar, after 3 days: due Thu 5 Mar, 20:30."
    assert found.steps == (
        "Counted from: visit on Mon 2 Mar.",
        "Interval: after 3 days.",
        "Due: Thu 5 Mar, 20:30.",
        "By version 4 of the policy.",
    )


def test_a_same_day_duty_and_working_days_read_as_such() -> None:
    assert "the same day" in explained(interval=0).sentence
    assert "2 working days" in explained(step(Adjust.WORKING_DAYS, day="2026-03-04"), interval=2).sentence


@pytest.mark.parametrize("kind", [kind for kind in Adjust if kind != Adjust.WORKING_DAYS])
def test_every_adjustment_is_said_with_its_day_or_number(kind: Adjust) -> None:
    said = " ".join(explained(step(kind, day="2026-03-09", number=7)).steps)
    assert "9 Mar" in said or "7 times" in said


def test_a_call_moved_by_a_visit_says_so_instead_of_an_interval_that_does_not_add_up() -> None:
    said = explained(step(Adjust.APPOINTMENT, day="2026-03-05"), interval=7).sentence
    assert said == (
        "visit on Mon 2 Mar. A visit is arranged: this call belongs to Thu 5 Mar. Due Thu 5 Mar, 20:30."
    )


def test_a_promise_says_its_moment() -> None:
    found = explained(
        step(Adjust.PROMISE, day="2026-03-05", at=DUE.isoformat()), event="contact", value="talked"
    )
    assert found.sentence == "Promised to the customer on Mon 2 Mar: due Thu 5 Mar, 20:30."
    assert "Promised to the customer for Thu 5 Mar, 20:30." in found.steps


@pytest.mark.parametrize(
    ("event", "value", "said"),
    [
        ("call_in", "not_taken", "inbound call"),
        ("contact", "talked", "conversation"),
        ("contact", "no_answer", "try"),
        ("deal", "subscribed", "deal on"),
        ("deal", "cancelled", "deal cancelled"),
        ("assigned", "7", "given to a consultant"),
    ],
)
def test_the_event_it_counts_from_is_named(event: str, value: str, said: str) -> None:
    assert said in explained(event=event, value=value).sentence


def test_what_moved_the_line_to_another_list_day_is_said() -> None:
    found = why(
        clause="SC-2.4",
        facts={"base_day": "2026-03-02", "interval": 7},
        event_kind="visit",
        event_value="",
        due_at=DUE,
        zone=SHANGHAI,
        policy_number=1,
        moved_to=dt.date(2026, 3, 6),
        moved_reason="capacity",
    )
    assert "The day was full (PX-13): on the list of Fri 6 Mar." in found.steps

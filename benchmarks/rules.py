"""How many decisions a second the cadence makes: `.venv/bin/python -m benchmarks.rules`.

A decision is one event folded: what is owed to this lead now? A plan is the fold of a whole history.

Figures depend on the machine, so each is also given as a multiple of an empty fold (a lead without any event)
and of one pass of a fixed plain-Python loop, which travel better than seconds.
"""

from __future__ import annotations

import timeit
from datetime import UTC, date, datetime, timedelta

from benchmarks.ground import load_average, say
from leads import rules
from leads.policy import Policy
from leads.rules_types import Event, History, PolicyVersion, ProjectClock

CLOCK = ProjectClock.of("Asia/Shanghai")
VERSIONS = (PolicyVersion(datetime(2020, 1, 1, tzinfo=UTC), 1, Policy()),)
START = datetime(2026, 3, 2, 3, tzinfo=UTC)
ROUNDS, REPEATS = 5_000, 5


class WorkingWeek:
    """Monday to Friday."""

    def add_working_days(self, day: date, count: int) -> date:
        while count:
            day += timedelta(days=1)
            count -= day.weekday() < 5
        return day


def told(*steps: tuple[float, str, str]) -> History:
    """A history of (days after the start, kind, value)."""
    moments = [START + timedelta(days=days) for days, _, _ in steps]
    rows = zip(moments, steps, strict=True)
    return History([Event(n, kind, at, at, value) for n, (at, (_, kind, value)) in enumerate(rows, 1)])


CALL = ((0, "call_in", "not_taken"), (0, "assigned", "7"))
VISIT = ((0, "visit", ""), (0, "grade", "B"), (0, "assigned", "7"))
WEEKS = tuple((1 + 7 * week, "contact", "no_answer" if week % 3 else "talked") for week in range(20))
HISTORIES = {
    "nothing yet": told(),
    "a call": told(*CALL),
    "a visit, graded": told(*VISIT),
    "a visit and two talks": told(*VISIT, (0.2, "contact", "talked"), (2, "contact", "talked")),
    "a visit and 20 weeks": told(*VISIT, *WEEKS),
}


def seconds(history: History) -> float:
    """The best time of one plan."""
    calendar = WorkingWeek()

    def run() -> None:
        rules.plan(history, VERSIONS, CLOCK, calendar)

    return min(timeit.repeat(run, number=ROUNDS, repeat=REPEATS)) / ROUNDS


def main() -> None:
    loop = min(timeit.repeat("sum(range(100))", number=ROUNDS, repeat=REPEATS)) / ROUNDS
    empty = seconds(HISTORIES["nothing yet"])
    for name, history in HISTORIES.items():
        took = seconds(history)
        decided = f"{len(history.events) / took:>9,.0f} decisions/s" if history.events else f"{'':21}"
        figures = f"{1 / took:>9,.0f} plans/s {took * 1e6:>7.1f} µs"
        say(f"{name:<24}{decided}{figures}  {took / empty:>5.1f} × empty  {took / loop:>5.1f} × loop")
    say(load_average())


if __name__ == "__main__":
    main()

"""The cadence counts days on the project's own wall clock, whatever the clocks do meanwhile."""

from __future__ import annotations

import pytest

from leads import rules
from leads.rules_bins import bin_of, row_of
from leads.rules_types import ProjectClock
from tests.leads.cadence_notation import WorkingWeek, read_history, read_moment

pytestmark = pytest.mark.pure
LONDON, NEW_YORK, AUCKLAND = "Europe/London", "America/New_York", "Pacific/Auckland"


@pytest.mark.parametrize(
    ("zone", "history", "clause", "due", "utc"),
    [
        # London goes over to summer time on Sunday 29 March at 01:00, New York on Sunday 8 March at 02:00;
        # Auckland comes back from it on Sunday 5 April at 03:00.
        (LONDON, "Fri 27 11:00 visit; grade A; 16:00 talked", "SC-2.2", "Mon 30", "2026-03-30 19:30"),
        (LONDON, "Sat 28 20:45 call", "SC-1.1", "Sun 29", "2026-03-29 19:30"),
        (LONDON, "Sat 28 10:00 call", "SC-1.1", "Sat 28", "2026-03-28 20:30"),
        (LONDON, "Sun 29 00:59 visit; grade B", "SC-2.1", "Sun 29", "2026-03-29 19:30"),
        (LONDON, "Sun 29 02:01 visit; grade B", "SC-2.1", "Sun 29", "2026-03-29 19:30"),
        (LONDON, "Sun 22 11:00 visit; grade C; 16:00 talked", "SC-2.4", "Sun 29", "2026-03-29 19:30"),
        (NEW_YORK, "Fri 6 10:00 call; 11:00 talked", "SC-1.2", "Mon 9", "2026-03-10 00:30"),
        (NEW_YORK, "Sat 7 23:30 call", "SC-1.1", "Sun 8", "2026-03-09 00:30"),
        (NEW_YORK, "Sun 1 15:00 deal 1 subscribed; 16:00 talked", "SC-4.2", "Mon 16", "2026-03-17 00:30"),
        (
            NEW_YORK,
            "2026-10-31 11:00 visit; grade A; 16:00 talked",
            "SC-2.2",
            "2026-11-03",
            "2026-11-04 01:30",
        ),
        (AUCKLAND, "Apr 4 11:00 visit; grade A; 16:00 talked", "SC-2.2", "Apr 7", "2026-04-07 08:30"),
        (AUCKLAND, "2026-12-31 20:45 visit; grade A", "SC-2.1", "2027-01-01", "2027-01-01 07:30"),
        ("Asia/Kolkata", "2028-02-28 20:31 call; 20:50 talked", "SC-1.2", "2028-03-03", "2028-03-03 15:00"),
    ],
)
def test_days_are_the_projects_own(zone: str, history: str, clause: str, due: str, utc: str) -> None:
    clock = ProjectClock.of(zone)
    told = read_history(history, clock)
    duty = rules.plan(told.history, told.versions, clock, WorkingWeek()).cadence
    assert duty is not None
    assert (duty.clause, duty.due) == (clause, read_moment(due, clock))
    assert f"{duty.due:%Y-%m-%d %H:%M}" == utc


def test_a_list_begins_at_the_projects_midnight_on_the_day_the_clocks_change() -> None:
    clock = ProjectClock.of(LONDON)
    told = read_history("Sun 22 11:00 visit; grade C; 16:00 talked", clock)
    plan = rules.plan(told.history, told.versions, clock, WorkingWeek())
    for moment, place in (("Sat 28 23:59", "waiting"), ("Sun 29 00:00", "task_open")):
        now = read_moment(moment, clock)
        assert bin_of(row_of(plan, clock), now, clock.local_day(now)).bin == place

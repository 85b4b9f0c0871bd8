"""The day of one consultant: who takes a line when the owner is absent (PX-7), what exceeds a day (PX-13). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import repeat
from typing import NamedTuple

from leads.policy import Policy
from leads.rules_due import SAME_DAY
from leads.states import Held


class Absence(NamedTuple):
    """A rest day (轮休) or approved leave of a consultant; ``stand_in`` is a user id, "" when nobody stands in."""

    kind: str
    stand_in: str


class Placement(NamedTuple):
    """Whose list a line stands on, on which day, and why it is not simply the owner's list of the due day.

    ``assignee`` is OWNER, the stand-in's user id, or "" when nobody stands in and the manager answers. The credit
    stays with the owner in every case (PX-7).
    """

    assignee: str
    list_day: date
    reason: str


OWNER = "owner"


def is_urgent(kind: str, clause: str) -> bool:
    """Same-day duties and promises: they wait for no one and give way to nothing (PX-7, PX-13)."""
    return kind == "promise" or (kind == "cadence" and clause in SAME_DAY)


def cannot_wait(kind: str, clause: str) -> bool:
    """What does not give way to tomorrow: the urgent, and the call of an occasion, which tomorrow is past (SC-5)."""
    return is_urgent(kind, clause) or kind in ("greeting", "milestone")


def slack_days(kind: str, clause: str, policy: Policy) -> int:
    """How many days a line may wait for its owner (PX-7): weekly calls one, SC-4.2 three, the rest none."""
    if kind in ("grade", "repair") or clause in ("SC-1.3", "SC-2.3b", "SC-2.4", "PX-2"):
        return policy.slack_weekly_days
    return policy.slack_buyer_days if clause == "SC-4.2" else 0


def place(
    kind: str,
    clause: str,
    due_day: date,
    today: date,
    absence_of: Callable[[date], Absence | None],
    policy: Policy,
) -> Placement:
    """Put a line on a list (PX-7): the owner's on the due day; else the owner's next day within its slack; else the
    stand-in's on the due day. Never a day before ``today``; ``due_day`` and ``today`` are local days.
    """
    day = max(due_day, today)
    absence = absence_of(day)
    if absence is None:
        return Placement(OWNER, day, "")
    if not is_urgent(kind, clause):
        for ahead in range(1, slack_days(kind, clause, policy) + 1):
            later = day + timedelta(days=ahead)
            if absence_of(later) is None:
                return Placement(OWNER, later, Held.ABSENCE)
    return Placement(absence.stand_in, day, Held.ABSENCE)


class Line(NamedTuple):
    """One line of a consultant's list before the capacity is applied; ``gave_way`` counts the days it already did."""

    key: int
    kind: str
    clause: str
    due: datetime
    gave_way: int = 0


#: who gives way first (PX-13); what is not named here goes last of all
_GIVES_WAY = {"SC-2.4": 5, "SC-1.3": 4, "SC-4.2": 3, "SC-2.3b": 2, "SC-2.3a": 1}


def give_way(lines: Sequence[Line], capacity: int) -> tuple[list[Line], list[Line]]:
    """Split a day's lines into those that stay and those that give way to tomorrow (PX-13); none is lost.

    Same-day duties, promises and occasion calls stay whatever the capacity. Of the rest those that gave way before
    come first, the more often the earlier; then by clause, the longest due first. Equal input gives equal output, in
    any order.
    """
    urgent = [line for line in lines if cannot_wait(line.kind, line.clause)]
    others = [line for line in lines if not cannot_wait(line.kind, line.clause)]
    others.sort(key=lambda line: (-line.gave_way, _GIVES_WAY.get(line.clause, 0), line.due, line.key))
    urgent.sort(key=lambda line: (line.due, line.key))
    room = max(0, capacity - len(urgent))
    return urgent + others[:room], others[room:]


class Waiting(NamedTuple):
    """A lead loaded from a register and due anyway (PX-15)."""

    key: int
    grade: str
    due: datetime


_CATCH_UP_ORDER = {"A": 0, "B": 1, "": 2, "C": 3}
_NO_DAY_FOUND = 366


def spread(
    leads: Sequence[Waiting],
    load: Callable[[date], int],
    policy: Policy,
    start: date,
    works: Callable[[date], bool],
) -> dict[int, date]:
    """Spread one consultant's catch-up over days of work from ``start`` (PX-15): A first, then the longest due.

    A day takes the policy's share of the capacity, less when ``load`` (lines already on that day) leaves less room.
    When no day of a year has room the rest falls on ``start``: the manager sees a heap, not leads without a date.
    """
    places = _places(load, policy, start, works)
    order = sorted(leads, key=lambda lead: (_CATCH_UP_ORDER.get(lead.grade, 4), lead.due, lead.key))
    return {lead.key: next(places) for lead in order}


def _places(
    load: Callable[[date], int], policy: Policy, start: date, works: Callable[[date], bool]
) -> Iterator[date]:
    """Each day of work once for every catch-up call there is room for."""
    share = max(1, policy.capacity_day * policy.catch_up_percent // 100)
    day, without_room = start, 0
    while without_room < _NO_DAY_FOUND:
        room = min(share, policy.capacity_day - load(day)) if works(day) else 0
        without_room = 0 if room > 0 else without_room + 1
        yield from repeat(day, room)
        day += timedelta(days=1)
    while True:
        yield start

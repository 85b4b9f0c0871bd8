"""The order of Today (SC-8): promised time, window now open, same-day duty, overdue, grade. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from leads.rules_settle import is_urgent

_NEVER = datetime.max.replace(tzinfo=UTC)
_BY_GRADE = {"A": 0, "B": 1, "": 2, "C": 3, "D": 4}


class TodayLine(NamedTuple):
    """What the order of one line depends on. ``window_open``: the customer's window, or the project's, is open now."""

    key: int
    kind: str
    clause: str
    due: datetime
    window_open: bool
    grade: str = ""
    is_key: bool = False
    next_try_at: datetime | None = None


def order_of(line: TodayLine, now: datetime) -> tuple[object, ...]:
    """Sort key. A line tried a moment ago rests below the others until its next try (PX-2); the last resort is the
    due moment, then the key, so that the order is total and does not jump about.
    """
    return (
        line.next_try_at is not None and line.next_try_at > now,
        line.due if line.kind == "promise" else _NEVER,
        not line.window_open,
        not is_urgent(line.kind, line.clause),
        line.due >= now,
        0 if line.is_key else _BY_GRADE.get(line.grade, 2),
        line.due,
        line.key,
    )

"""Words of sales that the database stores: bins and why something is held. Pure."""

from __future__ import annotations

from enum import StrEnum


class Bin(StrEnum):
    """PX-10: every lead is at each moment in exactly one."""

    TASK_OPEN = "task_open"
    WAITING = "waiting"
    HELD = "held"
    MESSAGES_ONLY = "messages_only"
    REVIEW = "review"
    POOL = "pool"
    CLOSED = "closed"
    LOST = "lost"
    INVALID = "invalid"


class Held(StrEnum):
    """Why a duty stands on a later list than its own day, or on somebody else's."""

    CAP = "cap"
    ABSENCE = "absence"
    CAPACITY = "capacity"
    APPOINTMENT = "appointment"
    PROMISE = "promise"
    CATCH_UP = "catch_up"

"""Broadcasts: what a text may name, and when one is too late to start by itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from leads.vocabulary import WANTED_TYPES

FIELDS = ("project", "until", "consultant", "wanted")
"""What a text may name. `project` and `until` are the same for everybody; who has no consultant or no wanted type
gets none, and is listed by name."""
PERSONAL = ("consultant", "wanted")

GRACE = timedelta(minutes=30)
"""A start missed by more than this (the product was down) asks a person instead of firing."""
STALLED = timedelta(minutes=1)
"""Time for whoever was asked for a plan to begin. A plan that nobody is at after it was killed with its worker: it is
taken up again."""


class Start(StrEnum):
    """What becomes of an approved broadcast at a moment."""

    WAITS = "waits"
    STARTS = "starts"
    OVERDUE = "overdue"  # its start was missed: a person decides
    EXPIRED = "expired"  # its end has come: nothing of it goes out


def start_at(at: datetime, *, starts_at: datetime, approved_at: datetime, expires_at: datetime) -> Start:
    """After downtime an overdue broadcast asks, it does not fire; an approval after its start starts it at once."""
    if at >= expires_at:
        return Start.EXPIRED
    due = max(starts_at, approved_at)
    if at < due:
        return Start.WAITS
    return Start.OVERDUE if at - due > GRACE else Start.STARTS


def common_values(project: str, until: datetime) -> dict[str, str]:
    """The {fields} that are the same for everybody, as they are written in Chinese; `until` in the project's zone."""
    clock = "" if (until.hour, until.minute) == (0, 0) else f"{until.hour}:{until.minute:02d}"
    return {"project": project, "until": f"{until.month}月{until.day}日{clock}"}


def fill_common(body: str, values: Mapping[str, str]) -> str:
    """The text with these {fields} filled in; the personal ones stay."""
    for name, value in values.items():
        body = body.replace("{" + name + "}", value)
    return body


def longest_values() -> dict[str, str]:
    """The longest value of each field that has a known longest one."""
    return {"wanted": max((words.zh for words in WANTED_TYPES.values()), key=len)}


def cost_of(pieces: int, price: Decimal | None) -> Decimal | None:
    """What so many pieces cost in yuan, None while no price is entered."""
    if price is None:
        return None
    return (price * pieces).quantize(Decimal("0.01"), ROUND_HALF_UP)

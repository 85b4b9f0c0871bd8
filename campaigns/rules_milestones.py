"""Milestones (SC-5.2): their kinds, who hears of which by default, and on which day who is called. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    OPENING = "opening"
    PROMOTION = "promotion"
    TOPPING_OUT = "topping_out"
    HANDOVER = "handover"
    SHOW_FLAT = "show_flat"
    CONSTRUCTION = "construction"
    DISCOUNT = "discount"
    EVENT = "event"


class Referrals(StrEnum):
    """How leader referrals are told (SC-3.1): ahead, by phone or message, of important milestones."""

    CALL = "call"
    SMS = "sms"
    NOT = "not"


class Told(NamedTuple):
    """Who hears of a kind unless marketing decides otherwise."""

    grades: tuple[str, ...]
    callers: bool
    buyers: bool
    referrals: Referrals


_ALL = ("A", "B", "C", "D")
#: SC-3.1 names opening, discounts, events, show flat; SC-4.3 construction above all; handover is the buyers' alone.
DEFAULTS: Mapping[str, Told] = {
    Kind.OPENING: Told(_ALL, True, True, Referrals.CALL),
    Kind.PROMOTION: Told(_ALL, True, True, Referrals.SMS),
    Kind.TOPPING_OUT: Told(_ALL, True, True, Referrals.NOT),
    Kind.HANDOVER: Told((), False, True, Referrals.NOT),
    Kind.SHOW_FLAT: Told(_ALL, True, True, Referrals.CALL),
    Kind.CONSTRUCTION: Told(_ALL, True, True, Referrals.NOT),
    Kind.DISCOUNT: Told(_ALL, True, False, Referrals.SMS),
    Kind.EVENT: Told(_ALL, True, True, Referrals.CALL),
}

FIELDS = ("title", "day", "project")
"""What a text may name; the same for everybody, so that nothing can be missing."""

SPREAD = timedelta(days=3)
"""Calls are spread over so many days after the notice, the day before the milestone at the latest."""


def values_of(title: str, day: date, project: str) -> dict[str, str]:
    """The {fields} of a text, as they are written in Chinese."""
    return {"title": title, "day": f"{day.month}月{day.day}日", "project": project}


def last_call_day(notice: date, day: date) -> date:
    """The last day on which somebody is called about it: before the day itself, unless the notice is that day."""
    return max(notice, min(notice + SPREAD - timedelta(days=1), day - timedelta(days=1)))


def call_days(leads: Iterable[tuple[int, int]], first: date, last: date, a_day: int) -> dict[int, date]:
    """On which day each lead is called: (lead, consultant), the important first, `a_day` a consultant and day at most.

    What does not fit within the days goes to the last of them: nobody is lost, the manager sees the heap.
    """
    count: dict[tuple[int, date], int] = defaultdict(int)
    found: dict[int, date] = {}
    for lead, consultant in leads:
        day = first
        while day < last and count[consultant, day] >= max(a_day, 1):
            day += timedelta(days=1)
        count[consultant, day] += 1
        found[lead] = day
    return found

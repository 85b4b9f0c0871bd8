"""Which festivals are greeted together (SC-5.1): two on one day or inside one holiday week are one greeting. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

ONE_DAY = timedelta(days=1)
WEEK = 7
EVE = "new_years_eve"


class Greeted(NamedTuple):
    """A festival that is switched on: `key` names its row."""

    key: int
    code: str
    day: date


class Week(NamedTuple):
    """A run of days off, both ends included."""

    first: date
    last: date


def holiday_weeks(holidays: Collection[date], festivals: Iterable[Greeted]) -> list[Week]:
    """The runs of days off of the published calendar, and the two weeks that are holidays in every year.

    The calendar of a later year is not published yet: national day has its seven days from 1 October, the spring
    festival its seven after the eve, whatever the notice will add.
    """
    days = set(holidays)
    for festival in festivals:
        if festival.code == "national_day":
            days.update(festival.day + n * ONE_DAY for n in range(WEEK))
        elif festival.code == EVE:
            days.update(festival.day + n * ONE_DAY for n in range(WEEK + 1))
    weeks: list[Week] = []
    for day in sorted(days):
        if weeks and weeks[-1].last + ONE_DAY == day:
            weeks[-1] = weeks[-1]._replace(last=day)
        else:
            weeks.append(Week(day, day))
    return weeks


def said_with(festivals: Sequence[Greeted], holidays: Collection[date]) -> dict[int, int]:
    """For each festival greeted together with another: its key to the key of the one whose day it is greeted on.

    The earliest of a week or day leads, the order given decides on one day. What stands alone or leads is left out.
    """
    weeks = holiday_weeks(holidays, festivals)
    leaders: dict[date, int] = {}
    found: dict[int, int] = {}
    for festival in sorted(festivals, key=lambda each: each.day):
        week = next((week.first for week in weeks if week.first <= festival.day <= week.last), festival.day)
        leader = leaders.setdefault(week, festival.key)
        if leader != festival.key:
            found[festival.key] = leader
    return found

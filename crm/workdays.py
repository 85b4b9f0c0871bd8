"""Working days, contact windows and business days: pure, no clock, no database.

A calendar holds only what departs from the plain week: public holidays, and make-up working days
(调休补班) on which a weekend day is worked. Everything else follows from the weekday.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

SATURDAY = 5
# No calendar has a year without a working day; a longer run means that its rows are wrong.
LONGEST_REST = 366

Window = tuple[time, time]
"""A contact window of a day, local time: open from the first moment, shut at the second."""


class DayKind(StrEnum):
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """One day that departs from the plain week."""

    day: date
    kind: DayKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of a project. Weekends rest unless made up for; holidays rest."""

    special: Mapping[date, SpecialDay] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[date, str, str]]) -> "Calendar":
        """Freeze rows of (day, kind, name). ValueError for an unknown kind or a day given twice."""
        days: dict[date, SpecialDay] = {}
        for day, kind, name in rows:
            if day in days:
                raise ValueError(f"{day.isoformat()} is given twice")
            days[day] = SpecialDay(day, DayKind(kind), name)
        return cls(MappingProxyType(days))

    def is_working_day(self, day: date) -> bool:
        special = self.special.get(day)
        if special is not None:
            return special.kind is DayKind.MAKE_UP
        return day.weekday() < SATURDAY

    def name_of(self, day: date) -> str:
        """The holiday's (or made-up holiday's) name, "" on a plain day."""
        special = self.special.get(day)
        return special.name if special is not None else ""

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`."""
        return self._step(day, 1)

    def previous_working_day(self, day: date) -> date:
        """The last working day before `day`."""
        return self._step(day, -1)

    def add_working_days(self, day: date, count: int) -> date:
        """The working day `count` working days after `day` (before it when negative).

        0 gives `day` itself if it is worked, else the next working day.
        """
        if count == 0:
            return day if self.is_working_day(day) else self._step(day, 1)
        direction = 1 if count > 0 else -1
        for _ in range(abs(count)):
            day = self._step(day, direction)
        return day

    def _step(self, day: date, direction: int) -> date:
        for _ in range(LONGEST_REST):
            day += timedelta(days=direction)
            if self.is_working_day(day):
                return day
        raise ValueError(f"no working day within {LONGEST_REST} days of {day.isoformat()}")


def business_day(at: datetime, zone: ZoneInfo, closing: time) -> date:
    """The local day a moment belongs to: what happens after closing belongs to the next day (SC-1.1).

    `at` is aware. A moment at closing itself is still of the day; half past midnight is of the new day.
    """
    local = at.astimezone(zone)
    day = local.date()
    return day + timedelta(days=1) if local.time() > closing else day


def due(day: date, closing: time, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which a duty of `day` falls due: closing time, local."""
    return datetime.combine(day, closing, zone).astimezone(UTC)


def windows_of(rows: Iterable[Iterable[str]]) -> tuple[Window, ...]:
    """Windows from stored pairs such as [["10:00", "11:30"], ["15:30", "17:00"]] (SC-8), sorted.

    ValueError for a malformed time, a window that ends before it begins, or windows that overlap.
    """
    windows: list[Window] = []
    for row in rows:
        begin, end = (time.fromisoformat(text) for text in row)
        if begin >= end:
            raise ValueError(f"a window must end after it begins: {begin:%H:%M}-{end:%H:%M}")
        windows.append((begin, end))
    windows.sort()
    for (_, end), (begin, _) in pairwise(windows):
        if begin < end:
            raise ValueError(f"windows overlap at {begin:%H:%M}")
    return tuple(windows)


def window_now_open(windows: Iterable[Window], at: datetime, zone: ZoneInfo) -> Window | None:
    """The window open at the aware moment `at`, or None (SC-8). Its end is no longer open."""
    local = at.astimezone(zone).time()
    return next((window for window in windows if window[0] <= local < window[1]), None)


def next_opening(windows: Iterable[Window], at: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment (UTC) the next window opens strictly after `at`; None if there are no windows (SC-8)."""
    starts = sorted(window[0] for window in windows)
    if not starts:
        return None
    today = at.astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):
        for start in starts:
            opening = datetime.combine(day, start, zone).astimezone(UTC)
            if opening > at:
                return opening
    # Only a clock change can swallow both days' openings; the day after has one.
    return datetime.combine(today + timedelta(days=2), starts[0], zone).astimezone(UTC)

"""When marketing messages may go out: 09:00 to 20:00 in the project's zone unless the project says otherwise. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

EARLIEST, LATEST = time(8, 0), time(21, 0)
"""No project may send marketing before or after: people sleep."""


@dataclass(frozen=True, slots=True)
class Hours:
    """From `opens` until before `closes`, local time in `zone`."""

    zone: ZoneInfo
    opens: time = time(9, 0)
    closes: time = time(20, 0)


def open_now(at: datetime, hours: Hours) -> bool:
    """Whether marketing may go out at this moment."""
    return hours.opens <= at.astimezone(hours.zone).time() < hours.closes


def next_opening(at: datetime, hours: Hours) -> datetime:
    """`at` itself inside the hours, otherwise the next opening."""
    local = at.astimezone(hours.zone)
    if hours.opens <= local.time() < hours.closes:
        return at
    day = local.date() + timedelta(days=1 if local.time() >= hours.closes else 0)
    return datetime.combine(day, hours.opens, hours.zone)

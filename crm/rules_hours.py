"""When marketing messages may go out: 09:00 to 20:00 in the project's zone (default), never outside. Pure."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS = time(9, 0)
CLOSES = time(20, 0)


def open_now(at: datetime, zone: ZoneInfo) -> bool:
    """Whether marketing may go out at this moment."""
    return OPENS <= at.astimezone(zone).time() < CLOSES


def next_opening(at: datetime, zone: ZoneInfo) -> datetime:
    """`at` itself inside the hours, otherwise the next opening."""
    local = at.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return at
    day = local.date() + timedelta(days=1 if local.time() >= CLOSES else 0)
    return datetime.combine(day, OPENS, zone)

"""The only reader of the time. Rules take `today`, actions take `at`; only entry points call these."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The calendar day that it is now in a project's time zone."""
    return now().astimezone(zone).date()

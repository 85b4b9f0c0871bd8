"""Whether the parts of the product work: what /healthz and an administrator's screen read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from crm.backup import schedule

TICK = "scheduler-tick"
LATE = dt.timedelta(seconds=90)  # six missed heartbeats


@dataclass(frozen=True)
class Health:
    """`last_tick` is the last moment at which scheduler, broker and worker together got a task done."""

    database: bool
    broker: bool
    last_tick: dt.datetime | None
    scheduler: bool
    embedded_database: bool
    embedded_broker: bool
    last_backup: dt.datetime | None
    backup_overdue: bool

    @property
    def serving(self) -> bool:
        """Pages can be served; a late scheduler delays duties but is no reason to take the web away."""
        return self.database and self.broker


def tick(*, at: dt.datetime) -> None:
    """Note that the scheduler's heartbeat went through the broker to a worker at `at`."""
    cache.set(TICK, at.isoformat(), timeout=None)


def examine(*, at: dt.datetime) -> Health:
    """Ask the database and the broker now; never raises for a part that is down."""
    broker, last = _last_tick()
    database, last_backup = _database()
    return Health(
        database=database,
        broker=broker,
        last_tick=last,
        scheduler=last is not None and at - last <= LATE,
        embedded_database=settings.ENV.embedded_database,
        embedded_broker=settings.ENV.embedded_redis,
        last_backup=last_backup,
        backup_overdue=schedule.overdue(last_backup, at=at),
    )


def _database() -> tuple[bool, dt.datetime | None]:
    """Whether it answers, and the newest backup that it knows of."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True, schedule.last_good()
    except DatabaseError:
        return False, None


def _last_tick() -> tuple[bool, dt.datetime | None]:
    try:
        value = cache.get(TICK)
    except RedisError:
        return False, None
    return True, dt.datetime.fromisoformat(value) if value else None

"""When the next backup is due, and how old the newest is."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings

from crm.models import JobRun

NAME = "backup"
GRACE = dt.timedelta(hours=2)  # a backup may take a while, and be tried again


def due(*, at: dt.datetime) -> bool:
    """Whether today's moment (or, before it, yesterday's) has passed without a good backup since. Never without one."""
    moment = _moment(at)
    if moment is None:
        return False
    last = last_good()
    return last is None or last < moment


def last_good() -> dt.datetime | None:
    """When a backup last ended well, scheduled or by hand."""
    return JobRun.objects.filter(name=NAME, project=None).values_list("succeeded_at", flat=True).first()


def overdue(last: dt.datetime | None, *, at: dt.datetime) -> bool:
    """Whether a scheduled backup is missing; never when none is scheduled."""
    moment = _moment(at - GRACE)
    return moment is not None and (last is None or last < moment)


def _moment(at: dt.datetime) -> dt.datetime | None:
    time: dt.time | None = settings.ENV.backup_at
    if time is None:
        return None
    local = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    today = dt.datetime.combine(local.date(), time, local.tzinfo)
    return today if today <= local else today - dt.timedelta(days=1)

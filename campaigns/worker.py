"""What an edge hands to the worker. Nothing depends on it: what is asked for stands in the tables, a tick finds it."""

from __future__ import annotations

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from campaigns.models import Milestone
from crm import clock

log = structlog.get_logger(__name__)


def plan_soon(row: Milestone) -> None:
    """Let the worker plan a milestone now; if nobody hears it, or the broker is away, the next tick does."""
    now = row.notice_day <= clock.today(row.project.zone)
    try:
        current_app.signature("campaigns.tasks.tell_milestone", args=(row.pk, now)).delay()
    except (OperationalError, RedisError) as problem:
        log.warning("task_not_queued", milestone=row.pk, why=type(problem).__name__)

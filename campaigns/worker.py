"""What an edge hands to the worker. Nothing depends on it: what is asked for stands in the tables, a tick finds it."""

from __future__ import annotations

from celery import current_app

from campaigns.models import Milestone
from crm import clock


def plan_soon(row: Milestone) -> None:
    """Let the worker plan a milestone now; if nobody hears it the next tick does."""
    now = row.notice_day <= clock.today(row.project.zone)
    current_app.signature("campaigns.tasks.tell_milestone", args=(row.pk, now)).delay()

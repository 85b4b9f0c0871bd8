"""The lists of what a manager looks at again (PX-14)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from crm.models import Project, User
from leads.facts_manager import doubtful
from leads.models import CallTask, DowngradeReview, Lead

TABS = ("downgrades", "doubtful", "grades", "rejudge")


def drawn(project: Project) -> QuerySet[DowngradeReview]:
    return DowngradeReview.objects.filter(event__lead__project=project, verdict="")


def rows_of(
    tab: str, project: Project, user: User, now: dt.datetime
) -> tuple[QuerySet[Any], tuple[str, ...]]:
    """What a tab lists, and its order."""
    if tab == "downgrades":
        rows = drawn(project).select_related("event__lead__customer", "event__by")
        return rows, ("-drawn_at", "-id")
    if tab == "doubtful":
        return doubtful(project).select_related("customer", "by"), ("-recorded_at", "-id")
    if tab == "grades":
        tasks = CallTask.objects.open().filter(lead__project=project, kind="grade", lead__merged_into=None)
        return tasks.select_related("lead__customer", "assignee"), ("due_at", "id")
    live = Lead.objects.visible_to(user).filter(project=project, state=Lead.State.LIVE)
    return live.filter(rejudge_at__lte=now).select_related("customer", "consultant"), ("rejudge_at", "id")

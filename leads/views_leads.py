"""The list of leads: filters, search, pages, and choosing some of them to assign."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Value
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm import clock
from crm.access import require_somewhere
from crm.pages import page
from crm.roles import Action
from crm.seek import seek
from leads.filters import LeadFilter
from leads.gates import NO_ROWS, may_assign, project_of, user_of
from leads.models import Lead
from leads.models.querysets import LeadQuerySet

PAGE = 30


@require_safe
def lead_list(request: HttpRequest) -> HttpResponse:
    """The leads of the current project that the user may open."""
    user, project, now = user_of(request), project_of(request), clock.now()
    require_somewhere(user, Action.SEE_LEADS, without=NO_ROWS)
    scope = Lead.objects.visible_to(user).filter(project=project)
    assigns = may_assign(user, project)
    found = LeadFilter(request.GET, scope, project=project, now=now, consultants=assigns)
    rows, counts = found.rows, quick_counts(scope, now=now, day_begins=found.day_begins)
    context: dict[str, Any] = {
        "filter": found,
        "page": seek(rows.for_lines(), request.GET, order=found.columns, size=PAGE),
        "matched": rows.count() if found.narrows else counts["all"],
        "counts": counts,
        "assigns": assigns,
        "now": now,
        "asked": without_pages(request),
    }
    return page(request, "leads/list.html", context, fragment="leads/_list.html")


def quick_counts(scope: LeadQuerySet, *, now: dt.datetime, day_begins: dt.datetime) -> dict[str, int]:
    """The numbers on the quick choices above the list. One query of counts, each of which has its own index: of rows,
    not of ids, which those indexes do not hold.
    """
    tomorrow = day_begins + dt.timedelta(days=1)
    live = scope.filter(state=Lead.State.LIVE)
    choices = {
        "all": scope,
        "overdue": live.filter(due_at__lt=now),
        "today": live.filter(due_at__gte=day_begins, due_at__lt=tomorrow),
        "pool": live.filter(consultant=None),
        "key": live.filter(grade=Lead.Grade.A),
    }
    first, *others = (
        rows.order_by().annotate(choice=Value(name)).values("choice").annotate(n=Count("*"))
        for name, rows in choices.items()
    )
    found = {row["choice"]: row["n"] for row in first.union(*others, all=True)}
    return {name: found.get(name, 0) for name in choices}


def without_pages(request: HttpRequest) -> str:
    """The query string of the filters alone, for what is done with everything that matches."""
    asked = request.GET.copy()
    for name in ("after", "before"):
        asked.pop(name, None)
    return asked.urlencode()

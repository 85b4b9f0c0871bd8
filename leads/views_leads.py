"""The list of leads: filters, search, pages, and choosing some of them to assign."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm import clock
from crm.access import require_somewhere
from crm.pages import page
from crm.roles import Action
from crm.seek import seek
from leads.filters import LeadFilter
from leads.gates import NO_ROWS, is_own, may_assign, project_of, user_of
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
    rows = found.rows
    context: dict[str, Any] = {
        "filter": found,
        "page": seek(rows.for_rows(), request.GET, order=found.columns, size=PAGE),
        "matched": rows.count(),
        "counts": quick_counts(scope, now=now, day_begins=found.day_begins),
        "assigns": assigns,
        "now": now,
        "asked": without_pages(request),
    }
    context["page_rows"] = [(lead, is_own(user, lead)) for lead in context["page"].rows]
    return page(request, "leads/list.html", context, fragment="leads/_list.html")


def quick_counts(scope: LeadQuerySet, *, now: dt.datetime, day_begins: dt.datetime) -> dict[str, int]:
    """The numbers on the quick choices above the list. One query."""
    tomorrow = day_begins + dt.timedelta(days=1)
    live = Q(state=Lead.State.LIVE)
    return scope.aggregate(
        all=Count("pk"),
        overdue=Count("pk", filter=live & Q(due_at__lt=now)),
        today=Count("pk", filter=live & Q(due_at__gte=day_begins, due_at__lt=tomorrow)),
        pool=Count("pk", filter=live & Q(consultant=None)),
        key=Count("pk", filter=live & Q(grade=Lead.Grade.A)),
    )


def without_pages(request: HttpRequest) -> str:
    """The query string of the filters alone, for what is done with everything that matches."""
    asked = request.GET.copy()
    for name in ("after", "before"):
        asked.pop(name, None)
    return asked.urlencode()

"""Today: what one consultant has to do, in the order of the moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm import clock
from crm.access import get_visible, require_somewhere, scope
from crm.models import Project, User
from crm.pages import page
from crm.project_context import projects_of
from crm.roles import Action, Role
from leads import explain
from leads.facts_today import UNDO, day_of, last_logged, next_try
from leads.gates import user_of


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """The list of the signed-in consultant, or, for a manager, of one of theirs (?consultant=)."""
    user, now = user_of(request), clock.now()
    reach = require_somewhere(user, Action.WORK_LEADS)
    watches = bool(reach.everywhere or reach.projects)
    whose = _whose(request, user) if watches else user
    mine = whose.pk == user.pk
    day = day_of(whose, _projects(request, user, mine), now)
    context: dict[str, Any] = {
        "day": day,
        "whose": whose,
        "mine": mine,
        "consultants": _consultants(user) if watches else (),
        "several": len(day.frames) > 1,
        "now": now,
        **(_last(user, now) if mine else {}),
    }
    return page(request, "leads/today.html", context, fragment="leads/_today.html")


def _projects(request: HttpRequest, user: User, mine: bool) -> Sequence[Project]:
    """One's own list goes over all one's projects; somebody else's over those the asker may work in."""
    if mine:
        return projects_of(request)
    reach = scope(user, Action.WORK_LEADS)
    return [row for row in projects_of(request) if reach.everywhere or row.pk in reach.projects]


def _consultants(user: User) -> list[User]:
    """The consultants whose list a manager may look at."""
    reach = scope(user, Action.WORK_LEADS)
    where = (
        Q() if reach.everywhere else Q(memberships__project__in=reach.projects) | Q(memberships__project=None)
    )
    rows = User.objects.filter(
        where, memberships__role=Role.CONSULTANT.value, memberships__active=True, is_active=True
    )
    return list(rows.distinct().order_by("name", "pk"))


def _whose(request: HttpRequest, user: User) -> User:
    wanted = request.GET.get("consultant", "")
    if not wanted:
        return user
    if not wanted.isdecimal():
        raise Http404
    found = next((row for row in _consultants(user) if row.pk == int(wanted)), None)
    return found or get_visible(User.objects.filter(pk=user.pk), pk=int(wanted))


def _last(user: User, now: dt.datetime) -> dict[str, Any]:
    """The entry just made, what is due next by it, and until when it can be taken back."""
    event = last_logged(user, now)
    if event is None:
        return {}
    zone = event.lead.project.zone
    return {
        "last": event,
        "next_step": explain.next_step(event.lead, zone, next_try(event.lead)),
        "undo_until": (event.recorded_at + UNDO).astimezone(zone),
    }

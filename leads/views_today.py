"""Today: what one consultant has to do, in the order of the moment."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm import clock
from crm.access import require_somewhere
from crm.models import User
from crm.pages import page
from crm.roles import Action
from leads import explain
from leads.facts_today import UNDO, day_of, last_logged
from leads.gates import consultants_watched, projects_of_list, user_of, whose_list


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """The list of the signed-in consultant, or, for a manager, of one of theirs (?consultant=)."""
    user, now = user_of(request), clock.now()
    reach = require_somewhere(user, Action.WORK_LEADS)
    watches = bool(reach.everywhere or reach.projects)
    whose = whose_list(user, request.GET.get("consultant", "")) if watches else user
    mine = whose.pk == user.pk
    day = day_of(whose, projects_of_list(request, user, mine), now)
    context: dict[str, Any] = {
        "day": day,
        "whose": whose,
        "mine": mine,
        "consultants": consultants_watched(user) if watches else (),
        "several": len(day.frames) > 1,
        "now": now,
        **(_last(user, now) if mine else {}),
    }
    return page(request, "leads/today.html", context, fragment="leads/_today.html")


def _last(user: User, now: dt.datetime) -> dict[str, Any]:
    """The entry just made, what is due next by it, and until when it can be taken back."""
    event = last_logged(user, now)
    if event is None:
        return {}
    zone = event.lead.project.zone
    return {
        "last": event,
        "next_step": explain.next_step(event.lead, now, getattr(event, "again", None)),
        "undo_until": (event.recorded_at + UNDO).astimezone(zone),
    }

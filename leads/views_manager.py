"""The manager's home, the funnel and compliance by clause."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm import clock
from crm.access import may
from crm.pages import page
from crm.roles import Action
from leads import facts_manager as facts
from leads.forms_figures import PeriodForm
from leads.gates import figures_gate, manager_project, project_of, user_of
from leads.models import Lead

SHOWN = 12


@require_safe
def manager(request: HttpRequest) -> HttpResponse:
    """What needs the manager now: leads without a consultant, the overdue, same-day duties, the team's day."""
    project, user, now = manager_project(request), user_of(request), clock.now()
    scope = Lead.objects.visible_to(user).filter(project=project)
    same_day = facts.same_day_open(project, now)
    context = {
        "bins": facts.bins(scope, now),
        "overdue": facts.overdue(project, now),
        "same_day": list(same_day[:SHOWN]),
        "same_day_total": same_day.count(),
        "team": facts.team_today(project, now),
        "waiting": facts.waiting(project, now),
        "reveals": facts.reveals(project, now),
        "now": now,
    }
    return page(request, "leads/manager.html", context)


@require_safe
def funnel(request: HttpRequest) -> HttpResponse:
    """Calls, visits, repeat visits, subscriptions, contracts by week, source or consultant."""
    project, user = project_of(request), user_of(request)
    people = figures_gate(user, project, staff=False)
    now = clock.now()
    form = PeriodForm(request.GET, project=project, people=people, groups=True)
    since, until = form.period(project, now)
    scope = form.narrowed(Lead.objects.countable_by(user).filter(project=project))
    rows = facts.funnel(scope, since=since, until=until, by=form.grouping, zone=project.zone)
    names = ("calls", "visits", "repeats", "subscribed", "signed")
    totals = {name: sum(getattr(row, name) for row in rows) for name in names}
    context: dict[str, Any] = {
        "form": form,
        "rows": rows,
        "totals": totals,
        "by": form.grouping,
        "since": since,
    }
    context["staff"] = people or may(user, Action.WORK_LEADS, project, own=True)
    context |= {"last_day": until - dt.timedelta(days=1), "most": max([1, *totals.values()])}
    return page(request, "leads/funnel.html", context)


@require_safe
def compliance(request: HttpRequest) -> HttpResponse:
    """Every clause with its figure; a consultant sees their own."""
    project, user = project_of(request), user_of(request)
    people = figures_gate(user, project, staff=True)
    now = clock.now()
    form = PeriodForm(request.GET, project=project, people=people, groups=False)
    since, until = form.period(project, now)
    scope = Lead.objects.current().filter(project=project) if people else Lead.objects.countable_by(user)
    rows = facts.compliance(
        form.narrowed(scope.filter(project=project)),
        since=since,
        until=until,
        now=now,
        credit=None if people else user,
    )
    context = {
        "form": form,
        "rows": rows,
        "since": since,
        "last_day": until - dt.timedelta(days=1),
        "people": people,
    }
    return page(request, "leads/compliance.html", context)

"""The manager's home, the funnel and compliance by clause."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crm import clock
from crm.access import colleagues, grants_in, may
from crm.forms_base import BaseForm, DateInput
from crm.models import Project, User
from crm.pages import page
from crm.roles import Action, Limit, Reach, Role
from leads import facts_manager as facts
from leads.gates import manager_project, project_of, user_of
from leads.models import HeardVia, Lead
from leads.models.querysets import LeadQuerySet

WEEKS = 8
SHOWN = 12


class PeriodForm(BaseForm):
    """The period of a figure, and how it is grouped."""

    since = forms.DateField(label=_("From"), widget=DateInput(), required=False)
    until = forms.DateField(label=_("Until"), widget=DateInput(), required=False)
    by = forms.ChoiceField(
        label=_("Grouped by"),
        required=False,
        choices=(("week", _("week")), ("source", _("source")), ("consultant", _("consultant"))),
    )
    source = forms.ModelChoiceField(
        label=_("Source"), queryset=HeardVia.objects.none(), required=False, empty_label=_("all sources")
    )
    consultant = forms.ModelChoiceField(
        label=_("Consultant"), queryset=User.objects.none(), required=False, empty_label=_("all consultants")
    )

    def __init__(self, *args: Any, project: Project, people: bool, groups: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = HeardVia.objects.filter(project=project)  # type: ignore[attr-defined]
        self.fields["consultant"].queryset = colleagues(project.pk, Role.CONSULTANT)  # type: ignore[attr-defined]
        if not people:
            del self.fields["consultant"]
            self.fields["by"].choices = self.fields["by"].choices[:2]  # type: ignore[attr-defined]
        if not groups:
            del self.fields["by"]

    def period(self, project: Project, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """From the first day's midnight to the midnight after the last; eight weeks without an answer."""
        today = now.astimezone(project.zone).date()
        last = self._said("until") or today
        first = self._said("since") or last - dt.timedelta(days=last.weekday(), weeks=WEEKS - 1)
        first, last = min(first, last), max(first, last)
        begins = dt.datetime.combine(first, dt.time.min, project.zone)
        return begins, dt.datetime.combine(last, dt.time.min, project.zone) + dt.timedelta(days=1)

    def narrowed(self, scope: LeadQuerySet) -> LeadQuerySet:
        """The leads of the chosen source and consultant."""
        chosen = {"heard_via": self._said("source"), "consultant": self._said("consultant")}
        return scope.filter(**{name: value for name, value in chosen.items() if value})

    @property
    def grouping(self) -> str:
        return str(self._said("by") or "week")

    def _said(self, name: str) -> Any:
        self.is_valid()
        return getattr(self, "cleaned_data", {}).get(name)


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


def _figures_gate(request: HttpRequest, *, staff: bool) -> tuple[Project, User, bool]:
    """Project, user, and whether they see more than counts; 403 for those without figures of sales."""
    project, user = project_of(request), user_of(request)
    held = [
        given for given in grants_in(user, Action.SEE_FIGURES, project.pk) if given.reach is not Reach.AREA
    ]
    people = any(given.reach >= Reach.PROJECT and not given.has(Limit.COUNTS_ONLY) for given in held)
    counts = any(given.has(Limit.COUNTS_ONLY) for given in held)
    own = may(user, Action.WORK_LEADS, project, own=True)
    if not (own or people or (counts and not staff)):
        raise PermissionDenied
    return project, user, people


@require_safe
def funnel(request: HttpRequest) -> HttpResponse:
    """Calls, visits, repeat visits, subscriptions, contracts by week, source or consultant."""
    project, user, people = _figures_gate(request, staff=False)
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
    project, user, people = _figures_gate(request, staff=True)
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

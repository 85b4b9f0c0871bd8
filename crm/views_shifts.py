"""The team calendar: who is away when, and who stands in (PX-7)."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock
from crm.access import colleagues
from crm.actions import shifts
from crm.celery import settle_lists
from crm.deeds import attempt, posted
from crm.facts_shifts import Absence, absences
from crm.forms_base import plausible_day
from crm.forms_shifts import USUAL, DaysForm, WeekForm
from crm.gates import TEAM, shift_project, stand_ins_for, team_member, user_of
from crm.models import Project, ShiftDay, User, WeeklyRest
from crm.pages import page

FORM = ["GET", "HEAD", "POST"]


class Line(NamedTuple):
    """One person's row: (day, absence or None) for each day shown."""

    user: User
    cells: list[tuple[dt.date, Absence | None]]


def _start(request: HttpRequest, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(request.GET.get("from", "")[:10])
        plausible_day(day)
    except (ValueError, ValidationError):
        return today
    return day


def _span(request: HttpRequest, today: dt.date) -> tuple[bool, dt.date, dt.date]:
    """(whether a month is shown, first day, last day): the week or month that holds the day asked for."""
    day = _start(request, today)
    if request.GET.get("view") == "month":
        first = day.replace(day=1)
        return True, first, (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
    first = day - dt.timedelta(days=day.weekday())
    return False, first, first + dt.timedelta(days=6)


@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """The week, or with `view=month` the month, around `from`."""
    project = shift_project(request)
    today = clock.today(project.zone)
    monthly, first, last = _span(request, today)
    people = list(colleagues(project.pk, *TEAM))
    away = absences([user.pk for user in people], first, last)
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    context = {
        "monthly": monthly,
        "today": today,
        "days": days,
        "lines": [Line(user, [(day, away[user.pk].get(day)) for day in days]) for user in people],
        "away": _away(people, away),
        "before": first - dt.timedelta(days=1),
        "after": last + dt.timedelta(days=1),
    }
    return page(request, "crm/shifts.html", context)


def _away(people: list[User], away: dict[int, dict[dt.date, Absence]]) -> list[dict[str, Any]]:
    """The absences in order of days, with names."""
    names = {user.pk: user for user in people}
    missing = {found.stand_in_id for days in away.values() for found in days.values()} - set(names) - {None}
    names |= User.objects.in_bulk(missing) if missing else {}
    rows = [
        {"day": day, "user": user, "absence": found, "stand_in": names.get(found.stand_in_id or 0)}
        for user in people
        for day, found in away[user.pk].items()
    ]
    return sorted(rows, key=lambda row: (row["day"], str(row["user"])))


@require_http_methods(FORM)
def days(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter rest, leave or work of one person on some days; `day` of the address fills the form."""
    project, by = shift_project(request), user_of(request)
    user = team_member(project, pk)
    form = DaysForm(
        posted(request), initial=_initial(request, user, project), stand_ins=stand_ins_for(project, user)
    )
    freed: list[str] = []
    if request.method == "POST" and attempt(
        form, lambda: freed.extend(_enter(request, form, user, project, by))
    ):
        settle_lists(project.pk)
        messages.success(request, _("Saved."))
        if freed:
            messages.warning(
                request, _("Nobody stands in any more for: %(names)s.") % {"names": ", ".join(freed)}
            )
        return redirect(f"{reverse('crm:shifts')}?from={form.cleaned_data['first']}")
    context = {"form": form, "shown": user, "title": _("Rest, leave, work")}
    return page(request, "crm/shift_form.html", context, status=422 if form.errors else 200)


def _initial(request: HttpRequest, user: User, project: Project) -> dict[str, Any]:
    asked = request.GET.get("day", "")[:10]
    try:
        day = dt.date.fromisoformat(asked) if asked else clock.today(project.zone)
    except ValueError:
        raise Http404 from None
    row = ShiftDay.objects.filter(user=user, day=day).first()
    kind = row.kind if row else (USUAL if absences([user.pk], day, day)[user.pk] else ShiftDay.Kind.LEAVE)
    return {"first": day, "last": day, "kind": kind, "stand_in": row.stand_in_id if row else None}


def _enter(request: HttpRequest, form: DaysForm, user: User, project: Project, by: User) -> list[str]:
    values = form.cleaned_data
    return shifts.set_days(
        user=user,
        first=values["first"],
        last=values["last"],
        kind=form.stored_kind,
        stand_in=values["stand_in"],
        project=project,
        by=by,
        at=clock.now(),
        confirmed=request.POST.get("without_stand_in") == "1",
    )


@require_http_methods(FORM)
def week(request: HttpRequest, pk: int) -> HttpResponse:
    """The weekly rest days of one person."""
    project, by = shift_project(request), user_of(request)
    user = team_member(project, pk)
    rests = {
        row.weekday: str(row.stand_in_id or WeekForm.NOBODY) for row in WeeklyRest.objects.filter(user=user)
    }
    initial = {f"day_{weekday}": value for weekday, value in rests.items()}
    form = WeekForm(posted(request), initial=initial, stand_ins=stand_ins_for(project, user))
    if request.method == "POST" and attempt(
        form,
        lambda: shifts.set_weekly_rest(user=user, rests=form.rests, project=project, by=by, at=clock.now()),
    ):
        settle_lists(project.pk)
        messages.success(request, _("Saved."))
        return redirect("crm:shifts")
    context = {"form": form, "shown": user, "title": _("Weekly rest days")}
    return page(request, "crm/shift_form.html", context, status=422 if form.errors else 200)

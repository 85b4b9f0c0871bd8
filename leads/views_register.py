"""Registering calls and visits at the desk (SC-1, SC-2, PX-3). Whoever registers learns no more than existence."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.access import require, roles_of
from crm.asked import number
from crm.deeds import confirmed, posted
from crm.errors import RuleViolation
from crm.models import Project, User
from crm.pages import page
from crm.roles import Action, Role
from leads.actions.registering import complete_sheet
from leads.facts_register import is_whole, known_number, onwards
from leads.forms_register import CallForm, VisitForm, VisitSheetForm, party_form
from leads.gates import lead_to_work, may_work, project_of, user_of
from leads.models import InboundCall, Lead, Visit
from leads.registering import call_of, too_many_lookups, visit_of

RECENT = dt.timedelta(minutes=30)


def _desk(request: HttpRequest) -> tuple[User, Project]:
    """Whoever registers in the current project; 403 for others."""
    user, project = user_of(request), project_of(request)
    require(user, Action.REGISTER, project)
    return user, project


@require_http_methods(["GET", "HEAD", "POST"])
def call(request: HttpRequest) -> HttpResponse:
    """One line of the register of calls."""
    user, project = _desk(request)
    talks = Role.CONSULTANT.value in roles_of(user)
    form = party_form(CallForm, posted(request), user, project, talked="1" if talks else "0")
    if request.method == "POST" and form.is_valid():
        try:
            made = call_of(form, by=user, at=clock.now())
            return redirect(f"{reverse('leads:register_call')}?saved={made.row.pk}")
        except RuleViolation as violation:
            form.refuse(violation)
    context = {"form": form, **_saved(request, InboundCall, user)}
    return page(request, "leads/register_call.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: HttpRequest) -> HttpResponse:
    """One line of the visit register, with as much of the sheet as is known."""
    user, project = _desk(request)
    form = party_form(VisitForm, posted(request), user, project)
    if request.method == "POST" and form.is_valid():
        try:
            made = visit_of(form, by=user, at=clock.now(), confirm=confirmed(request))
            return redirect(f"{reverse('leads:register_visit')}?saved={made.row.pk}")
        except RuleViolation as violation:
            form.refuse(violation)
    context = {"form": form, **_saved(request, Visit, user)}
    return page(request, "leads/register_visit.html", context, status=422 if form.errors else 200)


def _saved(request: HttpRequest, kind: type[Visit] | type[InboundCall], user: User) -> dict[str, Any]:
    """What the entry just made led to, for whoever made it; the lead itself only for those who may open it."""
    wanted = number(request.GET.get("saved", ""))
    if wanted is None:
        return {}
    rows = kind._default_manager.filter(recorded_by=user, recorded_at__gt=clock.now() - RECENT)
    row = rows.select_related("lead__consultant", "lead__project").filter(pk=wanted).first()
    if row is None:
        return {}
    opens = Lead.objects.visible_to(user).filter(pk=row.lead_id).exists()
    return {
        "saved": row,
        "onwards": onwards(row.lead),
        "works": opens and may_work(user, row.lead),
        "is_visit": kind is Visit,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def visit_sheet(request: HttpRequest, visit_id: int) -> HttpResponse:
    """The rest of a visit sheet, completed the same day or later."""
    row = Visit.objects.filter(pk=visit_id, lead__merged_into=None).select_related("lead__project").first()
    if row is None:
        raise Http404
    lead = lead_to_work(request, row.lead_id)
    form = VisitSheetForm(request.POST if request.method == "POST" else None, visit=row)
    if request.method == "POST" and form.is_valid():
        try:
            complete_sheet(visit=row, sheet=form.sheet(), by=user_of(request), at=clock.now())
            messages.success(request, _("The visit sheet is saved."))
            return redirect("leads:today")
        except RuleViolation as violation:
            form.refuse(violation)
    context = {"form": form, "lead": lead, "visit": row}
    return page(request, "leads/visit_sheet.html", context, status=422 if form.errors else 200)


@require_POST
def lookup(request: HttpRequest) -> HttpResponse:
    """While a number is typed: is it known here? By POST, so that no number stands in an address or a log."""
    user, project = _desk(request)
    if too_many_lookups(user):
        return HttpResponse(status=429)
    typed = request.POST.get("phone", "")[:80]
    known = known_number(project, typed)
    return render(
        request, "leads/_known.html", {"known": known, "new": not known and is_whole(project, typed)}
    )

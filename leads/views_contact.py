"""Preparing for a call and logging it (SC-12): the sheet, the form beneath it, the tapped number, taking back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.access import get_visible
from crm.deeds import confirmed
from crm.errors import RuleViolation
from crm.models import User
from crm.pages import page
from crm.phones import mask
from leads import explain, forms_contact
from leads.actions.contacts import log_contact
from leads.actions.correcting import void_contact
from leads.facts_messaging import kind_for, offers, preview, real_line, underway
from leads.facts_sheet import Sheet, sheet_of
from leads.forms_contact import ContactForm
from leads.gates import is_own, lead_to_work, may_message, opened_task, task_to_work, user_of
from leads.models import CallTask, Lead, LeadEvent
from leads.taps import forget_tap, remember_tap, tapped_at


@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, task_id: int) -> HttpResponse:
    """The sheet of one duty on a list, and logging what came of it."""
    user = user_of(request)
    found = task_to_work(user, task_id)
    if found.state != CallTask.State.OPEN and request.method != "POST":
        messages.info(request, _("This is no longer on the list; you can still log a contact."))
        return redirect("leads:log", lead_id=found.lead_id)
    return _sheet(request, found.lead, found)


@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest, lead_id: int) -> HttpResponse:
    """The same for a lead without a duty today; an open one is worked on all the same."""
    lead = lead_to_work(request, lead_id)
    return _sheet(request, lead, opened_task(lead, clock.now()))


def _sheet(request: HttpRequest, lead: Lead, task: CallTask | None) -> HttpResponse:
    user, now = user_of(request), clock.now()
    sheet = sheet_of(lead, task, by=user, at=now)
    clause = task.clause if task else ""
    form = ContactForm(
        request.POST if request.method == "POST" else None,
        sheet=sheet,
        clause=clause,
        initial=_initial(sheet),
    )
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, form, lead, task, user, now)
            return redirect("leads:today")
        except RuleViolation as violation:
            form.refuse(violation)
    context = _context(sheet, task, form, user, now)
    return page(request, "leads/sheet.html", context, status=422 if form.errors else 200)


def _save(
    request: HttpRequest, form: ContactForm, lead: Lead, task: CallTask | None, user: User, now: dt.datetime
) -> None:
    """Log it with the moment the number was tapped (PX-14), which is then used up."""
    log_contact(
        lead_id=lead.pk,
        sheet=form.contact_sheet(),
        happened_at=form.happened(now),
        by=user,
        at=now,
        task_id=task.pk if task else None,
        tapped_at=tapped_at(user, lead.pk),
        submission=form.cleaned_data.get("submission"),
        confirm=confirmed(request),
    )
    forget_tap(user, lead.pk)


def _initial(sheet: Sheet) -> dict[str, Any]:
    return {
        "channel": "sms" if sheet.owes_message else "phone",
        "occasion": str(sheet.occasions[0].pk) if sheet.owes_occasion else "",
    }


def _context(
    sheet: Sheet, task: CallTask | None, form: ContactForm, user: User, now: dt.datetime
) -> dict[str, Any]:
    by_line = may_message(user, sheet.lead) and real_line(sheet.lead.project_id) is not None
    own = is_own(user, sheet.lead) or (task is not None and task.assignee_id == user.pk)
    return {
        "sheet": sheet,
        "lead": sheet.lead,
        "task": task,
        "form": form,
        "why": explain.why_of(task) if task else None,
        "dial": sheet.number if own else "",
        "masked": mask(sheet.number) if sheet.number else "",
        "now": now,
        **(_by_line(sheet, task, user, now) if by_line else {}),
        "quick": _quick_moments(sheet.lead, now),
        "tries": forms_contact.TRIES,
        "rare": forms_contact.RARE_TRIES,
        "wrong": forms_contact.WRONG,
        "stands_in_for": task.credit if task and task.credit_id not in (None, user.pk) else None,
    }


def _by_line(sheet: Sheet, task: CallTask | None, user: User, now: dt.datetime) -> dict[str, Any]:
    """What the project's own line would send for this duty, with one tap."""
    found = offers(sheet.lead, task, by=user, at=now)
    kind = kind_for(sheet.lead, task, sheet.body, found, clerk=False)
    return {
        "by_line": True,
        "underway": underway(task),
        "line_text": preview(sheet.lead, sheet.body, kind, by=user, at=now) if sheet.body else None,
    }


def _quick_moments(lead: Lead, now: dt.datetime) -> list[tuple[str, str]]:
    """Moments promised most often, as (value of the field, words), in the project's zone."""
    local = now.astimezone(lead.project.zone)
    tomorrow = local.date() + dt.timedelta(days=1)
    moments = [
        (local + dt.timedelta(hours=1), _("in an hour")),
        (dt.datetime.combine(local.date(), dt.time(19, 0), local.tzinfo), _("today 19:00")),
        (dt.datetime.combine(tomorrow, dt.time(10, 30), local.tzinfo), _("tomorrow 10:30")),
        (dt.datetime.combine(tomorrow, dt.time(16, 0), local.tzinfo), _("tomorrow 16:00")),
    ]
    return [(f"{moment:%Y-%m-%dT%H:%M}", str(said)) for moment, said in moments if moment > local]


@require_POST
def tap(request: HttpRequest, lead_id: int) -> HttpResponse:
    """Remember when the number of a lead was tapped (PX-14), until the contact is logged."""
    lead = lead_to_work(request, lead_id)
    remember_tap(user_of(request), lead.pk, clock.now())
    return HttpResponse(status=204)


@require_POST
def undo(request: HttpRequest, event_id: int) -> HttpResponse:
    """Take back one's own entry of the last half hour."""
    user = user_of(request)
    event = get_visible(LeadEvent.objects.filter(by=user).select_related("lead"), pk=event_id)
    try:
        void_contact(event_id=event.pk, lead_id=event.lead_id, by=user, at=clock.now())
        messages.success(request, _("Taken back. The plan is as it was before."))
    except RuleViolation as violation:
        messages.error(request, violation.text)
    return redirect("leads:today")

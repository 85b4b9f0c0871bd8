"""Writing to the customer of a lead: texts to begin with, how it will read, and ordering it (SC-10)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.errors import RuleViolation
from crm.models import Message
from crm.pages import page
from leads import facts_messaging as facts
from leads.actions.messaging import send_single
from leads.forms_message import MessageForm
from leads.gates import TASK, lead_to_message, opened_task, user_of
from leads.labels import script_title
from leads.models import CallTask, Lead


@require_http_methods(["GET", "HEAD", "POST"])
def message(request: HttpRequest, lead_id: int) -> HttpResponse:
    """One message to the customer of a lead."""
    lead, clerk = lead_to_message(request, lead_id)
    user, now = user_of(request), clock.now()
    form = MessageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            sent = send_single(
                lead_id=lead.pk, body=data["body"], by=user, at=now, task_id=data["task"],
                clerk=clerk, submission=data["submission"],
            )  # fmt: skip
            return _ordered(request, lead, sent, now)
        except RuleViolation as violation:
            form.refuse(violation)
    context = _context(request, lead, form, now, clerk=clerk)
    return page(request, "leads/message.html", context, status=422 if form.errors else 200)


def _ordered(request: HttpRequest, lead: Lead, sent: Message, now: dt.datetime) -> HttpResponse:
    """Back to the lead, saying when it goes."""
    if sent.not_before > now:
        with timezone.override(lead.project.zone):
            moment = timezone.localtime(sent.not_before)
        messages.info(
            request,
            _("It is outside the hours for messages: it goes on %(day)s at %(time)s.")
            % {"day": f"{moment:%m-%d}", "time": f"{moment:%H:%M}"},
        )
    else:
        messages.success(request, _("The message goes out now."))
    return redirect("leads:lead", pk=lead.pk)


def _duty(request: HttpRequest, lead: Lead, now: dt.datetime) -> CallTask | None:
    """The duty that the message is for: the one asked for, if it is still owed, else the one that is open now."""
    wanted = str(request.POST.get("task") or request.GET.get("task") or "")
    if wanted.isdecimal() and len(wanted) < 19:
        rows = CallTask.objects.open().filter(lead=lead).select_related(*TASK)
        return rows.filter(pk=int(wanted)).first()
    return None if request.method == "POST" else opened_task(lead, now)


def _context(
    request: HttpRequest, lead: Lead, form: MessageForm, now: dt.datetime, *, clerk: bool
) -> dict[str, Any]:
    user = user_of(request)
    task = None if clerk else _duty(request, lead, now)
    found = facts.offers(lead, task, by=user, at=now)
    asked = request.GET.get("template", "")
    chosen = next((row for row in found if row.key == asked), found[0] if found and not clerk else None)
    if not form.is_bound:
        form.initial = {"task": task.pk if task else None, "body": chosen.body if chosen else ""}
    body = str(form["body"].value() or "")
    kind = facts.kind_for(lead, task, body, found, clerk=clerk)
    return {
        "lead": lead,
        "task": task,
        "form": form,
        "line": facts.real_line(lead.project_id),
        "underway": facts.underway(task),
        "offers": [
            (row.key, row.filed.code if row.filed else script_title(row.key), row.body) for row in found
        ],
        "chosen": chosen.key if chosen else "",
        "preview": facts.preview(lead, body, kind, by=user, at=now) if body.strip() else None,
    }


@require_POST
def preview(request: HttpRequest, lead_id: int) -> HttpResponse:
    """How the text typed so far will read, and what it costs; asked for while typing."""
    lead, clerk = lead_to_message(request, lead_id)
    form = MessageForm(request.POST)
    context = _context(request, lead, form, clock.now(), clerk=clerk)
    return page(request, "leads/message.html", context, fragment="leads/_message_preview.html")

"""Broadcasts: the list, the sheet with live counts, the page with rehearsal and progress, its people, the export."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import broadcast_file, facts_broadcasts, gates
from campaigns.actions import broadcasts as actions
from campaigns.forms_broadcasts import (
    BroadcastForm,
    ReasonForm,
    audience_initial,
    filter_of,
    in_words,
    initial_of,
)
from campaigns.models import Broadcast, SavedAudience
from campaigns.rules_audiences import read
from crm import clock
from crm.access import get_visible
from crm.asked import number
from crm.celery import soon
from crm.customer_pages import pages_of
from crm.deeds import attempt, posted
from crm.gates import reads_names, user_of
from crm.labels_messages import LEFT
from crm.models import Project, SendRun
from crm.pages import page
from crm.seek import seek

STATE = "campaigns/_broadcast_live.html"


@require_safe
def broadcasts(request: HttpRequest) -> HttpResponse:
    """The broadcasts of the project, the newest first."""
    project = gates.campaign_project(request)
    found = seek(facts_broadcasts.of_project(project), request.GET, order=("-id",))
    context = {
        "page": found,
        "rows": facts_broadcasts.with_progress(found.rows),
        "may_write": gates.may_make(user_of(request), project),
    }
    return page(request, "campaigns/broadcasts.html", context, fragment="campaigns/_broadcasts.html")


@require_http_methods(["GET", "HEAD", "POST"])
def broadcast_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a broadcast, or change one that is not approved yet."""
    project, by = gates.maker_project(request), user_of(request)
    row = get_visible(Broadcast.objects.filter(project=project), pk=pk) if pk else None
    initial = initial_of(row) if row else _usual(request, project)
    form = BroadcastForm(posted(request), project=project, initial=initial)
    saved: list[Broadcast] = []
    if request.method == "POST" and attempt(form, lambda: saved.append(_save(form, project, row, request))):
        soon("campaigns.tasks.rehearse", saved[0].pk)
        messages.success(request, _("Saved. The rehearsal shows who gets it and what it costs."))
        return redirect("campaigns:broadcast", pk=saved[0].pk)
    audiences = SavedAudience.objects.filter(project=project).select_related("owner")
    context = {"form": form, "row": row, "audiences": audiences, "sample": None, "by": by}
    return page(request, "campaigns/broadcast_form.html", context, status=422 if form.errors else 200)


def _save(form: BroadcastForm, project: Project, row: Broadcast | None, request: HttpRequest) -> Broadcast:
    by, at = user_of(request), clock.now()
    name = form.cleaned_data["save_as"]
    return actions.save_and_rehearse(
        project=project, sheet=form.sheet(), save_as=name, by=by, at=at, broadcast_id=row.pk if row else None
    )


def _usual(request: HttpRequest, project: Project) -> dict[str, Any]:
    """What a new one begins with: tomorrow at ten, the last price, a saved audience if one was chosen."""
    tomorrow = clock.today(project.zone) + dt.timedelta(days=1)
    start = dt.datetime.combine(tomorrow, dt.time(10), project.zone)
    last = Broadcast.objects.filter(project=project, price__isnull=False).order_by("-id").first()
    initial: dict[str, Any] = {
        "starts_at": start,
        "expires_at": start.replace(hour=20),
        "price": last.price if last else None,
    }
    chosen = number(request.GET.get("audience", ""))
    if chosen is not None:
        rows = SavedAudience.objects.filter(project=project)
        initial |= audience_initial(get_visible(rows, pk=chosen).audience)
    return initial


@require_POST
def broadcast_sample(request: HttpRequest) -> HttpResponse:
    """What is typed so far: how many people, characters, pieces, cost, and how a phone shows it. Writes nothing."""
    project = gates.maker_project(request)
    form = BroadcastForm(request.POST, project=project)
    form.is_valid()
    data = form.cleaned_data
    until = data.get("expires_at") or clock.now()
    sample = facts_broadcasts.sample(project, data.get("body", ""), read(filter_of(data)), until)
    price = data.get("price")
    context = {"sample": sample, "cost": sample.cost(price), "budget": data.get("budget")}
    return page(request, "campaigns/_broadcast_sample.html", context)


def own_broadcast(request: HttpRequest, pk: int) -> Broadcast:
    """One of the current project's broadcasts, for who makes or approves them."""
    project = gates.campaign_project(request)
    rows = Broadcast.objects.filter(project=project)
    return get_visible(rows.select_related("project", "run", "prepared_by", "approved_by", "ended_by"), pk=pk)


@require_safe
def broadcast(request: HttpRequest, pk: int) -> HttpResponse:
    """One broadcast: what it says to whom, its rehearsal or its progress, what can be done with it."""
    row, user = own_broadcast(request, pk), user_of(request)
    plain = reads_names(user, row.project)
    moves = row.being_planned or row.standing in (
        Broadcast.State.APPROVED,
        SendRun.State.RUNNING,
        SendRun.State.PAUSED,
    )
    context = {
        "row": row,
        "live": request.path if moves else "",
        "may_write": gates.may_make(user, row.project),
        "may_approve": gates.may_approve(user, row.project),
        "own": row.writers.filter(pk=user.pk).exists(),
        "audience": in_words(row.audience, row.project),
        "why": ReasonForm(),
        "stays": row.standing in ("draft", "submitted", "approved", "overdue", "running", "paused"),
        **facts_broadcasts.detail(row, plain, clock.now()),
    }
    response = page(request, "campaigns/broadcast.html", context, fragment=STATE)
    if request.GET.get("was", row.stage) != row.stage:
        response["HX-Refresh"] = "true"  # other things can be done now: htmx loads the whole page
    return response


@require_safe
def people(request: HttpRequest, pk: int) -> HttpResponse:
    """Person by person: what became of each message, or why there is none."""
    row = own_broadcast(request, pk)
    plain = reads_names(user_of(request), row.project)
    shown, reason = request.GET.get("state", ""), request.GET.get("left", "")
    if reason in LEFT or reason == "all":
        left_out = facts_broadcasts.left_out_of(row, "" if reason == "all" else reason)
        found: Any = seek(left_out, request.GET, order=("reason", "id") if reason == "all" else ("id",))
    else:
        rows, order = facts_broadcasts.messages_of(row, shown)
        found, reason = seek(rows, request.GET, order=(order,)), ""
    pages = pages_of(user_of(request), [line.customer_id for line in found.rows if line.customer_id])
    context = {
        "row": row,
        "page": found,
        "people": [facts_broadcasts.person_of(line, plain, pages) for line in found.rows],
        "shown": shown,
        "reason": reason,
        "counts": facts_broadcasts.counts_of(row),
        "left": row.summary.get("left", {}),
        "plain": plain,
    }
    return page(
        request, "campaigns/broadcast_people.html", context, fragment="campaigns/_broadcast_people.html"
    )


@require_POST
def export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Everybody of a broadcast as a file, line by line; names and numbers as the reader may have them."""
    row, user = own_broadcast(request, pk), user_of(request)
    gates.require_export(user, row.project)
    numbers = gates.exports_numbers(user, row.project)
    names = reads_names(user, row.project)
    actions.note_export(row=row, numbers=numbers, by=user, at=clock.now())
    lines = broadcast_file.lines(row, names=names, numbers=numbers)
    response = StreamingHttpResponse(broadcast_file.csv_of(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="broadcast-{row.pk}.csv"'
    return response


@require_POST
def audience_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a saved audience of one's own."""
    project, user = gates.maker_project(request), user_of(request)
    row = get_visible(SavedAudience.objects.filter(project=project, owner=user), pk=pk)
    actions.drop_audience(audience_id=row.pk, by=user, at=clock.now())
    messages.success(request, _("Forgotten."))
    return redirect("campaigns:broadcast_new")

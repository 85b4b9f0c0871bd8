"""One lead: its page, its small edits, its numbers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.errors import RuleViolation
from crm.facts_messages import heard_from, of_customers
from crm.models import User
from crm.pages import page
from crm.seek import seek
from leads import explain, facts, facts_cap, facts_lead
from leads.actions import deals as deal_actions
from leads.actions import grading, numbers
from leads.edits import EDITS
from leads.gates import (
    is_clerk_of,
    is_own,
    lead_to_work,
    may_assign,
    may_join,
    may_message,
    may_sell,
    may_work,
    open_lead,
    user_of,
)
from leads.models import Lead
from leads.resting import why_nobody
from leads.revealing import number_of
from leads.revealing import reveal as reveal_number
from leads.rules_types import EventKind, History
from leads.story import tell

STORY_PAGE = 20


@require_safe
def lead(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a lead; htmx asks for further pages of the story only, or for a part of it."""
    now = clock.now()
    row = open_lead(request, pk, now=now)
    part, asked = _on_demand(request, row, now)
    context: dict[str, Any] = {"lead": row, "now": now, "record": None, **asked}
    partly = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    if partly and part:
        return page(request, "leads/lead.html", context, fragment=part)
    found = seek(facts_lead.story(row), request.GET, order=("-at", "-id"), size=STORY_PAGE)
    if partly:
        void = facts_lead.annulled(row, [event.pk for event in found.rows])
    else:
        history = facts.histories([row.pk])[row.pk]
        void = {event.ref for event in history.events if event.kind == EventKind.VOID and event.ref}
        context |= _plan(row, history, now) | _about(row) | _may(user_of(request), row)
    people = facts_lead.people_named(found.rows)
    lines = [tell(event, annulled=event.pk in void, people=people) for event in found.rows]
    context |= {"page": found, "lines": lines}
    return page(request, "leads/lead.html", context, fragment="leads/_story.html")


def _on_demand(request: HttpRequest, row: Lead, now: dt.datetime) -> tuple[str, dict[str, Any]]:
    """What hardly anybody looks at, when it is asked for: the part that shows it, and what the part says."""
    if "record" in request.GET:
        return "leads/_lead_record.html", {"record": facts_lead.duty_record(row)}
    if "cap" in request.GET:
        room = facts_cap.room_of(row, facts.frame(row.project_id, now), now)
        return "leads/_lead_cap.html", {"room": room}
    return "", {}


def _plan(row: Lead, history: History, now: dt.datetime) -> dict[str, Any]:
    plan, frame = facts_lead.plan_from(history, row, now)
    stands_in: str = row.bin  # type: ignore[attr-defined]
    return {
        "plan": plan,
        "steps": facts_lead.steps_ahead(plan, frame),
        "whys": [(task, explain.why_of(task)) for task in facts_lead.open_tasks(row)],
        "bin": stands_in,
        "rest": why_nobody(row, stands_in, row.project.zone),
    }


def _about(row: Any) -> dict[str, Any]:
    """What the page says of a lead of `for_page`."""
    people = facts_lead.party(row)
    main: Any = next((person for person in people if person.pk == row.customer_id), None)
    got = [row.customer_id] if main is None or main.has_got else []
    written = [row.customer_id] if main is None or main.has_written else []
    return {
        "people": people,
        "told": of_customers(got),
        "heard": heard_from(written, project_id=row.project_id),
        "units_seen": facts_lead.units_seen(row) if row.has_units else [],
        "deals": facts_lead.deals_of(row) if row.has_deals else [],
    }


def _may(user: User, row: Lead) -> dict[str, bool]:
    return {
        "own": is_own(user, row),
        "works": may_work(user, row),
        "writes": may_message(user, row) or is_clerk_of(user, row),
        "assigns": may_assign(user, row.project_id),
        "joins": may_join(user, row),
        "sells": may_sell(user, row),
        "records_deals": deal_actions.may_record(user, row.project_id),
        "approves_deals": deal_actions.may_approve(user, row.project_id),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """One edit of leads.edits: a small form, then back to the lead with its new due date."""
    found = EDITS.get(what)
    if found is None:
        raise Http404
    row, user = lead_to_work(request, pk), user_of(request)
    form = found.form(request.POST if request.method == "POST" else None, lead=row)
    if request.method == "POST" and form.is_valid():
        try:
            found.run(row, form, user, clock.now())
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            return saved(request, pk)
    context = {"lead": row, "edit": found, "form": form, "back": _back(request, pk)}
    return page(request, "leads/edit.html", context, status=422 if form.errors else 200)


def _back(request: HttpRequest, pk: int) -> str:
    """Where an edit returns to: Today, when a line of it asked for the edit, otherwise the lead."""
    return reverse("leads:today") if request.GET.get("from") == "today" else reverse("leads:lead", args=[pk])


def saved(request: HttpRequest, pk: int, text: str = "") -> HttpResponse:
    """Back to the lead, saying what is due now; a lead that left the user's sight is said to have done so."""
    row = Lead.objects.visible_to(user_of(request)).select_related("project").filter(pk=pk).first()
    if row is None:
        messages.warning(request, _("Saved. This lead is no longer among those you see."))
        return redirect("leads:list")
    messages.success(request, f"{text or _('Saved.')} {explain.next_step(row, clock.now())}")
    return redirect(_back(request, pk))


@require_POST
def flag(request: HttpRequest, pk: int, what: str, on: bool) -> HttpResponse:
    """SC-2.3a, SC-2.3b: set or take back the key flag; take back the weekly one."""
    row, user, now = lead_to_work(request, pk), user_of(request), clock.now()
    try:
        if what == "key":
            grading.set_key(lead_id=row.pk, is_key=on, by=user, at=now)
        else:
            grading.set_weekly(lead_id=row.pk, weekly=on, reason="", by=user, at=now)
    except RuleViolation as violation:
        messages.error(request, str(violation.text))
        return redirect("leads:lead", pk=pk)
    return saved(request, pk)


@require_POST
def reveal(request: HttpRequest, pk: int, phone: int) -> HttpResponse:
    """PX-12: showing the number of a lead that is not one's own is an event, counted per person."""
    row = open_lead(request, pk)
    number = reveal_number(row, phone, by=user_of(request), at=clock.now())
    return page(
        request, "leads/phone.html", {"lead": row, "phone": number}, fragment="leads/_phone_shown.html"
    )


@require_POST
def phone_wrong(request: HttpRequest, pk: int, phone: int) -> HttpResponse:
    """PX-1: mark a number as wrong."""
    row = lead_to_work(request, pk)
    numbers.mark_wrong(lead_id=row.pk, phone=number_of(row, phone), by=user_of(request), at=clock.now())
    return saved(request, pk, _("The number is marked as wrong."))


@require_POST
def phone_main(request: HttpRequest, pk: int, phone: int) -> HttpResponse:
    """Make a number the one that is dialled first."""
    row = lead_to_work(request, pk)
    numbers.make_main(lead_id=row.pk, phone=number_of(row, phone))
    return saved(request, pk, _("This number is dialled first now."))

"""What the page of one lead shows: its plan ahead, its story in time order, its party, its record of duties."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, prefetch_related_objects
from django.urls import reverse

from crm.models import Consent, Customer, CustomerPhone, InboundMessage, Message, OptOut, Unit, User
from leads import facts, rules
from leads.models import CallTask, Deal, DealStep, ImportBatch, InboundCall, Lead, LeadEvent, Visit
from leads.rules_regular import owed_regularly
from leads.rules_types import EventKind, History, Plan

RECORD_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One step ahead by the procedure.

    `how`: "due" (owed, with its moment), "then" (every `days` days after the last conversation), "nobody" (this clause
    says that nobody calls), "visit" (what a visit would bring), "rejudge" (comes up again on `due`), "review".
    """

    clause: str
    how: str
    due: dt.datetime | dt.date | None = None
    days: int = 0
    kind: str = ""
    channel: str = "phone"


def pages_of(user: User, customer_ids: Collection[int]) -> dict[int, str]:
    """The page of the newest lead of each of these customers that the user may open. One query."""
    rows = Lead.objects.current().visible_to(user).filter(customer__in=customer_ids).order_by("pk")
    return {
        customer: reverse("leads:lead", args=[pk]) for pk, customer in rows.values_list("pk", "customer_id")
    }


def plan_of(lead: Lead, at: dt.datetime) -> tuple[Plan, facts.Frame]:
    """The plan folded from the lead's history, and the frame it was folded in. Three queries when the lead has its
    project with it.
    """
    history = facts.histories([lead.pk])[lead.pk]
    return plan_from(history, lead, at)


def plan_from(history: History, lead: Lead, at: dt.datetime) -> tuple[Plan, facts.Frame]:
    """The same from a history in hand."""
    frame = facts.frames([lead.project_id], at, known=[lead.project])[lead.project_id]
    return rules.plan(history, frame.versions, frame.clock, frame.calendar), frame


def appointment_ahead(lead: Lead, at: dt.datetime) -> dt.datetime | None:
    """When the party is to visit, if a visit still ahead was arranged. One query, six when there may be one."""
    if not LeadEvent.objects.filter(lead=lead, appointment__gt=at).exists():
        return None
    plan, _frame = plan_of(lead, at)
    ahead = plan.appointment_at
    return ahead if ahead is not None and ahead > at else None


def steps_ahead(plan: Plan, frame: facts.Frame) -> list[Step]:
    """What follows by the procedure if nothing else happens; empty for a lead that has ended."""
    if plan.state != "live":
        return []
    duties = sorted(plan.open_duties, key=lambda duty: duty.due)
    steps = [Step(duty.clause, "due", duty.due, kind=duty.kind, channel=duty.channel) for duty in duties]
    if plan.upcoming is not None:
        steps.append(
            Step(
                plan.upcoming.clause, "due", plan.upcoming.due, kind="cadence", channel=plan.upcoming.channel
            )
        )
    clause, days = owed_regularly(plan, frame.policy)
    if days:
        factor = frame.policy.fewer_factor if plan.preference == "fewer" else 1
        steps.append(Step(clause, "then", days=days * factor))
    else:
        steps.append(Step(clause, "nobody"))
    if plan.rejudge_on is not None:
        steps.append(Step("PX-14", "rejudge", plan.rejudge_on))
    if plan.phase == "caller" and plan.kind == "ordinary":
        steps.append(Step("SC-2.1", "visit"))
    return steps


TOLD = (
    *("kind", "at", "recorded_at", "value", "due", "appointment", "note", "data", "channel", "imported"),
    *("call", "visit", "deal", "batch", "by__name", "by__username"),
    *("contact__direction", "contact__effective", "contact__clause", "contact__doubtful"),
    *("contact__accepted_by", "contact__news", "contact__questions", "contact__real_need"),
    "contact__occasion__title",
)
"""What `leads.story` tells of an event, of the two hundred columns that its rows have."""


def story(lead: Lead) -> QuerySet[LeadEvent]:
    """The lead's history as a person reads it; annulments are shown at what they annul.

    Contacts come with their events; a call, a visit, a deal or a load is read where a page has one.
    """
    has_units = getattr(lead, "has_units", True)  # of a lead of `for_page` it is known
    units = Unit.objects.select_related("building") if has_units else Unit.objects.none()
    visits = Visit.objects.select_related("received_by").prefetch_related(Prefetch("units", queryset=units))
    loads = ImportBatch.objects.select_related("uploaded_by").only(
        "uploaded_by__name", "uploaded_by__username"
    )
    return (
        LeadEvent.objects.filter(lead=lead)
        .exclude(kind=EventKind.VOID)
        .select_related("by", "contact__occasion")
        .only(*TOLD)
        .prefetch_related(
            Prefetch("call", queryset=InboundCall.objects.select_related("heard_via")),
            Prefetch("visit", queryset=visits),
            Prefetch("deal", queryset=Deal.objects.select_related("unit__building")),
            Prefetch("batch", queryset=loads),
        )
    )


def annulled(lead: Lead, ids: Collection[int]) -> set[int]:
    """Which of these events were taken back."""
    rows = LeadEvent.objects.filter(lead=lead, kind=EventKind.VOID, ref__in=ids)
    return {ref for ref in rows.values_list("ref", flat=True) if ref is not None}


def people_named(events: Iterable[LeadEvent]) -> dict[str, str]:
    """The names of the consultants that assignments in these events name, by id as the event has it. One query."""
    ids = {event.value for event in events if event.kind == EventKind.ASSIGNED and event.value.isdecimal()}
    return (
        {str(pk): name for pk, name in User.objects.filter(pk__in=ids).values_list("pk", "name")}
        if ids
        else {}
    )


def party(lead: Lead) -> list[Customer]:
    """The people of the lead's party, its main contact first, with `live_phones`, consents and opt-outs, and whether
    each `has_got` a message or `has_written` one. What hardly anybody has is read where there is some.
    """
    phones = CustomerPhone.objects.filter(live=True).order_by("bad_since", "-is_main", "id")
    mine = {"customer": OuterRef("pk")}
    people = list(
        Customer.objects.filter(household=lead.household_id, merged_into=None)
        .defer("bigrams")
        .annotate(
            has_agreed=Exists(Consent.objects.filter(**mine)) | Exists(OptOut.objects.filter(**mine)),
            has_got=Exists(Message.objects.filter(**mine)),
            has_written=Exists(InboundMessage.objects.filter(**mine)),
        )
        .prefetch_related(Prefetch("phones", queryset=phones, to_attr="live_phones"))
        .order_by("pk")
    )
    if any(person.has_agreed for person in people):
        prefetch_related_objects(people, "consents", "opt_outs")
    else:
        for person in people:
            person._prefetched_objects_cache = {  # type: ignore[attr-defined]
                "consents": Consent.objects.none(),
                "opt_outs": OptOut.objects.none(),
            }
    return sorted(people, key=lambda person: person.pk != lead.customer_id)


def duty_record(lead: Lead) -> list[CallTask]:
    """The newest duties that ended, done or missed (PX-14: what passed stays on record)."""
    rows = CallTask.objects.filter(lead=lead, state__in=[CallTask.State.DONE, CallTask.State.MISSED])
    shown = ("clause", "state", "due_at", "closed_at", "credit__name", "credit__username")
    return list(rows.select_related("credit").only(*shown).order_by("-closed_at", "-pk")[:RECORD_LENGTH])


EXPLAINED = (
    *("kind", "clause", "channel", "why", "opens_at", "due_at", "list_day", "moved_reason", "held_until"),
    *("held_reason", "tries", "next_try_at", "assignee__name", "assignee__username", "credit__name"),
    *("credit__username", "policy__number", "base_event__kind", "base_event__value", "occasion__title"),
)
"""What `leads.explain` and the pages say of an open duty."""


def open_tasks(lead: Lead) -> list[CallTask]:
    """The open duties of the lead, the first due first. Each has the lead as it was given."""
    rows = CallTask.objects.open().filter(lead=lead)
    told = rows.select_related("assignee", "credit", "policy", "base_event", "occasion").only(*EXPLAINED)
    found = sorted(told, key=lambda task: (task.due_at, task.pk))
    for task in found:
        task.lead = lead
    return found


def deals_of(lead: Lead) -> list[Deal]:
    """The lead's deals with their steps in time order."""
    steps = DealStep.objects.select_related("entered_by", "approved_by")
    rows = lead.deals.select_related("unit__building", "created_by")
    return list(rows.prefetch_related(Prefetch("steps", queryset=steps)).order_by("-created_at", "-pk"))


def units_seen(lead: Lead) -> list[Unit]:
    """The units the party has looked at."""
    return list(Unit.objects.filter(visits__lead=lead).select_related("building", "unit_type").distinct())

"""Whom the record of a party may be joined with, and which merges may be undone (PX-3)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from crm.access import scope
from crm.models import Customer, CustomerPhone, User
from crm.roles import Action
from leads import facts, rules
from leads.models import Lead, MergeRecord
from leads.rules_types import Duty, Event, EventKind, History, Plan

SHOWN = 10


def foreign(user: User) -> QuerySet[Lead]:
    """Current leads of projects where the user does not decide: whose party has one, the user joins or parts not."""
    where = scope(user, Action.DECIDE_ATTRIBUTION)
    rows = Lead.objects.current()
    return rows.none() if where.everywhere else rows.exclude(project__in=where.projects)


def candidates(user: User, lead: Lead) -> QuerySet[Customer]:
    """Customers that may be joined with the lead's: all leads of both parties lie where the user decides."""
    ours = Lead.objects.current().filter(household=OuterRef("household"))
    others = foreign(user)
    rows = Customer.objects.filter(merged_into=None).exclude(pk=lead.customer_id)
    if others.filter(household=lead.household_id).exists():
        return rows.none()
    return rows.filter(Exists(ours)).exclude(Exists(others.filter(household=OuterRef("household"))))


def told_apart(rows: QuerySet[Customer]) -> QuerySet[Customer]:
    """With what tells two people of one name apart: `live_phones`, and the `current_leads` of their household."""
    phones = CustomerPhone.objects.filter(live=True).order_by("-is_main", "id")
    leads = Lead.objects.current().select_related("consultant", "project").order_by("pk")
    return rows.prefetch_related(
        Prefetch("phones", queryset=phones, to_attr="live_phones"),
        Prefetch("household__leads", queryset=leads, to_attr="current_leads"),
    )


def found_for(user: User, lead: Lead, text: str) -> list[Customer]:
    """People of the own party first (doubles within it), then whom the search finds."""
    rows = told_apart(candidates(user, lead))
    hits = Lead.objects.visible_to(user).search(text).values("household") if text.strip() else None
    wanted = Q(household=lead.household_id) | (Q(household__in=hits) if hits is not None else Q(pk__in=[]))
    return list(rows.filter(wanted).order_by("pk")[:SHOWN])


def moving(customer: Customer) -> dict[str, int]:
    """What a merge would move, counted."""
    leads = Lead.objects.current().filter(household=customer.household_id)
    events = leads.aggregate(calls=Count("calls", distinct=True), visits=Count("visit_rows", distinct=True))
    return {
        "leads": leads.count(),
        "numbers": customer.phones.filter(live=True).count(),
        "contacts": customer.contacts.count(),
        **events,
    }


@dataclass(frozen=True, slots=True)
class Owed:
    """What a project's joined lead would owe, instead of what `before` owe now; None: nothing."""

    before: tuple[Lead, ...]
    consultant: User | None
    duty: Duty | None


def owed_after(first: Customer, second: Customer, at: dt.datetime) -> list[Owed]:
    """Which duty survives where both parties have a lead in one project: that of the joined history, with the wish and
    the consultant of the record that stays. A query, and four a project.
    """
    if first.household_id == second.household_id:
        return []
    found: dict[int, dict[int, Lead]] = defaultdict(dict)
    leads = Lead.objects.current().filter(household__in=[first.household_id, second.household_id])
    for lead in leads.select_related("project", "consultant", "customer").order_by("project", "pk"):
        found[lead.project_id].setdefault(lead.household_id, lead)
    owed = []
    for pair in found.values():
        if len(pair) == 2:
            stays, goes = pair[first.household_id], pair[second.household_id]
            duty = _joined(stays, goes, at).next_duty
            owed.append(Owed((stays, goes), stays.consultant or goes.consultant, duty))
    return owed


def _joined(stays: Lead, goes: Lead, at: dt.datetime) -> Plan:
    """The plan of both histories in one, ended as the merge ends it."""
    told = facts.histories([stays.pk, goes.pk])
    events = sorted((*told[stays.pk].events, *told[goes.pk].events), key=lambda event: (event.at, event.id))
    last = max((event.id for event in events), default=0) + 1
    wish = Event(last, EventKind.PREFERENCE, at, at, value=stays.customer.preference)
    frame = facts.frame(stays.project_id, at)
    return rules.plan(History((*events, wish)), frame.versions, frame.clock, frame.calendar)


def records_of(user: User) -> QuerySet[MergeRecord]:
    """Merges of which the user decides on both parties, in every project where either has a lead."""
    current, others = Lead.objects.current(), foreign(user)
    rows = MergeRecord.objects.filter(Exists(current.filter(household=OuterRef("winner__household"))))
    for party in ("winner__household", "loser__household"):
        rows = rows.exclude(Exists(others.filter(household=OuterRef(party))))
    return rows

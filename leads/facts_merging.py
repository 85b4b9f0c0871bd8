"""Whom the record of a party may be joined with, and which merges may be undone (PX-3)."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from crm.access import scope
from crm.models import Customer, CustomerPhone, User
from crm.roles import Action
from leads.models import Lead, MergeRecord

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


def records_of(user: User) -> QuerySet[MergeRecord]:
    """Merges of which the user decides on both parties, in every project where either has a lead."""
    current, others = Lead.objects.current(), foreign(user)
    rows = MergeRecord.objects.filter(Exists(current.filter(household=OuterRef("winner__household"))))
    for party in ("winner__household", "loser__household"):
        rows = rows.exclude(Exists(others.filter(household=OuterRef(party))))
    return rows

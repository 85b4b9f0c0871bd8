"""Numbers of the people of a lead's party: adding, marking wrong, choosing the main one (PX-1, PX-3)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from crm.actions import customers
from crm.models import Customer, CustomerPhone, User
from leads.actions import planning
from leads.actions.history import append, lock_lead
from leads.models import Lead
from leads.rules_types import EventKind


@transaction.atomic
def add_number(*, lead_id: int, person: Customer, raw: str, by: User, at: dt.datetime) -> Lead:
    """Add a number. A good number of the main contact ends the data repair of all their leads (PX-1).

    Race: the desk registers the same number, and takes numbers before leads; so does this.
    """
    for known in Lead.objects.filter(pk=lead_id).select_related("project"):
        customers.lock_numbers(customers.read_numbers(raw, region=known.project.region))
    lead = lock_lead(lead_id)
    customers.add_numbers(customer=person, raw=raw, region=lead.project.region, by=by, at=at)
    waiting = Lead.objects.current().filter(customer=person, review_clause="PX-1")
    for row in waiting:
        append(row, EventKind.PHONE_REPAIRED, happened_at=at, by=by, at=at)
    planning.replan([row.pk for row in waiting], at=at)
    lead.refresh_from_db()
    return lead


@transaction.atomic
def mark_wrong(*, lead_id: int, phone: CustomerPhone, by: User, at: dt.datetime) -> Lead:
    """Note that a number is wrong; without a good one left, the leads of this customer go to the data repair."""
    lead = lock_lead(lead_id)
    row = CustomerPhone.objects.select_for_update().get(pk=phone.pk)
    if row.bad_since is not None or customers.mark_number_bad(phone=row, reason="marked", at=at):
        return lead
    leads = Lead.objects.current().filter(customer=row.customer_id)
    for left in leads:
        append(left, EventKind.NO_PHONE, happened_at=at, by=by, at=at)
    planning.replan([left.pk for left in leads], at=at)
    lead.refresh_from_db()
    return lead


@transaction.atomic
def make_main(*, lead_id: int, phone: CustomerPhone) -> Lead:
    """Dial this number first."""
    lead = lock_lead(lead_id)
    customers.set_main_number(phone=phone)
    return lead

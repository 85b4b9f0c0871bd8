"""Numbers of a lead's party: found within it, and shown whole on record (PX-12). For the page and the API."""

from __future__ import annotations

import datetime as dt

from crm.access import get_visible
from crm.actions import audit
from crm.models import CustomerPhone, User
from leads.gates import is_own
from leads.models import Lead


def number_of(lead: Lead, pk: int) -> CustomerPhone:
    """A live number of somebody of the lead's party, or 404."""
    rows = CustomerPhone.objects.filter(
        customer__household=lead.household_id, customer__merged_into=None, live=True
    )
    return get_visible(rows, pk=pk)


def reveal(lead: Lead, pk: int, *, by: User, at: dt.datetime) -> CustomerPhone:
    """The whole number. For a lead that is not one's own this is an event, counted per person."""
    number = number_of(lead, pk)
    if not is_own(by, lead):
        audit.record(
            "phone.revealed",
            by=by,
            at=at,
            project=lead.project,
            target="lead",
            target_id=lead.pk,
            phone=number.pk,
        )
    return number

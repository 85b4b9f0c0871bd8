"""A customer's stop of calls, carried into the leads (SC-7).

The kernel writes `OptOut` wherever the "no more" was said, and knows no leads; this sweep reads what it has not applied
yet. Whatever way it came in, it takes the same road as a wish spoken on the telephone: the preference becomes "do not
contact" for every lead of the customer in every project, and the plans follow. A consent lifts it, and the wish that
stood before comes back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from crm.actions import customers
from crm.actions.notices import Telling, tell
from crm.models import Customer, InboundMessage, OptOut
from crm.states import Preference
from leads.actions import planning
from leads.actions.history import append, lock_leads
from leads.models import Lead
from leads.rules_types import EventKind

AT_ONCE = 500
CALLS = Q(scope="calls")


def carry(*, at: dt.datetime) -> dict[str, int]:
    """Apply stops and lifts, and give replies an owner. May run twice, or twice at once."""
    new = OptOut.objects.filter(CALLS, lifted_by=None, applied_at=None)
    lifted = OptOut.objects.filter(CALLS, lifted_by__isnull=False, lift_applied_at=None)
    return {
        "stopped": sum(_stop(pk, at) for pk in new.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]),
        "lifted": sum(_lift(pk, at) for pk in lifted.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]),
        "owned": own_replies(),
    }


@transaction.atomic
def _stop(pk: int, at: dt.datetime) -> bool:
    row = (
        OptOut.objects.select_for_update(skip_locked=True)
        .filter(pk=pk, applied_at=None, lifted_by=None)
        .first()
    )
    if row is None:
        return False
    leads = _locked(row)
    row.applied_at = at
    if row.customer.preference != Preference.DO_NOT_CONTACT:
        row.wish_before = row.customer.preference
        _wish(row, leads, Preference.DO_NOT_CONTACT.value, at)
    row.save(update_fields=["applied_at", "wish_before"])
    tell(
        [
            Telling(
                lead.consultant_id, lead.project_id, "customer_stopped", f"stopped-{row.pk}-{lead.pk}",
                {"customer": row.customer.name}, f"/leads/{lead.pk}/",
            )
            for lead in Lead.objects.current().filter(customer=row.customer, state=Lead.State.LIVE)
            if lead.consultant_id is not None
        ],
        at=at,
    )  # fmt: skip
    return True


@transaction.atomic
def _lift(pk: int, at: dt.datetime) -> bool:
    """Only a wish that the stop itself set is taken back; one spoken since then stays."""
    row = (
        OptOut.objects.select_for_update(skip_locked=True)
        .filter(pk=pk, lift_applied_at=None, lifted_by__isnull=False)
        .first()
    )
    if row is None:
        return False
    leads = _locked(row)
    if row.applied_at and row.wish_before and row.customer.preference == Preference.DO_NOT_CONTACT:
        _wish(row, leads, row.wish_before, at)
    row.lift_applied_at = at
    row.save(update_fields=["lift_applied_at"])
    return True


def _locked(row: OptOut) -> list[Lead]:
    """The customer's leads, with those of their party; the customer is read again behind them.

    Race: a consultant logs another wish at this moment, and takes the lead before the customer; so does this.
    """
    party = Customer.objects.filter(pk=row.customer_id).values("household")
    leads = lock_leads(Lead.objects.current().filter(household__in=party))
    row.customer.refresh_from_db()
    return [lead for lead in leads.values() if lead.customer_id == row.customer_id]


def _wish(row: OptOut, leads: Sequence[Lead], wish: str, at: dt.datetime) -> None:
    """The new wish in the history of every lead of this customer, and their plans recomputed."""
    customers.set_preference(customer=row.customer, preference=wish, by=row.by, at=at)
    for lead in leads:
        append(lead, EventKind.PREFERENCE, happened_at=at, by=row.by, at=at, value=wish)
    if leads:
        planning.replan_party(leads[0], at=at)


def own_replies() -> int:
    """A reply without an owner goes to the consultant of the customer's lead in the project."""
    loose = InboundMessage.objects.filter(owner=None, handled_at=None, customer__isnull=False)
    done = 0
    for row in loose.order_by("-pk")[:AT_ONCE]:
        lead = (
            Lead.objects.current()
            .filter(customer=row.customer_id, project=row.project_id)
            .exclude(consultant=None)
            .first()
        )
        if lead is not None:
            done += InboundMessage.objects.filter(pk=row.pk, owner=None).update(owner=lead.consultant_id)
    return done

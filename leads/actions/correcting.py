"""Taking back a mis-tap: the rows stay, the plan and what was learned with them are as before (PX-14)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.actions import audit, customers
from crm.errors import RuleViolation
from crm.models import Contact, CustomerPhone, User
from crm.states import Preference
from leads.actions import planning
from leads.actions.history import append, lock_lead
from leads.models import Lead, LeadEvent, Objection
from leads.rules_types import EventKind

UNDO_MINUTES = 30


@transaction.atomic
def void_contact(*, event_id: int, lead_id: int, by: User, at: dt.datetime) -> Lead:
    """Annul a contact of one's own within half an hour, with the grade, wish and objections logged in it."""
    lead = lock_lead(lead_id)
    event = LeadEvent.objects.filter(pk=event_id, lead=lead, kind=EventKind.CONTACT, by=by).first()
    if event is None or at - event.recorded_at > dt.timedelta(minutes=UNDO_MINUTES):
        raise RuleViolation(
            _("Only your own entry of the last %(minutes)d minutes can be taken back.")
            % {"minutes": UNDO_MINUTES},
            "PX-14",
            code="too_late",
        )
    if event.contact is not None and event.contact.automatic:
        raise RuleViolation(_("The message has left; it cannot be taken back."), "PX-14", code="already_sent")
    if LeadEvent.objects.filter(lead=lead, kind=EventKind.VOID, ref=event.pk).exists():
        return lead
    logged = list(
        LeadEvent.objects.filter(lead=lead, recorded_at=event.recorded_at, by=by, pk__gte=event.pk).order_by(
            "pk"
        )
    )
    for row in logged:
        append(lead, EventKind.VOID, happened_at=row.at, by=by, at=at, ref=row.pk)
        _unlearn(lead, row, by=by, at=at)
    Contact.objects.filter(pk=event.contact_id or 0).update(voided_at=at)
    audit.record(
        "contact.voided", by=by, at=at, project=lead.project, target="lead", target_id=lead.pk, event=event.pk
    )
    planning.replan_party(lead, at=at)
    lead.refresh_from_db()
    return lead


def _unlearn(lead: Lead, row: LeadEvent, *, by: User, at: dt.datetime) -> None:
    """Put back what stands outside the history: the wish, an objection's state, a number marked as wrong."""
    if row.kind == EventKind.PREFERENCE:
        before = _valid(lead, EventKind.PREFERENCE).exclude(pk=row.pk).order_by("-at", "-pk").first()
        wish = before.value if before else Preference.WELCOME.value
        customers.set_preference(customer=lead.customer, preference=wish, by=by, at=at)
    elif row.kind == EventKind.OBJECTION:
        mine = Objection.objects.filter(lead=lead, cause=row.data.get("cause", ""))
        if row.value == "raised":
            mine.filter(raised_at=row.at, dissolved_at=None).delete()
        elif not mine.filter(dissolved_at=None).exists():
            mine.filter(dissolved_at=row.at).update(dissolved_at=None, dissolved_by=None)
    elif row.kind == EventKind.CONTACT:
        wrong = CustomerPhone.objects.filter(customer=lead.customer_id, live=True, bad_since=row.recorded_at)
        for phone in wrong:
            phone.bad_since, phone.bad_reason = None, ""
            phone.save(update_fields=["bad_since", "bad_reason"])
            # Only the number that is dialled first is ever marked from a contact, so it is that one again.
            customers.set_main_number(phone=phone)


def _valid(lead: Lead, kind: str) -> QuerySet[LeadEvent]:
    """Events of a kind that no later row annuls."""
    voids = LeadEvent.objects.filter(lead=lead, kind=EventKind.VOID).values("ref")
    return LeadEvent.objects.filter(lead=lead, kind=kind).exclude(pk__in=voids)

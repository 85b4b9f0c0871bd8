"""Leads leave the cadence only by closing, by an explicit verdict with a reason, or by the customer's wish (SC-11)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import customers
from crm.errors import RuleViolation
from crm.models import User
from leads import facts_lead
from leads.actions import planning
from leads.actions.history import append, lock_lead
from leads.models import Lead
from leads.rules_types import EventKind
from leads.vocabulary import INVALID_REASONS, LOST_REASONS

ENDS = {EventKind.LOST: LOST_REASONS, EventKind.INVALID: INVALID_REASONS}


@transaction.atomic
def end_lead(*, lead_id: int, verdict: str, reason: str, note: str, by: User, at: dt.datetime) -> Lead:
    """`verdict` is "lost" or "invalid", `reason` one of its listed reasons. The plan ends; the record stays."""
    lead = lock_lead(lead_id)
    if verdict not in ENDS:
        raise RuleViolation(_("Choose: lost or invalid."), "SC-11", "verdict")
    if reason not in ENDS[EventKind(verdict)]:
        raise RuleViolation(_("Choose one of the listed reasons."), "SC-11", "reason", code="reason_needed")
    if lead.state != Lead.State.LIVE:
        raise RuleViolation(_("This lead has ended already."), "SC-11", code="ended")
    if lead.stage in (Lead.Stage.SUBSCRIBED, Lead.Stage.SIGNED):
        raise RuleViolation(
            _("This lead has a running deal. Cancel the deal first."), "PX-9", code="has_deal"
        )
    append(lead, EventKind(verdict), happened_at=at, by=by, at=at, value=reason, note=note)
    return _replanned(lead, at)


@transaction.atomic
def reopen_lead(*, lead_id: int, note: str, by: User, at: dt.datetime) -> Lead:
    """Work a lost or invalid lead again."""
    lead = lock_lead(lead_id)
    if lead.state not in (Lead.State.LOST, Lead.State.INVALID):
        raise RuleViolation(_("Only a lost or invalid lead can be reopened."), "SC-11", code="not_ended")
    append(lead, EventKind.REOPENED, happened_at=at, by=by, at=at, note=note)
    return _replanned(lead, at)


@transaction.atomic
def call_off(*, lead_id: int, note: str, by: User, at: dt.datetime) -> Lead:
    """The customer sent word that the arranged visit will not take place; in a conversation it is logged with it."""
    lead = lock_lead(lead_id)
    if facts_lead.appointment_ahead(lead, at) is None:
        raise RuleViolation(_("No visit is arranged ahead."), "PX-10", code="no_appointment")
    append(lead, EventKind.APPOINTMENT_OFF, happened_at=at, by=by, at=at, note=note)
    return _replanned(lead, at)


@transaction.atomic
def set_preference(*, lead_id: int, preference: str, by: User, at: dt.datetime) -> Lead:
    """SC-7: the customer's wish, for every lead whose main contact this customer is."""
    lead = lock_lead(lead_id)
    if customers.set_preference(customer=lead.customer, preference=preference, by=by, at=at):
        for row in Lead.objects.current().filter(customer=lead.customer):
            append(row, EventKind.PREFERENCE, happened_at=at, by=by, at=at, value=preference)
        planning.replan_party(lead, at=at)
        lead.refresh_from_db()
    return lead


def _replanned(lead: Lead, at: dt.datetime) -> Lead:
    planning.replan([lead.pk], at=at)
    lead.refresh_from_db()
    return lead

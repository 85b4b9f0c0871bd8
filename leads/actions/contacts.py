"""Logging contacts with a lead (PX-1, PX-14, SC-9 to SC-12), and annulling a mis-tap."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm.actions import contacts as ledger
from crm.actions import customers
from crm.errors import RuleViolation
from crm.models import Contact, CustomerPhone, Occasion, User
from crm.states import WRONG_NUMBER, Channel, Outcome, is_effective
from leads import facts
from leads.actions import grading, objections, planning
from leads.actions.history import append, check_ahead, check_happened, lock_lead
from leads.models import CallTask, Lead
from leads.rules_types import EventKind


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """What a consultant logs: two taps (outcome, save) suffice; the rest is optional and belongs to a
    conversation.
    """

    outcome: str
    channel: str = Channel.PHONE.value
    direction: str = "out"
    promised_at: dt.datetime | None = None
    appointment: dt.datetime | None = None
    intention: str = ""
    news: str = ""
    questions: str = ""
    real_need: str = ""
    reason: str = ""
    occasion: Occasion | None = None
    objections_raised: tuple[str, ...] = ()
    objections_dissolved: tuple[int, ...] = ()
    grade: str = ""
    quality: str = ""
    preference: str = ""
    invitation_accepted: bool | None = None
    called_off: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """The contact, and the lead with its new plan (`lead.due_at`, `lead.clause`)."""

    contact: Contact
    lead: Lead


def _refuse_done(task: CallTask | None, confirm: Collection[str]) -> None:
    """Two people on one task: the second is told plainly who was first, and may log a second talk on purpose.

    A task that went otherwise (a visit came in between) refuses nothing: what was said is kept.
    """
    if task is None or task.state != CallTask.State.DONE or "log_again" in confirm:
        return
    event = task.closed_by_event
    when = formats.date_format(timezone.localtime(task.closed_at), "H:i") if task.closed_at else ""
    raise RuleViolation(
        _("%(who)s has already logged this at %(when)s. Open the lead to see what was said.")
        % {"who": (event.by if event else None) or _("somebody"), "when": when},
        task.clause,
        code="already_logged",
        confirm="log_again",
    )


def _check(
    sheet: ContactSheet, lead: Lead, *, happened_at: dt.datetime, at: dt.datetime, confirm: Collection[str]
) -> None:
    check_happened(happened_at, at, "happened_at")
    if sheet.outcome not in {outcome.value for outcome in Outcome}:
        raise RuleViolation(_("Choose how the contact ended."), "PX-1", "outcome")
    if sheet.channel not in {channel.value for channel in Channel}:
        raise RuleViolation(_("Choose one of the listed channels."), "PX-16", "channel")
    if sheet.outcome == Outcome.CALLBACK_ARRANGED and sheet.promised_at is None:
        raise RuleViolation(_("Enter when you promised to call back."), "PX-1", "promised_at")
    if not is_effective(sheet.outcome) and (
        sheet.appointment or sheet.called_off or sheet.objections_dissolved or sheet.objections_raised
    ):
        raise RuleViolation(
            _("Nobody was spoken with: an appointment or objections need a conversation."), "PX-1", "outcome"
        )
    days = facts.policy_in_force(lead.project_id, at).policy.promise_max_days
    promised = sheet.promised_at if sheet.outcome == Outcome.CALLBACK_ARRANGED else None
    check_ahead(promised, after=happened_at, days=days, field="promised_at", confirm=confirm)
    check_ahead(sheet.appointment, after=happened_at, days=days, field="appointment", confirm=confirm)
    if (
        lead.kind == Lead.Kind.LEADER_REFERRAL
        and sheet.direction == "out"
        and not lead.tasks.filter(state=CallTask.State.OPEN).exists()
        and not sheet.reason.strip()
    ):
        raise RuleViolation(
            _("Referred customers are contacted at milestones only. Give the reason for this contact."),
            "SC-3.1",
            "reason",
            code="reason_needed",
        )


@transaction.atomic
def log_contact(
    *,
    lead_id: int,
    sheet: ContactSheet,
    happened_at: dt.datetime,
    by: User,
    at: dt.datetime,
    task_id: int | None = None,
    tapped_at: dt.datetime | None = None,
    submission: uuid.UUID | None = None,
    confirm: Collection[str] = (),
) -> Logged:
    """Append one contact and what was learned in it, then recompute the plan; the same form twice logs once.

    `confirm` holds the flags of questions already answered with yes (see RuleViolation.confirm).
    """
    lead = lock_lead(lead_id)
    before = Contact.objects.filter(submission=submission).first() if submission else None
    if before is not None:
        return Logged(before, lead)
    task = lead.tasks.select_related("closed_by_event__by").filter(pk=task_id).first() if task_id else None
    _refuse_done(task, confirm)
    _check(sheet, lead, happened_at=happened_at, at=at, confirm=confirm)
    contact = _write(
        lead, sheet, task, happened_at=happened_at, by=by, at=at, tapped_at=tapped_at, submission=submission
    )
    _append_learned(lead, sheet, happened_at=happened_at, by=by, at=at)
    if sheet.outcome in WRONG_NUMBER:
        _number_was_wrong(lead, sheet.outcome, happened_at=happened_at, by=by, at=at)
    planning.replan_party(lead, at=at)
    lead.refresh_from_db()
    return Logged(contact, lead)


def _write(
    lead: Lead,
    sheet: ContactSheet,
    task: CallTask | None,
    *,
    happened_at: dt.datetime,
    by: User,
    at: dt.datetime,
    tapped_at: dt.datetime | None,
    submission: uuid.UUID | None,
) -> Contact:
    """One row in the ledger, one event in the lead's history."""
    policy = facts.policy_in_force(lead.project_id, at).policy
    contact = ledger.record_contact(
        customer=lead.customer,
        project=lead.project,
        channel=sheet.channel,
        direction=sheet.direction,
        outcome=sheet.outcome,
        happened_at=happened_at,
        by=by,
        at=at,
        clause=task.clause if task else "",
        tapped_at=tapped_at,
        news=sheet.news,
        questions=sheet.questions,
        real_need=sheet.real_need,
        occasion=sheet.occasion,
        burst=ledger.Burst(policy.burst_contacts, dt.timedelta(minutes=policy.burst_minutes)),
        submission=submission,
    )
    append(
        lead,
        EventKind.CONTACT,
        happened_at=happened_at,
        by=by,
        at=at,
        value=sheet.outcome,
        channel=sheet.channel,
        due=sheet.promised_at if sheet.outcome == Outcome.CALLBACK_ARRANGED else None,
        appointment=sheet.appointment,
        contact=contact,
        note=sheet.reason,
        data=_extras(sheet),
    )
    return contact


def _extras(sheet: ContactSheet) -> dict[str, object]:
    extras: dict[str, object] = {}
    if sheet.intention:
        extras["intention"] = sheet.intention
    if sheet.invitation_accepted is not None:
        extras["invitation_accepted"] = sheet.invitation_accepted
    return extras


def _append_learned(
    lead: Lead, sheet: ContactSheet, *, happened_at: dt.datetime, by: User, at: dt.datetime
) -> None:
    """Grade, verdict, preference and objections learned in the conversation follow it as events of their
    own.
    """
    if sheet.called_off and sheet.appointment is None:
        append(lead, EventKind.APPOINTMENT_OFF, happened_at=happened_at, by=by, at=at, note=sheet.reason)
    if sheet.quality:
        grading.append_quality(lead, sheet.quality, happened_at=happened_at, by=by, at=at)
    if sheet.grade:
        grading.append_grade(lead, sheet.grade, reason=sheet.reason, happened_at=happened_at, by=by, at=at)
    if sheet.preference and customers.set_preference(
        customer=lead.customer, preference=sheet.preference, by=by, at=at
    ):
        append(lead, EventKind.PREFERENCE, happened_at=happened_at, by=by, at=at, value=sheet.preference)
    objections.append_raised(lead, sheet.objections_raised, happened_at=happened_at, by=by, at=at)
    objections.append_dissolved(lead, sheet.objections_dissolved, happened_at=happened_at, by=by, at=at)


def _number_was_wrong(
    lead: Lead, outcome: str, *, happened_at: dt.datetime, by: User, at: dt.datetime
) -> None:
    """PX-1: a wrong number opens a data repair, unless the customer has another good one to go on with."""
    main = (
        CustomerPhone.objects.filter(customer_id=lead.customer_id, live=True, bad_since=None)
        .order_by("-is_main", "id")
        .first()
    )
    if main is not None and customers.mark_number_bad(phone=main, reason=outcome, at=at):
        append(lead, EventKind.PHONE_REPAIRED, happened_at=happened_at, by=by, at=at, note="another number")

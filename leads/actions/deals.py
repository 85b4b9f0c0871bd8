"""Deals: each step is a dated record; a consultant proposes, somebody else approves (PX-9, SC-4)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from crm.access import may
from crm.errors import RuleViolation
from crm.models import Unit, User
from crm.roles import Action, Limit
from leads.actions import planning
from leads.actions.history import append, check_happened, lock_lead
from leads.models import Deal, DealStep, Lead
from leads.rules_types import EventKind

# What may follow what; a deal's first step may be subscribed or signed at once.
FOLLOWS: dict[str, frozenset[str]] = {
    Deal.Step.PROPOSED: frozenset({Deal.Step.SUBSCRIBED, Deal.Step.SIGNED}),
    Deal.Step.SUBSCRIBED: frozenset({Deal.Step.SIGNED, Deal.Step.CANCELLED}),
    Deal.Step.SIGNED: frozenset({Deal.Step.HANDED_OVER, Deal.Step.CANCELLED}),
    Deal.Step.HANDED_OVER: frozenset(),
    Deal.Step.CANCELLED: frozenset(),
}


RUNNING = (Deal.Step.SUBSCRIBED, Deal.Step.SIGNED)


def may_record(user: User, project_id: int) -> bool:
    """Whether this user's entry counts at once (clerk), or has to be approved by another (consultant)."""
    return may(
        user,
        Action.RECORD_DEAL,
        project_id,
        without=(Limit.PROPOSE_ONLY, Limit.APPROVE_ONLY, Limit.ABOVE_LIMIT),
    )


def may_approve(user: User, project_id: int) -> bool:
    """Managers and directors approve what others proposed."""
    return may(user, Action.RECORD_DEAL, project_id, without=(Limit.PROPOSE_ONLY,))


@transaction.atomic
def open_deal(
    *,
    lead_id: int,
    step: str,
    happened_at: dt.datetime,
    by: User,
    at: dt.datetime,
    unit: Unit | None = None,
    unit_text: str = "",
    price: Decimal | None = None,
    note: str = "",
) -> DealStep:
    """A new deal with its first step, subscribed or signed. Proposed until approved, unless the clerk enters it."""
    lead = lock_lead(lead_id)
    if unit is not None and unit.project_id != lead.project_id:
        raise RuleViolation(_("This unit belongs to another project."), "PX-9", "unit")
    if step not in FOLLOWS[Deal.Step.PROPOSED]:
        raise RuleViolation(_("A deal begins with the subscription or the contract."), "PX-9", "step")
    if lead.deals.filter(
        step=Deal.Step.PROPOSED, steps__declined_at=None, unit=unit, unit_text=unit_text
    ).exists():
        raise RuleViolation(
            _("This deal is proposed already and waits for approval."), "PX-9", code="proposed"
        )
    if lead.deals.filter(step__in=RUNNING, unit=unit, unit_text=unit_text).exists():
        raise RuleViolation(
            _("This deal is entered already. For a second unit, name the unit."),
            "PX-9",
            "unit",
            code="entered",
        )
    deal = Deal.objects.create(
        lead=lead, unit=unit, unit_text=unit_text, price=price, created_at=at, created_by=by
    )
    return _enter(deal, lead, step, happened_at=happened_at, by=by, at=at, note=note)


@transaction.atomic
def next_step(
    *, deal_id: int, step: str, happened_at: dt.datetime, by: User, at: dt.datetime, note: str = ""
) -> DealStep:
    """The contract, the handover or the cancellation of a running deal."""
    deal, lead = _locked(deal_id)
    if step not in FOLLOWS[deal.step]:
        raise RuleViolation(_("This step cannot follow the present one."), "PX-9", "step", code="order")
    if step == Deal.Step.CANCELLED and not note.strip():
        raise RuleViolation(_("Give the reason of the cancellation."), "PX-9", "note", code="reason_needed")
    if deal.steps.filter(step=step, declined_at=None).exists():
        raise RuleViolation(_("This step is entered already."), "PX-9", "step", code="entered")
    return _enter(deal, lead, step, happened_at=happened_at, by=by, at=at, note=note)


@transaction.atomic
def approve_step(*, step_id: int, by: User, at: dt.datetime) -> DealStep:
    """Make a proposed step count. Nobody approves their own."""
    row = DealStep.objects.select_related("deal").get(pk=step_id)
    _deal, lead = _locked(row.deal_id)
    row.refresh_from_db()
    _refuse_decided(row)
    if row.entered_by_id == by.pk:
        raise RuleViolation(_("Nobody approves their own proposal."), "PX-9", code="own_work")
    if not may_approve(by, lead.project_id):
        raise RuleViolation(_("You may not approve deals of this project."), "PX-9", code="forbidden")
    return _approve(row, lead, by=by, at=at)


@transaction.atomic
def decline_step(*, step_id: int, note: str, by: User, at: dt.datetime) -> DealStep:
    """Send a proposal back with the reason; it stays on record."""
    row = DealStep.objects.select_related("deal").get(pk=step_id)
    _locked(row.deal_id)
    row.refresh_from_db()
    _refuse_decided(row)
    if not note.strip():
        raise RuleViolation(_("Give the reason for declining."), "PX-9", "note", code="reason_needed")
    row.declined_at, row.note = at, note
    row.save(update_fields=["declined_at", "note"])
    return row


def _locked(deal_id: int) -> tuple[Deal, Lead]:
    deal = Deal.objects.get(pk=deal_id)
    lead = lock_lead(deal.lead_id)
    deal.refresh_from_db()
    return deal, lead


def _refuse_decided(row: DealStep) -> None:
    if row.approved_at is not None or row.declined_at is not None:
        raise RuleViolation(_("This proposal has been decided already."), "PX-9", code="decided")


def _enter(
    deal: Deal, lead: Lead, step: str, *, happened_at: dt.datetime, by: User, at: dt.datetime, note: str
) -> DealStep:
    check_happened(happened_at, at, "happened_at")
    last = deal.steps.filter(approved_at__isnull=False).order_by("-at").first()
    if last is not None and happened_at < last.at:
        raise RuleViolation(_("This lies before the deal's last step."), "PX-9", "happened_at", code="order")
    row = DealStep.objects.create(
        deal=deal, step=step, at=happened_at, entered_at=at, entered_by=by, note=note
    )
    return _approve(row, lead, by=by, at=at) if may_record(by, lead.project_id) else row


def _approve(row: DealStep, lead: Lead, *, by: User, at: dt.datetime) -> DealStep:
    deal = row.deal
    row.approved_by, row.approved_at = by, at
    row.save(update_fields=["approved_by", "approved_at"])
    deal.step = row.step
    try:
        with transaction.atomic():
            deal.save(update_fields=["step"])
    except IntegrityError:
        raise RuleViolation(
            _("This unit is sold to another party. Choose another unit, or cancel the other deal first."),
            "PX-9",
            "unit",
            code="unit_sold",
        ) from None
    append(
        lead,
        EventKind.DEAL,
        happened_at=row.at,
        by=by,
        at=at,
        value=row.step,
        ref=deal.pk,
        deal=deal,
        note=row.note,
    )
    planning.replan([lead.pk], at=at)
    return row

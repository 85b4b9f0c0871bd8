"""Registering inbound calls and visits at the desk (SC-1, SC-2, PX-3)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import contacts as ledger
from crm.actions import customers
from crm.errors import RuleViolation
from crm.models import Customer, Project, Unit, User
from crm.phones import Number
from crm.states import Channel, Outcome
from leads import facts
from leads.actions import grading, planning
from leads.actions.history import append_all, check_ahead, check_happened, event_of, lock_lead
from leads.actions.objections import append_raised
from leads.models import HeardVia, InboundCall, Interest, Lead, LeadEvent, Visit
from leads.rules_types import EventKind


@dataclass(frozen=True, slots=True)
class Party:
    """Who came or rang: the three first fields of the desk, and who is to own a lead that is new."""

    project: Project
    phone: str
    name: str
    salutation: str
    heard_via: HeardVia | None = None
    consultant: User | None = None
    no_phone: bool = False


@dataclass(frozen=True, slots=True)
class VisitSheet:
    """The rest of the visit sheet; every field may be empty and be completed the same day.

    The next appointment is no part of it: it belongs to the visit's own event, or to the call that made it.
    """

    party_size: int | None = None
    household_note: str = ""
    wanted_type: str = ""
    wanted_area: str = ""
    budget: str = ""
    purpose: str = ""
    time_to_buy: str = ""
    grade: str = ""
    grade_reason: str = ""
    interests: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration made or found."""

    lead: Lead
    is_new: bool
    row: Any = field(repr=False)


def _one_customer(found: list[Customer]) -> Customer | None:
    if len({customer.household_id for customer in found}) > 1:
        raise RuleViolation(
            _("These numbers belong to two customers. Register one number; then link or merge the two."),
            "PX-3",
            "phone",
            code="two_customers",
        )
    return found[0] if found else None


def _read(party: Party) -> list[Number]:
    if party.no_phone:
        if party.phone.strip():
            raise RuleViolation(_("Either enter a number or tick that none was left."), "PX-3", "phone")
        return []
    return list(customers.read_numbers(party.phone, region=party.project.region))


@dataclass(frozen=True, slots=True)
class _Opened:
    """The locked lead of who came or rang; whether it is new, and whether even its party is: nothing is known of them
    then, and nothing need be read. `begins`: the first events of a new lead, to be stored with what happened.
    """

    lead: Lead
    customer: Customer
    is_new: bool
    party_is_new: bool
    begins: tuple[LeadEvent, ...]


def _open_lead(
    party: Party, *, happened_at: dt.datetime, by: User | None, at: dt.datetime, **wants: str
) -> _Opened:
    """The party's lead in the project, found by number or made new (with what it `wants`)."""
    numbers = _read(party)
    if not party.name.strip() and not numbers:
        raise RuleViolation(_("Enter at least a number or a name."), "PX-3", "name")
    customers.lock_numbers(numbers)
    customer = _one_customer(customers.find_by_numbers(numbers))
    given: dict[str, Any] = {
        "consultant": party.consultant,
        "heard_via": party.heard_via,
        "created_at": at,
        "created_by": by,
        **wants,
    }
    party_is_new = created = customer is None
    if customer is None:
        if not party.name.strip():
            raise RuleViolation(
                _("This number is new: enter the customer's name or surname."), "PX-3", "name"
            )
        customer = customers.create_customer(
            name=party.name, salutation=party.salutation, numbers=numbers, by=by, at=at
        )
        # Nobody else can know this party yet: there is no lead to look for.
        lead = Lead.objects.create(
            household_id=customer.household_id, project=party.project, customer=customer, **given
        )
    else:
        lead, created = Lead.objects.get_or_create(
            household_id=customer.household_id,
            project=party.project,
            merged_into=None,
            defaults={"customer": customer, **given},
        )
    if not created:
        lead = lock_lead(lead.pk)
        if lead.heard_via_id is None and party.heard_via is not None:
            lead.heard_via = party.heard_via
            lead.save(update_fields=["heard_via"])
        return _Opened(lead, customer, False, False, ())
    happened: dict[str, Any] = {"happened_at": happened_at, "by": by, "at": at}
    return _Opened(
        lead, customer, True, party_is_new, _begins(lead, party, **happened, reachable=bool(numbers))
    )


def _begins(lead: Lead, party: Party, *, reachable: bool, **happened: Any) -> tuple[LeadEvent, ...]:
    """What every history begins with: whose the lead is, and that no number was left."""
    owner = str(party.consultant.pk) if party.consultant else ""
    assigned = event_of(lead, EventKind.ASSIGNED, **happened, value=owner)
    return (assigned,) if reachable else (assigned, event_of(lead, EventKind.NO_PHONE, **happened))


@transaction.atomic
def register_call(
    *,
    party: Party,
    happened_at: dt.datetime,
    talked: bool,
    by: User,
    at: dt.datetime,
    note: str = "",
    submission: uuid.UUID | None = None,
) -> Registered:
    """SC-1.1: one line of the register of calls; the same form sent twice makes one line."""
    check_happened(happened_at, at, "happened_at")
    customers.lock_submission(submission)
    before = (
        InboundCall.objects.filter(submission=submission).select_related("lead").first()
        if submission
        else None
    )
    if before is not None:
        return Registered(before.lead, False, before)
    happened: dict[str, Any] = {"happened_at": happened_at, "by": by, "at": at}
    opened = _open_lead(party, **happened)
    lead = opened.lead
    row = InboundCall.objects.create(
        lead=lead,
        at=happened_at,
        recorded_at=at,
        recorded_by=by,
        talked=talked,
        heard_via=party.heard_via,
        note=note,
        submission=submission,
    )
    contact = None
    if talked:
        contact = ledger.record_contact(
            customer=opened.customer,
            project=party.project,
            channel=Channel.PHONE,
            direction="in",
            outcome=Outcome.TALKED,
            **happened,
        )
    value = "talked" if talked else "not_taken"
    rang = event_of(lead, EventKind.CALL_IN, **happened, value=value, call=row, contact=contact)
    append_all([*opened.begins, rang])
    planning.replan_row(lead, at=at, is_new=opened.party_is_new)
    return Registered(lead, opened.is_new, row)


@transaction.atomic
def register_visit(
    *,
    party: Party,
    happened_at: dt.datetime,
    by: User,
    at: dt.datetime,
    sheet: VisitSheet | None = None,
    received_by: User | None = None,
    appointment: dt.datetime | None = None,
    submission: uuid.UUID | None = None,
    confirm: Collection[str] = (),
) -> Registered:
    """SC-2: one line of the visit register, with as much of the sheet as is known; the same form sent
    twice makes one line.
    """
    check_happened(happened_at, at, "happened_at")
    frame = facts.frames([party.project.pk], at, known=[party.project])[party.project.pk]
    if appointment is not None:
        days = frame.policy.promise_max_days
        check_ahead(appointment, after=happened_at, days=days, field="appointment", confirm=confirm)
    customers.lock_submission(submission)
    before = (
        Visit.objects.filter(submission=submission).select_related("lead").first() if submission else None
    )
    if before is not None:
        return Registered(before.lead, False, before)
    sheet = sheet or VisitSheet()
    happened: dict[str, Any] = {"happened_at": happened_at, "by": by, "at": at}
    opened = _open_lead(party, happened_at=happened_at, by=by, at=at, **_wants(sheet))
    lead = opened.lead
    row = Visit(
        lead=lead,
        at=happened_at,
        recorded_at=at,
        recorded_by=by,
        received_by=received_by,
        is_first=opened.is_new or not lead.visit_rows.exists(),
        heard_via=party.heard_via,
        submission=submission,
    )
    _fill(row, sheet)
    came = event_of(lead, EventKind.VISIT, **happened, visit=row, appointment=appointment)
    append_all([*opened.begins, came])
    if sheet.units:
        row.units.set(sheet.units)
    _note_sheet(row, lead, sheet, by=by, at=at)
    planning.replan_row(lead, at=at, is_new=opened.party_is_new, frame=frame)
    return Registered(lead, opened.is_new, row)


def _wants(sheet: VisitSheet) -> dict[str, str]:
    """What the sheet says of the lead itself; nothing where it says nothing."""
    wanted = " ".join(part for part in (sheet.wanted_type, sheet.wanted_area) if part)
    said = {"wanted": wanted, "budget": sheet.budget}
    return {name: text for name, text in said.items() if text}


def _fill(row: Visit, sheet: VisitSheet) -> None:
    """Write what the sheet says of the visit onto its row and store it."""
    for name in (
        "party_size",
        "household_note",
        "wanted_type",
        "wanted_area",
        "budget",
        "purpose",
        "time_to_buy",
        "grade_reason",
        "note",
    ):
        setattr(row, name, getattr(sheet, name))
    row.save()


def _note_sheet(row: Visit, lead: Lead, sheet: VisitSheet, *, by: User, at: dt.datetime) -> None:
    """What the sheet says of the lead: wishes, interests, objections, the grade."""
    changed = {name: text for name, text in _wants(sheet).items() if text != getattr(lead, name)}
    if changed:
        for name, text in changed.items():
            setattr(lead, name, text)
        lead.save(update_fields=list(changed))
    Interest.objects.bulk_create(
        [Interest(lead=lead, point=point, noted_at=at, noted_by=by) for point in sheet.interests],
        ignore_conflicts=True,
    )
    append_raised(lead, sheet.objections, happened_at=at, by=by, at=at)
    if _grades(sheet, lead):
        grading.note_grade(
            lead, sheet.grade, reason=sheet.grade_reason, happened_at=row.at, by=by, at=at, visit=row
        )


def _grades(sheet: VisitSheet, lead: Lead) -> bool:
    """Whether the sheet says something new; a D who came again is judged again, even if it is a D once more."""
    if not sheet.grade or sheet.grade != lead.grade:
        return bool(sheet.grade)
    return lead.grade == Lead.Grade.D and (
        not lead.tasks.exists() or lead.tasks.filter(kind="grade", state="open").exists()
    )


@transaction.atomic
def complete_sheet(*, visit: Visit, sheet: VisitSheet, by: User, at: dt.datetime) -> Visit:
    """Fill in the rest of a visit sheet, the same day or later (completeness is measured, not enforced)."""
    lead = lock_lead(visit.lead_id)
    row = Visit.objects.select_for_update().get(pk=visit.pk)
    grade_now = _grades(sheet, lead)
    _fill(row, sheet)
    row.units.set(sheet.units)
    _note_sheet(row, lead, sheet if not grade_now else _without_grade(sheet), by=by, at=at)
    if grade_now:
        grading.note_grade(lead, sheet.grade, reason=sheet.grade_reason, happened_at=at, by=by, at=at)
    planning.replan([lead.pk], at=at)
    return row


def _without_grade(sheet: VisitSheet) -> VisitSheet:
    """A grade given later than the visit is an event of its own moment, not of the visit's."""
    from dataclasses import replace

    return replace(sheet, grade="")

"""One person, one record: linking a family as one party, merging doubles, and undoing a merge for 30 days (PX-3)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.actions.customers import lock_identities
from crm.errors import RuleViolation
from crm.models import Consent, Contact, Customer, CustomerPhone, OptOut, User
from leads.actions import planning
from leads.actions.history import append, lock_leads
from leads.models import Deal, InboundCall, Interest, Lead, LeadEvent, MergeRecord, Objection, Visit
from leads.rules_types import EventKind

UNDO_DAYS = 30
# What a record of it says was done: MergeRecord.moved["kind"].
MERGED, LINKED = "merged", "linked"
# Rows that follow their customer, and rows that follow their lead.
OF_CUSTOMER = (Contact, Consent, OptOut, CustomerPhone)
OF_LEAD = (LeadEvent, InboundCall, Visit, Deal, Interest, Objection)
MODELS = {model._meta.label: model for model in (*OF_CUSTOMER, *OF_LEAD)}
# What may stand once only with an owner: the column, and the condition under which it may.
DOUBLES: dict[Any, tuple[str, dict[str, Any]]] = {
    Objection: ("cause", {"dissolved_at": None}),
    Interest: ("point", {}),
    OptOut: ("scope", {"lifted_by": None}),
}
Moved = dict[str, Any]


def _lock(*people: Customer) -> None:
    """Everything of both parties, in the order in which everybody else takes it; the people are read again.

    1. Their numbers, as the desk does: who rings meanwhile is looked for before or after, not between. 2. Their leads,
    in order of id, as whoever works on one does. 3. The people. Race closed: another merge may have come first.
    """
    ids = [person.pk for person in people]
    households = Customer.objects.filter(pk__in=ids).values("household")
    phones = CustomerPhone.objects.filter(customer__household__in=households, live=True)
    lock_identities(phones.values_list("e164", flat=True))
    lock_leads(Lead.objects.filter(household__in=households))
    list(Customer.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    for person in people:
        person.refresh_from_db()


@transaction.atomic
def link_party(*, main: Customer, other: Customer, relation: str, by: User, at: dt.datetime) -> MergeRecord:
    """Make two people one party: one lead in each project, so that a couple is called once. Both people stay."""
    _lock(main, other)
    _refuse_same(main, other)
    if main.household_id == other.household_id:
        raise RuleViolation(_("They are one party already."), "PX-3", code="linked")
    moved: Moved = {"kind": LINKED, "people": {}, "leads": {}, "rows": {}, "relation": other.relation}
    _join_households(main, other, moved, by=by, at=at)
    other.relation = relation
    other.save(update_fields=["relation"])
    return _finish(main, other, moved, "", by=by, at=at)


@transaction.atomic
def merge_customers(
    *, winner: Customer, loser: Customer, reason: str, by: User, at: dt.datetime
) -> MergeRecord:
    """Two records of one person become one; every relation moves, the losing row stays and points at the winner."""
    if not reason.strip():
        raise RuleViolation(
            _("Say why these two are the same person."), "PX-3", "reason", code="reason_needed"
        )
    _lock(winner, loser)
    _refuse_same(winner, loser)
    moved: Moved = {"kind": MERGED, "people": {}, "leads": {}, "rows": {}, "relation": loser.relation}
    if winner.household_id != loser.household_id:
        _join_households(winner, loser, moved, by=by, at=at)
    main_of_winner = winner.phones.filter(is_main=True, live=True).exists()
    if main_of_winner:
        moved["main"] = list(loser.phones.filter(is_main=True, live=True).values_list("pk", flat=True))
        CustomerPhone.objects.filter(pk__in=moved["main"]).update(is_main=False)
    for model in OF_CUSTOMER:
        _move(model, "customer_id", loser.pk, winner.pk, moved)
    own = Lead.objects.filter(customer=loser)
    moved["faces"] = list(own.values_list("pk", flat=True))
    own.update(customer=winner)
    loser.merged_into = winner
    loser.save(update_fields=["merged_into"])
    return _finish(winner, loser, moved, reason, by=by, at=at)


@transaction.atomic
def undo_merge(*, record_id: int, by: User, at: dt.datetime) -> MergeRecord:
    """Put back what a merge or a link moved; what was added since stays with the winner."""
    record = (
        MergeRecord.objects.select_for_update(of=("self",))
        .select_related("winner", "loser")
        .get(pk=record_id)
    )
    if record.undone_at is not None:
        raise RuleViolation(_("This merge has been undone already."), "PX-3", code="undone")
    if at - record.at > dt.timedelta(days=UNDO_DAYS):
        raise RuleViolation(
            _("A merge can be undone for %(days)d days.") % {"days": UNDO_DAYS}, "PX-3", code="too_late"
        )
    winner, loser, moved = record.winner, record.loser, record.moved
    _lock(winner, loser)
    if loser.merged_into_id is not None and loser.merged_into_id != winner.pk:
        raise RuleViolation(_("Undo the later merge first."), "PX-3", code="later_merge")
    for person, household in moved["people"].items():
        Customer.objects.filter(pk=person).update(household_id=household)
    Customer.objects.filter(pk=loser.pk).update(merged_into=None, relation=moved.get("relation", ""))
    for lead_id, before in moved["leads"].items():
        Lead.objects.filter(pk=lead_id).update(household_id=before["household"], merged_into=None)
    for label, owners in moved["rows"].items():
        column = "lead_id" if MODELS[label] in OF_LEAD else "customer_id"
        for owner, ids in owners.items():
            MODELS[label]._default_manager.filter(pk__in=ids).update(**{column: int(owner)})
    Lead.objects.filter(pk__in=moved.get("faces", [])).update(customer=loser)
    CustomerPhone.objects.filter(pk__in=moved.get("main", [])).update(is_main=True)
    record.undone_at, record.undone_by = at, by
    record.save(update_fields=["undone_at", "undone_by"])
    households = Customer.objects.filter(pk__in=[winner.pk, loser.pk]).values_list("household_id", flat=True)
    _replan_households(list(households), at)
    audit.record(
        "customers.merge_undone", by=by, at=at, target="customer", target_id=winner.pk, record=record.pk
    )
    return record


def _refuse_same(one: Customer, other: Customer) -> None:
    if one.pk == other.pk:
        raise RuleViolation(_("Choose two different customers."), "PX-3", "other")
    if one.merged_into_id is not None or other.merged_into_id is not None:
        raise RuleViolation(_("One of them was merged into another customer already."), "PX-3", code="merged")


def _keep_owner(keeper: Lead, *, by: User, at: dt.datetime) -> None:
    """The joined history ends with the keeper's own consultant and the customer's own wish, whoever came last."""
    if keeper.consultant_id is not None:
        append(keeper, EventKind.ASSIGNED, happened_at=at, by=by, at=at, value=str(keeper.consultant_id))
    append(keeper, EventKind.PREFERENCE, happened_at=at, by=by, at=at, value=keeper.customer.preference)


def _join_households(main: Customer, other: Customer, moved: Moved, *, by: User, at: dt.datetime) -> None:
    """Move the other's party into the main's; where both have a lead in a project, its history moves over."""
    target, source = main.household_id, other.household_id
    keepers = Lead.objects.current().filter(household_id=target).select_related("customer")
    mine = {lead.project_id: lead for lead in keepers}
    for lead in Lead.objects.current().filter(household_id=source):
        moved["leads"][str(lead.pk)] = {"household": source}
        keeper = mine.get(lead.project_id)
        if keeper is None:
            Lead.objects.filter(pk=lead.pk).update(household_id=target)
            continue
        lead.tasks.filter(state="open").update(state="superseded", closed_at=at)
        for model in OF_LEAD:
            _move(model, "lead_id", lead.pk, keeper.pk, moved)
        Lead.objects.filter(pk=lead.pk).update(household_id=target, merged_into=keeper)
        _keep_owner(keeper, by=by, at=at)
    for person in Customer.objects.filter(household_id=source):
        moved["people"][str(person.pk)] = source
    Customer.objects.filter(household_id=source).update(household_id=target)


def _move(model: Any, column: str, source: int, target: int, moved: Moved) -> None:
    """Move rows and remember them; what the target has already (an open objection) stays behind."""
    rows = model._default_manager.filter(**{column: source})
    if same := DOUBLES.get(model):
        name, unless = same
        held = model._default_manager.filter(**{column: target}, **unless).values_list(name, flat=True)
        rows = rows.exclude(**{f"{name}__in": list(held)}, **unless)
    ids = list(rows.values_list("pk", flat=True))
    if ids:
        moved["rows"].setdefault(model._meta.label, {})[str(source)] = ids
        model._default_manager.filter(pk__in=ids).update(**{column: target})


def _finish(
    winner: Customer, loser: Customer, moved: Moved, reason: str, *, by: User, at: dt.datetime
) -> MergeRecord:
    record = MergeRecord.objects.create(winner=winner, loser=loser, moved=moved, reason=reason, at=at, by=by)
    winner.refresh_from_db()
    _replan_households([winner.household_id], at)
    audit.record("customers.merged", by=by, at=at, target="customer", target_id=winner.pk, loser=loser.pk)
    return record


def _replan_households(households: list[int], at: dt.datetime) -> None:
    ids = Lead.objects.current().filter(household__in=households).values_list("pk", flat=True)
    planning.replan(list(ids), at=at)

"""Undoing a load for 30 days: exactly what it brought goes or is annulled, what was worked on since stays (PX-15).

Runs in slices like the load. 1. A slice takes the batch's row lock (who does not get it leaves; its key stays free for
who writes a row that names it). 2. It locks the numbers of the next leads as the desk does, then these leads in order
of id. 3. It removes or annuls, and notes how far it has come, in one transaction. So a worker that is killed, doubled
or late changes nothing about the end state.

A lead that the load brought goes with its history; of a lead that was known before, the load's events are annulled by
`void` rows, for its history only grows. Loading the same file again afterwards works as if it had never been loaded.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.actions.customers import lock_identities
from crm.actions.notices import Telling, tell
from crm.errors import RuleViolation
from crm.models import Customer, CustomerPhone, Household, User
from crm.names import search_bigrams
from leads import facts_undo
from leads.actions import planning
from leads.actions.importing import may_import
from leads.facts_undo import OF_LEAD, Brought, Stay
from leads.models import HeardVia, ImportBatch, InboundCall, Interest, Lead, LeadEvent, Objection, Visit
from leads.rules_types import EventKind

State = ImportBatch.State
UNDO_TASK = "leads.tasks.undo_import"
SLICE = 500
SLICES_A_JOB = 5
PATIENCE = dt.timedelta(minutes=2)
SHOWN = 200
"""So many of the leads that stay are listed by name; all are counted."""


@transaction.atomic
def start(*, batch_id: int, by: User, at: dt.datetime, in_worker: bool = True) -> ImportBatch:
    """Begin to undo a load, or take over an undoing that stopped. Repeating it changes nothing."""
    batch = ImportBatch.objects.select_for_update(of=("self",)).select_related("project").get(pk=batch_id)
    if not may_import(by, batch.project):
        raise RuleViolation(_("You may not import into this project."), code="not_allowed")
    if batch.state == State.UNDOING:
        batch.undone_by = by
        batch.save(update_fields=["undone_by"])
    elif batch.state in (State.DONE, State.FAILED):
        _begin(batch, by, at)
    else:
        raise RuleViolation(_("Only a load that has ended can be undone, and only once."), code="not_loaded")
    if in_worker:
        transaction.on_commit(lambda: current_app.send_task(UNDO_TASK, args=[batch_id]), robust=True)
    return batch


def _begin(batch: ImportBatch, by: User, at: dt.datetime) -> None:
    until = facts_undo.undo_until(batch)
    if until is None or at > until:
        raise RuleViolation(
            _("A load can be undone for %(days)d days.") % {"days": facts_undo.UNDO_DAYS}, code="too_late"
        )
    if batch.state == State.FAILED:
        batch.accepted, batch.total = batch.progress - batch.refused, batch.progress
    batch.state, batch.undone_by, batch.error = State.UNDOING, by, ""
    leads = facts_undo.how_many(batch.pk)
    batch.report["undo"] = {
        "at": at.isoformat(), "lead": 0, "leads": leads, "done": 0, "counts": {}, "kept": []
    }  # fmt: skip
    batch.save(update_fields=["state", "undone_by", "error", "report", "accepted", "total"])
    audit.record(
        "register.undo_started", by=by, at=at, project=batch.project, target="import", target_id=batch.pk
    )


def waiting(*, at: dt.datetime) -> list[int]:
    """Undoings whose worker was lost."""
    rows = ImportBatch.objects.filter(state=State.UNDOING).values_list("pk", "report__undo__at")
    return [pk for pk, moved in rows if dt.datetime.fromisoformat(moved) + PATIENCE < at]


def advance(*, batch_id: int, at: dt.datetime) -> bool:
    """Undo the next leads, or finish. Returns whether there is more to do (as a job of its own)."""
    for _slice in range(SLICES_A_JOB):
        with transaction.atomic():
            batch = (
                ImportBatch.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
                .defer("content")
                .select_related("project", "undone_by")
                .filter(pk=batch_id, state=State.UNDOING)
                .first()
            )
            if batch is None or not may_import(batch.undone_by, batch.project):
                return False
            undo = batch.report["undo"]
            ids = facts_undo.touched(batch_id, undo["lead"], SLICE)
            if not ids:
                _finish(batch, at)
                return False
            done = _Slice(batch, ids, at)
            done.run()
            counts = Counter(undo["counts"])
            counts.update(done.counts)
            kept = undo["kept"] + [stay.stored(lead) for lead, stay in sorted(done.stay.items())]
            undo |= {"at": at.isoformat(), "lead": ids[-1], "counts": dict(counts), "kept": kept[:SHOWN]}
            undo["done"] += len(ids)
            batch.save(update_fields=["report"])
    return True


class _Slice:
    """The undoing of some leads. `counts` says what became of what, `stay` which leads stay and why."""

    def __init__(self, batch: ImportBatch, ids: Sequence[int], at: dt.datetime) -> None:
        self._batch, self._at = batch, at
        households = Lead.objects.filter(pk__in=ids).values("household")
        phones = CustomerPhone.objects.filter(customer__household__in=households, live=True)
        lock_identities(phones.values_list("e164", flat=True))
        self._leads = list(Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
        self.counts: Counter[str] = Counter()
        self.stay: dict[int, Stay] = {}

    def run(self) -> None:
        self.stay = facts_undo.reasons_to_stay(self._batch, self._leads)
        self.counts["kept"] = len(self.stay)
        brought = facts_undo.brought_by(self._batch)
        going = [lead for lead in self._leads if lead.pk not in self.stay]
        people = facts_undo.people_of({lead.household_id for lead in going})
        own = [lead for lead in going if lead.batch_id == self._batch.pk]
        known = [lead for lead in going if lead.batch_id != self._batch.pk]
        self._restore_people(people, brought)
        self._annul(known, brought)
        self._remove(own)
        self._remove_people(people.keys() & brought.customers)
        planning.replan([lead.pk for lead in known], at=self._at)

    # what was known before

    def _restore_people(self, people: dict[int, Customer], brought: Brought) -> None:
        phones = CustomerPhone.objects.filter(
            pk__in=brought.added.get("phone", ()), customer__in=people, bad_since=None
        )
        free = set(phones.values_list("pk", flat=True))
        free -= facts_undo.referred_to(CustomerPhone, free, ())
        self.counts["phones"] += CustomerPhone.objects.filter(pk__in=free).delete()[0]
        changed = []
        for pk, values in brought.changes.get("customer", {}).items():
            if pk in people and _put_back(people[pk], values):
                people[pk].bigrams = search_bigrams(people[pk].name)
                changed.append(people[pk])
        Customer.objects.bulk_update(changed, ["name", "salutation", "bigrams"], batch_size=500)
        self.counts["restored"] += len(changed)

    def _annul(self, leads: Sequence[Lead], brought: Brought) -> None:
        """The history of a known lead only grows: `void` rows annul what the load added to it."""
        ids = [lead.pk for lead in leads]
        events = list(LeadEvent.objects.filter(lead__in=ids, batch=self._batch).exclude(kind=EventKind.VOID))
        LeadEvent.objects.bulk_create(
            [
                LeadEvent(
                    lead_id=event.lead_id,
                    kind=EventKind.VOID,
                    at=event.at,
                    recorded_at=self._at,
                    by=self._batch.undone_by,
                    ref=event.pk,
                )
                for event in events
            ],
            batch_size=1000,
        )
        for model, keys in (
            (InboundCall, {event.call_id for event in events if event.call_id}),
            (Visit, {event.visit_id for event in events if event.visit_id}),
        ):
            rows = model._default_manager.filter(pk__in=keys)
            self.counts["annulled"] += rows.update(voided_at=self._at, submission=None)
        Interest.objects.filter(pk__in=brought.added.get("interest", ()), lead__in=ids).delete()
        Objection.objects.filter(
            pk__in=brought.added.get("objection", ()), lead__in=ids, dissolved_at=None
        ).delete()
        self._restore_leads(leads, brought.changes.get("lead", {}))

    def _restore_leads(self, leads: Sequence[Lead], changes: dict[int, facts_undo.Values]) -> None:
        mine = {lead.pk: changes[lead.pk] for lead in leads if lead.pk in changes}
        names = {name for values in mine.values() for name in values.get("heard_via", ()) if name}
        sources = HeardVia.objects.filter(project=self._batch.project_id, name__in=names)
        keys: dict[str, int | None] = {"": None, **dict(sources.values_list("name", "pk"))}
        changed = []
        for lead in leads:
            values = dict(mine.get(lead.pk, {}))
            before, after = values.pop("heard_via", ("", ""))
            had_source = before != after and lead.heard_via_id == keys.get(after)
            if had_source:
                lead.heard_via_id = keys.get(before)
            if _put_back(lead, values) or had_source:
                changed.append(lead)
        Lead.objects.bulk_update(changed, ["wanted", "budget", "heard_via"], batch_size=500)
        self.counts["restored"] += len(changed)

    # what the load brought

    def _remove(self, leads: Sequence[Lead]) -> None:
        ids = [lead.pk for lead in leads]
        names = {InboundCall: "calls", Visit: "visits", Lead: "leads"}
        for model in OF_LEAD:
            rows = model._default_manager.filter(**{"pk__in" if model is Lead else "lead__in": ids})
            _all, by_model = rows.delete()
            if model in names:
                self.counts[names[model]] += by_model.get(model._meta.label, 0)

    def _remove_people(self, customers: Collection[int]) -> None:
        free = facts_undo.removable(customers)
        households = set(Customer.objects.filter(pk__in=free).values_list("household_id", flat=True))
        CustomerPhone.objects.filter(customer__in=free).delete()
        self.counts["customers"] += Customer.objects.filter(pk__in=free).delete()[0]
        empty = Household.objects.filter(pk__in=households, customers=None, leads=None)
        empty.delete()


def _put_back(row: Any, values: facts_undo.Values) -> bool:
    """Give a row the values it had before the load, where nobody has changed them since."""
    changed = False
    for name, (before, after) in values.items():
        if getattr(row, name) == after and before != after:
            setattr(row, name, before)
            changed = True
    return changed


def _finish(batch: ImportBatch, at: dt.datetime) -> None:
    batch.state, batch.undone_at = State.UNDONE, at
    batch.slices.all().delete()
    batch.save(update_fields=["state", "undone_at", "report"])
    counts = batch.report["undo"]["counts"]
    assert batch.undone_by is not None
    params = {"file": batch.filename, "leads": counts.get("leads", 0), "kept": counts.get("kept", 0)}
    key, url = f"import {batch.pk} undone", f"/imports/{batch.pk}/"
    tell([Telling(batch.undone_by.pk, batch.project_id, "import_undone", key, params, url)], at=at)
    audit.record(
        "register.undone",
        by=batch.undone_by,
        at=at,
        project=batch.project,
        target="import",
        target_id=batch.pk,
        **counts,
    )

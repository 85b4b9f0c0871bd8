"""What an undone load may take away, and what was worked on since and stays. Writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models.functions import Coalesce

from crm.models import AuditEvent, Customer, CustomerPhone
from leads.models import (
    CallTask,
    ImportBatch,
    ImportTrace,
    InboundCall,
    Interest,
    Lead,
    LeadEvent,
    Objection,
    Visit,
)
from leads.rules_types import EventKind

UNDO_DAYS = 30
NO_WORK = (EventKind.ASSIGNED, EventKind.CATCH_UP, EventKind.VOID)
"""Events that nobody's work with the customer stands behind."""
OF_LEAD: tuple[Any, ...] = (CallTask, LeadEvent, Interest, Objection, InboundCall, Visit, Lead)
"""Rows that go with a lead; the order in which they can go."""
MERGED, ELSEWHERE, EDITED = "merged", "elsewhere", "edited"
REVEALED = "phone."
Values = dict[str, tuple[str, str]]


def undo_until(batch: ImportBatch) -> dt.datetime | None:
    """The last moment at which a load may be undone; None for one that never ran."""
    ended = batch.finished_at or batch.started_at
    return ended + dt.timedelta(days=UNDO_DAYS) if ended else None


def touched(batch_id: int, after: int, count: int) -> list[int]:
    """The next leads that the load brought or added to, in order of id."""
    rows = LeadEvent.objects.filter(batch=batch_id, lead__gt=after).order_by("lead_id")
    return list(rows.values_list("lead_id", flat=True).distinct()[:count])


def how_many(batch_id: int) -> int:
    return LeadEvent.objects.filter(batch=batch_id).values("lead_id").distinct().count()


@dataclass(frozen=True, slots=True)
class Stay:
    """Why a lead stays as it is: a kind of event, `MERGED`, `ELSEWHERE` or `EDITED`; by whom and when, if known."""

    code: str
    by: str = ""
    at: dt.datetime | None = None

    def stored(self, lead: int) -> dict[str, object]:
        return {"lead": lead, "code": self.code, "by": self.by, "at": self.at.isoformat() if self.at else ""}


def reasons_to_stay(batch: ImportBatch, leads: Collection[Lead]) -> dict[int, Stay]:
    """Leads on which somebody built since the load began. A handful of queries, whatever the number of leads."""
    since, ids = batch.started_at, [lead.pk for lead in leads]
    found = {lead.pk: Stay(MERGED) for lead in leads if lead.merged_into_id is not None}
    keepers = Lead.objects.filter(merged_into__in=ids).values_list("merged_into_id", flat=True)
    found |= {keeper: Stay(MERGED) for keeper in keepers if keeper is not None}
    events = LeadEvent.objects.filter(lead__in=ids, recorded_at__gt=since).exclude(batch=batch)
    worked = events.exclude(kind__in=NO_WORK).order_by("recorded_at", "id")
    author = Coalesce("by__name", "batch__uploaded_by__name")
    for pk, kind, by, at in worked.values_list("lead_id", "kind", author, "recorded_at"):
        found.setdefault(pk, Stay(kind, by or "", at))
    own = [lead.pk for lead in leads if lead.batch_id == batch.pk]
    for pk in referred_to(Lead, own, (*OF_LEAD, ImportBatch)):
        found.setdefault(pk, Stay(ELSEWHERE))
    return found | _edited(batch, [lead for lead in leads if lead.pk not in found])


def _edited(batch: ImportBatch, leads: Sequence[Lead]) -> dict[int, Stay]:
    """Leads whose customers somebody corrected or gave a number since."""
    people = dict(
        Customer.objects.filter(household__in=[lead.household_id for lead in leads]).values_list(
            "pk", "household_id"
        )
    )
    deeds = AuditEvent.objects.filter(target="customer", target_id__in=people, at__gte=batch.started_at)
    rows = deeds.exclude(verb__startswith=REVEALED).order_by("at", "id")
    by_household: dict[int, Stay] = {}
    for customer, by, at in rows.values_list("target_id", "by__name", "at"):
        by_household.setdefault(people[customer or 0], Stay(EDITED, by or "", at))
    return {lead.pk: by_household[lead.household_id] for lead in leads if lead.household_id in by_household}


def referred_to(model: Any, ids: Iterable[int], except_for: Collection[Any]) -> set[int]:
    """Which of these rows any other table points at, tables of apps that are added later included."""
    wanted, found = list(ids), set[int]()
    for relation in _relations(model):
        other = relation.related_model
        if wanted and isinstance(other, type) and other not in except_for:
            name = relation.field.attname
            rows = other._default_manager.filter(**{f"{name}__in": wanted})
            found.update(rows.values_list(name, flat=True))
    return found


def _relations(model: Any) -> Iterator[models.ForeignObjectRel]:
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):
            yield relation


@dataclass(slots=True)
class Brought:
    """What all slices of a load did: customers made, rows added to known ones, values changed about them."""

    customers: set[int] = field(default_factory=set)
    added: dict[str, set[int]] = field(default_factory=dict)
    changes: dict[str, dict[int, Values]] = field(default_factory=dict)


def brought_by(batch: ImportBatch) -> Brought:
    """Of a value that several slices changed: what stood before the first, and what the last one left. One query."""
    brought = Brought()
    for trace in ImportTrace.objects.filter(batch=batch).order_by("pk"):
        brought.customers.update(trace.customers)
        for name, ids in trace.added.items():
            brought.added.setdefault(name, set()).update(ids)
        for kind, rows in trace.changes.items():
            for pk, fields in rows.items():
                values = brought.changes.setdefault(kind, {}).setdefault(int(pk), {})
                for name, (before, after, _moment) in fields.items():
                    values[name] = (values[name][0] if name in values else before, after)
    return brought


def people_of(households: Collection[int]) -> dict[int, Customer]:
    return {row.pk: row for row in Customer.objects.select_for_update().filter(household__in=households)}


def removable(customers: Collection[int]) -> set[int]:
    """Customers whom nothing but their own numbers holds any more; call it once their leads are gone."""
    held = referred_to(Customer, customers, (CustomerPhone,))
    return set(customers) - held

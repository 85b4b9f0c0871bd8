"""The history that a slice's rows amount to: the events from which the plan of each lead is derived."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from crm.models.bulk import these
from crm.models.copying import copy_rows
from leads.actions.importing_match import NEW, Entry
from leads.actions.importing_notes import GRADE, Answers, line, objections, talked
from leads.models import ImportBatch, Lead, LeadEvent
from leads.rules_types import Event, EventKind, History

QUALITY_GRADES = ("A", "B")
EVENT_COLUMNS = (
    "id",
    "lead_id",
    "kind",
    "at",
    "recorded_at",
    "by_id",
    "value",
    "due",
    "call_id",
    "visit_id",
    "batch_id",
    "imported",
    "note",
    "data",
)
ASSIGNED, CATCH_UP = EventKind.ASSIGNED.value, EventKind.CATCH_UP.value
CALL_IN, QUALITY = EventKind.CALL_IN.value, EventKind.QUALITY.value
VISIT, VISIT_GRADE, OBJECTION = EventKind.VISIT.value, EventKind.GRADE.value, EventKind.OBJECTION.value


class Happened(NamedTuple):
    """An event before it has a key."""

    lead: int
    kind: str
    at: dt.datetime
    value: str = ""
    call: int | None = None
    visit: int | None = None
    note: str = ""
    cause: str | None = None
    due: dt.datetime | None = None


def owned(leads: Collection[int]) -> set[int]:
    """Those of the stored leads that have had a consultant."""
    if not leads:
        return set()
    rows = LeadEvent.objects.filter(lead__in=these(leads), kind=ASSIGNED).exclude(value="").order_by()
    return set(rows.values_list("lead_id", flat=True))


def events_of(
    entries: Sequence[Entry],
    answers: Answers,
    had_owner: Collection[int],
    own: Collection[int],
    at: dt.datetime,
) -> list[Happened]:
    """What the rows add to the histories of their leads. `own`: leads that this load brought.

    A lead of the load has been its consultant's from the start; one that waited in the pool is theirs from now.
    """
    events: list[Happened] = []
    has_owner = set(had_owner)
    for entry in entries:
        owner = answers.owner(entry.row)
        if owner is not None and entry.lead not in has_owner:
            has_owner.add(entry.lead)
            since = entry.at if entry.lead in own else at
            events.append(Happened(entry.lead, ASSIGNED, since, str(owner)))
        events += _call_events(entry) if entry.is_call else _visit_events(entry)
    return events


def _call_events(entry: Entry) -> Iterator[Happened]:
    """PX-15: a caller's imported A or B counts as quality, C and D not."""
    lead, at, call, grade = entry.lead, entry.at, entry.record, entry.row.grade
    yield Happened(lead, CALL_IN, at, "talked" if talked(entry.row) else "not_taken", call)
    if grade:
        verdict = Lead.Quality.QUALITY if grade in QUALITY_GRADES else Lead.Quality.NOT_QUALITY
        yield Happened(lead, QUALITY, at, verdict.value, call, None, line(GRADE, grade))


def _visit_events(entry: Entry) -> Iterator[Happened]:
    lead, at, visit, row = entry.lead, entry.at, entry.record, entry.row
    yield Happened(lead, VISIT, at, "", None, visit)
    if row.grade:
        yield Happened(lead, VISIT_GRADE, at, row.grade, None, visit)
    for cause, _text in objections(row):
        yield Happened(lead, OBJECTION, at, "raised", None, visit, "", cause)


def histories(
    stored: Mapping[int, History], keys: Iterable[int], events: Sequence[Happened], at: dt.datetime
) -> dict[int, History]:
    """The histories with the new events, in order of (at, id)."""
    found: dict[int, list[Event]] = defaultdict(list)
    for lead, history in stored.items():
        found[lead] = list(history.events)
    make = Event._make
    for key, (lead, kind, moment, value, _call, _visit, _note, _cause, due) in zip(
        keys, events, strict=False
    ):
        found[lead].append(make((key, kind, moment, at, value, due, None, kind != CATCH_UP, "", None)))
    for rows in found.values():
        rows.sort(key=_order)
    return {lead: History(tuple(rows)) for lead, rows in found.items()}


def _order(event: Event) -> tuple[dt.datetime, int]:
    return event.at, event.id


def write_events(
    batch: ImportBatch,
    keys: Sequence[int],
    events: Sequence[Happened],
    author: int | None,
    at: dt.datetime,
) -> None:
    pk = batch.pk

    def rows() -> Iterator[tuple[object, ...]]:
        for key, (lead, kind, moment, value, call, visit, note, cause, due) in zip(keys, events, strict=True):
            data = {"cause": cause} if cause else {}
            history = kind != CATCH_UP
            yield key, lead, kind, moment, at, author, value, due, call, visit, pk, history, note, data

    copy_rows(LeadEvent, EVENT_COLUMNS, rows())


def is_new(lead: int) -> bool:
    """Whether a key is one of `NEW`: of a lead that is not stored yet."""
    return lead >= NEW

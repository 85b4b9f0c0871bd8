"""What a slice's rows become: calls, visits, interests, objections, and the events the plan is derived from."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.models import User
from crm.models.bulk import these
from crm.models.copying import copy_rows, draw_keys
from leads.actions.importing_notes import (
    BUDGET,
    GRADE,
    INTEREST,
    PURPOSE,
    TIME_TO_BUY,
    VISIT_NUMBER,
    WANTED,
    Answers,
    line,
    note_of,
    objections,
    point_of,
    talked,
)
from leads.facts_parties import Person
from leads.models import ImportBatch, InboundCall, Interest, Lead, LeadEvent, Objection, Visit
from leads.registers.results import ParsedRow, Register
from leads.rules_types import Event, EventKind, History

QUALITY_GRADES = ("A", "B")
CALL_COLUMNS = (
    "id",
    "lead_id",
    "at",
    "recorded_at",
    "recorded_by_id",
    "heard_via_id",
    "submission",
    "imported",
    "talked",
    "note",
)
VISIT_COLUMNS = (
    "id",
    "lead_id",
    "at",
    "recorded_at",
    "recorded_by_id",
    "heard_via_id",
    "submission",
    "imported",
    "received_by_id",
    "is_first",
    "party_size",
    "note",
    "wanted_type",
    "wanted_area",
    "budget",
    "purpose",
    "time_to_buy",
)
EVENT_COLUMNS = (
    "id",
    "lead_id",
    "kind",
    "at",
    "recorded_at",
    "by_id",
    "value",
    "call_id",
    "visit_id",
    "batch_id",
    "imported",
    "note",
    "data",
)


@dataclass(slots=True, eq=False)
class Entry:
    """One row on its way: whose it is and what it becomes."""

    row: ParsedRow
    event: uuid.UUID
    person: Person
    at: dt.datetime
    notes: list[str]
    lead: Lead = field(init=False)
    record: int = 0

    @property
    def is_call(self) -> bool:
        return self.row.register is Register.CALLS


class Recorder:
    """Writes what happened. `counts` and `added` (see `ImportTrace`) tell what it did. Use once."""

    def __init__(
        self, batch: ImportBatch, answers: Answers, sources: dict[str, int], by: User, at: dt.datetime
    ) -> None:
        self._batch, self._answers, self._sources, self._by, self._at = batch, answers, sources, by, at
        self.counts: Counter[str] = Counter()
        self.added: dict[str, list[int]] = {}

    def write(self, entries: Sequence[Entry]) -> dict[int, History]:
        """Returns what was appended to each lead's history, in order of (at, id)."""
        stored = {entry.lead.pk for entry in entries if not entry.lead._state.adding}
        self._known = {entry.lead.pk for entry in entries if entry.lead.batch_id != self._batch.pk}
        self._write_records(entries, stored)
        self._write_interests(entries, stored)
        self._write_objections(entries, stored)
        return self._write_events(entries, stored)

    # calls and visits

    def _write_records(self, entries: Sequence[Entry], stored: set[int]) -> None:
        rows = Visit.objects.filter(lead__in=these(stored), voided_at=None).values_list("lead_id", flat=True)
        visited = set(rows) if stored else set()
        calls = [entry for entry in entries if entry.is_call]
        visits = [entry for entry in entries if not entry.is_call]
        for key, entry in zip(draw_keys(InboundCall, len(calls)), calls, strict=True):
            entry.record = key
        for key, entry in zip(draw_keys(Visit, len(visits)), visits, strict=True):
            entry.record = key
        copy_rows(InboundCall, CALL_COLUMNS, [self._call(entry) for entry in calls])
        lines = []
        for entry in visits:
            first = entry.row.is_first
            lines.append(self._visit(entry, entry.lead.pk not in visited if first is None else first))
            visited.add(entry.lead.pk)
        copy_rows(Visit, VISIT_COLUMNS, lines)
        self.counts.update(calls=len(calls), visits=len(visits))

    def _common(self, entry: Entry) -> tuple[Any, ...]:
        source = self._sources.get(entry.row.source)
        return entry.record, entry.lead.pk, entry.at, self._at, self._by.pk, source, entry.event, True

    def _call(self, entry: Entry) -> tuple[Any, ...]:
        row = entry.row
        wishes = (
            (GRADE, row.grade),
            (WANTED, " ".join(part for part in (row.layout, row.area) if part)),
            (BUDGET, row.budget),
            (PURPOSE, row.purpose),
            (TIME_TO_BUY, row.time_to_buy),
        )
        more = [line(head, text) for head, text in wishes if text]
        return (
            *self._common(entry),
            talked(row),
            note_of(row, self._answers, entry.lead.consultant_id, entry.notes + more),
        )

    def _visit(self, entry: Entry, is_first: bool) -> tuple[Any, ...]:
        row = entry.row
        more = [line(VISIT_NUMBER, str(row.visit_number))] if (row.visit_number or 0) > 1 else []
        return (
            *self._common(entry),
            self._answers.receptionists.get(row.consultant),
            is_first,
            row.party_size,
            note_of(row, self._answers, entry.lead.consultant_id, entry.notes + more),
            row.layout,
            row.area,
            row.budget,
            row.purpose,
            row.time_to_buy,
        )

    # what is noted of the lead once

    def _write_interests(self, entries: Sequence[Entry], stored: set[int]) -> None:
        told = [(entry, point_of(text)) for entry in entries for text in entry.row.interests]
        if not told:
            return
        held = set(Interest.objects.filter(lead__in=these(stored)).values_list("lead_id", "point"))
        rows = []
        for entry, point in told:
            if (entry.lead.pk, point) not in held:
                held.add((entry.lead.pk, point))
                rows.append((entry.lead.pk, point, entry.at, self._by.pk))
        self._copy(Interest, ("id", "lead_id", "point", "noted_at", "noted_by_id"), rows, INTEREST)

    def _write_objections(self, entries: Sequence[Entry], stored: set[int]) -> None:
        told = [(entry, *found) for entry in entries for found in objections(entry.row)]
        if not told:
            return
        open_ones = Objection.objects.filter(lead__in=these(stored), dissolved_at=None)
        held = set(open_ones.values_list("lead_id", "cause"))
        rows = []
        for entry, cause, text in told:
            if (entry.lead.pk, cause) not in held:
                held.add((entry.lead.pk, cause))
                rows.append((entry.lead.pk, cause, text, entry.at, self._by.pk))
        self._copy(
            Objection, ("id", "lead_id", "cause", "note", "raised_at", "raised_by_id"), rows, "objection"
        )

    def _copy(self, model: Any, columns: Sequence[str], rows: list[tuple[Any, ...]], name: str) -> None:
        keyed = [(key, *row) for key, row in zip(draw_keys(model, len(rows)), rows, strict=True)]
        copy_rows(model, columns, keyed)
        if added := [row[0] for row in keyed if row[1] in self._known]:
            self.added[name] = added

    # the history the plan is derived from

    def _write_events(self, entries: Sequence[Entry], stored: set[int]) -> dict[int, History]:
        owned = set(
            LeadEvent.objects.filter(lead__in=these(stored), kind=EventKind.ASSIGNED)
            .exclude(value="")
            .values_list("lead_id", flat=True)
        )
        events: list[tuple[Any, ...]] = []
        for entry in entries:
            owner = self._answers.owner(entry.row)
            if owner is not None and entry.lead.pk not in owned:
                owned.add(entry.lead.pk)
                # A lead of this batch has been theirs from the start; one that waited in the pool is theirs from now.
                since = entry.at if entry.lead.batch_id == self._batch.pk else self._at
                events.append(
                    (entry.lead.pk, EventKind.ASSIGNED.value, since, str(owner), None, None, "", None)
                )
            events += self._call_events(entry) if entry.is_call else self._visit_events(entry)
        keys = draw_keys(LeadEvent, len(events))
        copy_rows(LeadEvent, EVENT_COLUMNS, self._event_rows(keys, events))
        return _histories(keys, events, self._at)

    def _event_rows(self, keys: list[int], events: list[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        by, batch, at = self._by.pk, self._batch.pk, self._at
        for key, (lead, kind, moment, value, call, visit, note, cause) in zip(keys, events, strict=True):
            data = {"cause": cause} if cause else {}
            yield key, lead, kind, moment, at, by, value, call, visit, batch, True, note, data

    def _call_events(self, entry: Entry) -> list[tuple[Any, ...]]:
        """PX-15: a caller's imported A or B counts as quality, C and D not."""
        lead, at, call, grade = entry.lead.pk, entry.at, entry.record, entry.row.grade
        value = "talked" if talked(entry.row) else "not_taken"
        events = [(lead, EventKind.CALL_IN.value, at, value, call, None, "", None)]
        if grade:
            verdict = Lead.Quality.QUALITY if grade in QUALITY_GRADES else Lead.Quality.NOT_QUALITY
            note = line(GRADE, grade)
            events.append((lead, EventKind.QUALITY.value, at, verdict.value, call, None, note, None))
        return events

    def _visit_events(self, entry: Entry) -> list[tuple[Any, ...]]:
        lead, at, visit = entry.lead.pk, entry.at, entry.record
        events: list[tuple[Any, ...]] = [(lead, EventKind.VISIT.value, at, "", None, visit, "", None)]
        if entry.row.grade:
            events.append((lead, EventKind.GRADE.value, at, entry.row.grade, None, visit, "", None))
        for cause, _text in objections(entry.row):
            events.append((lead, EventKind.OBJECTION.value, at, "raised", None, visit, "", cause))
        return events


def _histories(keys: list[int], events: list[tuple[Any, ...]], at: dt.datetime) -> dict[int, History]:
    found: dict[int, list[Event]] = defaultdict(list)
    for key, (lead, kind, moment, value, *_rest) in zip(keys, events, strict=True):
        found[lead].append(Event(key, kind, moment, at, value, imported=True, channel=""))
    for rows in found.values():
        rows.sort(key=lambda event: (event.at, event.id))
    return {lead: History(rows) for lead, rows in found.items()}

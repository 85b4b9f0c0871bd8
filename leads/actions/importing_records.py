"""What a slice's rows become: calls, visits, interests and objections."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crm.models.bulk import these
from crm.models.copying import copy_rows, draw_keys
from leads.actions.importing_match import Entry
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
from leads.models import InboundCall, Interest, Objection, Visit

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


class Recorder:
    """Writes what happened. `counts` and `added` (see `ImportTrace`) tell what it did. Use once.

    `author`: as `LeadEvent.author` has it.

    `standing`: the consultant of each lead that is stored already; `known`: those of them that no slice of this load
    brought.
    """

    def __init__(
        self,
        answers: Answers,
        sources: Mapping[str, int],
        standing: Mapping[int, int | None],
        known: Collection[int],
        author: int | None,
        at: dt.datetime,
    ) -> None:
        self._answers, self._sources, self._author, self._at = answers, sources, author, at
        self._standing, self._known = standing, known
        self.counts: Counter[str] = Counter()
        self.added: dict[str, list[int]] = {}

    def write(self, entries: Sequence[Entry]) -> None:
        self._write_records(entries)
        self._write_interests(entries)
        self._write_objections(entries)

    # calls and visits

    def _write_records(self, entries: Sequence[Entry]) -> None:
        rows = Visit.objects.filter(lead__in=these(self._standing), voided_at=None).order_by()
        visited = set(rows.values_list("lead_id", flat=True)) if self._standing else set()
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
            lines.append(self._visit(entry, entry.lead not in visited if first is None else first))
            visited.add(entry.lead)
        copy_rows(Visit, VISIT_COLUMNS, lines)
        self.counts.update(calls=len(calls), visits=len(visits))

    def _common(self, entry: Entry) -> tuple[Any, ...]:
        source = self._sources.get(entry.row.source)
        return entry.record, entry.lead, entry.at, self._at, self._author, source, entry.event, True

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
            note_of(row, self._answers, self._standing.get(entry.lead), entry.notes + more),
        )

    def _visit(self, entry: Entry, is_first: bool) -> tuple[Any, ...]:
        row = entry.row
        more = [line(VISIT_NUMBER, str(row.visit_number))] if (row.visit_number or 0) > 1 else []
        return (
            *self._common(entry),
            self._answers.receptionists.get(row.consultant),
            is_first,
            row.party_size,
            note_of(row, self._answers, self._standing.get(entry.lead), entry.notes + more),
            row.layout,
            row.area,
            row.budget,
            row.purpose,
            row.time_to_buy,
        )

    # what is noted of the lead once

    def _write_interests(self, entries: Sequence[Entry]) -> None:
        told = [(entry, point_of(text)) for entry in entries for text in entry.row.interests]
        if not told:
            return
        stored = Interest.objects.filter(lead__in=these(self._standing))
        held = set(stored.values_list("lead_id", "point")) if self._standing else set()
        rows = []
        for entry, point in told:
            if (entry.lead, point) not in held:
                held.add((entry.lead, point))
                rows.append((entry.lead, point, entry.at, self._author))
        self._copy(Interest, ("id", "lead_id", "point", "noted_at", "noted_by_id"), rows, INTEREST)

    def _write_objections(self, entries: Sequence[Entry]) -> None:
        told = [(entry, *found) for entry in entries for found in objections(entry.row)]
        if not told:
            return
        open_ones = Objection.objects.filter(lead__in=these(self._standing), dissolved_at=None).order_by()
        held = set(open_ones.values_list("lead_id", "cause")) if self._standing else set()
        rows = []
        for entry, cause, text in told:
            if (entry.lead, cause) not in held:
                held.add((entry.lead, cause))
                rows.append((entry.lead, cause, text, entry.at, self._author))
        self._copy(
            Objection, ("id", "lead_id", "cause", "note", "raised_at", "raised_by_id"), rows, "objection"
        )

    def _copy(self, model: Any, columns: Sequence[str], rows: list[tuple[Any, ...]], name: str) -> None:
        keyed = [(key, *row) for key, row in zip(draw_keys(model, len(rows)), rows, strict=True)]
        copy_rows(model, columns, keyed)
        if added := [row[0] for row in keyed if row[1] in self._known]:
            self.added[name] = added

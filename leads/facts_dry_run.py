"""What loading a register would do: the report of the dry run. Writes nothing, shows no phone number (PX-12)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from crm.phones import Number, mask, mask_text
from leads.facts_import import TWO_PARTIES, Opened
from leads.facts_known import Known, leads_of, of_customer, of_lead, taken_over
from leads.facts_parties import Parties, Party, Survey, TwoParties, event_id, recorded_events
from leads.facts_slices import Dealt, deal
from leads.registers.fields import WORDS, Field
from leads.registers.kept import KeptRefusal, KeptRow, pack_refusal, pack_row, unpack_row
from leads.registers.reading import read, rows_above
from leads.registers.results import Finding, ParsedRow, Place, Refusal, Register, Tally
from leads.registers.texts import to_text

CHUNK = 2000
SHOWN_ROWS, SHOWN_REFUSED, SHOWN_WORDS = 8, 30, 40
SHOWN_CELL = 60  # characters

_DATE = re.compile(r"(?:19|20)[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?:[ T][0-9]{1,2}:[0-9:]{2,5})?")
Report = dict[str, Any]


@dataclass(slots=True)
class _Light:
    """What is kept of an accepted row until all are read: parties can only be told apart at the end."""

    place: Place
    numbers: tuple[Number, ...]
    register: Register
    event: str
    packed: bytes


@dataclass(slots=True)
class _Counts:
    """Accepted rows by what they are: new + same_file + database + repeated = accepted.

    `known` are the parties of the database's rows; in `fills` blanks would be filled, in `changes` values replaced.
    `households` are those of the database by the index of the row that met them.
    """

    new: int = 0
    same_file: int = 0
    database: int = 0
    repeated: int = 0
    known: set[Party] = field(default_factory=set)
    fills: set[Party] = field(default_factory=set)
    changes: set[Party] = field(default_factory=set)
    refused: list[Place] = field(default_factory=list)
    households: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    """What one pass over the file gathers."""

    tally: Tally = field(default_factory=Tally)
    survey: Survey = field(default_factory=Survey)
    light: list[_Light] = field(default_factory=list)
    refusals: list[bytes] = field(default_factory=list)
    sample: list[Report] = field(default_factory=list)
    refused_sample: list[Report] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)

    def add(self, project_id: int, position: int, outcome: ParsedRow | Refusal) -> None:
        if isinstance(outcome, Refusal):
            self.refusals.append(pack_refusal(KeptRefusal(position, outcome)))
            if len(self.refused_sample) < SHOWN_REFUSED:
                self.refused_sample.append(_refused_line(outcome))
            return
        self.survey.add(outcome)
        event = event_id(project_id, outcome)
        packed = pack_row(KeptRow(position, event, outcome))
        self.light.append(_Light(outcome.place, outcome.numbers, outcome.register, event, packed))
        _note_grade_words(outcome, self.words)
        if len(self.sample) < SHOWN_ROWS:
            self.sample.append(_line(outcome))


def dry_run(project_id: int, opened: Opened) -> tuple[Report, Iterator[Dealt]]:
    """(the report to show, as JSON; the rows as they were read, in slices for the load)."""
    reading = _Reading()
    for position, outcome in enumerate(read(opened.book, opened.plan, reading.tally)):
        reading.add(project_id, position, outcome)
    survey = reading.survey
    counts = _count(project_id, reading.light, survey.links())
    roots = survey.roots()
    households = {roots[index]: household for index, household in counts.households.items()}
    slices = deal([row.packed for row in reading.light], reading.refusals, survey, households)
    return _report(opened, reading, counts), slices


def _report(opened: Opened, reading: _Reading, counts: _Counts) -> Report:
    tally, shown = reading.tally, reading.refused_sample
    late = counts.refused[: max(SHOWN_REFUSED - len(shown), 0)]
    return {
        "rows": tally.rows,
        "accepted": tally.accepted - len(counts.refused),
        "refused": tally.refused + len(counts.refused),
        "empty": tally.empty,
        "totals": tally.totals,
        "headers": _headers(opened),
        "repeated_headers": tally.repeated_headers,
        "above": sum(len(rows) for rows in rows_above(opened.book, opened.plan).values()),
        "customers": counts.new,
        "same_file": counts.same_file,
        "database": counts.database,
        "known_customers": len(counts.known),
        "fills": len(counts.fills),
        "changes": len(counts.changes),
        "repeated": counts.repeated,
        "reasons": _ranked(tally.reasons + Counter({TWO_PARTIES: len(counts.refused)})),
        "notes": _ranked(tally.notes),
        "staff": _ranked(tally.staff),
        "sources": _ranked(tally.sources),
        "grades": dict(sorted(tally.grades.items())),
        "grade_words": dict(islice(reading.words.items(), SHOWN_WORDS)),
        "first_day": tally.first_day.isoformat() if tally.first_day else "",
        "last_day": tally.last_day.isoformat() if tally.last_day else "",
        "sample": reading.sample,
        "refused_sample": shown + [_two_parties_line(place) for place in late],
    }


def _headers(opened: Opened) -> dict[str, list[str]]:
    """The headers of the file of refused rows by sheet; a column without one is headed by what it means."""
    return {
        sheet.name: [
            column.header or (WORDS[column.field][0] if column.field else column.label)
            for column in sheet.columns
            if column.field is not Field.REFUSAL
        ]
        for sheet in opened.plan.sheets
        if sheet.used
    }


def _count(project_id: int, light: list[_Light], links: dict[str, list[str]]) -> _Counts:
    """Walk the rows as the run will, against the database as it is now; a few queries for each chunk."""
    parties, counts = Parties(links), _Counts()
    seen: set[str] = set()
    for start, chunk in _chunks(light):
        parties.load(number for row in chunk for number in row.numbers)
        recorded = recorded_events((row.event, row.register) for row in chunk)
        met: list[tuple[Party, _Light]] = []
        for index, row in enumerate(chunk, start):
            if row.event in seen or row.event in recorded:
                counts.repeated += 1
                continue
            try:
                party = parties.find(row.numbers)
            except TwoParties:
                counts.refused.append(row.place)
                continue
            seen.add(row.event)
            if party is None:
                party = Party(is_new=True)
                counts.new += 1
            elif party.is_new:
                counts.same_file += 1
            else:
                counts.database += 1
                met.append((party, row))
                if party.person:
                    counts.households[index] = party.person.household_id
            parties.claim(party, row.numbers)
        _count_known(project_id, parties, met, counts)
    return counts


def _count_known(project_id: int, parties: Parties, met: list[tuple[Party, _Light]], counts: _Counts) -> None:
    """What the policies would do to the known customers of a chunk."""
    leads = leads_of(project_id, {party.person.household_id for party, _row in met if party.person})
    for party, row in met:
        counts.known.add(party)
        person = parties.holder(party, row.numbers)
        assert person is not None, "a known party has somebody in it"
        standing = {"name": person.name, "salutation": person.salutation}
        standing |= leads.get(person.household_id) or dict.fromkeys(("wanted", "budget", "heard_via"), "")
        parsed = unpack_row(row.packed)
        said = of_customer(parsed) | of_lead(parsed)
        if taken_over(Known.FILL, standing, said):
            counts.fills.add(party)
        if taken_over(Known.UPDATE, standing, said):
            counts.changes.add(party)


def _chunks(rows: list[_Light]) -> Iterator[tuple[int, list[_Light]]]:
    for start in range(0, len(rows), CHUNK):
        yield start, rows[start : start + CHUNK]


def _ranked(counter: Counter[str]) -> dict[str, int]:
    return {key: number for key, number in counter.most_common() if number}


def _note_grade_words(row: ParsedRow, words: dict[str, str]) -> None:
    for note in row.notes:
        if note.code in ("grade_from_word", "grade_unknown") and len(words) < SHOWN_WORDS:
            words.setdefault(note.value, row.grade)


def hidden(cell: str) -> str:
    """A cell fit to be seen (PX-12): a plain date stays, whatever could be a number is masked."""
    return cell if _DATE.fullmatch(cell) else mask_text(cell)


def stored_reason(reason: Finding) -> dict[str, object]:
    """A reason as it is stored with a refused row; its value is masked already."""
    return {"code": reason.code, "column": reason.column, "value": reason.value, "limit": reason.limit}


def _line(row: ParsedRow) -> Report:
    return {
        "sheet": row.place.sheet,
        "row": row.place.row,
        "register": row.register.value,
        "name": mask_text(row.name),
        "salutation": row.salutation.value,
        "numbers": [mask(number.identity) for number in row.numbers],
        "day": row.day.isoformat(),
        "grade": row.grade,
        "consultant": row.consultant,
        "source": row.source,
        "remark": mask_text(row.remark)[:SHOWN_CELL],
    }


def _refused_line(refusal: Refusal) -> Report:
    return {
        "sheet": refusal.place.sheet,
        "row": refusal.place.row,
        "reasons": [stored_reason(reason) for reason in refusal.reasons],
        "cells": [hidden(to_text(cell))[:SHOWN_CELL] for cell in refusal.cells],
    }


def _two_parties_line(place: Place) -> Report:
    reason = {"code": TWO_PARTIES, "column": "", "value": "", "limit": None}
    return {"sheet": place.sheet, "row": place.row, "reasons": [reason], "cells": []}

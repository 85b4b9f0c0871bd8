"""Telling of a slice's rows whose they are: known customers, new ones, their leads. Writes nothing.

What a row means:

==============================  =====================================================================
a row of the register of calls  one inbound call; its grade is the verdict on the caller (PX-15)
a row of the visit register     one visit; grade, objections and interests of that day
a known number                  the same customer; what of the row is taken over says `facts_known`
the first name of staff         owns a lead that nobody owned yet (PX-4); later names are noted
已购, 战败 and the like           a note, never a grade and never an end of the lead (PX-11)
==============================  =====================================================================
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count

from crm.models import Customer, Household, Project
from crm.models.bulk import rows_of, these
from crm.models.copying import draw_keys
from crm.names import clean_name
from crm.phones import Number, tail
from leads.actions.importing_notes import FORMER_NAME, OTHER_NAME, line
from leads.facts_import import TWO_PARTIES
from leads.facts_known import NO_NAME, Changes, Known, of_customer, taken_over
from leads.facts_parties import Parties, Party, Person, TwoParties, recorded_events
from leads.models import ImportBatch, Lead
from leads.registers.kept import Kept, KeptRefusal, KeptRow
from leads.registers.results import Finding, ParsedRow, Refusal, Register
from leads.rules_types import ProjectClock

VISIT_AFTER_CALL = dt.timedelta(minutes=1)
"""Registers know days only; who rang and came on one day rang first."""
NEW = 1 << 48
"""Stands before the position of a new lead's first row: its key in an outlook, behind the keys of all known leads."""


@dataclass(slots=True, eq=False)
class Entry:
    """One row on its way: whose it is and what it becomes. `lead` is a key: of the table, or `NEW` + position."""

    position: int
    row: ParsedRow
    event: str
    person: Person
    at: dt.datetime
    notes: list[str]
    lead: int = 0
    record: int = 0

    @property
    def is_call(self) -> bool:
        return self.row.register is Register.CALLS


@dataclass(slots=True)
class Match:
    """Whose the rows of a slice are. `known` are the keys of the leads that the database holds, by party."""

    entries: list[Entry] = field(default_factory=list)
    new_people: list[Person] = field(default_factory=list)
    new_phones: list[tuple[Person, Number]] = field(default_factory=list)
    filled: dict[int, Person] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)
    refused: list[KeptRefusal] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    counts: Counter[str] = field(default_factory=Counter)


def match(batch: ImportBatch, kept: Kept, *, at: dt.datetime, look_only: bool) -> Match:
    """`look_only`: no keys are drawn and no lead is locked. Otherwise the caller holds the locks of the numbers."""
    return _Matching(batch, kept, at, look_only).run(kept.rows)


class _Matching:
    def __init__(self, batch: ImportBatch, kept: Kept, at: dt.datetime, look_only: bool) -> None:
        self._batch, self._at, self._look_only = batch, at, look_only
        self._project: Project = batch.project
        self._parties = Parties(kept.links)
        self._moment = _moments(self._project, at)
        self.found = Match()

    def run(self, rows: Sequence[KeptRow]) -> Match:
        self._parties.load(number for kept in rows for number in kept.row.numbers)
        seen = recorded_events((kept.event, kept.row.register) for kept in rows)
        self._keys = self._draw_keys(len(rows))
        for kept in rows:
            if kept.event in seen:
                self.found.counts["repeated"] += 1
            elif self._enter(kept):
                seen.add(kept.event)
        self._find_leads()
        return self.found

    def _draw_keys(self, number: int) -> Iterator[tuple[int, int]]:
        """Keys of a household and of a customer for whoever is new."""
        if self._look_only:
            return ((NEW + key, NEW + key) for key in count())
        return iter(zip(draw_keys(Household, number), draw_keys(Customer, number), strict=True))

    def _enter(self, kept: KeptRow) -> bool:
        row = kept.row
        try:
            party = self._parties.find(row.numbers)
        except TwoParties:
            refusal = Refusal(row.place, (Finding(TWO_PARTIES, ""),), ())
            self.found.refused.append(KeptRefusal(kept.position, refusal))
            return False
        notes: list[str] = []
        at = self._moment(row)
        if party is None:
            person = self._new_person(row)
            party = Party(person, is_new=True)
        else:
            known = self._parties.holder(party, row.numbers)
            assert known is not None, "a party that was met has somebody in it"
            person = known
            if person.stored and self._batch.known == Known.SKIP:
                self.found.counts["skipped"] += 1
                return False
            if not self._look_only:
                self._take_over(person, row, at, notes)
        for number in self._parties.claim(party, row.numbers):
            self.found.new_phones.append((person, number))
        self.found.entries.append(Entry(kept.position, row, kept.event, person, at, notes))
        return True

    def _new_person(self, row: ParsedRow) -> Person:
        household, pk = next(self._keys)
        name = _clean_name(row.name) or NO_NAME + tail(row.numbers[0].e164)
        person = Person(pk, household, name, row.salutation.value, stored=False)
        self.found.new_people.append(person)
        return person

    def _take_over(self, person: Person, row: ParsedRow, at: dt.datetime, notes: list[str]) -> None:
        """Name and salutation of somebody who was met before: a row of the same file fills blanks only."""
        said = of_customer(row)
        standing = {"name": person.name, "salutation": person.salutation}
        policy = self._batch.known if person.stored else Known.FILL
        for name, value in taken_over(policy, standing, said).items():
            before = standing[name]
            if person.stored and not self.found.changes.note(
                "customer", person.pk, name, before, value, stamp(at)
            ):
                continue
            setattr(person, name, value)
            if name == "name" and not before.startswith(NO_NAME):
                notes.append(line(FORMER_NAME, before))
            if person.stored:
                self.found.filled[person.pk] = person
        if "name" in said and said["name"] != person.name:
            notes.append(line(OTHER_NAME, said["name"]))

    def _find_leads(self) -> None:
        """Give each entry its lead: a known one, or that of the party's first row."""
        households = {entry.person.household_id for entry in self.found.entries if entry.person.stored}
        if households:
            rows = Lead.objects.filter(
                household__in=these(households), project=self._project, merged_into=None
            ).order_by("pk")
            if not self._look_only:
                rows = rows.select_for_update(of=("self",))
            self.found.known = dict(rows_of(rows.values_list("household_id", "pk")))
        leads = dict(self.found.known)
        for entry in self.found.entries:
            entry.lead = leads.setdefault(entry.person.household_id, NEW + entry.position)


def _moments(project: Project, at: dt.datetime) -> Callable[[ParsedRow], dt.datetime]:
    """When a row happened. A day without a time is that day at opening; nothing that is registered lies ahead."""
    clock = ProjectClock.of(project.time_zone, project.closes_at)
    opens = project.opens_at

    @lru_cache(maxsize=5000)
    def opening(day: dt.date, register: Register) -> dt.datetime:
        moment = clock.moment(day, opens)
        return min(moment if register is Register.CALLS else moment + VISIT_AFTER_CALL, at)

    def moment(row: ParsedRow) -> dt.datetime:
        if row.at is not None:
            return min(clock.moment(row.day, row.at), at)
        return opening(row.day, row.register)

    return moment


@lru_cache(maxsize=10_000)
def _clean_name(name: str) -> str:
    return clean_name(name)


def stamp(at: dt.datetime) -> str:
    """A moment as text that sorts."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}"

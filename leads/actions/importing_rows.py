"""Writing one slice of a register: rows in, customers, leads, calls, visits and their history out, set by set.

The number of queries does not depend on the number of rows; new rows go in by COPY, with keys drawn beforehand. What a
row means:

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
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from crm.actions.customers import lock_numbers
from crm.models import Customer, CustomerPhone, Household, Project, User
from crm.models.bulk import these, write_changed
from crm.models.copying import copy_rows, draw_keys
from crm.names import clean_name, search_bigrams
from crm.phones import Number, reversed_digits, tail
from leads.actions import planning
from leads.actions.importing_notes import FORMER_NAME, OTHER_NAME, Answers, line
from leads.actions.importing_records import Entry, Recorder
from leads.facts_import import TWO_PARTIES
from leads.facts_known import NO_NAME, Changes, Known, Past, of_customer, of_lead, taken_over
from leads.facts_parties import Parties, Party, Person, TwoParties, event_id, recorded_events
from leads.models import CallTask, HeardVia, ImportBatch, ImportTrace, Lead
from leads.registers.results import Finding, ParsedRow, Refusal, Register
from leads.rules_types import ProjectClock

VISIT_AFTER_CALL = dt.timedelta(minutes=1)
"""Registers know days only; who rang and came on one day rang first."""
CUSTOMER_COLUMNS = ("id", "household_id", "name", "salutation", "bigrams", "created_at", "created_by_id")
PHONE_COLUMNS = ("id", "customer_id", "e164", "raw", "reversed", "is_main")


@dataclass(slots=True)
class Written:
    """What a slice did. `refused` are rows that only the database could refuse."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    trace: ImportTrace | None = None


class SliceWriter:
    """Writes one slice in the caller's transaction. Use once. `past` is what earlier slices of the load did."""

    def __init__(self, batch: ImportBatch, answers: Answers, past: Past, by: User, at: dt.datetime) -> None:
        self._batch, self._answers, self._past, self._by, self._at = batch, answers, past, by, at
        self._project: Project = batch.project
        self._clock = ProjectClock.of(self._project.time_zone, self._project.closes_at)
        self._parties = Parties(answers.links)
        self._entries: list[Entry] = []
        self._new_people: list[Person] = []
        self._new_phones: list[tuple[Person, Number]] = []
        self._filled: dict[int, Person] = {}
        self._changes = Changes(past)
        self._trace = ImportTrace(batch=batch, added={})
        self.written = Written()

    def write(self, rows: Sequence[ParsedRow]) -> Written:
        """1. lock the numbers, so that a desk that registers one of them waits; 2. tell the parties; 3. write."""
        numbers = [number for row in rows for number in row.numbers]
        lock_numbers(numbers)
        self._parties.load(numbers)
        events = [event_id(self._project.pk, row) for row in rows]
        seen = recorded_events(events)
        self._keys = iter(zip(draw_keys(Household, len(rows)), draw_keys(Customer, len(rows)), strict=True))
        for row, event in zip(rows, events, strict=True):
            if event in seen:
                self.written.counts["repeated"] += 1
            elif self._enter(row, event):
                seen.add(event)
        self._write_people()
        self._write_phones()
        self._write_history(self._find_leads())
        if self._trace.customers or self._trace.added or self._changes.rows:
            self._trace.changes = self._changes.stored()
            self.written.counts["filled"] += self._changes.count
            self._trace.save()
            self.written.trace = self._trace
        return self.written

    # who

    def _enter(self, row: ParsedRow, event: uuid.UUID) -> bool:
        try:
            party = self._parties.find(row.numbers)
        except TwoParties:
            self.written.refused.append(Refusal(row.place, (Finding(TWO_PARTIES, ""),), ()))
            return False
        notes: list[str] = []
        at = self._moment(row)
        if party is None:
            person = self._new_person(row)
            party = Party(person, is_new=True)
            self.written.counts["customers"] += 1
        else:
            known = self._parties.holder(party, row.numbers)
            assert known is not None, "a party that was met has somebody in it"
            person = known
            if self._is_known(person) and self._batch.known == Known.SKIP:
                self.written.counts["skipped"] += 1
                return False
            self._take_over(person, row, at, notes)
        self._new_phones += [(person, number) for number in self._parties.claim(party, row.numbers)]
        self._entries.append(Entry(row, event, person, at, notes))
        return True

    def _is_known(self, person: Person) -> bool:
        """Whether the database knew this person before the load."""
        return person.stored and person.pk not in self._past.made

    def _new_person(self, row: ParsedRow) -> Person:
        household, pk = next(self._keys)
        name = clean_name(row.name) or NO_NAME + tail(row.numbers[0].e164)
        person = Person(pk, household, name, row.salutation.value, stored=False)
        self._new_people.append(person)
        return person

    def _take_over(self, person: Person, row: ParsedRow, at: dt.datetime, notes: list[str]) -> None:
        """Name and salutation of somebody who was met before: a row of the same file fills blanks only."""
        known = self._is_known(person)
        said = of_customer(row)
        standing = {"name": person.name, "salutation": person.salutation}
        policy = self._batch.known if known else Known.FILL
        for name, value in taken_over(policy, standing, said).items():
            before = standing[name]
            if known and not self._changes.note("customer", person.pk, name, before, value, _stamp(at)):
                continue
            setattr(person, name, value)
            if name == "name" and not before.startswith(NO_NAME):
                notes.append(line(FORMER_NAME, before))
            if person.stored:
                self._filled[person.pk] = person
        if "name" in said and said["name"] != person.name:
            notes.append(line(OTHER_NAME, said["name"]))

    def _moment(self, row: ParsedRow) -> dt.datetime:
        """A day without a time is that day at opening; nothing that is registered lies ahead."""
        if row.at is not None:
            return min(self._clock.moment(row.day, row.at), self._at)
        opening = self._clock.moment(row.day, self._project.opens_at)
        return min(opening if row.register is Register.CALLS else opening + VISIT_AFTER_CALL, self._at)

    def _write_people(self) -> None:
        people = self._new_people
        copy_rows(Household, ("id", "created_at"), [(person.household_id, self._at) for person in people])
        copy_rows(
            Customer,
            CUSTOMER_COLUMNS,
            [
                (
                    person.pk,
                    person.household_id,
                    person.name,
                    person.salutation,
                    search_bigrams(person.name),
                    self._at,
                    self._by.pk,
                )
                for person in people
            ],
        )
        self._trace.customers = [person.pk for person in people]
        filled = [
            Customer(
                pk=pk, name=person.name, salutation=person.salutation, bigrams=search_bigrams(person.name)
            )
            for pk, person in self._filled.items()
        ]
        Customer.objects.bulk_update(filled, ("name", "salutation", "bigrams"), batch_size=500)

    def _write_phones(self) -> None:
        if not self._new_phones:
            return
        stored = {person.pk for person, _number in self._new_phones if person.stored}
        main = CustomerPhone.objects.filter(customer__in=these(stored), is_main=True, live=True)
        with_main = set(main.values_list("customer_id", flat=True))
        rows, added = [], []
        keys = draw_keys(CustomerPhone, len(self._new_phones))
        for key, (person, number) in zip(keys, self._new_phones, strict=True):
            is_main = person.pk not in with_main
            with_main.add(person.pk)
            rows.append((key, person.pk, number.identity, number.raw, reversed_digits(number.e164), is_main))
            if self._is_known(person):
                added.append(key)
        copy_rows(CustomerPhone, PHONE_COLUMNS, rows)
        if added:
            self._trace.added["phone"] = added

    # which lead

    def _find_leads(self) -> list[Lead]:
        """Give each entry its lead. Returns the new ones, which are not stored yet."""
        households = {entry.person.household_id for entry in self._entries if entry.person.stored}
        rows = Lead.objects.select_for_update(of=("self",)).filter(
            household__in=these(households), project=self._project, merged_into=None
        )
        found = {lead.household_id: lead for lead in rows.order_by("pk")}
        self._heard = self._heard_via()
        names = {row.pk: row.name for row in self._heard.values()} | self._standing_sources(found)
        keys = iter(draw_keys(Lead, len({entry.person.household_id for entry in self._entries})))
        new: list[Lead] = []
        changed: dict[int, Lead] = {}
        for entry in self._entries:
            household = entry.person.household_id
            lead = found.get(household)
            if lead is None:
                lead = found[household] = self._new_lead(next(keys), entry)
                new.append(lead)
            entry.lead = lead
            if self._complete(lead, entry, names) and not lead._state.adding:
                changed[lead.pk] = lead
        write_changed(list(changed.values()), ("heard_via_id", "wanted", "budget"))
        self.written.counts["leads"] += len(new)
        return new

    def _new_lead(self, pk: int, entry: Entry) -> Lead:
        return Lead(
            pk=pk,
            project=self._project,
            household_id=entry.person.household_id,
            customer_id=entry.person.pk,
            batch=self._batch,
            created_at=self._at,
            created_by=self._by,
        )

    def _complete(self, lead: Lead, entry: Entry, names: dict[int, str]) -> bool:
        """Wish, budget and source of the lead, as the policy says. Whether something was taken over."""
        known = not lead._state.adding and lead.batch_id != self._batch.pk
        said = of_lead(entry.row)
        standing = {
            "wanted": lead.wanted,
            "budget": lead.budget,
            "heard_via": names[lead.heard_via_id] if lead.heard_via_id else "",
        }
        taken = taken_over(self._batch.known if known else Known.FILL, standing, said)
        changed = False
        for name, value in taken.items():
            if known and not self._changes.note(
                "lead", lead.pk, name, standing[name], value, _stamp(entry.at)
            ):
                continue
            if name == "heard_via":
                lead.heard_via_id = self._heard[value].pk
            else:
                setattr(lead, name, value)
            changed = True
        return changed

    def _heard_via(self) -> dict[str, HeardVia]:
        names = {entry.row.source for entry in self._entries if entry.row.source}
        if not names:
            return {}
        rows = HeardVia.objects.filter(project=self._project, name__in=names)
        found = {row.name: row for row in rows}
        if missing := sorted(names - found.keys()):
            made = [HeardVia(project=self._project, name=name) for name in missing]
            HeardVia.objects.bulk_create(made, ignore_conflicts=True)
            found |= {row.name: row for row in rows.all()}
        return found

    def _standing_sources(self, found: dict[int, Lead]) -> dict[int, str]:
        """The names of sources that the leads have already."""
        ids = {lead.heard_via_id for lead in found.values() if lead.heard_via_id}
        return dict(HeardVia.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}

    # what happened, and what it amounts to

    def _write_history(self, new: list[Lead]) -> None:
        sources = {name: row.pk for name, row in self._heard.items()}
        recorder = Recorder(self._batch, self._answers, sources, self._by, self._at)
        histories = recorder.write(self._entries)
        self.written.counts.update(recorder.counts)
        self._trace.added |= recorder.added
        tasks = planning.plan_new(new, {lead.pk: histories[lead.pk] for lead in new}, at=self._at)
        copy_rows(Lead, LEAD_COLUMNS, [tuple(map(lead.__dict__.get, LEAD_COLUMNS)) for lead in new])
        copy_rows(CallTask, TASK_COLUMNS, [tuple(map(task.__dict__.get, TASK_COLUMNS)) for task in tasks])
        fresh = {lead.pk for lead in new}
        planning.replan({entry.lead.pk for entry in self._entries} - fresh, at=self._at)


LEAD_COLUMNS = tuple(field.attname for field in Lead._meta.concrete_fields)
TASK_COLUMNS = tuple(field.attname for field in CallTask._meta.concrete_fields if not field.primary_key)


def _stamp(at: dt.datetime) -> str:
    """A moment as text that sorts."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}"

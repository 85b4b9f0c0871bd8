"""Writing one slice of a register: rows in, customers, leads, calls, visits and their history out, set by set.

The number of queries does not depend on the number of rows. What a row means:

==============================  =====================================================================
a row of the register of calls  one inbound call; its grade is the verdict on the caller (PX-15)
a row of the visit register     one visit; grade, objections and interests of that day
a known number                  the same customer, whatever name stands there; the other name is noted
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
from typing import Any

from crm.actions.customers import lock_numbers, phone_row
from crm.models import Customer, CustomerPhone, Household, Project, User
from crm.names import clean_name, search_bigrams
from crm.phones import Number, tail
from crm.states import Salutation
from leads.actions import planning
from leads.actions.importing_notes import (
    BUDGET,
    GRADE,
    OTHER_NAME,
    PURPOSE,
    TIME_TO_BUY,
    VISIT_NUMBER,
    WANTED,
    Answers,
    complete,
    line,
    note_of,
    objections,
    talked,
)
from leads.facts_import import TWO_PARTIES
from leads.facts_parties import Parties, Party, TwoParties, event_id, recorded_events
from leads.models import HeardVia, ImportBatch, InboundCall, Interest, Lead, LeadEvent, Objection, Visit
from leads.registers.results import Finding, ParsedRow, Refusal, Register
from leads.rules_types import EventKind, LeadKind, ProjectClock
from leads.vocabulary import INTERESTS, recognise

NO_NAME = "…"
"""Begins the stand-in for a name that the register leaves out: the end of the number, until a name is known."""
VISIT_AFTER_CALL = dt.timedelta(minutes=1)
"""Registers know days only; who rang and came on one day rang first."""
QUALITY_GRADES = ("A", "B")
VISIT_FIELDS = {
    "wanted_type": "layout",
    "wanted_area": "area",
    "budget": "budget",
    "purpose": "purpose",
    "time_to_buy": "time_to_buy",
}


@dataclass(slots=True)
class Written:
    """What a slice did. `refused` are rows that only the database could refuse."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    leads: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Entry:
    """One row on its way: whose it is and what it becomes."""

    row: ParsedRow
    event: uuid.UUID
    party: Party
    customer: Customer
    at: dt.datetime
    notes: list[str]
    lead: Lead = field(init=False)
    record: InboundCall | Visit = field(init=False)


class SliceWriter:
    """Writes one slice in the caller's transaction. Use once."""

    def __init__(self, batch: ImportBatch, answers: Answers, by: User, at: dt.datetime) -> None:
        self._batch, self._answers, self._by, self._at = batch, answers, by, at
        self._project: Project = batch.project
        self._clock = ProjectClock.of(self._project.time_zone, self._project.closes_at)
        self._parties = Parties(answers.links)
        self._entries: list[_Entry] = []
        self._new_phones: list[tuple[Customer, Number]] = []
        self._new_customers: list[Customer] = []
        self._filled: dict[int, Customer] = {}
        self.written = Written()

    def write(self, rows: Sequence[ParsedRow]) -> Written:
        """1. lock the numbers, so that a desk that registers one of them waits; 2. tell the parties; 3. write."""
        numbers = [number for row in rows for number in row.numbers]
        lock_numbers(numbers)
        self._parties.load(numbers)
        events = [event_id(self._project.pk, row) for row in rows]
        seen = recorded_events(events)
        for row, event in zip(rows, events, strict=True):
            if event in seen:
                self.written.counts["repeated"] += 1
            elif self._enter(row, event):
                seen.add(event)
        self._write_customers()
        self._write_leads()
        self._write_records()
        self._write_history()
        planning.replan({entry.lead.pk for entry in self._entries}, at=self._at)
        self.written.leads = {entry.lead.pk for entry in self._entries}
        return self.written

    # who

    def _enter(self, row: ParsedRow, event: uuid.UUID) -> bool:
        try:
            party = self._parties.find(row.numbers)
        except TwoParties:
            self.written.refused.append(Refusal(row.place, (Finding(TWO_PARTIES, ""),), ()))
            return False
        notes: list[str] = []
        if party is None:
            customer = self._new_customer(row)
            party = Party(customer, is_new=True)
            self.written.counts["customers"] += 1
        else:
            known = self._parties.holder(party, row.numbers)
            assert known is not None, "a party that was met has somebody in it"
            customer = known
            self._fill_blanks(customer, row, notes)
        self._new_phones += [(customer, number) for number in self._parties.claim(party, row.numbers)]
        self._entries.append(_Entry(row, event, party, customer, self._moment(row), notes))
        return True

    def _new_customer(self, row: ParsedRow) -> Customer:
        name = clean_name(row.name) or NO_NAME + tail(row.numbers[0].e164)
        customer = Customer(
            household=Household(created_at=self._at),
            name=name,
            salutation=row.salutation.value,
            bigrams=search_bigrams(name),
            created_at=self._at,
            created_by=self._by,
        )
        self._new_customers.append(customer)
        return customer

    def _fill_blanks(self, customer: Customer, row: ParsedRow, notes: list[str]) -> None:
        """A known customer keeps name and salutation; only what was missing is taken from the register."""
        name, changed = clean_name(row.name), False
        if name and customer.name.startswith(NO_NAME):
            customer.name, customer.bigrams, changed = name, search_bigrams(name), True
        elif name and name != customer.name:
            notes.append(line(OTHER_NAME, name))
        if customer.salutation == Salutation.UNKNOWN and row.salutation is not Salutation.UNKNOWN:
            customer.salutation, changed = row.salutation.value, True
        if changed and customer.pk is not None:
            self._filled[customer.pk] = customer

    def _moment(self, row: ParsedRow) -> dt.datetime:
        """A day without a time is that day at opening; nothing that is registered lies ahead."""
        if row.at is not None:
            return min(self._clock.moment(row.day, row.at), self._at)
        opening = self._clock.moment(row.day, self._project.opens_at)
        return min(opening if row.register is Register.CALLS else opening + VISIT_AFTER_CALL, self._at)

    def _write_customers(self) -> None:
        Household.objects.bulk_create([customer.household for customer in self._new_customers])
        for customer in self._new_customers:
            customer.household = customer.household  # takes over the key it has been given
        Customer.objects.bulk_create(self._new_customers)
        Customer.objects.bulk_update(self._filled.values(), ["name", "salutation", "bigrams"], batch_size=500)
        known = {customer.pk for customer, _number in self._new_phones if customer.pk is not None}
        with_main = set(
            CustomerPhone.objects.filter(customer__in=known, is_main=True, live=True).values_list(
                "customer_id", flat=True
            )
        )
        rows = []
        for customer, number in self._new_phones:
            rows.append(phone_row(customer, number, is_main=customer.pk not in with_main))
            with_main.add(customer.pk)
        CustomerPhone.objects.bulk_create(rows)

    # which lead

    def _write_leads(self) -> None:
        households = {entry.customer.household_id for entry in self._entries}
        found = {
            lead.household_id: lead
            for lead in Lead.objects.select_for_update(of=("self",))
            .filter(household__in=households, project=self._project, merged_into=None)
            .order_by("pk")
        }
        heard = self._heard_via()
        new: list[Lead] = []
        changed: dict[int, Lead] = {}
        for entry in self._entries:
            lead = found.get(entry.customer.household_id)
            if lead is None:
                lead = found[entry.customer.household_id] = self._new_lead(entry)
                new.append(lead)
            entry.lead = lead
            if complete(lead, entry.row, heard) and lead.pk is not None:
                changed[lead.pk] = lead
        Lead.objects.bulk_create(new)
        Lead.objects.bulk_update(changed.values(), ["heard_via", "wanted", "budget"], batch_size=500)
        self.written.counts["leads"] += len(new)
        self._heard = heard

    def _new_lead(self, entry: _Entry) -> Lead:
        return Lead(
            project=self._project,
            household_id=entry.customer.household_id,
            customer=entry.customer,
            kind=LeadKind.ORDINARY,
            batch=self._batch,
            created_at=self._at,
            created_by=self._by,
        )

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

    # what happened

    def _write_records(self) -> None:
        visited = set(
            Visit.objects.filter(lead__in={entry.lead for entry in self._entries}).values_list(
                "lead_id", flat=True
            )
        )
        for entry in self._entries:
            if entry.row.register is Register.CALLS:
                entry.record = self._call(entry)
            else:
                first = entry.row.is_first
                entry.record = self._visit(entry, entry.lead.pk not in visited if first is None else first)
                visited.add(entry.lead.pk)
        calls = [entry.record for entry in self._entries if isinstance(entry.record, InboundCall)]
        visits = [entry.record for entry in self._entries if isinstance(entry.record, Visit)]
        InboundCall.objects.bulk_create(calls)
        Visit.objects.bulk_create(visits)
        self.written.counts.update(calls=len(calls), visits=len(visits))
        Interest.objects.bulk_create(
            [
                Interest(
                    lead=entry.lead,
                    point=(recognise(INTERESTS, point) or point)[:40],
                    noted_at=entry.at,
                    noted_by=self._by,
                )
                for entry in self._entries
                for point in entry.row.interests
            ],
            ignore_conflicts=True,
        )
        Objection.objects.bulk_create(
            [
                Objection(lead=entry.lead, cause=cause, note=text, raised_at=entry.at, raised_by=self._by)
                for entry in self._entries
                for cause, text in objections(entry.row)
            ],
            ignore_conflicts=True,
        )

    def _common(self, entry: _Entry) -> dict[str, Any]:
        return {
            "lead": entry.lead,
            "at": entry.at,
            "recorded_at": self._at,
            "recorded_by": self._by,
            "heard_via": self._heard.get(entry.row.source),
            "submission": entry.event,
            "imported": True,
        }

    def _call(self, entry: _Entry) -> InboundCall:
        row = entry.row
        wishes = (
            (GRADE, row.grade),
            (WANTED, " ".join(part for part in (row.layout, row.area) if part)),
            (BUDGET, row.budget),
            (PURPOSE, row.purpose),
            (TIME_TO_BUY, row.time_to_buy),
        )
        note = note_of(
            entry.row, self._answers, entry.notes + [line(head, text) for head, text in wishes if text]
        )
        return InboundCall(**self._common(entry), talked=talked(row), note=note)

    def _visit(self, entry: _Entry, is_first: bool) -> Visit:
        row = entry.row
        more = [line(VISIT_NUMBER, str(row.visit_number))] if (row.visit_number or 0) > 1 else []
        return Visit(
            **self._common(entry),
            received_by_id=self._answers.receptionists.get(row.consultant),
            is_first=is_first,
            party_size=row.party_size,
            note=note_of(entry.row, self._answers, entry.notes + more),
            **{name: getattr(row, source) for name, source in VISIT_FIELDS.items()},
        )

    # the history the plan is derived from

    def _write_history(self) -> None:
        owned = set(
            LeadEvent.objects.filter(
                lead__in={entry.lead for entry in self._entries}, kind=EventKind.ASSIGNED
            )
            .exclude(value="")
            .values_list("lead_id", flat=True)
        )
        events: list[LeadEvent] = []
        for entry in self._entries:
            owner = self._answers.owner(entry.row)
            if owner is not None and entry.lead.pk not in owned:
                owned.add(entry.lead.pk)
                # A lead of this batch has been theirs from the start; one that waited in the pool is theirs from now.
                since = entry.at if entry.lead.batch_id == self._batch.pk else self._at
                events.append(self._event(entry, EventKind.ASSIGNED, str(owner), at=since))
            events += (
                self._call_events(entry)
                if isinstance(entry.record, InboundCall)
                else self._visit_events(entry)
            )
        LeadEvent.objects.bulk_create(events, batch_size=2000)

    def _event(self, entry: _Entry, kind: str, value: str = "", **fields: Any) -> LeadEvent:
        fields.setdefault("at", entry.at)
        return LeadEvent(
            lead=entry.lead,
            kind=kind,
            recorded_at=self._at,
            by=self._by,
            value=value,
            imported=True,
            batch=self._batch,
            **fields,
        )

    def _call_events(self, entry: _Entry) -> list[LeadEvent]:
        """PX-15: a caller's imported A or B counts as quality, C and D not."""
        call, grade = entry.record, entry.row.grade
        value = "talked" if talked(entry.row) else "not_taken"
        events = [self._event(entry, EventKind.CALL_IN, value, call=call)]
        if grade:
            verdict = Lead.Quality.QUALITY if grade in QUALITY_GRADES else Lead.Quality.NOT_QUALITY
            events.append(self._event(entry, EventKind.QUALITY, verdict, call=call, note=line(GRADE, grade)))
        return events

    def _visit_events(self, entry: _Entry) -> list[LeadEvent]:
        visit = entry.record
        events = [self._event(entry, EventKind.VISIT, visit=visit)]
        if entry.row.grade:
            events.append(self._event(entry, EventKind.GRADE, entry.row.grade, visit=visit))
        for cause, _text in objections(entry.row):
            events.append(
                self._event(entry, EventKind.OBJECTION, "raised", visit=visit, data={"cause": cause})
            )
        return events

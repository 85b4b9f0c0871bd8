"""Writing one slice of a register: rows in, customers, leads, calls, visits and their history out, set by set.

The number of queries does not depend on the number of rows; new rows go in once, by COPY, with keys drawn beforehand.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from crm.actions.customers import lock_numbers
from crm.models import Customer, CustomerPhone, Household, Project, User
from crm.models.bulk import these, write_changed
from crm.models.copying import copy_rows, draw_keys
from crm.names import search_bigrams
from crm.phones import reversed_digits
from leads import facts
from leads.actions import importing_events as events
from leads.actions import planning
from leads.actions.importing_events import Happened, is_new
from leads.actions.importing_match import Entry, match, stamp
from leads.actions.importing_notes import Answers
from leads.actions.importing_outlook import heard_via
from leads.actions.importing_records import Recorder
from leads.actions.plan_rows import LIGHT_LEAD, NEW_TASK, AnyLead, LightLead
from leads.facts_known import Known, of_lead, taken_over
from leads.models import CallTask, HeardVia, ImportBatch, ImportTrace, Lead, LeadEvent
from leads.registers.kept import Kept, KeptRefusal
from leads.rules_types import History

CUSTOMER_COLUMNS = ("id", "household_id", "name", "salutation", "bigrams", "created_at", "created_by_id")
PHONE_COLUMNS = ("id", "customer_id", "e164", "raw", "reversed", "is_main")
Days = Mapping[str, tuple[str, int]]
"""When leads that are due anyway are called, by their keys in the outlook, and how long their histories were then."""


@dataclass(slots=True)
class Written:
    """What a slice did. `refused` are rows that only the database could refuse."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[KeptRefusal] = field(default_factory=list)


class SliceWriter:
    """Writes one slice in the caller's transaction. Use once."""

    def __init__(
        self,
        batch: ImportBatch,
        answers: Answers,
        days: Days,
        frame: facts.Frame,
        by: User,
        at: dt.datetime,
    ) -> None:
        self._batch, self._answers, self._days, self._at = batch, answers, days, at
        #: whom the rows name: the batch says who loaded them, and each row would only say it again
        self._author = None if by.pk == batch.uploaded_by_id else by.pk
        self._frame = frame
        self._project: Project = batch.project
        self._trace = ImportTrace(batch=batch, added={})
        self.written = Written()

    def write(self, kept: Kept) -> Written:
        """1. lock the numbers, so that a desk that registers one of them waits; 2. tell whose rows; 3. write."""
        lock_numbers(number for each in kept.rows for number in each.row.numbers)
        self._match = match(self._batch, kept, at=self._at, look_only=False)
        self._write_people()
        self._write_phones()
        self._give_leads()
        self._complete_leads()
        self._write_records()
        self._write_history()
        self._keep_trace()
        self.written.refused = self._match.refused
        self.written.counts.update(self._match.counts)
        return self.written

    # who

    def _write_people(self) -> None:
        people = self._match.new_people
        copy_rows(Household, ("id", "created_at"), [(person.household_id, self._at) for person in people])
        rows = (
            (
                person.pk,
                person.household_id,
                person.name,
                person.salutation,
                search_bigrams(person.name),
                self._at,
                self._author,
            )
            for person in people
        )
        copy_rows(Customer, CUSTOMER_COLUMNS, rows)
        self._trace.customers = [person.pk for person in people]
        self.written.counts["customers"] = len(people)
        filled = [
            Customer(
                pk=pk, name=person.name, salutation=person.salutation, bigrams=search_bigrams(person.name)
            )
            for pk, person in self._match.filled.items()
        ]
        write_changed(filled, ("name", "salutation", "bigrams"))

    def _write_phones(self) -> None:
        if not self._match.new_phones:
            return
        stored = {person.pk for person, _number in self._match.new_phones if person.stored}
        with_main: set[int] = set()
        if stored:
            main = CustomerPhone.objects.filter(customer__in=these(stored), is_main=True, live=True)
            with_main.update(main.values_list("customer_id", flat=True))
        rows, added = [], []
        keys = draw_keys(CustomerPhone, len(self._match.new_phones))
        for key, (person, number) in zip(keys, self._match.new_phones, strict=True):
            is_main = person.pk not in with_main
            with_main.add(person.pk)
            rows.append((key, person.pk, number.identity, number.raw, reversed_digits(number.e164), is_main))
            if person.stored:
                added.append(key)
        copy_rows(CustomerPhone, PHONE_COLUMNS, rows)
        if added:
            self._trace.added["phone"] = added

    # which lead

    def _give_leads(self) -> None:
        """The leads of the slice, known and new. New ones get keys of the table for those of the outlook."""
        known = self._match.known.values()
        self._known = {lead.pk: lead for lead in Lead.objects.filter(pk__in=these(known))} if known else {}
        self._own = {pk for pk, lead in self._known.items() if lead.batch_id == self._batch.pk}
        firsts = {entry.lead: entry for entry in reversed(self._match.entries) if is_new(entry.lead)}
        order = sorted(firsts)
        keys = dict(zip(order, draw_keys(Lead, len(order)), strict=True))
        self._new = {keys[place]: self._new_lead(keys[place], firsts[place]) for place in order}
        self._own |= self._new.keys()
        self._places = {pk: place for place, pk in keys.items()}
        for entry in self._match.entries:
            entry.lead = keys.get(entry.lead, entry.lead)
        self.written.counts["leads"] = len(self._new)

    def _new_lead(self, pk: int, first: Entry) -> LightLead:
        return LightLead(
            id=pk,
            project_id=self._project.pk,
            household_id=first.person.household_id,
            customer_id=first.person.pk,
            batch_id=self._batch.pk,
            created_at=self._at,
            created_by_id=self._author,
        )

    def _complete_leads(self) -> None:
        """Wish, budget and source of the leads, as the policy says."""
        heard = self._heard = self._heard_via()
        names = {pk: name for name, pk in heard.items()} | self._standing_sources()
        changed: dict[int, Lead] = {}
        for entry in self._match.entries:
            new = self._new.get(entry.lead)
            if new is not None:
                self._complete(new, entry, names, foreign=False)
                continue
            lead = self._known[entry.lead]
            if self._complete(lead, entry, names, foreign=lead.pk not in self._own):
                changed[lead.pk] = lead
        write_changed(list(changed.values()), ("heard_via_id", "wanted", "budget"))

    def _complete(self, lead: AnyLead, entry: Entry, names: Mapping[int, str], *, foreign: bool) -> bool:
        """Whether something was taken over. `foreign`: the lead was known before the load."""
        said = of_lead(entry.row)
        if not said:
            return False
        standing = {
            "wanted": lead.wanted,
            "budget": lead.budget,
            "heard_via": names[lead.heard_via_id] if lead.heard_via_id else "",
        }
        taken = taken_over(self._batch.known if foreign else Known.FILL, standing, said)
        changed = False
        for name, value in taken.items():
            if foreign and not self._match.changes.note(
                "lead", lead.pk, name, standing[name], value, stamp(entry.at)
            ):
                continue
            if name == "heard_via":
                lead.heard_via_id = self._heard[value]
            else:
                setattr(lead, name, value)
            changed = True
        return changed

    def _heard_via(self) -> dict[str, int]:
        names = {entry.row.source for entry in self._match.entries if entry.row.source}
        return heard_via(self._project, names) if names else {}

    def _standing_sources(self) -> dict[int, str]:
        """The names of sources that the known leads have already."""
        ids = {lead.heard_via_id for lead in self._known.values() if lead.heard_via_id}
        return dict(HeardVia.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}

    # what happened, and what it amounts to

    def _write_records(self) -> None:
        standing = {pk: lead.consultant_id for pk, lead in self._known.items()}
        foreign = self._known.keys() - self._own
        recorder = Recorder(self._answers, self._heard, standing, foreign, self._author, self._at)
        recorder.write(self._match.entries)
        self.written.counts.update(recorder.counts)
        self._trace.added |= recorder.added

    def _write_history(self) -> None:
        stored = facts.histories(self._known.keys()) if self._known else {}
        had_owner = events.owned(self._known.keys())
        happened = events.events_of(self._match.entries, self._answers, had_owner, self._own, self._at)
        happened += self._catch_up(stored)
        keys = draw_keys(LeadEvent, len(happened))
        histories = events.histories(stored, keys, happened, self._at)
        new = list(self._new.values())
        tasks = planning.plan_new(new, histories, self._frame, at=self._at)
        copy_rows(Lead, LIGHT_LEAD, map(attrgetter(*LIGHT_LEAD), new))
        events.write_events(self._batch, keys, happened, self._author, self._at)
        copy_rows(CallTask, NEW_TASK, map(attrgetter(*NEW_TASK), tasks))
        touched = {entry.lead for entry in self._match.entries}
        known = [lead for pk, lead in sorted(self._known.items()) if pk in touched]
        planning.plan_known(known, histories, self._frame, at=self._at)

    def _catch_up(self, stored: Mapping[int, History]) -> list[Happened]:
        """PX-15: the days the outlook gave, unless the lead has moved on since; what is left out is spread last."""
        today, found = self._frame.today(self._at), []
        for lead in dict.fromkeys(entry.lead for entry in self._match.entries):
            day, length = self._days.get(str(self._places.get(lead, lead)), ("", 0))
            moved_on = len(stored[lead].events) != length if lead in stored else length != 0
            if not day or moved_on or dt.date.fromisoformat(day) <= today:
                continue
            due = self._frame.clock.closing(dt.date.fromisoformat(day))
            found.append(Happened(lead, events.CATCH_UP, self._at, due=due))
        self.written.counts["spread"] = len(found)
        return found

    def _keep_trace(self) -> None:
        changes = self._match.changes
        self.written.counts["filled"] = changes.count
        if self._trace.customers or self._trace.added or changes.rows:
            self._trace.changes = changes.stored()
            self._trace.save()

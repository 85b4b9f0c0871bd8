"""Who is who in a register: which rows mean the same party, and which parties the database knows (PX-3, PX-4)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crm.models import CustomerPhone
from crm.models.bulk import these_texts, these_uuids
from crm.phones import Number
from leads.models import InboundCall, Visit
from leads.registers.results import ParsedRow, Register, group_rows

Links = Mapping[str, Sequence[str]]


class TwoParties(Exception):
    """The numbers of one row belong to different parties; only a person can say whether to merge them."""


@dataclass(slots=True, eq=False)
class Person:
    """One customer while rows are read. `stored`: the database has the row already."""

    pk: int
    household_id: int
    name: str
    salutation: str
    stored: bool = True


@dataclass(slots=True, eq=False)
class Party:
    """One party while rows are read. `person` is its first one; None in a dry run for one that would be made."""

    person: Person | None = None
    is_new: bool = False


class Parties:
    """Finds the party of a row by its numbers: what this run has met, then what the database holds.

    `links` names, for each number of a register that rows tie to others, all numbers tied together. So the rows
    A, B and A+B are one customer in whatever slices they are written.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._owner: dict[str, Party] = {}
        self._holder: dict[str, Person] = {}
        self._by_customer: dict[int, Person] = {}
        self._by_household: dict[int, Party] = {}

    def load(self, numbers: Iterable[Number]) -> None:
        """Look these numbers up, and those tied to them. One query."""
        wanted = {number.identity for number in numbers}
        wanted |= {other for identity in wanted for other in self._links.get(identity, ())}
        missing = wanted - self._owner.keys()
        rows = CustomerPhone.objects.filter(e164__in=these_texts(missing), live=True).values_list(
            "e164",
            "customer_id",
            "customer__household_id",
            "customer__name",
            "customer__salutation",
        )
        for number, pk, household, name, salutation in rows.order_by("customer_id"):
            person = self._by_customer.setdefault(pk, Person(pk, household, name, salutation))
            self._owner[number] = self._by_household.setdefault(household, Party(person))
            self._holder[number] = person

    def find(self, numbers: Collection[Number]) -> Party | None:
        """The party that holds one of the numbers, None for a new one; raises `TwoParties`."""
        found = {self._owner[number.identity] for number in numbers if number.identity in self._owner}
        if len(found) > 1:
            raise TwoParties
        if not found:
            tied = {other for number in numbers for other in self._links.get(number.identity, ())}
            found = {self._owner[identity] for identity in tied if identity in self._owner}
        return found.pop() if len(found) == 1 else None

    def holder(self, party: Party, numbers: Iterable[Number]) -> Person | None:
        """Which person of the party a row is about: the one who holds one of its numbers, else the first."""
        held = (self._holder.get(number.identity) for number in numbers)
        return next((person for person in held if person is not None), party.person)

    def claim(self, party: Party, numbers: Iterable[Number]) -> list[Number]:
        """Note that the numbers are this party's. Returns those that nobody had."""
        new = [number for number in numbers if number.identity not in self._owner]
        self._owner.update(dict.fromkeys((number.identity for number in new), party))
        return new


@dataclass(slots=True)
class Survey:
    """What only the whole file can say: which numbers rows tie together, and whom a party's first row names.

    Fed row by row; keeps the numbers, the day and the name, not the rows.
    """

    numbers: list[tuple[Number, ...]] = field(default_factory=list)
    named: list[tuple[int, str]] = field(default_factory=list)
    _roots: list[int] = field(default_factory=list)

    def add(self, row: ParsedRow) -> None:
        self.numbers.append(row.numbers)
        self.named.append((row.day.toordinal(), row.consultant))

    def roots(self) -> list[int]:
        """For each row the index of its party's first row."""
        if len(self._roots) < len(self.numbers):
            self._roots = group_rows(self.numbers)
        return self._roots

    def links(self) -> dict[str, list[str]]:
        """Each number that shares a row with another → all numbers tied to it, directly or not."""
        several = [numbers for numbers in self.numbers if len(numbers) > 1]
        tied: dict[int, set[str]] = {}
        for numbers, root in zip(several, group_rows(several), strict=True):
            tied.setdefault(root, set()).update(number.identity for number in numbers)
        return {identity: sorted(group) for group in tied.values() for identity in group}

    def first_named(self) -> dict[str, list[str]]:
        """For parties whose rows name several of staff: each of their numbers → the names, earliest day first.

        PX-4: the first who registered the party owns it, in whatever order the file lists the rows.
        """
        roots = self.roots()
        names: dict[int, list[tuple[int, int, str]]] = {}
        for index, (root, (day, name)) in enumerate(zip(roots, self.named, strict=True)):
            if name:
                names.setdefault(root, []).append((day, index, name))
        several = {
            root: list(dict.fromkeys(name for _day, _index, name in sorted(found)))
            for root, found in names.items()
            if len({name for _day, _index, name in found}) > 1
        }
        return {
            number.identity: several[root]
            for root, numbers in zip(roots, self.numbers, strict=True)
            if root in several
            for number in numbers
        }


def event_id(project_id: int, row: ParsedRow) -> str:
    """The same for the same call or visit in whatever file it comes: makes loading it twice harmless. A UUID's text."""
    return str(
        uuid.UUID(hashlib.blake2b(f"{project_id} {row.fingerprint}".encode(), digest_size=16).hexdigest())
    )


def recorded_events(events: Iterable[tuple[str, Register]]) -> set[str]:
    """Which of these calls and visits are on record, by their ids. One query for each kind."""
    calls: list[str] = []
    visits: list[str] = []
    for event, register in events:
        (calls if register is Register.CALLS else visits).append(event)
    found: set[str] = set()
    for model, ids in ((InboundCall, calls), (Visit, visits)):
        if ids:
            rows = model._default_manager.filter(submission__in=these_uuids(ids)).order_by()
            found.update(str(value) for value in rows.values_list("submission", flat=True))
    return found

"""What reading a register yields: accepted rows, refusals with all their reasons, and the running count of both."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import NamedTuple

from crm.phones import Number
from crm.states import Salutation


class Register(StrEnum):
    CALLS = "calls"
    VISITS = "visits"


class Place(NamedTuple):
    """Where a row stands: sheet name ("" in a CSV file) and row number in the file, from 1."""

    sheet: str
    row: int


class Finding(NamedTuple):
    """A reason of a refusal or a note on an accepted row.

    `code` is a key of `messages.TEXTS`, `column` the header as written, `value` what stood there, phone numbers
    masked (PX-12). `limit` fills the placeholder of codes that have one.
    """

    code: str
    column: str
    value: str = ""
    limit: int | None = None


class ParsedRow(NamedTuple):
    """One accepted row. `numbers` is never empty; `at` None when only the day is known.

    `stage` is purchaser, lost, invalid or "". `is_first` None when the register does not say. `extra` holds
    (header, text) of columns that mean nothing to us, so that their text is not lost. Areas are m².
    """

    place: Place
    register: Register
    numbers: tuple[Number, ...]
    day: date
    at: time | None = None
    name: str = ""
    salutation: Salutation = Salutation.UNKNOWN
    grade: str = ""
    stage: str = ""
    stage_word: str = ""
    consultant: str = ""
    source: str = ""
    remark: str = ""
    objections: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    is_first: bool | None = None
    visit_number: int | None = None
    party_size: int | None = None
    area_from: float | None = None
    area_to: float | None = None
    layout: str = ""
    budget: str = ""
    purpose: str = ""
    time_to_buy: str = ""
    residence: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    notes: tuple[Finding, ...] = ()

    @property
    def area(self) -> str:
        """The wanted area as text: 89, 100-120, ≥120, ≤90 or ""."""
        low, high = ("" if bound is None else f"{bound:g}" for bound in (self.area_from, self.area_to))
        if low and high:
            return low if low == high else f"{low}-{high}"
        return f"≥{low}" if low else f"≤{high}" if high else ""

    @property
    def fingerprint(self) -> str:
        """32 hex digits, equal for the same event however it was dressed: makes a second run of a file safe."""
        numbers = sorted(number.identity for number in self.numbers)
        parts = (self.register, *numbers, self.day.isoformat(), str(self.at or ""), self.remark)
        return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


class Refusal(NamedTuple):
    """One refused row: every reason at once, and its cells as text in the file's order.

    `cells` are unmasked: they go back to whoever sent the file, to be corrected and loaded again.
    """

    place: Place
    reasons: tuple[Finding, ...]
    cells: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """The running report of a file. Empty rows, repeated headers and totals are counted apart: they are no rows."""

    accepted: int = 0
    refused: int = 0
    empty: int = 0
    repeated_headers: int = 0
    totals: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    staff: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    grades: Counter[str] = field(default_factory=Counter)
    first_day: date | None = None
    last_day: date | None = None

    @property
    def rows(self) -> int:
        return self.accepted + self.refused

    def add(self, outcome: ParsedRow | Refusal) -> None:
        if isinstance(outcome, Refusal):
            self.refused += 1
            self.reasons.update({reason.code for reason in outcome.reasons})
            return
        self.accepted += 1
        self.notes.update({note.code for note in outcome.notes})
        self.grades[outcome.grade] += 1
        if outcome.consultant:
            self.staff[outcome.consultant] += 1
        if outcome.source:
            self.sources[outcome.source] += 1
        self.first_day = min(self.first_day or outcome.day, outcome.day)
        self.last_day = max(self.last_day or outcome.day, outcome.day)


def group_rows(numbers_of_rows: Iterable[Iterable[Number]]) -> list[int]:
    """For each row the index (from 0) of the first row of the same customer, transitively (PX-3).

    Two rows belong together when they share a number (with its extension), or both share one with a third row.
    Takes the rows' numbers only, so that a caller can pass a generator and keep no rows.
    """
    parents: list[int] = []
    owner: dict[str, int] = {}
    for index, numbers in enumerate(numbers_of_rows):
        parents.append(index)
        for number in numbers:
            other = owner.setdefault(number.identity, index)
            if other != index:
                _join(parents, index, other)
    return [_root(parents, index) for index in range(len(parents))]


def _join(parents: list[int], left: int, right: int) -> None:
    left, right = _root(parents, left), _root(parents, right)
    parents[max(left, right)] = min(left, right)  # the first row of the file stays the root


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index

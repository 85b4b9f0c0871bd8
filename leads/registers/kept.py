"""Rows as the dry run keeps them for the load, which then needs the file no more: read once, packed small."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from functools import lru_cache
from typing import Any, NamedTuple

from crm.phones import Kind, Number
from crm.states import Salutation
from leads.registers.results import Finding, ParsedRow, Place, Refusal, Register

_PACKING = 1  # zlib's fastest: the rest would gain a tenth of the size at four times the cost


class KeptRow(NamedTuple):
    """An accepted row, which of the file's rows it is, from 0, and the id of its call or visit."""

    position: int
    event: str
    row: ParsedRow


class KeptRefusal(NamedTuple):
    """As `KeptRow`."""

    position: int
    refusal: Refusal


class Kept(NamedTuple):
    """Some rows of a register, and what only the whole register says of their numbers: see `leads.facts_parties`."""

    rows: list[KeptRow]
    refused: list[KeptRefusal]
    links: Mapping[str, Sequence[str]]
    first_named: Mapping[str, Sequence[str]]


def pack_row(kept: KeptRow) -> bytes:
    """One row, small enough to be held for every row of a file. What the report alone needs is left out."""
    return _text((kept.position, kept.event, kept.row._replace(notes=())))


def pack_refusal(kept: KeptRefusal) -> bytes:
    return _text(kept)


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":")).encode()


def pack(
    rows: Iterable[bytes],
    refused: Iterable[bytes],
    links: Mapping[str, Sequence[str]],
    first_named: Mapping[str, Sequence[str]],
) -> bytes:
    """Rows and refusals that are packed already, and what belongs to them."""
    parts = (b"[%s]" % b",".join(rows), b"[%s]" % b",".join(refused), _text(links), _text(first_named))
    return zlib.compress(b"[%s]" % b",".join(parts), _PACKING)


def unpack(content: bytes) -> Kept:
    rows, refused, links, first_named = json.loads(zlib.decompress(content))
    return Kept([_row(*row) for row in rows], [_refusal(*row) for row in refused], links, first_named)


def unpack_row(content: bytes) -> ParsedRow:
    """One row as `pack_row` left it."""
    return _row(*json.loads(content)).row


_REGISTERS: dict[str, Register] = {each.value: each for each in Register}
_KINDS: dict[str, Kind] = {each.value: each for each in Kind}
_SALUTATIONS: dict[str, Salutation] = {each.value: each for each in Salutation}
_LISTS = (ParsedRow._fields.index("objections"), ParsedRow._fields.index("interests"))
_EXTRA = ParsedRow._fields.index("extra")
_NAME = ParsedRow._fields.index("name")


def _row(position: int, event: str, values: list[Any]) -> KeptRow:
    place, register, numbers, day, at, name, salutation = values[: _NAME + 2]
    values[: _NAME + 2] = (
        Place._make(place),
        _REGISTERS[register],
        tuple([Number(e164, extension, raw, _KINDS[kind]) for e164, extension, raw, kind in numbers]),
        _day(day),
        time.fromisoformat(at) if at else None,
        name,
        _SALUTATIONS[salutation],
    )
    for index in _LISTS:
        values[index] = tuple(values[index])
    values[_EXTRA] = tuple([(label, text) for label, text in values[_EXTRA]])
    values[-1] = ()
    return KeptRow(position, event, ParsedRow._make(values))


@lru_cache(maxsize=5000)
def _day(text: str) -> date:
    """One object for each day: whatever is looked up by days finds it by identity."""
    return date.fromisoformat(text)


def _refusal(position: int, values: list[Any]) -> KeptRefusal:
    place, reasons, cells = values
    refusal = Refusal(Place._make(place), tuple(Finding._make(each) for each in reasons), tuple(cells))
    return KeptRefusal(position, refusal)

"""COPY: new rows in one stream, the fastest way PostgreSQL takes them in.

Keys are drawn beforehand, so rows that point at each other can be written without asking for what was written. The
stream is binary: the server need not read a moment from text again, and a value that many rows share is put into bytes
once. https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from itertools import chain, islice, repeat
from struct import Struct
from typing import Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from crm.models.bulk import type_of

BLOCK = 1000
"""Rows that are handed to the driver at once."""
BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"


def draw_keys(model: type[models.Model], count: int) -> list[int]:
    """So many keys of the model's table that nobody else will get, in order. One query."""
    if not count:
        return []
    pk = model._meta.pk
    assert pk is not None
    with connection.cursor() as cursor:
        # The sequence is looked up once: in the same SELECT it would be for each key, at ten times the cost.
        cursor.execute(
            "WITH it AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, %s)::regclass AS keys) "
            "SELECT array_agg(nextval(it.keys)) FROM it, generate_series(1, %s)",
            [connection.ops.quote_name(model._meta.db_table), pk.column, count],
        )
        return sorted(cursor.fetchone()[0])


def copy_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of values in the order of `columns` (attribute names, `lead_id` for a key).

    Columns that are not named get the default of their field. No signal is sent and nothing is validated.
    """
    rows = iter(rows)
    block = list(islice(rows, BLOCK))
    if not block:
        return
    way = _way(model, tuple(columns))
    with connection.cursor() as cursor, cursor.copy(way.statement) as copy:
        copy.write(BEGIN)
        while block:
            values = [_encoded(*column) for column in zip(way.makers, zip(*block, strict=True), strict=True)]
            lines = zip(repeat(way.head, len(block)), *values, repeat(way.tail, len(block)), strict=True)
            copy.write(b"".join(chain.from_iterable(lines)))
            block = list(islice(rows, BLOCK))
        copy.write(END)


class _Way(NamedTuple):
    """How rows of some columns of a model are written: what stands before and after the values of each row."""

    statement: str
    makers: tuple[Callable[[Any], bytes], ...]
    head: bytes
    tail: bytes


@lru_cache(maxsize=100)
def _way(model: type[models.Model], columns: tuple[str, ...]) -> _Way:
    fields: dict[str, Any] = {field.attname: field for field in model._meta.concrete_fields}
    named = [fields[name] for name in columns]
    others = (field for field in fields.values() if field not in named and not field.primary_key)
    rest = [(field, value) for field in others if (value := field.get_default()) is not None]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in (*named, *(field for field, _value in rest)))
    return _Way(
        f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN (FORMAT BINARY)",
        tuple(_maker(field) for field in named),
        _SHORT.pack(len(named) + len(rest)),
        b"".join(_maker(field)(value) for field, value in rest),
    )


def _encoded(make: Callable[[Any], bytes], values: Sequence[Any]) -> Iterable[bytes]:
    """A block's values of one column as bytes. Many rows share a few keys, moments and words: each is made once."""
    if make in (_json, _texts):  # of dicts and lists, which no set takes
        return [NULL if value is None else make(value) for value in values]
    made = {value: make(value) for value in set(values) if value is not None}
    made[None] = NULL
    return map(made.__getitem__, values)


_SHORT, _LENGTH = Struct("!h"), Struct("!i")
_EPOCH, _MICROSECOND = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)
_EPOCH_DAY = _EPOCH.date().toordinal()
_VARCHAR = 1043  # its number in pg_type
_encode = json.JSONEncoder(ensure_ascii=False).encode
_pack_length, _pack_moment, _pack_day = _LENGTH.pack, Struct("!iq").pack, Struct("!ii").pack


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _pack_length(len(encoded)) + encoded


def _moment(value: dt.datetime) -> bytes:
    return _pack_moment(8, (value - _EPOCH) // _MICROSECOND)


def _day(value: dt.date) -> bytes:
    return _pack_day(4, value.toordinal() - _EPOCH_DAY)


def _flag(value: bool) -> bytes:
    return b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


def _uuid(value: Any) -> bytes:
    return b"\0\0\0\x10" + bytes.fromhex(str(value).replace("-", ""))


def _json(value: Any) -> bytes:
    if value == {}:
        return _NOTHING_SAID
    encoded = _encode(value).encode()
    return _pack_length(len(encoded) + 1) + b"\1" + encoded  # the version of the form goes before it


_NOTHING_SAID = _pack_length(3) + b"\1{}"


def _texts(value: Sequence[str]) -> bytes:
    """An array of one dimension: (dimensions, whether with nulls, the kind of its items), (length, first index)."""
    if not value:
        return Struct("!4i").pack(12, 0, 0, _VARCHAR)
    items = b"".join(map(_text, value))
    return Struct("!6i").pack(20 + len(items), 1, 0, _VARCHAR, len(value), 1) + items


def _number(form: Struct) -> Callable[[Any], bytes]:
    return partial(form.pack, form.size - _LENGTH.size)


_MAKERS: dict[str, Callable[[Any], bytes]] = {
    "bigint": _number(Struct("!iq")),
    "integer": _number(Struct("!ii")),
    "smallint": _number(Struct("!ih")),
    "timestamp with time zone": _moment,
    "date": _day,
    "boolean": _flag,
    "text": _text,
    "uuid": _uuid,
}


def _maker(field: models.Field) -> Callable[[Any], bytes]:
    """What makes a value of the column its bytes, their number first."""
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, ArrayField):
        return _texts
    kind = type_of(field)
    return _text if kind.startswith("varchar") else _MAKERS[kind]

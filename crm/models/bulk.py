"""Many rows at once: read without building a model for each, written in one statement for each thousand."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

import psycopg
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.expressions import RawSQL

SIZE = 1000
"""Rows of one statement."""
TUPLES = psycopg.pq.Format.BINARY


def these(ids: Collection[int]) -> RawSQL:
    """For `filter(lead__in=these(ids))`: one array however many ids, where a list is a parameter for each."""
    return RawSQL("SELECT unnest(%s::bigint[])", [sorted(ids)])


def these_texts(values: Collection[str]) -> RawSQL:
    """As `these`, for texts."""
    return RawSQL("SELECT unnest(%s::text[])", [sorted(values)])


def these_uuids(values: Collection[str]) -> RawSQL:
    """As `these`, for UUIDs as texts, which the driver writes at a tenth of the cost."""
    return RawSQL("SELECT unnest(%s::text[])::uuid", [list(values)])


def rows_of(rows: models.QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """The tuples of a `values_list`, at a third of its cost for moments: the driver reads them in C.

    Values come as the driver makes them; leave JSON columns to the ORM.
    """
    statement, values = rows.query.sql_with_params()
    connection.ensure_connection()
    plain: Any = psycopg.Cursor(connection.connection)
    plain.format = TUPLES
    made = connection.make_debug_cursor(plain) if connection.queries_logged else connection.make_cursor(plain)
    with made as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def write_changed(
    rows: Sequence[Any], fields: Sequence[str], model: type[models.Model] | None = None
) -> None:
    """Store `fields` (attribute names, `consultant_id` for a key) of rows of one model that exist already.

    `model`: of rows that are no instances of it, but have its attributes.

    One UPDATE … FROM unnest(…) for each thousand rows: an array for each column instead of a CASE for each value.
    """
    if not rows or not fields:
        return
    model = model or type(rows[0])
    columns = [_field(model, name) for name in fields]
    pk = model._meta.pk
    assert pk is not None
    assert pk.column is not None
    quote = connection.ops.quote_name
    arrays = ", ".join(f"%s::{'text' if _is_array(field) else type_of(field)}[]" for field in (pk, *columns))
    names = ", ".join(["key", *(f"c{index}" for index in range(len(columns)))])
    sets = ", ".join(
        f"{quote(field.column)} = v.c{index}" + (f"::{type_of(field)}" if _is_array(field) else "")
        for index, field in enumerate(columns)
    )
    table = quote(model._meta.db_table)
    statement = (
        f"UPDATE {table} SET {sets} FROM unnest({arrays}) AS v({names}) "  # noqa: S608 (names of our own columns)
        f"WHERE {table}.{quote(str(pk.column))} = v.key"
    )
    with connection.cursor() as cursor:
        for start in range(0, len(rows), SIZE):
            part = rows[start : start + SIZE]
            values = [[row.pk for row in part], *(_values(part, field) for field in columns)]
            cursor.execute(statement, values)


def _values(rows: Sequence[Any], field: Any) -> list[Any]:
    found = list(map(attrgetter(field.attname), rows))
    if isinstance(field, models.JSONField):
        return [field.get_db_prep_save(value, connection) for value in found]
    return [array_text(value) for value in found] if _is_array(field) else found


def _is_array(field: Any) -> bool:
    """Arrays travel as texts: unnest would take an array of arrays apart to the last element."""
    return isinstance(field, ArrayField)


def array_text(value: Sequence[object]) -> str:
    """The text form of an array: psycopg's own dumper of lists is many times slower."""
    quoted = (str(item).replace("\\", "\\\\").replace('"', '\\"') for item in value)
    return '{"' + '","'.join(quoted) + '"}' if value else "{}"


def _field(model: type[models.Model], name: str) -> Any:
    return next(field for field in model._meta.concrete_fields if name in (field.name, field.attname))


def type_of(field: Any) -> str:
    """The column's type; a key column has that of the key it points at."""
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))


class Differences:
    """Which of some rows, and which of their fields, are no longer as they were when they were noted."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._read = attrgetter(*fields)
        self._before: dict[int, tuple[Any, ...]] = {}

    def note(self, row: Any) -> None:
        """Remember how the row is stored."""
        self._before[row.pk] = self._read(row)

    def of(self, rows: Sequence[Any]) -> tuple[list[Any], list[str]]:
        """The rows that differ, and the fields in which any of them does."""
        changed: list[Any] = []
        differing: set[int] = set()
        for row in rows:
            now, before = self._read(row), self._before[row.pk]
            if now != before:
                changed.append(row)
                differing.update(n for n, value in enumerate(now) if value != before[n])
        return changed, [self._fields[n] for n in sorted(differing)]


@contextmanager
def no_collecting() -> Iterator[None]:
    """Work on many rows makes a hundred thousand objects and few cycles: looking for them all along takes an eighth of
    the time. Looked for once, when nearly all is gone again, they cost next to nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
            gc.collect(1)

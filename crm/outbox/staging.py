"""An audience in a temporary table of the database session: each customer once, in order of id, in chunks.

Everything after it works on ranges of customer ids (crm/outbox/judging.py): what one chunk needs of customers, numbers
and ledger lies side by side, and no statement grows with the audience.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from psycopg.types.json import Jsonb

CHUNK = 25_000
LOCK_PLANNING, LOCK_RUN = 7302, 7304
#: how a queryset may name a column whose own name is taken by a field of its model or a word of SQL
ALIASES = {"id": "customer_id", "pk": "customer_id", "signed_by": "consultant", "left": "reason"}


class Row(NamedTuple):
    """One person of an audience. `left`: a reason (crm.rules_messages.Left) that the caller knows of already."""

    customer_id: int
    consultant: str = ""
    values: dict[str, str] | None = None
    not_before: dt.datetime | None = None
    unless_talked: bool = False
    left: str = ""


Audience = QuerySet[Any, Any] | Iterable[Row]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The customers with after < id <= upto."""

    after: int
    upto: int


TYPES = {
    "customer_id": "bigint",
    "consultant": "text",
    "values": "jsonb",
    "not_before": "timestamptz",
    "unless_talked": "boolean",
    "reason": "text",
}
TABLE = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
NAMES = ", ".join(TYPES)
# Two leads of one person are one person: the first row of each counts.
ONCE = (
    f"INSERT INTO outbox_audience ({NAMES}) "  # noqa: S608 - the names are ours
    f"SELECT DISTINCT ON (customer_id) {NAMES} FROM outbox_given ORDER BY customer_id, n"
)
BORDERS = """
SELECT max(customer_id) FROM (
    SELECT customer_id, (row_number() OVER (ORDER BY customer_id) - 1) / %s AS chunk FROM outbox_audience
) ranked GROUP BY chunk ORDER BY 1
"""
MEMORY = "SET LOCAL work_mem = '64MB'"  # for one sort or join of one chunk, until the transaction ends


@contextmanager
def alone() -> Iterator[None]:
    """One planner at a time, over all of its transactions; a lost connection lets the lock go."""
    with _locked("pg_advisory_lock(%s)", "pg_advisory_unlock(%s)", [LOCK_PLANNING]):
        yield


@contextmanager
def undisturbed(run_id: int) -> Iterator[None]:
    """Nobody plans this run and takes its plan away at the same time; other runs are not waited for."""
    with _locked("pg_advisory_lock(%s, %s)", "pg_advisory_unlock(%s, %s)", [LOCK_RUN, run_id]):
        yield


@contextmanager
def _locked(take: str, leave: str, words: list[int]) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {take}", words)
        try:
            yield
        finally:
            cursor.execute(f"SELECT {leave}", words)


@contextmanager
def staged(audience: Audience) -> Iterator[list[Chunk]]:
    """Fill the table `outbox_audience` and give its chunks; the table goes with the context."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MEMORY)
        open_table(cursor)
        if isinstance(audience, QuerySet):
            _from_query(cursor, audience)
        else:
            _from_rows(cursor, audience)
        close_table(cursor)
        cursor.execute(BORDERS, [CHUNK])
        borders = [int(row[0]) for row in cursor.fetchall()]
    yield [Chunk(after, upto) for after, upto in zip([0, *borders], borders, strict=False)]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS outbox_audience")


def open_table(cursor: Any) -> None:
    cursor.execute("DROP TABLE IF EXISTS outbox_audience, outbox_given")
    cursor.execute(f"CREATE TEMP TABLE outbox_audience ({TABLE})")


def close_table(cursor: Any) -> None:
    cursor.execute("CREATE INDEX ON outbox_audience (customer_id)")
    cursor.execute("ANALYZE outbox_audience")


def _from_rows(cursor: Any, rows: Iterable[Row]) -> None:
    cursor.execute(f"CREATE TEMP TABLE outbox_given (n bigint, {TABLE})")
    with cursor.copy(f"COPY outbox_given (n, {NAMES}) FROM STDIN") as copy:
        for n, row in enumerate(rows):
            copy.write_row((n, *row[:2], Jsonb(row.values) if row.values else None, *row[3:]))
    cursor.execute(ONCE)
    cursor.execute("DROP TABLE outbox_given")


def _from_query(cursor: Any, audience: QuerySet[Any, dict[str, Any]]) -> None:
    names = [str(name) for name in (*audience.query.values_select, *audience.query.annotation_select)]
    columns = [ALIASES.get(name, name) for name in names]
    strange = set(columns) - set(TYPES)
    if strange or "customer_id" not in columns:
        raise ValueError(f"an audience has the columns {NAMES}, not {sorted(strange) or names}")
    rows = audience if audience.query.is_sliced else audience.order_by()
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking that nobody is in it
        return
    listed = ", ".join(columns)
    typed = ", ".join(f"{name}::{TYPES[name]}" for name in columns)
    cursor.execute(
        f"INSERT INTO outbox_audience ({listed}) SELECT DISTINCT ON (customer_id) {typed}"  # noqa: S608 - ours
        f" FROM ({sql}) AS given ({listed}) ORDER BY customer_id",
        params,
    )


def hand_over(given: Any, after: int) -> None:
    """In another thread: fill its session's table with everybody beyond `after` out of `given`, a bare cursor."""
    taken = f"COPY (SELECT {NAMES} FROM outbox_audience WHERE customer_id > {int(after)}) TO STDOUT"  # noqa: S608
    with connection.cursor() as cursor:
        open_table(cursor)
        with given.copy(taken) as out, cursor.copy(f"COPY outbox_audience ({NAMES}) FROM STDIN") as into:
            for block in out:
                into.write(block)
        close_table(cursor)

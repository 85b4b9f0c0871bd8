"""An audience in a table of its own: each customer once, in order of id, in chunks.

Everything after it works on ranges of customer ids (crm/outbox/judging.py): what one chunk needs of customers, numbers
and ledger lies side by side, and no statement grows with the audience.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
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
    f"INSERT INTO {{table}} ({NAMES}) "  # noqa: S608 - the names are ours
    f"SELECT DISTINCT ON (customer_id) {NAMES} FROM outbox_given ORDER BY customer_id, n"
)
LAST_OF_CHUNK = (
    "SELECT customer_id FROM {table} WHERE customer_id > %s ORDER BY customer_id OFFSET %s LIMIT 1"
)
LAST = "SELECT max(customer_id) FROM {table}"
LEFT_BEHIND = "SELECT relname FROM pg_class WHERE relname LIKE 'outbox\\_audience\\_%' AND relkind = 'r'"
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


def being_planned(run_id: int) -> bool:
    """Whether somebody is at this run's plan now; a killed planner's session ends, and its lock with it."""
    with connection.cursor() as cursor:
        cursor.execute(HELD_NOW, [LOCK_RUN, run_id])
        return bool(cursor.fetchone())


HELD_NOW = """
SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND d.datname = current_database() AND l.classid = %s AND l.objid = %s AND l.objsubid = 2
"""


@contextmanager
def _locked(take: str, leave: str, words: list[int]) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {take}", words)
        try:
            yield
        finally:
            cursor.execute(f"SELECT {leave}", words)


@dataclass(frozen=True, slots=True)
class Staged:
    """An audience in its table, and the chunks that it is gone through in."""

    table: str
    chunks: list[Chunk]


@contextmanager
def staged(audience: Audience, run_id: int) -> Iterator[Staged]:
    """Put the audience of a run into a table, which goes with the context.

    Both lanes of a plan read it, so it is a table of the run's own, without a log of its writes; what a killed plan
    left goes with the next one. Inside of a transaction there is one lane, and the table is the session's.
    """
    shared = not connection.in_atomic_block
    table = f"outbox_audience_{int(run_id)}" if shared else "outbox_audience"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MEMORY)
        if shared:
            cursor.execute(LEFT_BEHIND)
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TABLE {name}")
        cursor.execute(f"DROP TABLE IF EXISTS {table}, outbox_given")
        cursor.execute(f"CREATE {'UNLOGGED' if shared else 'TEMP'} TABLE {table} ({TABLE})")
        if isinstance(audience, QuerySet):
            people = _from_query(cursor, table, audience)
        else:
            people = _from_rows(cursor, table, audience)
        cursor.execute(f"CREATE INDEX ON {table} (customer_id)")
        cursor.execute(f"ANALYZE {table}")
        chunks = _chunks(cursor, table, people)
    yield Staged(table, chunks)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")


def _chunks(cursor: Any, table: str, people: int) -> list[Chunk]:
    borders = [0]
    for _full in range(max(people - 1, 0) // CHUNK):
        cursor.execute(LAST_OF_CHUNK.format(table=table), [borders[-1], CHUNK - 1])
        borders.append(int(cursor.fetchone()[0]))
    if people:
        cursor.execute(LAST.format(table=table))
        borders.append(int(cursor.fetchone()[0]))
    return [Chunk(after, upto) for after, upto in pairwise(borders)]


def _from_rows(cursor: Any, table: str, rows: Iterable[Row]) -> int:
    cursor.execute(f"CREATE TEMP TABLE outbox_given (n bigint, {TABLE})")
    with cursor.copy(f"COPY outbox_given (n, {NAMES}) FROM STDIN") as copy:
        for n, row in enumerate(rows):
            copy.write_row((n, *row[:2], Jsonb(row.values) if row.values else None, *row[3:]))
    cursor.execute(ONCE.format(table=table))
    people = int(cursor.rowcount)
    cursor.execute("DROP TABLE outbox_given")
    return people


def _from_query(cursor: Any, table: str, audience: QuerySet[Any, dict[str, Any]]) -> int:
    names = [str(name) for name in (*audience.query.values_select, *audience.query.annotation_select)]
    columns = [ALIASES.get(name, name) for name in names]
    strange = set(columns) - set(TYPES)
    if strange or "customer_id" not in columns:
        raise ValueError(f"an audience has the columns {NAMES}, not {sorted(strange) or names}")
    rows = audience if audience.query.is_sliced else audience.order_by()
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking that nobody is in it
        return 0
    listed = ", ".join(columns)
    typed = ", ".join(f"{name}::{TYPES[name]}" for name in columns)
    cursor.execute(
        f"INSERT INTO {table} ({listed}) SELECT DISTINCT ON (customer_id) {typed}"  # noqa: S608 - ours
        f" FROM ({sql}) AS given ({listed}) ORDER BY customer_id",
        params,
    )
    return int(cursor.rowcount)

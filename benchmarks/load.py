"""Load data: stories planned by the product itself, then copied by SQL as often as asked for.

Copy k of a row has the id of the original plus k times the number of originals; keys to copied tables move alike, so
every copy is as whole as the original. Names and numbers differ from copy to copy. A project is made of COPIES of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from django.db import connection, models

from benchmarks.ground import say
from benchmarks.originals import NOW, SET, SOURCES, TEAM, people_and_places, store
from benchmarks.stories import tell
from crm.models import (
    Contact,
    Customer,
    CustomerPhone,
    Household,
    PolicyVersion,
    Project,
    User,
)
from crm.names import search_bigrams
from leads.actions import planning
from leads.models import (
    CallTask,
    Deal,
    DealStep,
    HeardVia,
    InboundCall,
    Interest,
    Lead,
    LeadEvent,
    Objection,
    Visit,
)

PROJECT = 10_000  # leads of a project
COPIES = PROJECT // SET
PART = 20  # copies in one statement
LANES = 2  # statements at a time
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
GIVEN = "伟芳娜敏静强磊军洋勇艳杰涛明超英华东雨桐子涵欣怡浩宇轩梓萱晨阳思远佳琪俊博文"
NAMES = 30_000
COPIED: tuple[type[models.Model], ...] = (
    Household,
    Customer,
    CustomerPhone,
    Lead,
    InboundCall,
    Visit,
    Contact,
    Deal,
    DealStep,
    LeadEvent,
    CallTask,
    Interest,
    Objection,
)


@dataclass(frozen=True)
class Loaded:
    """What there is to measure with."""

    leads: int
    contacts: int
    events: int
    tasks: int
    consultants: list[User]
    managers: list[User]
    desks: list[User]
    director: User
    seconds: float


def load(leads: int, *, one_project: bool = False, seed: int = 2026) -> Loaded:
    """Fill the empty database with `leads` leads (a multiple of PROJECT): a project for each PROJECT, or one for all.

    A database that an earlier benchmark has filled and kept is taken as it is.
    """
    began = time.perf_counter()
    if not _is_filled():
        _fill(leads, one_project, random.Random(seed))  # noqa: S311 - stories, no secrets
    else:
        # What an earlier run changed is tidied up: no autovacuum runs here, as it would on a server.
        _at_once(f"VACUUM ANALYZE {kind._meta.db_table}" for kind in COPIED)
    users = {user.username: user for user in User.objects.all()}
    teams, sites = (sum(name[0] == kind and name[1:].isdigit() for name in users) for kind in "cm")
    return Loaded(
        leads=Lead.objects.count(),
        contacts=Contact.objects.count(),
        events=LeadEvent.objects.count(),
        tasks=CallTask.objects.count(),
        consultants=[users[f"c{number}"] for number in range(teams)],
        managers=[users[f"m{number}"] for number in range(sites)],
        desks=[users[f"d{number}"] for number in range(sites)],
        director=users["director"],
        seconds=time.perf_counter() - began,
    )


def _is_filled() -> bool:
    """The list of names goes last: while it is there, or nobody is, the load is not whole."""
    if not User.objects.exists():
        return False
    if "bench_name" in connection.introspection.table_names():
        raise SystemExit("The data of an earlier benchmark is not whole; remove its folder.")
    return True


def _fill(leads: int, one_project: bool, chance: random.Random) -> None:
    copies = max(leads // PROJECT, 1) * COPIES
    _names()
    people_and_places(copies, 1 if one_project else copies // COPIES)
    store([tell(chance, number % TEAM) for number in range(SET)], chance)
    _name_everybody()
    planning.replan(list(Lead.objects.values_list("pk", flat=True)), at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    _copy(copies, "0" if one_project else f"(k / {COPIES})")
    _at_once(f"VACUUM ANALYZE {table}" for table in connection.introspection.table_names())
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("DROP TABLE bench_name")


def describe(loaded: Loaded) -> None:
    say(
        f"{loaded.leads:,} leads, {loaded.contacts:,} contacts, {loaded.events:,} events, {loaded.tasks:,} tasks, "
        f"{len(loaded.consultants):,} consultants; loaded in {loaded.seconds:.0f} s"
    )


def _names() -> None:
    """A list of names with their bigrams, for originals and copies."""
    chance = random.Random(7)  # noqa: S311
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE bench_name (n int PRIMARY KEY, name text, bigrams text[])")
        with cursor.copy("COPY bench_name FROM STDIN") as copy:
            for number in range(NAMES):
                name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2, 2))))
                copy.write_row((number, name, search_bigrams(name)))


def _name_everybody() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE crm_customer SET name = n.name, bigrams = n.bigrams FROM bench_name n WHERE n.n = id * 7919 %% %s",
            [NAMES],
        )
        number = _number("id")
        cursor.execute(
            f"UPDATE crm_customerphone SET e164 = {number}, raw = {number}, reversed = reverse({number})"
        )


def _number(key: str) -> str:
    """A mobile number for each id, no two the same, their ends well mixed."""
    return f"'+8613' || lpad((({key}) * 387420489 % 1000000000)::text, 9, '0')"


# the copies


def _copy(copies: int, site: str) -> None:
    strides = {kind: _largest(kind) for kind in COPIED}
    indexes = _drop_indexes()
    # A copy of each table at a time, the heaviest first, so that both lanes are busy to the end.
    heavy = (CallTask, LeadEvent, Contact)
    kinds: tuple[type[models.Model], ...] = (*heavy, *(kind for kind in COPIED if kind not in heavy))
    parts = [range(start, min(start + PART, copies)) for start in range(1, copies, PART)]
    _at_once(_copying(kind, strides, part, site) for kind in kinds for part in parts)
    _at_once(sorted(indexes, key=lambda statement: " USING gin " not in statement))
    _at_once(
        f"SELECT setval(pg_get_serial_sequence('{kind._meta.db_table}', 'id'), max(id)) FROM {kind._meta.db_table}"
        for kind in COPIED
    )


def _largest(kind: type[models.Model]) -> int:
    return int(kind._default_manager.aggregate(largest=models.Max("pk"))["largest"] or 0)


def _at_once(statements: Iterable[str]) -> None:
    """LANES statements at a time, without triggers and foreign key checks: the copies are whole."""
    waiting = iter(list(statements))
    lock = Lock()

    def lane(_number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("SET maintenance_work_mem = '1GB'")
            cursor.execute("SET synchronous_commit = off")
            while True:
                with lock:
                    statement = next(waiting, None)
                if statement is None:
                    break
                cursor.execute(statement)
        connection.close()

    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lane, range(LANES)))


def _drop_indexes() -> list[str]:
    """Drop what only speeds up reading; returns the statements that make it again."""
    tables = [kind._meta.db_table for kind in COPIED]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname NOT IN"
            " (SELECT conname FROM pg_constraint) ORDER BY indexdef",
            [tables],
        )
        found = cursor.fetchall()
        for name, _definition in found:
            cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]


def _copying(
    kind: type[models.Model], strides: Mapping[type[models.Model], int], part: range, site: str
) -> str:
    columns, values = [], []
    own = _own_values(strides, site)
    for field in kind._meta.concrete_fields:
        columns.append(f'"{field.column}"')
        values.append(own.get((kind, str(field.column))) or _moved(field, kind, strides, site))
    table = kind._meta.db_table
    names = ""
    if kind is Customer:
        names = f"JOIN bench_name n ON n.n = (t.id * 7919 + k * 104729) % {NAMES}"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
        f" FROM generate_series({part.start}, {part.stop - 1}) k CROSS JOIN {table} t {names}"
        f" WHERE t.id <= {strides[kind]}"
    )


def _moved(
    field: models.Field, kind: type[models.Model], strides: Mapping[type[models.Model], int], site: str
) -> str:
    column, to = f't."{field.column}"', field.related_model
    if field.primary_key:
        return f"{column} + k * {strides[kind]}"
    if to in strides:
        return f"{column} + k * {strides[to]}"  # type: ignore[index]
    if to is User:
        return f"{column} + k * {TEAM}"
    if to is HeardVia:
        return f"{column} + {site} * {len(SOURCES)}"
    return f"{column} + {site}" if to in (Project, PolicyVersion) else column


def _own_values(
    strides: Mapping[type[models.Model], int], site: str
) -> dict[tuple[type[models.Model], str], str]:
    number = _number(f"t.id + k * {strides[CustomerPhone]}")
    event = strides[LeadEvent]
    step = (
        "CASE WHEN (a->>'event')::bigint > 0 THEN"
        f" jsonb_set(a, '{{event}}', to_jsonb((a->>'event')::bigint + k * {event})) ELSE a END"
    )
    return {
        (Customer, "name"): "n.name",
        (Customer, "bigrams"): "n.bigrams",
        (CustomerPhone, "e164"): number,
        (CustomerPhone, "raw"): number,
        (CustomerPhone, "reversed"): f"reverse({number})",
        (
            LeadEvent,
            "value",
        ): f"CASE WHEN kind = 'assigned' AND value <> '' THEN (value::bigint + k * {TEAM})::text"
        " ELSE value END",
        (LeadEvent, "ref"): f"ref + k * {strides[Deal]}",
        (
            CallTask,
            "why",
        ): f"t.why || jsonb_build_object('base_event', (t.why->>'base_event')::bigint + k * {event},"
        f" 'policy', t.policy_id + {site}, 'adjustments', CASE WHEN t.why->'adjustments' = '[]' THEN '[]'::jsonb ELSE"
        f" (SELECT jsonb_agg({step}) FROM jsonb_array_elements(t.why->'adjustments') a) END)",
    }

"""Load data: the stories of one project, planned by the product itself, then copied by SQL to as many as asked for.

Copy k of a row has the id of the original plus k times the number of originals; keys to copied tables move alike, so
every copy is as whole as the original. Names and numbers differ from copy to copy.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection, models

from benchmarks.ground import say
from benchmarks.originals import NOW, SOURCES, TEAM, people_and_places, store
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

SET = 10_000  # leads of the original project
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
    """Fill the empty database with `leads` leads (a multiple of SET): a project for each SET, or one for all."""
    began = time.perf_counter()
    copies = max(leads // SET, 1)
    projects = 1 if one_project else copies
    chance = random.Random(seed)  # noqa: S311 - stories, no secrets
    people_and_places(copies, projects)
    stories = [tell(chance, number % TEAM) for number in range(SET)]
    store(stories, chance)
    _name_everybody()
    planning.replan(list(Lead.objects.values_list("pk", flat=True)), at=NOW)
    _copy(copies, one_project)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    users = {user.username: user for user in User.objects.all()}
    return Loaded(
        leads=Lead.objects.count(),
        contacts=Contact.objects.count(),
        events=LeadEvent.objects.count(),
        tasks=CallTask.objects.count(),
        consultants=[users[f"c{number}"] for number in range(copies * TEAM)],
        managers=[users[f"m{number}"] for number in range(projects)],
        desks=[users[f"d{number}"] for number in range(projects)],
        director=users["director"],
        seconds=time.perf_counter() - began,
    )


def describe(loaded: Loaded) -> None:
    say(
        f"{loaded.leads:,} leads, {loaded.contacts:,} contacts, {loaded.events:,} events, {loaded.tasks:,} tasks, "
        f"{len(loaded.consultants):,} consultants; loaded in {loaded.seconds:.0f} s"
    )


def _name_everybody() -> None:
    """A list of names with their bigrams; the originals are named from it like the copies."""
    chance = random.Random(7)  # noqa: S311
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE bench_name (n int PRIMARY KEY, name text, bigrams text[])")
        with cursor.copy("COPY bench_name FROM STDIN") as copy:
            for number in range(NAMES):
                name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2, 2))))
                copy.write_row((number, name, search_bigrams(name)))
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


def _copy(copies: int, one_project: bool) -> None:
    strides = {kind: _largest(kind) for kind in COPIED}
    site = "0" if one_project else "k"
    indexes = _drop_indexes()
    if copies > 1:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda kind: _copy_table(kind, strides, copies, site), _heaviest_first()))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda statement: _run([statement]), indexes))
    _run(
        [
            f"SELECT setval(pg_get_serial_sequence('{kind._meta.db_table}', 'id'), max(id)) FROM {kind._meta.db_table}"
            for kind in COPIED
        ]
        + ["DROP TABLE bench_name"]
    )


def _heaviest_first() -> Iterable[type[models.Model]]:
    heavy = (CallTask, LeadEvent, Contact)
    return (*heavy, *(kind for kind in COPIED if kind not in heavy))


def _largest(kind: type[models.Model]) -> int:
    return int(kind._default_manager.aggregate(largest=models.Max("pk"))["largest"] or 0)


def _run(statements: Iterable[str]) -> None:
    """In a connection of the thread's own, without triggers and foreign key checks: the copies are whole."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("RESET ALL")


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


def _copy_table(
    kind: type[models.Model], strides: Mapping[type[models.Model], int], copies: int, site: str
) -> None:
    columns, values = [], []
    own = _own_values(strides, site)
    for field in kind._meta.concrete_fields:
        columns.append(f'"{field.column}"')
        values.append(own.get((kind, field.column)) or _moved(field, kind, strides, site))
    table = kind._meta.db_table
    names = ""
    if kind is Customer:
        names = f"JOIN bench_name n ON n.n = (t.id * 7919 + k * 104729) % {NAMES}"
    _run(
        [
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} t"
            f" CROSS JOIN generate_series(1, {copies - 1}) k {names}"
            f" WHERE t.id <= {strides[kind]} ORDER BY k, t.id"
        ]
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

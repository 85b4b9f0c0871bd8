"""Planning a run: an audience in, messages and reasons out; set-based, in chunks, safe to run again.

1. The audience goes into a temporary table: INSERT … SELECT from a queryset, COPY from rows.
2. One statement judges everybody: number, wish, opt-out, suppression, greeting, data, cap (crm/outbox/judging.py).
3. Chunk by chunk, each in a transaction: messages with conflict-ignore, their texts, the reasons of those left out.
   A plan that was killed is planned again: what is there already is ignored, so nothing is inserted twice.
4. Rows of a lower rank that share a person and day with this run give way (SC-6): they are held, with the reason.

One planner works at a time (an advisory lock): two plans that do not see each other's places would promise the
last place of somebody's cap twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from crm.errors import RuleViolation
from crm.models import Message, SendRun
from crm.outbox import judging
from crm.rules_hours import next_opening
from crm.rules_messages import State

CHUNK = 50_000
LOCK_PLANNING = 7302
COLUMNS = ("customer_id", "consultant", "values", "not_before", "unless_talked", "left")


class Row(NamedTuple):
    """One person of an audience. `left`: a reason (crm.rules_messages.Left) that the caller knows of already."""

    customer_id: int
    consultant: str = ""
    values: dict[str, str] | None = None
    not_before: dt.datetime | None = None
    unless_talked: bool = False
    left: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan amounts to: `messages` and billed `pieces` that will go, `held` of them later than they might,
    and how many were `left` out for which reason.
    """

    messages: int
    pieces: int
    held: int
    left: dict[str, int] = field(default_factory=dict)


Audience = QuerySet[Any, Any] | Iterable[Row]


def plan(
    *, run: SendRun, audience: Audience, at: dt.datetime, kept_free: Collection[dt.date] = ()
) -> Planned:
    """Plan a draft. `audience`: rows, or a queryset of `.values(...)` with names out of COLUMNS (`customer_id` at
    least). `kept_free`: the coming days on which everybody is greeted by SMS (SC-6: the next festival is reserved).

    The same audience again inserts nothing. Everybody of it ends as a message or with a reason.
    """
    if run.state != SendRun.State.DRAFT:
        raise RuleViolation(_("Only a planned draft can be planned anew."), code="not_draft")
    start = max(run.starts_at, at)
    if run.marketing:
        start = next_opening(start, run.project.zone)
    with _staged(audience), _alone():
        judging.judge(run=run, start=start, kept_free=kept_free)
        _insert(run, at)
        if run.marketing:
            _displace(run, at)
        SendRun.objects.filter(pk=run.pk).update(planned_at=at)
        run.planned_at = at
    return planned(run)


def planned(run: SendRun) -> Planned:
    """What the plan of a run amounts to, counted from its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(pieces), 0), count(*) FILTER (WHERE state = 'held') "
            "FROM crm_message WHERE run_id = %s",
            [run.pk],
        )
        messages, pieces, held = cursor.fetchone() or (0, 0, 0)
        cursor.execute("SELECT reason, count(*) FROM crm_exclusion WHERE run_id = %s GROUP BY 1", [run.pk])
        left = dict(cursor.fetchall())
    return Planned(int(messages), int(pieces), int(held), left)


@contextmanager
def _alone() -> Iterator[None]:
    """One planner at a time, over all of its transactions; a lost connection lets the lock go."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_PLANNING])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_PLANNING])


# Two leads of one person are one person: the first row of each counts.
ONCE = """
DELETE FROM outbox_audience USING (
    SELECT customer_id, min(ctid) AS first FROM outbox_audience GROUP BY 1 HAVING count(*) > 1
) twice WHERE outbox_audience.customer_id = twice.customer_id AND outbox_audience.ctid <> twice.first
"""


@contextmanager
def _staged(audience: Audience) -> Iterator[None]:
    """The audience in a temporary table `outbox_audience`, each customer once."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS outbox_audience, outbox_judged")
        cursor.execute(
            "CREATE TEMP TABLE outbox_audience (customer_id bigint NOT NULL, consultant text, values jsonb,"
            " not_before timestamptz, unless_talked boolean, reason text)"
        )
        if isinstance(audience, QuerySet):
            _from_query(cursor, audience)
        else:
            with cursor.copy(
                "COPY outbox_audience (customer_id, consultant, values, not_before, unless_talked, reason) FROM STDIN"
            ) as copy:
                for row in audience:
                    copy.write_row((*row[:2], Jsonb(row.values) if row.values else None, *row[3:]))
        cursor.execute(ONCE)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS outbox_audience, outbox_judged")


def _from_query(cursor: Any, audience: QuerySet[Any, dict[str, Any]]) -> None:
    names = [str(name) for name in (*audience.query.values_select, *audience.query.annotation_select)]
    columns = [
        "reason" if name == "left" else "customer_id" if name in ("id", "pk") else name for name in names
    ]
    strange = set(columns) - {*COLUMNS, "reason"}
    if strange or "customer_id" not in columns:
        raise ValueError(f"an audience has the columns {COLUMNS}, not {sorted(strange) or names}")
    rows = audience if audience.query.is_sliced else audience.order_by()
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking that nobody is in it
        return
    cursor.execute(f"INSERT INTO outbox_audience ({', '.join(columns)}) {sql}", params)


MESSAGES = """
WITH part AS (
    SELECT * FROM outbox_judged WHERE n > %(from)s AND n <= %(to)s AND reason = '' AND (%(festival)s = '' OR EXISTS (
        SELECT FROM crm_greetingkey k WHERE k.customer_id = outbox_judged.customer_id AND k.run_id = %(run)s
        AND k.festival = %(festival)s AND k.year = %(year)s))
), sent AS (
    INSERT INTO crm_message (run_id, customer_id, channel, "to", state, reason, counts, unless_talked, pieces,
        attempts, day, not_before, changed_at)
    SELECT %(run)s, customer_id, 'sms', number, CASE WHEN held = '' THEN 'queued' ELSE 'held' END, held,
        %(counts)s, unless_talked, pieces, 0, day, not_before, %(at)s
    FROM part
    ON CONFLICT (run_id, channel, "to") DO NOTHING
    RETURNING id, customer_id
), said AS (
    INSERT INTO crm_messagetext (message_id, opening, consultant, values)
    SELECT sent.id, part.opening, part.consultant, part.values FROM sent JOIN part USING (customer_id)
)
SELECT count(*) FROM sent
"""
LEFT_OUT = """
INSERT INTO crm_exclusion (run_id, customer_id, reason, detail)
SELECT %(run)s, customer_id, reason, detail FROM outbox_judged
WHERE n > %(from)s AND n <= %(to)s AND reason <> ''
ON CONFLICT DO NOTHING
"""
GREETINGS = """
INSERT INTO crm_greetingkey (customer_id, festival, year, run_id)
SELECT customer_id, %(festival)s, %(year)s, %(run)s FROM outbox_judged
WHERE n > %(from)s AND n <= %(to)s AND reason = ''
ON CONFLICT DO NOTHING
"""


def _insert(run: SendRun, at: dt.datetime) -> None:
    """Chunk by chunk: a lock is never held for longer than one chunk, and a killed plan keeps what it has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(n), 0) FROM outbox_judged")
        last = int((cursor.fetchone() or (0,))[0])
        for start in range(0, last, CHUNK):
            values: dict[str, Any] = {
                "from": start,
                "to": start + CHUNK,
                "run": run.pk,
                "at": at,
                "counts": judging.is_capped(run),
                "festival": run.festival,
                "year": run.year,
            }
            with transaction.atomic():
                if run.festival:
                    cursor.execute(GREETINGS, values)
                cursor.execute(MESSAGES, values)
                cursor.execute(LEFT_OUT, values)


DISPLACE = """
UPDATE crm_message AS low SET state = 'held', reason = 'cap', changed_at = %(at)s,
    day = low.day + 1, not_before = ((low.day + 1) + %(opens)s::time) AT TIME ZONE project.time_zone
FROM crm_message AS high, crm_sendrun AS run, crm_project AS project
WHERE high.run_id = %(run)s AND high.state = 'queued' AND low.customer_id = high.customer_id AND low.day = high.day
  AND low.counts AND low.state = 'queued' AND low.run_id = run.id AND run.priority > %(priority)s
  AND project.id = run.project_id
"""


def _displace(run: SendRun, at: dt.datetime) -> None:
    """SC-6: when the cap is short, the higher rank goes first; what was planned before it waits a day."""
    lower = SendRun.objects.filter(
        priority__gt=run.priority,
        state__in=[SendRun.State.DRAFT, SendRun.State.RUNNING, SendRun.State.PAUSED],
    )
    if not Message.objects.filter(run__in=lower, state=State.QUEUED, counts=True).exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            DISPLACE,
            {"at": at, "run": run.pk, "priority": run.priority, "opens": judging.opens_at().isoformat()},
        )

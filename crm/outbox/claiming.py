"""Taking messages for sending, and checking each again at the last moment.

1. `claim`: a short transaction takes queued rows with FOR UPDATE SKIP LOCKED and writes owner and lease. Race closed:
   two senders never take the same row, and none waits for the other.
2. `check`: a second transaction judges all of them against what is true now: the run still running, nobody opted out,
   the cap, the hours, the budget. What passes becomes `sending`, and its attempt row is committed with it, before the
   socket is touched. Race closed: a pause, an opt-out, a talk or another run's message between claim and send.
   For marketing the customers' rows are locked in order of id first. Race closed: two runs' messages to one person,
   checked by two senders at the same instant, would each find the day's place free.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from crm.contact_cap import MONTH
from crm.facts_messages import progress
from crm.models import Gateway, Message, SendRun
from crm.outbox.runs import pause
from crm.rules_hours import next_opening, open_now
from crm.rules_messages import State

RUNS_AT_ONCE = 20


def open_runs(gateway: Gateway, at: dt.datetime) -> list[SendRun]:
    """The runs that something may be sent from now, the highest rank first; marketing only in its hours.

    The first queued message of each run is looked up in the queue's index. As EXISTS it may become a join that reads
    the whole queue: a tenth of a second for every batch of a million.
    """
    queued = Message.objects.filter(run=OuterRef("pk"), state=State.QUEUED, not_before__lte=at)
    first = Subquery(queued.order_by("not_before", "pk").values("pk")[:1])
    rows = SendRun.objects.alias(first=first).filter(
        first__isnull=False,
        gateway=gateway,
        state=SendRun.State.RUNNING,
        starts_at__lte=at,
        expires_at__gt=at,
    )
    if not open_now(at, gateway.project.sms_hours):
        rows = rows.filter(marketing=False)
    return list(rows.order_by("priority", "id")[:RUNS_AT_ONCE])


CLAIM = """
WITH mine AS MATERIALIZED (
    SELECT id FROM crm_message WHERE run_id = %(run)s AND state = 'queued' AND not_before <= %(at)s
      AND (not_before, id) > (%(hour)s, %(id)s)
    ORDER BY not_before, id LIMIT %(size)s FOR UPDATE SKIP LOCKED
)
UPDATE crm_message m SET state = 'claimed', owner = %(owner)s, lease_until = %(lease)s, changed_at = %(at)s
FROM mine WHERE m.id = mine.id RETURNING m.not_before, m.id
"""
Place = tuple[dt.datetime, int]
START: Place = (dt.datetime(2000, 1, 1, tzinfo=dt.UTC), 0)


@dataclass
class Sender:
    """Who claims, and how far it has come in each run: what left the queue before is not looked at again.

    Without that every claim would walk over the entries of all messages that have left already, until a vacuum takes
    them away, which a long transaction elsewhere puts off.
    """

    owner: uuid.UUID
    places: dict[int, Place] = field(default_factory=dict)


def claim(
    *, runs: Sequence[SendRun], size: int, sender: Sender, lease: dt.timedelta, at: dt.datetime
) -> list[int]:
    """Take up to `size` messages, of the first run as many as it has, then of the next. Returns their ids.

    What came back to the queue behind a sender's place is found once there is nothing ahead, or by the next sender.
    """
    taken: list[int] = []
    for run in runs:
        place = sender.places.pop(run.pk, START)
        while len(taken) < size:
            values: dict[str, Any] = {
                "run": run.pk,
                "at": at,
                "size": size - len(taken),
                "owner": sender.owner,
                "lease": at + lease,
                "hour": place[0],
                "id": place[1],
            }
            with connection.cursor() as cursor:
                cursor.execute(CLAIM, values)
                rows = cursor.fetchall()
            taken += [row[1] for row in rows]
            if rows:
                sender.places[run.pk] = max(rows)
            if len(rows) == values["size"] or place == START:
                break
            place = START
        if len(taken) >= size:
            break
    return taken


# A same person's other messages in the air count like those the ledger knows.
CHECK = """
WITH mine AS MATERIALIZED (
    SELECT m.id, m.run_id, m.customer_id, m."to", m.counts, m.unless_talked, m.pieces, r.state AS run_state,
        r.marketing, r.expires_at, r.a_day, r.a_month
    FROM crm_message m JOIN crm_sendrun r ON r.id = m.run_id
    WHERE m.id = ANY(%(ids)s) AND m.owner = %(owner)s AND m.state = 'claimed' AND m.lease_until > %(at)s
    FOR UPDATE OF m
), cap AS MATERIALIZED (
    SELECT mine.id, count(*) FILTER (WHERE had.day = %(today)s) AS today, count(*) AS month
    FROM mine CROSS JOIN LATERAL (
        SELECT (c.at AT TIME ZONE %(zone)s)::date AS day FROM crm_contact c
        WHERE c.customer_id = mine.customer_id AND c.channel = 'sms' AND c.direction = 'out' AND c.outcome = 'sent'
          AND c.voided_at IS NULL AND NOT c.purpose = 'service'
          AND NOT c.clause IN ('SC-1.1', 'SC-2.1', 'SC-3.1', 'SC-4.1') AND c.at > %(month_ago)s
        UNION ALL
        SELECT %(today)s FROM crm_message o
        WHERE o.customer_id = mine.customer_id AND o.counts AND o.state IN ('sending', 'unknown') AND o.id <> mine.id
    ) had
    WHERE mine.counts GROUP BY mine.id
), verdict AS (
    SELECT mine.*, CASE
        WHEN run_state <> 'running' OR expires_at <= %(at)s THEN 'queued'
        WHEN marketing AND EXISTS (SELECT FROM crm_customer c WHERE c.id = customer_id
            AND c.preference = 'do_not_contact') THEN 'suppressed:do_not_contact'
        WHEN marketing AND EXISTS (SELECT FROM crm_optout o WHERE o.customer_id = mine.customer_id
            AND o.scope = 'marketing_sms' AND o.lifted_by_id IS NULL) THEN 'suppressed:opted_out'
        WHEN marketing AND EXISTS (SELECT FROM crm_suppression s WHERE s.number = mine."to" AND s.lifted_at IS NULL)
            THEN 'suppressed:suppressed'
        WHEN unless_talked AND EXISTS (SELECT FROM crm_contact c WHERE c.customer_id = mine.customer_id
            AND c.effective AND c.voided_at IS NULL AND c.at >= %(midnight)s) THEN 'suppressed:talked'
        WHEN marketing AND NOT %(open)s THEN 'held:quiet_hours'
        WHEN coalesce(cap.today, 0) >= a_day OR coalesce(cap.month, 0) >= a_month THEN 'held:cap'
        WHEN sum(pieces) OVER (PARTITION BY run_id ORDER BY mine.id) > coalesce((%(room)s::jsonb ->> run_id::text)::int,
            2147483647) THEN 'held:budget'
        ELSE 'sending' END AS says
    FROM mine LEFT JOIN cap ON cap.id = mine.id
), moved AS (
    UPDATE crm_message m SET state = split_part(v.says, ':', 1), reason = split_part(v.says, ':', 2),
        attempts = m.attempts + (v.says = 'sending')::int, changed_at = %(at)s,
        owner = CASE WHEN v.says = 'sending' THEN m.owner END,
        lease_until = CASE WHEN v.says = 'sending' THEN m.lease_until END,
        not_before = CASE v.says WHEN 'held:quiet_hours' THEN %(opening)s WHEN 'held:cap' THEN %(tomorrow)s
            ELSE m.not_before END,
        day = CASE v.says WHEN 'held:cap' THEN %(today)s + 1 ELSE m.day END
    FROM verdict v WHERE m.id = v.id RETURNING m.id, m.run_id, m.attempts, m.state, m.reason
), tried AS (
    INSERT INTO crm_attempt (message_id, n, gateway_id, started_at, outcome, code)
    SELECT id, attempts, %(gateway)s, %(at)s, '', '' FROM moved WHERE state = 'sending'
)
SELECT id, run_id, attempts, state, reason FROM moved
"""
LOCK_CUSTOMERS = """
SELECT id FROM crm_customer WHERE id IN (
    SELECT customer_id FROM crm_message WHERE id = ANY(%s) AND counts AND customer_id IS NOT NULL
) ORDER BY id FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Cleared:
    """A message that may go now: `n` is the number of this attempt."""

    message_id: int
    n: int


def check(*, gateway: Gateway, ids: Collection[int], owner: uuid.UUID, at: dt.datetime) -> list[Cleared]:
    """Judge claimed messages again; those that may go are `sending` and have their attempt when this returns."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK_CUSTOMERS, [list(ids)])
        cursor.execute(CHECK, _values(gateway, ids, owner, at))
        rows = cursor.fetchall()
        for run_id in {row[1] for row in rows if row[4] == "budget"}:
            pause(run_id=run_id, by=None, at=at, why="budget")
    return [Cleared(row[0], row[2]) for row in rows if row[3] == State.SENDING]


def _values(gateway: Gateway, ids: Collection[int], owner: uuid.UUID, at: dt.datetime) -> dict[str, Any]:
    hours, zone = gateway.project.sms_hours, gateway.project.zone
    today = at.astimezone(zone).date()
    tomorrow = dt.datetime.combine(today + dt.timedelta(days=1), hours.opens, zone)
    return {
        "ids": list(ids),
        "owner": owner,
        "gateway": gateway.pk,
        "at": at,
        "zone": gateway.project.time_zone,
        "today": today,
        "midnight": dt.datetime.combine(today, dt.time(), zone),
        "month_ago": dt.datetime.combine(today - dt.timedelta(days=MONTH - 1), dt.time(), zone),
        "open": open_now(at, hours),
        "opening": next_opening(at, hours),
        "tomorrow": tomorrow,
        "room": _room(ids),
    }


def _room(ids: Collection[int]) -> str:
    """Pieces that the budgets of these messages' runs still allow, as JSON; the runs' rows are locked.

    Race closed: two senders that each see the last piece of a budget free.
    """
    runs = list(
        SendRun.objects.select_for_update(no_key=True)
        .filter(pk__in=Message.objects.filter(pk__in=ids).values("run"), budget__isnull=False)
        .order_by("pk")
    )
    done = progress([run.pk for run in runs]) if runs else {}
    return json.dumps({str(run.pk): (run.budget or 0) - done[run.pk].spent for run in runs})

"""Planning a run: an audience in, messages and reasons out; set-based, in chunks, safe to run again.

1. The audience goes into a table of its own, each customer once: INSERT … SELECT from a queryset, COPY from rows
   (crm/outbox/staging.py).
2. Chunk by chunk, each in a transaction, one statement judges everybody of it (number, wish, opt-out, suppression,
   greeting, data, cap: crm/outbox/judging.py) and writes messages with conflict-ignore, their texts, and the reasons of
   those left out. A plan that was killed is planned again: what is there already is ignored, nothing is inserted twice.
3. Rows of a lower rank that share a person and day with this run give way (SC-6): they are held, with the reason.

One planner works at a time (an advisory lock): two plans that do not see each other's places would promise the
last place of somebody's cap twice. A large audience is planned in two lanes of one plan: two sessions of the database,
each of which takes the next chunk, so that they never judge the same person.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from crm.errors import RuleViolation
from crm.facts_messages import progress
from crm.models import Exclusion, Message, SendRun
from crm.outbox.judging import Judge, is_capped
from crm.outbox.staging import MEMORY, Audience, Chunk, Row, Staged, alone, staged, undisturbed
from crm.rules_hours import next_opening
from crm.rules_messages import State

__all__ = ["Audience", "Planned", "Row", "plan", "planned"]
ASKS_ONCE = (
    "SET LOCAL enable_memoize = off"  # no two rows of a chunk ask the same: remembering answers only costs
)
TWO_LANES = 4  # chunks from which on the other half is given to a second session


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan amounts to: `messages` and billed `pieces` that will go, `held` of them later than they might,
    and how many were `left` out for which reason.
    """

    messages: int
    pieces: int
    held: int
    left: dict[str, int] = field(default_factory=dict)


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
        start = next_opening(start, run.project.sms_hours)
    with undisturbed(run.pk), alone(), staged(audience, run.pk) as people:
        if not SendRun.objects.filter(pk=run.pk, state=SendRun.State.DRAFT).exists():
            raise RuleViolation(_("Only a planned draft can be planned anew."), code="not_draft")
        judge = Judge(run=run, start=start, kept_free=kept_free, audience=people.table)
        _insert_all(_Writing(run, judge, at, _is_fresh(run)), people)
        if run.marketing:
            _displace(run, at)
        SendRun.objects.filter(pk=run.pk).update(planned_at=at)
        run.planned_at = at
    return planned(run)


def planned(run: SendRun) -> Planned:
    """What the plan of a run amounts to, from its tally and the reasons."""
    done = progress([run.pk])[run.pk]
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason, count(*) FROM crm_exclusion WHERE run_id = %s GROUP BY 1", [run.pk])
        left = dict(cursor.fetchall())
    return Planned(done.planned, sum(done.pieces.values()), done.messages.get(State.HELD, 0), left)


WRITE = """
, greeted AS (
    INSERT INTO crm_greetingkey (customer_id, festival, year, run_id)
    SELECT customer_id, %(festival)s, %(year)s, %(run)s FROM judged WHERE reason = '' AND %(festival)s <> ''
    ON CONFLICT DO NOTHING
    RETURNING customer_id
), mine AS (
    SELECT customer_id FROM greeted UNION ALL
    SELECT k.customer_id FROM crm_greetingkey k WHERE %(festival)s <> '' AND k.run_id = %(run)s
      AND k.festival = %(festival)s AND k.year = %(year)s AND k.customer_id > %(after)s AND k.customer_id <= %(upto)s
), sent AS (
    INSERT INTO crm_message (run_id, customer_id, channel, "to", state, reason, counts, unless_talked, pieces,
        attempts, day, not_before, changed_at)
    SELECT %(run)s, customer_id, 'sms', number, CASE WHEN held = '' THEN 'queued' ELSE 'held' END, held,
        %(counts)s, unless_talked, pieces, 0, day, not_before, %(at)s
    FROM judged WHERE reason = '' AND (%(festival)s = '' OR customer_id IN (SELECT customer_id FROM mine))
    ORDER BY number -- into the index of the key one page after the other
    {once_a_number}
    RETURNING id, customer_id
), said AS (
    INSERT INTO crm_messagetext (message_id, opening, consultant, values)
    SELECT sent.id, judged.opening, judged.consultant, judged.values FROM sent JOIN judged USING (customer_id)
)
INSERT INTO crm_exclusion (run_id, customer_id, reason, detail)
SELECT %(run)s, customer_id, reason, detail FROM judged WHERE reason <> ''
{once_a_customer}
"""
CAREFULLY = WRITE.format(
    once_a_number='ON CONFLICT (run_id, channel, "to") DO NOTHING', once_a_customer="ON CONFLICT DO NOTHING"
)
FRESH = WRITE.format(once_a_number="", once_a_customer="")  # nothing of the run is there: a fifth faster


def _is_fresh(run: SendRun) -> bool:
    """Whether nothing was planned yet. Inside of a transaction nobody asks: a conflict would end all of it."""
    known = Message.objects.filter(run=run).exists() or Exclusion.objects.filter(run=run).exists()
    return not (known or connection.in_atomic_block)


@dataclass(frozen=True, slots=True)
class _Writing:
    """One plan being written."""

    run: SendRun
    judge: Judge
    at: dt.datetime
    fresh: bool

    def chunks(self, left: deque[Chunk]) -> None:
        """Take chunks until none is left, or until the other lane has failed."""
        try:
            while (chunk := _next(left)) is not None:
                self.chunk(chunk)
        except BaseException:
            left.clear()
            raise

    def chunk(self, chunk: Chunk) -> None:
        """A lock is never held for longer than one chunk, and a killed plan keeps what it has."""
        if not self.fresh:
            self._write(chunk, CAREFULLY)
            return
        try:
            self._write(chunk, FRESH)
        except IntegrityError:  # a number went from one customer to another while the plan was made
            self._write(chunk, CAREFULLY)

    def _write(self, chunk: Chunk, how: str) -> None:
        values: dict[str, Any] = {
            **self.judge.values,
            "after": chunk.after,
            "upto": chunk.upto,
            "at": self.at,
            "counts": is_capped(self.run),
        }
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MEMORY)
            cursor.execute(ASKS_ONCE)
            cursor.execute(self.judge.sql + how, values)


def _next(left: deque[Chunk]) -> Chunk | None:
    try:
        return left.popleft()
    except IndexError:
        return None


def _insert_all(writing: _Writing, people: Staged) -> None:
    """Two lanes only outside of a transaction: a second session does not see what the first has not committed."""
    left = deque(people.chunks)
    if len(left) < TWO_LANES or connection.in_atomic_block:
        writing.chunks(left)
        return
    with ThreadPoolExecutor(1) as lane:
        try:
            other = lane.submit(writing.chunks, left)
            writing.chunks(left)
            other.result()
        finally:
            lane.submit(connection.close)  # the lane's own


DISPLACE = """
UPDATE crm_message AS low SET state = 'held', reason = 'cap', changed_at = %(at)s,
    day = low.day + 1, not_before = ((low.day + 1) + project.sms_opens_at) AT TIME ZONE project.time_zone
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
        cursor.execute(DISPLACE, {"at": at, "run": run.pk, "priority": run.priority})

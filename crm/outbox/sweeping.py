"""What the tick puts in order: every step may run twice, late, or at the same time as another.

1. `reap`: an expired claim goes back to the queue (nothing was written); an expired `sending` is `unknown`.
2. `keep_hours`: at closing time what is queued of marketing is held until the next opening; what is held is queued
   when its hour has come; what is over its run's time expires.
3. `give_up_waiting`: no word for 72 hours is `no_receipt`, which a late receipt still changes.
4. `join`: receipts that just missed their answer, and those that name a message whose answer was never heard.
5. `finish`: a run with nothing left to do, and nothing unknown, is finished; the tally is folded together.
All of it goes in slices, so that no statement holds locks for long, and in a few of them a round: a million rows to be
cancelled or released take ten ticks, and the other runs do not wait for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, Sum

from crm.models import CallbackNonce, Gateway, Message, Project, Receipt, RunTally, SendRun, SentPart
from crm.outbox.receipts import join_early, settle
from crm.outbox.recording import accepted
from crm.outbox.runs import cancel_rest
from crm.rules_hours import next_opening, open_now
from crm.rules_messages import PENDING, State

SLICE = 20_000
SLICES = 5  # of one kind in a round
WAIT_FOR_RECEIPT = dt.timedelta(hours=72)
FORGET_NONCES = dt.timedelta(hours=1)
FOLD_ABOVE = 64


def sweep(*, at: dt.datetime) -> dict[str, int]:
    """One round over everything. Returns how many rows each step moved."""
    return {
        **reap(at=at),
        **keep_hours(at=at),
        "no_receipt": give_up_waiting(at=at),
        "joined": join(at=at),
        "finished": finish(at=at),
    }


@transaction.atomic
def reap(*, at: dt.datetime) -> dict[str, int]:
    """Take up what a lost sender left. Race closed by the lease: whoever still works on it is within it."""
    lost = Message.objects.filter(lease_until__lte=at)
    claimed = lost.filter(state=State.CLAIMED).update(
        state=State.QUEUED, owner=None, lease_until=None, changed_at=at
    )
    unknown = lost.filter(state=State.SENDING).update(state=State.UNKNOWN, lease_until=None, changed_at=at)
    return {"requeued": claimed, "unknown": unknown}


def keep_hours(*, at: dt.datetime) -> dict[str, int]:
    """Hold, release and expire, run by run."""
    moved = {"held": 0, "released": 0, "expired": 0}
    live = [SendRun.State.RUNNING, SendRun.State.PAUSED]
    for run in SendRun.objects.filter(state__in=live, expires_at__lte=at).filter(
        _has(State.HELD, State.QUEUED)
    ):
        moved["expired"] += _expire(run.pk, at)
    for run in SendRun.objects.filter(pk__in=_holding([SendRun.State.CANCELLED], (State.HELD, State.QUEUED))):
        for _slice in range(SLICES):
            if cancel_rest(run.pk, at, most=SLICE) < SLICE:
                break
    for project in Project.objects.filter(send_runs__state=SendRun.State.RUNNING).distinct():
        runs = SendRun.objects.filter(project=project, state=SendRun.State.RUNNING, expires_at__gt=at)
        if not open_now(at, project.sms_hours):
            opening = next_opening(at, project.sms_hours)
            due = Q(state=State.QUEUED, not_before__lte=at, run__in=runs.filter(marketing=True))
            moved["held"] += _slices(
                due, state=State.HELD, reason="quiet_hours", not_before=opening, changed_at=at
            )
            runs = runs.filter(marketing=False)
        come = Q(state=State.HELD, not_before__lte=at, run__in=runs) & ~Q(reason="budget")
        moved["released"] += _slices(come, state=State.QUEUED, reason="", changed_at=at)
    return moved


def _holding(run_states: Sequence[str], states: Collection[str]) -> list[int]:
    """Runs in these states that have messages in those, by their tallies: nobody reads a million rows to find none."""
    rows = RunTally.objects.filter(run__state__in=run_states, state__in=states).values("run")
    return list(rows.annotate(left=Sum("messages")).filter(left__gt=0).values_list("run", flat=True))


def _has(*states: str) -> Exists:
    return Exists(Message.objects.filter(run=OuterRef("pk"), state__in=states))


def _expire(run_id: int, at: dt.datetime) -> int:
    return sum(
        _slices(Q(run=run_id, state=state), state=State.EXPIRED, changed_at=at)
        for state in (State.HELD, State.QUEUED)
    )


def _slices(which: Q, **values: object) -> int:
    """Update slice by slice; rows that somebody holds, and what is beyond so many, are left for the next round."""
    done = 0
    for _slice in range(SLICES):
        with transaction.atomic():
            ids = list(
                Message.objects.select_for_update(skip_locked=True, of=("self",))
                .filter(which)
                .values_list("pk", flat=True)[:SLICE]
            )
            done += Message.objects.filter(pk__in=ids).update(**values) if ids else 0
        if len(ids) < SLICE:
            break
    return done


def give_up_waiting(*, at: dt.datetime) -> int:
    """72 hours without a receipt."""
    late = Q(state=State.ACCEPTED, changed_at__lte=at - WAIT_FOR_RECEIPT)
    return _slices(late, state=State.NO_RECEIPT, changed_at=at)


def join(*, at: dt.datetime) -> int:
    """Receipts without a message: by the part's id, or by number and reference for a message nobody answered for."""
    joined = 0
    loose = Receipt.objects.filter(message=None, received_at__gt=at - WAIT_FOR_RECEIPT)
    known = loose.filter(
        Exists(SentPart.objects.filter(gateway=OuterRef("gateway"), gateway_ref=OuterRef("gateway_ref")))
    )
    for gateway_id in set(known.values_list("gateway", flat=True)):
        refs = list(known.filter(gateway=gateway_id).values_list("gateway_ref", flat=True)[:SLICE])
        joined += join_early(gateway_id=gateway_id, refs=refs, at=at)
    with connection.cursor() as cursor:
        cursor.execute(NAMED, {"most": SLICE})
        named = [row[0] for row in cursor.fetchall()]
    for message in Message.objects.filter(pk__in=named, state=State.UNKNOWN).order_by("pk"):
        joined += _found_by_receipt(message, at)
    return joined


# Of the unknown ones only those that a receipt names: the others are asked about at every tick for days.
NAMED = """
SELECT m.id FROM crm_message m WHERE m.state = 'unknown' AND EXISTS (
    SELECT FROM crm_receipt r
    WHERE r.message_id IS NULL AND r.hint <> '' AND r.hint = m."to" || ':' || (m.id & 65535)
) ORDER BY m.id LIMIT %(most)s
"""


@transaction.atomic
def _found_by_receipt(message: Message, at: dt.datetime) -> int:
    """`unknown` to `accepted` because a receipt for it came, then to what the receipt says."""
    hint = f"{message.to}:{message.pk & 0xFFFF}"
    receipts = list(Receipt.objects.filter(message=None, hint=hint).order_by("part"))
    if not receipts:
        return 0
    found = Message.objects.filter(pk=message.pk, state=State.UNKNOWN).update(
        state=State.ACCEPTED, owner=None, changed_at=at
    )
    if found:
        gateway = Gateway.objects.get(pk=receipts[0].gateway_id)
        accepted(gateway, {message.pk: tuple(dict.fromkeys(row.gateway_ref for row in receipts))}, at)
        settle([message.pk], at=at)
    return found


def finish(*, at: dt.datetime) -> int:
    """End runs with nothing left to do; fold the tally; forget old callbacks."""
    open_states, live = [*PENDING, State.UNKNOWN], [SendRun.State.RUNNING, SendRun.State.PAUSED]
    busy = _holding(live, open_states)
    idle = SendRun.objects.filter(state__in=live, launched_at__lt=at).exclude(pk__in=busy)
    done = 0
    for run_id in idle.values_list(
        "pk", flat=True
    ):  # asked again with the write: something may have come back to it
        rows = SendRun.objects.filter(pk=run_id, state__in=live).filter(~_has(*open_states))
        done += rows.update(state=SendRun.State.FINISHED, ended_at=at)
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"most": FOLD_ABOVE})
    CallbackNonce.objects.filter(at__lt=at - FORGET_NONCES).delete()
    return done


# Rows that another transaction is just writing are not seen and stay for the next round.
FOLD = """
WITH many AS (
    SELECT run_id FROM crm_runtally GROUP BY run_id HAVING count(*) > %(most)s
), gone AS (
    DELETE FROM crm_runtally WHERE id IN (
        SELECT t.id FROM crm_runtally t JOIN many USING (run_id) ORDER BY t.id FOR UPDATE OF t SKIP LOCKED
    ) RETURNING run_id, state, messages, pieces
)
INSERT INTO crm_runtally (run_id, state, messages, pieces)
SELECT run_id, state, sum(messages), sum(pieces) FROM gone GROUP BY 1, 2
"""

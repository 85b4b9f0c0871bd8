"""Writing down what a gateway answered. Every statement is guarded by owner and state.

5. An answer belongs to who asked: a sender whose lease ran out and whose message was taken up by another changes
   nothing. One whose message the reaper has called `unknown` in the meantime may still say what it knows, as long as
   nobody else has touched it.
6. Timeout or cut is `unknown` and stays so until the gateway, a receipt or a person knows better: never sent again.
8. A definite no has its consequences by class (crm.rules_messages.Refusal).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from crm.actions.customers import mark_number_bad
from crm.actions.notices import Telling, tell
from crm.gateways.line import Answer, Fate
from crm.models import CustomerPhone, Gateway, Message, SendRun, Suppression
from crm.outbox.receipts import join_early
from crm.outbox.runs import pause
from crm.rules_messages import PAUSING, Refusal, State

SLOW_FOR = dt.timedelta(seconds=60)

MOVE = """
UPDATE crm_message SET state = %(state)s, reason = %(reason)s, changed_at = %(at)s,
    owner = CASE WHEN %(state)s = 'unknown' THEN owner END, lease_until = NULL
WHERE id = ANY(%(ids)s) AND owner = %(owner)s AND state = ANY(%(from)s) RETURNING id
"""
END = """
UPDATE crm_attempt a SET ended_at = %(at)s, outcome = v.outcome, code = left(v.code, 32)
FROM unnest(%(ids)s::bigint[], %(ns)s::int[], %(outcomes)s::text[], %(codes)s::text[]) AS v(id, n, outcome, code)
WHERE a.message_id = v.id AND a.n = v.n
"""
PARTS = """
INSERT INTO crm_sentpart (gateway_id, gateway_ref, message_id, part, of)
SELECT %(gateway)s, * FROM unnest(%(refs)s::text[], %(ids)s::bigint[], %(parts)s::int[], %(ofs)s::int[])
ON CONFLICT (gateway_id, gateway_ref) DO NOTHING
"""
# The one contact ledger (SC-6): what the gateway has accepted, the customer has had.
LEDGER = """
INSERT INTO crm_contact (customer_id, project_id, channel, direction, purpose, clause, outcome, effective, automatic,
    at, recorded_at, news, questions, real_need, imported, doubtful)
SELECT m.customer_id, r.project_id, 'sms', 'out',
    CASE r.kind WHEN 'closed_care' THEN 'sales' ELSE r.kind END,
    CASE WHEN r.clause <> '' THEN r.clause WHEN r.kind = 'closed_care' THEN 'SC-4.2' ELSE '' END,
    'sent', false, true, %(at)s, %(at)s, '', '', '', false, ''
FROM crm_message m JOIN crm_sendrun r ON r.id = m.run_id
WHERE m.id = ANY(%(ids)s) AND m.customer_id IS NOT NULL AND r.kind <> 'test'
"""


@transaction.atomic
def record(
    *,
    gateway: Gateway,
    owner: uuid.UUID,
    numbers: Mapping[int, int],
    answers: Mapping[int, Answer],
    at: dt.datetime,
) -> dict[str, int]:
    """Write the answers of one batch; `numbers`: the attempt of each message. Returns how many met each fate."""
    by_fate: dict[Fate, list[int]] = {fate: [] for fate in Fate}
    throttled = []
    for message_id, answer in answers.items():
        if answer.refusal is Refusal.THROTTLED:
            throttled.append(message_id)
        else:
            by_fate[answer.fate].append(message_id)
    _end_attempts(numbers, answers, at)
    taken = _move(by_fate[Fate.ACCEPTED], owner, State.ACCEPTED, at, also=(State.UNKNOWN,))
    accepted(gateway, {each: answers[each].refs for each in taken}, at)
    _move(by_fate[Fate.UNKNOWN], owner, State.UNKNOWN, at)
    _move(by_fate[Fate.UNSENT], owner, State.QUEUED, at, also=(State.UNKNOWN,))
    if throttled:
        _move(throttled, owner, State.QUEUED, at)
        slow_down(gateway, at)
    _refused(gateway, owner, {each: answers[each] for each in by_fate[Fate.REFUSED]}, at)
    return {fate.value: len(ids) for fate, ids in by_fate.items()} | {"throttled": len(throttled)}


def accepted(gateway: Gateway, refs: Mapping[int, Sequence[str]], at: dt.datetime) -> None:
    """What belongs to an acceptance, however it came to be known: parts, ledger, receipts that came before it."""
    if not refs:
        return
    ids = list(refs)
    rows = [(ref, each, part, len(refs[each])) for each in ids for part, ref in enumerate(refs[each], 1)]
    with connection.cursor() as cursor:
        if rows:
            names, owners, parts, ofs = (list(column) for column in zip(*rows, strict=True))
            cursor.execute(
                PARTS, {"gateway": gateway.pk, "refs": names, "ids": owners, "parts": parts, "ofs": ofs}
            )
        cursor.execute(LEDGER, {"ids": ids, "at": at})
    join_early(gateway_id=gateway.pk, refs=[row[0] for row in rows], at=at)


def _move(
    ids: Collection[int],
    owner: uuid.UUID,
    state: State,
    at: dt.datetime,
    *,
    also: Sequence[State] = (),
    reason: str = "",
) -> list[int]:
    if not ids:
        return []
    values: dict[str, Any] = {
        "state": state.value,
        "reason": reason,
        "at": at,
        "ids": list(ids),
        "owner": owner,
        "from": [State.SENDING.value, *also],
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVE, values)
        return [row[0] for row in cursor.fetchall()]


def _end_attempts(numbers: Mapping[int, int], answers: Mapping[int, Answer], at: dt.datetime) -> None:
    ids = list(answers)
    values: dict[str, Any] = {
        "at": at,
        "ids": ids,
        "ns": [numbers[each] for each in ids],
        "outcomes": [str(answers[each].refusal or answers[each].fate) for each in ids],
        "codes": [answers[each].code for each in ids],
    }
    with connection.cursor() as cursor:
        cursor.execute(END, values)


def slow_down(gateway: Gateway, at: dt.datetime) -> None:
    """The carrier is throttling: half of the rate for a minute; it halves again if that is still too much."""
    current = gateway.slowed_rate if gateway.slowed_until and gateway.slowed_until > at else gateway.rate
    gateway.slowed_rate, gateway.slowed_until = max(1, (current or gateway.rate) // 2), at + SLOW_FOR
    gateway.save(update_fields=["slowed_rate", "slowed_until"])


def _refused(gateway: Gateway, owner: uuid.UUID, answers: Mapping[int, Answer], at: dt.datetime) -> None:
    for refusal in sorted({answer.refusal or Refusal.OTHER for answer in answers.values()}):
        ids = [each for each, answer in answers.items() if (answer.refusal or Refusal.OTHER) is refusal]
        gone = Message.objects.filter(pk__in=_move(ids, owner, State.REFUSED, at, reason=refusal.value))
        if refusal is Refusal.BAD_NUMBER:
            for phone in CustomerPhone.objects.filter(e164__in=gone.values("to"), live=True, bad_since=None):
                mark_number_bad(phone=phone, reason="invalid_number", at=at)
        elif refusal is Refusal.BLACKLIST:
            suppress([row.to for row in gone], source=Suppression.Source.BLACKLIST, at=at)
        elif refusal in PAUSING:
            halt(set(gone.values_list("run_id", flat=True)), refusal.value, at)


def suppress(numbers: Collection[str], *, source: str, at: dt.datetime) -> None:
    """No marketing SMS to these numbers any more."""
    Suppression.objects.bulk_create(
        [Suppression(number=number, source=source, at=at) for number in sorted(set(numbers))],
        ignore_conflicts=True,
    )


def halt(run_ids: Collection[int], why: str, at: dt.datetime) -> None:
    """Pause runs that cannot go on by themselves, and tell who made and who launched them."""
    tellings = []
    for run in SendRun.objects.filter(pk__in=run_ids):
        if not pause(run_id=run.pk, by=None, at=at, why=why):
            continue
        tellings += [
            Telling(user_id, run.project_id, "run_halted", f"run-{run.pk}-{why}-{at:%Y%m%d%H}",
                    {"run": run.title, "why": why})
            for user_id in {run.created_by_id, run.launched_by_id} - {None}
            if user_id is not None
        ]  # fmt: skip
    tell(tellings, at=at)

"""Draining one gateway: the loop that sends. Called by a tick, for a few seconds, by as many as like to.

The steps, and the race that each closes:
1. A slot is taken by an advisory lock of the database session. Two beats, doubled tasks, a second worker: whoever finds
   no slot leaves. A killed process loses its session and with it the slot.
2. Runs that may be sent from are read, a batch is claimed (SKIP LOCKED, owner, lease) and checked again
   (crm/outbox/claiming.py). What may go is `sending`, with its attempt, and that is committed.
3. Before each write the line compares the monotonic clock with half of the lease. A process that was frozen between 2
   and the write wakes up after the reaper has called its messages `unknown`, and writes nothing. The wall clock may
   jump; the monotonic one does not, and on Linux it does not stand still while the process does.
4. The socket's timeout is below half of the lease, so an answer is recorded or given up before the lease ends.
5. Answers are recorded (crm/outbox/recording.py), guarded by owner.
6. Receipts and replies that came in are stored, and only then acknowledged. Race closed: a crash between the two makes
   the carrier send them again, and they are recognised.
7. A line that listens stays open when there is nothing to send, until its time is over or another line has waited for
   its turn: carriers do not like to be called twelve times a minute, and replies are heard when they come.
8. An overdue broadcast asks: a run whose hour passed while nothing ran is paused, and its people are told.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q

from crm.gateways import Line, open_line
from crm.gateways.line import SOCKET_TIMEOUT, LineDown
from crm.models import Gateway, Message, SendRun
from crm.outbox.claiming import Cleared, Sender, check, claim, open_runs
from crm.outbox.receipts import take_reports
from crm.outbox.reconciling import reconcile
from crm.outbox.recording import halt, record
from crm.outbox.replies import take_replies
from crm.outbox.wording import outgoing
from crm.rules_hours import next_opening
from crm.rules_messages import RunKind, State

LEASE = dt.timedelta(seconds=4 * SOCKET_TIMEOUT)
SLOTS = 7303
BATCH = 200
WINDOWS = 4  # of a line in one batch
NOD = 0.2  # seconds: the longest wait for something to come in
IDLE = 1.0  # seconds a listening line has nothing to do before it asks whether another one waits
IDLE_NOD = 0.5  # seconds: the longest wait for something to come in while there is nothing to send
WAITS = dt.timedelta(seconds=6)  # since a line's last turn: a tick has passed it by
OVERDUE = dt.timedelta(hours=2)
ASKS = (RunKind.BROADCAST, RunKind.MILESTONE)


@dataclass
class Drained:
    """What one call did. `problem`: why the line could not be had."""

    sent: int = 0
    reports: int = 0
    replies: int = 0
    opted_out: bool = False
    problem: str = ""
    fates: dict[str, int] = field(default_factory=dict)


def drain(
    *, gateway_id: int, seconds: float, clock: Callable[[], dt.datetime], stays: bool = False
) -> Drained:
    """Send what may be sent over one gateway for at most about `seconds`. Safe to call twice at once.

    `stays`: with nothing to send it goes on listening (step 7).
    """
    result = Drained()
    gateway = Gateway.objects.select_related("project").get(pk=gateway_id)
    if gateway.state != Gateway.State.ON:
        return result
    with _slot(gateway) as slot:
        if not slot:
            return result
        _ask_about_overdue(gateway, clock())
        if not _worth_opening(gateway, clock()):
            return result
        try:
            line = open_line(gateway)
        except LineDown as down:
            result.problem = down.text
            _note(gateway, down.text, clock())
            return result
        try:
            _loop(gateway, line, time.monotonic() + seconds, clock, result, stays=stays)
            _note(gateway, "", clock())
        except LineDown as down:
            result.problem = down.text
            _note(gateway, down.text, clock())
        finally:
            line.close()
    return result


def _loop(
    gateway: Gateway,
    line: Line,
    until: float,
    clock: Callable[[], dt.datetime],
    result: Drained,
    *,
    stays: bool = False,
) -> None:
    sender = Sender(uuid.uuid4())
    reconcile(gateway=gateway, line=line, at=clock())
    busy_until = time.monotonic() + IDLE
    pace = Pace()
    while time.monotonic() < until:
        pause = pace.pause()
        sent = 0 if pause else send_batch(gateway, line, sender, clock, result, pace)
        nothing_to_send = time.monotonic() > busy_until
        nod = pause or (IDLE_NOD if nothing_to_send else NOD)
        reports, replies = line.take(wait=0.0 if sent or not line.listens else nod)
        if pause and not line.listens:
            time.sleep(pause)
        if reports or replies:
            result.reports += take_reports(gateway=gateway, reports=reports, at=clock())
            taken = take_replies(gateway=gateway, replies=replies, at=clock())
            result.replies += taken
            result.opted_out |= bool(taken)
            line.acknowledge()
        if sent or pause or reports or replies:
            busy_until = time.monotonic() + IDLE
        elif not line.listens or (nothing_to_send and not (stays and _alone(gateway, clock()))):
            return


def _alone(gateway: Gateway, at: dt.datetime) -> bool:
    """Whether no other line waits for one of the processes that send."""
    passed_by = Q(ticked_at=None) | Q(ticked_at__lt=at - WAITS)
    return not Gateway.objects.filter(passed_by, state=Gateway.State.ON).exclude(pk=gateway.pk).exists()


class Pace:
    """The rate of a gateway: a bucket of one batch. Who has to wait listens meanwhile, so that no opt-out waits."""

    def __init__(self) -> None:
        self.free_at = time.monotonic()

    def pause(self) -> float:
        """Seconds to wait before the next batch, `NOD` at most at a time."""
        return min(max(self.free_at - time.monotonic(), 0.0), NOD)

    def room(self, rate: int, window: int) -> int:
        """How many may go now. All of a batch is `sending` while it goes: what a killed sender leaves unknown is at
        most this many.
        """
        return max(1, min(BATCH, rate, WINDOWS * window))

    def spend(self, count: int, rate: int) -> None:
        self.free_at = max(self.free_at, time.monotonic() - 0.5) + count / rate


def send_batch(
    gateway: Gateway,
    line: Line,
    sender: Sender,
    clock: Callable[[], dt.datetime],
    result: Drained,
    pace: Pace,
) -> int:
    """Steps 2 to 5 for one batch. Returns how many messages were claimed."""
    at = clock()
    rate = max(1, rate_of(gateway, at) // sessions_of(gateway))
    size = pace.room(rate, gateway.window)
    claimed_at = time.monotonic()
    runs = open_runs(gateway, at)
    ids = claim(runs=runs, size=size, sender=sender, lease=LEASE, at=at) if runs else []
    if not ids:
        return 0
    cleared = check(gateway=gateway, ids=ids, owner=sender.owner, at=clock())
    if cleared:
        _hand_over(gateway, line, sender.owner, cleared, claimed_at, clock, result)
        pace.spend(len(cleared), rate)
    return len(ids)


def _hand_over(
    gateway: Gateway,
    line: Line,
    owner: uuid.UUID,
    cleared: list[Cleared],
    claimed_at: float,
    clock: Callable[[], dt.datetime],
    result: Drained,
) -> None:
    numbers = {each.message_id: each.n for each in cleared}
    batch = outgoing(Message.objects.filter(pk__in=numbers), numbers, gateway)
    answers = line.send(batch, latest=claimed_at + LEASE.total_seconds() / 2)
    fates = record(gateway=gateway, owner=owner, numbers=numbers, answers=answers, at=clock())
    for fate, count in fates.items():
        result.fates[fate] = result.fates.get(fate, 0) + count
    result.sent += fates["accepted"]


def rate_of(gateway: Gateway, at: dt.datetime) -> int:
    """Messages a second now: the gateway's, or less while the carrier throttles."""
    if gateway.slowed_until is not None and gateway.slowed_until > at and gateway.slowed_rate:
        return gateway.slowed_rate
    return gateway.rate


def sessions_of(gateway: Gateway) -> int:
    """How many lines may be open at once; the rate is shared among them."""
    return max(1, min(16, int(gateway.settings.get("sessions", 1))))


@contextmanager
def _slot(gateway: Gateway) -> Iterator[bool]:
    """One of the gateway's sessions, or False when all are taken."""
    with connection.cursor() as cursor:
        taken = None
        for number in range(sessions_of(gateway)):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [SLOTS, gateway.pk * 16 + number])
            if (cursor.fetchone() or (False,))[0]:
                taken = gateway.pk * 16 + number
                break
        try:
            yield taken is not None
        finally:
            if taken is not None:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SLOTS, taken])


def _worth_opening(gateway: Gateway, at: dt.datetime) -> bool:
    """A line that brings nothing by itself is opened only for something to send or to ask."""
    if gateway.kind == Gateway.Kind.SMPP:
        return True
    unknown = Message.objects.filter(run__gateway=gateway, state=State.UNKNOWN)
    return bool(open_runs(gateway, at)) or (gateway.kind == Gateway.Kind.HTTP and unknown.exists())


def _ask_about_overdue(gateway: Gateway, at: dt.datetime) -> None:
    """Step 8. `ticked_at` tells how long nothing ran; inside of it, runs that should have begun are overdue."""
    before = gateway.ticked_at
    Gateway.objects.filter(pk=gateway.pk).update(ticked_at=at)
    if before is None or at - before <= OVERDUE:
        return
    due = SendRun.objects.filter(
        gateway=gateway, state=SendRun.State.RUNNING, kind__in=ASKS, starts_at__lte=at, expires_at__gt=at
    )
    hours = gateway.project.sms_hours
    late = [
        run.pk
        for run in due
        if at - next_opening(max(run.starts_at, run.launched_at or run.starts_at, before), hours) > OVERDUE
    ]
    halt(late, "overdue", at)


def _note(gateway: Gateway, problem: str, at: dt.datetime) -> None:
    """What the settings screen says about the line."""
    Gateway.objects.filter(pk=gateway.pk).update(problem=problem[:200], checked_at=at)

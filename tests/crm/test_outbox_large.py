"""What only shows at size, with small sizes set: two lanes, slices, a cancelled run that the sweep empties."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from crm import outbox
from crm.gateways.line import Reply, Report
from crm.models import Customer, CustomerPhone, GreetingKey, Message, SendRun
from crm.outbox import Row, draining, planning, runs, staging, sweeping
from crm.outbox.claiming import Sender, claim, open_runs
from tests.crm.test_outbox_planning import make_run, reasons, sent_sms
from tests.factories import AT, make_customer, make_project

LATER = AT + dt.timedelta(seconds=5)


def crowd(count: int) -> list[int]:
    return [make_customer().pk for _ in range(count)]


def rows_of(run: SendRun) -> list[Any]:
    columns = ("customer_id", "to", "state", "reason", "pieces", "day", "not_before", "text__opening")
    return list(run.messages.order_by("customer_id").values_list(*columns))


def in_turns(monkeypatch: pytest.MonkeyPatch, fails: int = -1) -> Counter[int]:
    """Both lanes write a chunk at the same moment, again and again; the chunk of number `fails` fails. Counts chunks."""
    gate, lanes, write = threading.Barrier(2), Counter[int](), planning._Writing.chunk

    def chunk(self: Any, given: Any) -> None:
        gate.wait(10)
        lanes[threading.get_ident()] += 1
        if sum(lanes.values()) == fails:
            raise ZeroDivisionError
        write(self, given)

    monkeypatch.setattr(planning._Writing, "chunk", chunk)
    return lanes


@pytest.mark.django_db(transaction=True)
def test_two_lanes_plan_what_one_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    project, people = make_project(), crowd(23)
    for number in people[::5]:
        sent_sms(Customer.objects.get(pk=number), project, 0)
    audience = Customer.objects.values(customer_id=F("pk"))
    one, two, rows = (make_run(project, expires_at=AT + dt.timedelta(hours=2)) for _ in range(3))
    single = outbox.plan(run=one, audience=audience, at=AT)
    expected, left = rows_of(one), reasons(one)
    outbox.cancel(run_id=one.pk, by=None, at=AT)
    monkeypatch.setattr(staging, "CHUNK", 3)
    lanes = in_turns(monkeypatch)
    assert outbox.plan(run=two, audience=audience, at=AT) == single
    assert (rows_of(two), reasons(two)) == (expected, left)
    assert set(lanes.values()) == {4}  # eight chunks, four in each
    assert len(left) == 5
    assert outbox.plan(run=two, audience=audience, at=AT) == single  # again: nothing more
    outbox.cancel(run_id=two.pk, by=None, at=AT)
    assert outbox.plan(run=rows, audience=[Row(number) for number in people * 2], at=AT) == single
    assert rows_of(rows) == expected


@pytest.mark.django_db(transaction=True)
def test_a_failure_in_a_lane_is_the_plans_failure_and_ends_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(16)
    monkeypatch.setattr(staging, "CHUNK", 2)
    lanes = in_turns(monkeypatch, fails=3)
    run, audience = make_run(), Customer.objects.values(customer_id=F("pk"))
    with pytest.raises((ZeroDivisionError, threading.BrokenBarrierError)):
        outbox.plan(run=run, audience=audience, at=AT)
    run.refresh_from_db()
    assert run.planned_at is None
    assert (sum(lanes.values()), run.messages.count()) == (4, 6)
    monkeypatch.undo()
    assert outbox.plan(run=run, audience=audience, at=AT).messages == 16


@pytest.mark.django_db
def test_inside_a_transaction_there_is_one_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(9)
    monkeypatch.setattr(staging, "CHUNK", 2)
    monkeypatch.setattr(planning, "ThreadPoolExecutor", lambda _lanes: 1 / 0)
    assert connection.in_atomic_block
    assert (
        outbox.plan(run=make_run(), audience=Customer.objects.values(customer_id=F("pk")), at=AT).messages
        == 9
    )


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'outbox%%' AND relkind = 'r'")
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_the_table_of_an_audience_goes_with_its_plan_or_with_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd(2)
    audience = Customer.objects.values(customer_id=F("pk"))
    killed = make_run()
    monkeypatch.setattr(planning._Writing, "chunk", lambda *_given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        outbox.plan(run=killed, audience=audience, at=AT)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE UNLOGGED TABLE IF NOT EXISTS outbox_audience_{killed.pk} (customer_id bigint)"
        )
    monkeypatch.undo()
    assert outbox.plan(run=make_run(), audience=audience, at=AT).messages == 2
    assert tables() == []


@pytest.mark.django_db(transaction=True)
def test_a_number_that_moves_to_another_customer_while_the_plan_is_made_gets_one_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The statement for a fresh run ignores no conflict: the chunk is written the careful way then."""
    first, second = crowd(2)
    monkeypatch.setattr(staging, "CHUNK", 1)
    write = planning._Writing.chunk

    def moves(self: Any, given: Any) -> None:
        write(self, given)
        CustomerPhone.objects.filter(customer=first).update(live=False)
        number = CustomerPhone.objects.get(customer=first).e164
        CustomerPhone.objects.filter(customer=second).update(e164=number)

    monkeypatch.setattr(planning._Writing, "chunk", moves)
    run = make_run()
    assert outbox.plan(run=run, audience=Customer.objects.values(customer_id=F("pk")), at=AT).messages == 1
    assert run.messages.get().customer_id == first


@pytest.mark.django_db
def test_a_cancelled_run_holds_no_place_though_its_rows_are_taken_back_by_the_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, people = make_project(), crowd(12)
    audience = [Row(number) for number in people]
    run = make_run(project, "festival", festival="dragon_boat", year=2026)
    outbox.plan(run=run, audience=audience, at=AT)
    outbox.launch(run_id=run.pk, by=None, at=AT)
    for module in (runs, sweeping):
        monkeypatch.setattr(module, "AT_ONCE" if module is runs else "SLICE", 2)
    monkeypatch.setattr(sweeping, "SLICES", 3)
    assert outbox.cancel(run_id=run.pk, by=None, at=AT) == 2
    assert open_runs(run.gateway, LATER) == []  # at once, whatever is left of it
    other = make_run(project, expires_at=AT + dt.timedelta(hours=2))
    assert outbox.plan(run=other, audience=audience, at=AT).messages == 12
    sweeping.sweep(at=LATER)
    assert Message.objects.filter(run=run, state="cancelled").count() == 8
    sweeping.sweep(at=LATER)
    assert Message.objects.filter(run=run, state="cancelled").count() == 12
    assert not GreetingKey.objects.filter(run=run).exists()


@pytest.mark.django_db
def test_who_waits_for_the_rate_listens_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that comes in while a slow line waits is taken within a nod, and nothing is sent before its time."""

    class Slow:
        listens = True
        waits: list[float]

        def take(self, *, wait: float) -> tuple[list[Report], list[Reply]]:
            self.waits.append(wait)
            return [], []

    line: Any = Slow()
    line.waits = []
    sent: list[float] = []

    def send_batch(*given: Any) -> int:
        sent.append(time.monotonic())
        given[-1].spend(10, 20)  # ten at twenty a second, half a second of it is allowed at once
        return 10

    monkeypatch.setattr(draining, "send_batch", send_batch)
    until = time.monotonic() + 1.2
    draining._loop(make_run().gateway, line, until, lambda: AT, draining.Drained())
    assert 2 <= len(sent) <= 4
    assert max(line.waits) <= draining.NOD
    assert sum(line.waits) > 0.3


@pytest.mark.django_db
def test_a_sender_goes_on_from_its_place_and_finds_what_came_back_behind_it() -> None:
    run = make_run()
    outbox.plan(run=run, audience=[Row(number) for number in crowd(7)], at=AT)
    outbox.launch(run_id=run.pk, by=None, at=AT)
    ids = list(run.messages.order_by("id").values_list("pk", flat=True))
    sender, lease = Sender(uuid.uuid4()), dt.timedelta(seconds=30)
    take = partial(claim, runs=[run], sender=sender, lease=lease, at=AT)
    assert take(size=3) == ids[:3]
    run.messages.filter(pk=ids[1]).update(state="queued", owner=None, lease_until=None)
    assert take(size=2) == ids[3:5]  # what came back lies behind
    assert sorted(take(size=5)) == [ids[1], *ids[5:]]
    assert take(size=5) == []
    run.messages.filter(pk=ids[0]).update(state="queued", owner=None, lease_until=None)
    assert take(size=5) == [ids[0]]

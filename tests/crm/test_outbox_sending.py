"""Sending over the project's own SMSC, by TCP: what is accepted, refused, unanswered, cut, throttled, doubled."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from crm import outbox
from crm.actions import customers
from crm.models import (
    Attempt,
    Contact,
    Customer,
    CustomerPhone,
    Gateway,
    InboundMessage,
    Message,
    OptOut,
    Project,
    Receipt,
    SendRun,
    Suppression,
)
from crm.outbox import Row, draining, sweeping
from crm.rules_messages import RunKind, State
from tests.crm.smsc import Running, running, smpp_gateway
from tests.crm.test_outbox_planning import DAY, make_run
from tests.factories import AT, make_customer, make_project, make_user

pytestmark = pytest.mark.django_db


def launched(
    project: Project, people: list[Customer], kind: str = RunKind.BROADCAST, **values: Any
) -> SendRun:
    run = make_run(project, kind, **values)
    outbox.plan(run=run, audience=[Row(each.pk) for each in people], at=AT)
    outbox.launch(run_id=run.pk, by=None, at=AT)
    return run


def drain(gateway: Gateway, at: dt.datetime = AT, seconds: float = 3.0) -> draining.Drained:
    return draining.drain(gateway_id=gateway.pk, seconds=seconds, clock=lambda: at)


def states(run: SendRun) -> dict[int | None, str]:
    return dict(run.messages.values_list("customer_id", "state"))


def ends(customer: Customer) -> str:
    return customer.phones.get().e164[-4:]


def at_smsc(smsc: Running, customer: Customer) -> int:
    return smsc.seen[customer.phones.get().e164.lstrip("+")]


def test_a_message_goes_over_tcp_and_its_receipt_comes_back() -> None:
    project, people = make_project(), [make_customer() for _ in range(30)]
    with running() as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = launched(project, people)
        done = drain(gateway)
    assert (done.sent, done.problem) == (30, "")
    assert set(states(run).values()) == {"delivered"}
    assert all(at_smsc(smsc, each) == 1 for each in people)
    assert Attempt.objects.filter(outcome="accepted").count() == 30
    ledger = Contact.objects.get(customer=people[0])
    assert (ledger.channel, ledger.purpose, ledger.outcome, ledger.automatic) == (
        "sms",
        "broadcast",
        "sent",
        True,
    )
    sweeping.sweep(at=AT + dt.timedelta(seconds=5))
    run.refresh_from_db()
    assert run.state == "finished"


@pytest.mark.parametrize(
    ("fate", "state", "reason"),
    [
        ("bad_number", "refused", "bad_number"),
        ("blacklist", "refused", "blacklist"),
        ("signature", "refused", "signature"),
        ("keyword", "refused", "keyword"),
        ("throttle", "queued", ""),
        ("undelivered", "undelivered", "UNDELIV:027"),
    ],
)
def test_a_definite_no_has_its_consequence(fate: str, state: str, reason: str) -> None:
    project, customer, other = make_project(), make_customer(), make_customer()
    with running(ends={ends(customer): fate}) as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = launched(project, [customer, other])
        drain(gateway, seconds=1.0)
    message = Message.objects.get(run=run, customer=customer)
    assert (message.state, message.reason) == (state, reason)
    assert states(run)[other.pk] == "delivered"
    gateway.refresh_from_db()
    run.refresh_from_db()
    number = customer.phones.get().e164
    assert CustomerPhone.objects.get(e164=number).bad_reason == (
        "invalid_number" if fate == "bad_number" else ""
    )
    assert Suppression.objects.filter(number=number).exists() == (fate == "blacklist")
    assert run.state == ("paused" if fate in ("signature", "keyword") else "running")
    assert (gateway.slowed_rate is not None) == (fate == "throttle")


def test_a_line_cut_before_the_answer_is_unknown_and_never_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, customer = make_project(), make_customer()
    with running(ends={ends(customer): "cut"}, receipt_delay=60) as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = launched(project, [customer])
        assert drain(gateway).problem
        assert states(run) == {customer.pk: "unknown"}
        for minutes in (1, 5, 60):
            later = AT + dt.timedelta(minutes=minutes)
            sweeping.sweep(at=later)
            drain(gateway, later, seconds=0.5)
    assert states(run) == {customer.pk: "unknown"}
    assert at_smsc(smsc, customer) == 1
    run.refresh_from_db()
    assert run.state == "running"  # not finished while an outcome is unknown and unread


def test_the_receipt_of_a_message_whose_answer_was_never_heard_makes_it_known() -> None:
    project, customer = make_project(), make_customer()
    with running(ends={ends(customer): "cut"}, receipt_delay=0.3) as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = launched(project, [customer])
        drain(gateway)
        drain(gateway, AT + dt.timedelta(seconds=10), seconds=2.0)
        sweeping.sweep(at=AT + dt.timedelta(seconds=20))
    assert states(run) == {customer.pk: "delivered"}
    assert Contact.objects.filter(customer=customer).count() == 1


def test_receipts_come_twice_and_before_the_answer() -> None:
    project, people = make_project(), [make_customer() for _ in range(10)]
    with running(doubled=1.0, receipt_first=1.0, answer_delay=0.2) as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = launched(project, people)
        drain(gateway)
    assert set(states(run).values()) == {"delivered"}
    assert Receipt.objects.count() == 10
    assert Receipt.objects.filter(message=None).count() == 0


def test_a_long_text_goes_in_parts_and_is_delivered_once_all_are() -> None:
    project, customer = make_project(), make_customer()
    with running() as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = launched(project, [customer], body="好" * 120 + "😀。")
        drain(gateway)
    assert at_smsc(smsc, customer) == 3
    assert Message.objects.get(run=run).pieces == 3
    assert states(run) == {customer.pk: "delivered"}
    assert Receipt.objects.count() == 3


def test_what_changed_since_the_plan_is_found_at_the_second_check() -> None:
    project = make_project()
    stopped, wished, had, fine, talked = (make_customer() for _ in range(5))
    with running() as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = make_run(project)
        rows = [Row(each.pk) for each in (stopped, wished, had, fine)]
        outbox.plan(run=run, audience=[*rows, Row(talked.pk, unless_talked=True)], at=AT)
        outbox.launch(run_id=run.pk, by=None, at=AT)
        customers.opt_out(customer=stopped, scope="marketing_sms", source="call", by=None, at=AT)
        customers.set_preference(customer=wished, preference="do_not_contact", by=None, at=AT)
        common = {"project": project, "at": AT, "recorded_at": AT}
        Contact.objects.create(
            customer=had, channel="sms", purpose="sales", outcome="sent", effective=False, **common
        )
        Contact.objects.create(customer=talked, channel="phone", outcome="talked", effective=True, **common)
        drain(gateway)
    assert states(run) == {
        stopped.pk: "suppressed", wished.pk: "suppressed", had.pk: "held", fine.pk: "delivered", talked.pk: "suppressed",
    }  # fmt: skip
    assert smsc.smsc.submits == 1


def test_a_reply_opts_out_at_once_company_wide() -> None:
    project, elsewhere, customer, other = make_project(), make_project(), make_customer(), make_customer()
    with running(ends={ends(customer): "reply:退订", ends(other): "reply:周六几点？"}) as smsc:
        gateway = smpp_gateway(project, smsc.port)
        launched(project, [customer, other])
        rest = launched(elsewhere, [customer], starts_at=AT + DAY, expires_at=AT + 3 * DAY)
        drain(gateway)
        drain(gateway, AT + dt.timedelta(minutes=1), seconds=1.0)
    assert set(OptOut.objects.filter(customer=customer).values_list("scope", flat=True)) == {
        "calls",
        "marketing_sms",
    }
    assert states(rest) == {customer.pk: "suppressed"}
    read = InboundMessage.objects.get(customer=customer)
    assert (read.meaning, read.handled_at is not None) == ("opt_out", True)
    asked = InboundMessage.objects.get(customer=other)
    assert (asked.meaning, asked.handled_at) == ("reply", None)
    assert not OptOut.objects.filter(customer=other).exists()


def test_two_drains_at_once_find_one_slot_and_a_pause_stops_everything() -> None:
    project, people = make_project(), [make_customer() for _ in range(3)]
    with running() as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = launched(project, people)
        outbox.pause(run_id=run.pk, by=None, at=AT)
        assert drain(gateway, seconds=0.3).sent == 0
        outbox.resume(run_id=run.pk, by=make_user(), at=AT)
        assert drain(gateway).sent == 3


def test_the_lease_of_a_lost_sender_runs_out() -> None:
    project, first, second = make_project(), make_customer(), make_customer()
    run = launched(project, [first, second])
    lapsed = AT - dt.timedelta(seconds=1)
    Message.objects.filter(customer=first).update(state=State.CLAIMED, lease_until=lapsed)
    Message.objects.filter(customer=second).update(state=State.SENDING, lease_until=lapsed)
    assert sweeping.reap(at=AT) == {"requeued": 1, "unknown": 1}
    assert states(run) == {first.pk: "queued", second.pk: "unknown"}
    assert sweeping.reap(at=AT) == {"requeued": 0, "unknown": 0}


def test_marketing_is_held_at_night_released_in_the_morning_and_expires() -> None:
    project, customer, late = make_project(), make_customer(), make_customer()
    run = launched(project, [customer], expires_at=AT + 2 * DAY)
    over = launched(project, [late], expires_at=AT + dt.timedelta(hours=14))
    night = AT.replace(hour=14)  # 22:00
    sweeping.sweep(at=night)
    message = Message.objects.get(run=run)
    assert (message.state, message.reason, message.not_before) == (
        "held",
        "quiet_hours",
        AT.replace(hour=1) + DAY,
    )
    sweeping.sweep(at=AT.replace(hour=1) + DAY)
    assert (states(run), states(over)) == ({customer.pk: "queued"}, {late.pk: "expired"})


def test_no_word_for_72_hours_and_then_a_late_one() -> None:
    project, customer = make_project(), make_customer()
    with running(receipt_delay=1.0) as smsc:
        gateway = smpp_gateway(project, smsc.port)
        run = launched(project, [customer])
        drain(gateway, seconds=0.3)
        assert states(run) == {customer.pk: "accepted"}
        later = AT + dt.timedelta(hours=73)
        sweeping.sweep(at=later)
        assert states(run) == {customer.pk: "no_receipt"}
        drain(gateway, later, seconds=2.0)
    assert states(run) == {customer.pk: "delivered"}


@pytest.mark.parametrize("hours", [1, 5])
def test_an_overdue_broadcast_asks_after_downtime(hours: int) -> None:
    project, customer = make_project(), make_customer()
    gateway = outbox.line_of(project)
    Gateway.objects.filter(pk=gateway.pk).update(ticked_at=AT)
    run = launched(project, [customer], starts_at=AT + dt.timedelta(minutes=30))
    drain(gateway, AT + dt.timedelta(hours=hours))
    run.refresh_from_db()
    assert (run.state, run.halted) == (("running", "") if hours == 1 else ("paused", "overdue"))


def test_a_budget_stops_the_run() -> None:
    project, people = make_project(), [make_customer() for _ in range(5)]
    run = launched(project, people, budget=3)
    drain(outbox.line_of(project))
    run.refresh_from_db()
    sent = Message.objects.filter(run=run, state="accepted")
    assert sum(each.pieces for each in sent) <= 3
    assert (run.state, run.halted) == ("paused", "budget")

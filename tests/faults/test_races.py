"""Deeds that meet in the database: one right end state each, no deadlock, and words for whoever comes second."""

from __future__ import annotations

import datetime as dt
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from campaigns.actions import broadcasts as broadcasting
from campaigns.actions.broadcasts import BroadcastSheet
from campaigns.models import Broadcast
from crm.actions import customers
from crm.models import Contact, Customer, CustomerPhone, Message, Project
from crm.roles import Role
from leads.actions import (
    contacts,
    importing,
    importing_run,
    merging,
    numbers,
    registering,
    settling,
    stopping,
    undoing,
)
from leads.actions.contacts import ContactSheet
from leads.models import CallTask, ImportBatch, InboundCall, Lead, MergeRecord, Visit
from tests.crm.smsc import smpp_gateway
from tests.factories import make_project, make_user
from tests.faults.meeting import Deed, meet
from tests.leads.stage import Stage, set_stage

pytestmark = [
    pytest.mark.processes,
    pytest.mark.xdist_group("processes"),
    pytest.mark.django_db(transaction=True),
]
SH = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 3, 2, 15, tzinfo=SH)
ONE, OTHER = "13800138000", "13900139000"
both_orders = pytest.mark.parametrize("turned", [False, True])


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def pair(stage: Stage) -> tuple[Lead, Lead]:
    """Two records of one person."""
    morning = NOW.replace(hour=10)
    return (
        stage.visitor("王芳", ONE, at=morning).lead,
        stage.visitor("王芳", OTHER, at=morning, consultant=stage.mei).lead,
    )


def ordered(turned: bool, *deeds: Deed) -> tuple[Deed, ...]:
    return deeds[::-1] if turned else deeds


def merge(winner: Lead, loser: Lead, stage: Stage) -> Deed:
    """What the page does: it has read both people before it begins."""
    mine, other = winner.customer, loser.customer
    return lambda: merging.merge_customers(winner=mine, loser=other, reason="同一人", by=stage.wu, at=NOW)


def log(lead: Lead, stage: Stage, preference: str = "", at: dt.datetime = NOW) -> Deed:
    sheet = ContactSheet("talked", preference=preference)
    return partial(contacts.log_contact, lead_id=lead.pk, sheet=sheet, happened_at=at, by=stage.lin, at=at)


def ring(stage: Stage, phone: str, project: Project | None = None, at: dt.datetime = NOW) -> Deed:
    party = registering.Party(project or stage.project, phone, "王芳", "mr", stage.heard, stage.lin)
    return partial(registering.register_call, party=party, happened_at=at, talked=False, by=stage.fang, at=at)


def one_person() -> None:
    """Nobody points at somebody who is merged, and every number and lead is the one person's."""
    (alone,) = Customer.objects.filter(merged_into=None)
    assert set(CustomerPhone.objects.filter(live=True).values_list("customer", flat=True)) == {alone.pk}
    assert {lead.customer_id for lead in Lead.objects.current()} == {alone.pk}
    assert {lead.household_id for lead in Lead.objects.current()} == {alone.household_id}
    assert set(Contact.objects.values_list("customer", flat=True)) <= {alone.pk}
    assert set(Customer.objects.values_list("household", flat=True)) == {alone.household_id}


@both_orders
@pytest.mark.parametrize("what", [Lead, Customer])
def test_px_3_two_merges_that_cross_are_one(
    stage: Stage, pair: tuple[Lead, Lead], turned: bool, what: type[Lead] | type[Customer]
) -> None:
    one, other = pair
    deeds = ordered(turned, merge(one, other, stage), merge(other, one, stage))
    assert meet([what._default_manager.all()], *deeds) == ["done", "merged"]
    assert MergeRecord.objects.count() == 1
    one_person()


@both_orders
@pytest.mark.parametrize("whose", [0, 1])
def test_px_3_a_merge_and_a_call_logged_meanwhile(
    stage: Stage, pair: tuple[Lead, Lead], turned: bool, whose: int
) -> None:
    deeds = ordered(turned, merge(*pair, stage), log(pair[whose], stage, preference="fewer"))
    answers = meet([Lead.objects.filter(pk=pair[whose].pk)], *deeds)
    late = whose == 1 and not turned  # the loser's lead is gone when the call is logged: open the other one
    assert answers == (["done", "merged"] if late else ["done", "done"])
    assert Contact.objects.filter(outcome="talked", at=NOW).count() == (0 if late else 1)
    one_person()


@both_orders
@pytest.mark.parametrize("elsewhere", [False, True])
def test_px_3_a_merge_and_the_desk(
    stage: Stage, pair: tuple[Lead, Lead], turned: bool, elsewhere: bool
) -> None:
    """The customer rings while the two are merged: here, or in a project where nobody knew them."""
    far = make_project("远山") if elsewhere else None
    deeds = ordered(turned, merge(*pair, stage), ring(stage, OTHER, far))
    held = [Customer.objects.all()] if elsewhere else [Lead.objects.all()]
    assert meet(held, *deeds) == ["done", "done"]
    assert InboundCall.objects.count() == 1
    one_person()


def load(stage: Stage, *phones: str) -> ImportBatch:
    lines = [
        "到访日期,手机,姓名,等级,置业顾问",
        *(f"2026-02-1{n},{phone},王芳,B,林晓" for n, phone in enumerate(phones)),
    ]
    by = stage.wu
    content = "\n".join(lines).encode()
    batch = importing.upload(project=stage.project, filename="x.csv", content=content, by=by, at=NOW)
    importing.check(batch_id=batch.pk, by=by, at=NOW)
    return importing.start(batch_id=batch.pk, staff={"林晓": stage.lin.pk}, by=by, at=NOW)


def run(batch: ImportBatch) -> None:
    while importing_run.advance(batch_id=batch.pk, at=NOW):
        pass


@both_orders
def test_px_3_a_merge_and_an_import(stage: Stage, pair: tuple[Lead, Lead], turned: bool) -> None:
    batch = load(stage, ONE, OTHER)
    meet([Lead.objects.all()], *ordered(turned, merge(*pair, stage), partial(run, batch)))
    batch.refresh_from_db()
    assert (batch.state, batch.refused) == ("done", 0)
    assert Visit.objects.count() == 4
    one_person()


def undo(batch: ImportBatch, stage: Stage) -> Deed:
    undoing.start(batch_id=batch.pk, by=stage.wu, at=NOW, in_worker=False)

    def whole() -> None:
        while undoing.advance(batch_id=batch.pk, at=NOW):
            pass

    return whole


@both_orders
@pytest.mark.parametrize("who", ["consultant", "desk"])
def test_px_15_an_undoing_and_a_call_on_its_lead(stage: Stage, turned: bool, who: str) -> None:
    """Worked on first: the lead stays. Undone first: the consultant reads so, the desk begins a lead anew."""
    batch = load(stage, ONE)
    run(batch)
    lead = Lead.objects.get()
    later = NOW + dt.timedelta(hours=1)
    calling = log(lead, stage, at=later) if who == "consultant" else ring(stage, ONE, at=later)
    answers = meet([Lead.objects.all()], *ordered(turned, undo(batch, stage), calling))
    if turned:
        assert answers == ["done", "done"]
        assert Lead.objects.get() == lead
    elif who == "consultant":
        assert answers == ["done", "gone"]
        assert (Lead.objects.count(), Contact.objects.count(), Customer.objects.count()) == (0, 0, 0)
    else:
        assert answers == ["done", "done"]
        assert InboundCall.objects.get().lead == Lead.objects.get()
    assert Customer.objects.count() == Lead.objects.count() == CustomerPhone.objects.count()


@both_orders
def test_sc_7_a_stop_and_a_wish_logged_at_once(stage: Stage, turned: bool) -> None:
    """The stop came by message: it stands, whatever wish was just typed."""
    lead = stage.visitor("王芳", ONE, at=NOW.replace(hour=10)).lead
    customers.opt_out(customer=lead.customer, scope="calls", source="sms:opt_out", by=None, at=NOW)
    deeds = ordered(turned, partial(stopping.carry, at=NOW), log(lead, stage, preference="fewer"))
    assert meet([Lead.objects.all()], *deeds) == ["done", "done"]
    lead.refresh_from_db()
    assert Contact.objects.filter(outcome="talked", at=NOW).count() == 1


@both_orders
def test_px_3_a_number_added_and_the_same_number_at_the_desk(stage: Stage, turned: bool) -> None:
    lead = stage.visitor("王芳", ONE, at=NOW.replace(hour=10)).lead
    adding = partial(
        numbers.add_number, lead_id=lead.pk, person=lead.customer, raw=OTHER, by=stage.lin, at=NOW
    )
    deeds = ordered(turned, adding, ring(stage, f"{ONE} {OTHER}"))
    assert meet([Lead.objects.all()], *deeds) == ["done", "done"]
    assert (Lead.objects.count(), InboundCall.objects.count()) == (1, 1)
    one_person()


@both_orders
def test_sc_6_one_party_called_in_two_projects_at_once(stage: Stage, turned: bool) -> None:
    """The cap knows no project, so each plan looks at the other: in one order."""
    lead = stage.visitor("王芳", ONE, at=NOW.replace(hour=10)).lead
    far = make_project("远山")
    ring(stage, ONE, far)()
    elsewhere = Lead.objects.get(project=far)
    deeds = ordered(turned, log(lead, stage), log(elsewhere, stage))
    assert meet([Customer.objects.all()], *deeds) == ["done", "done"]
    assert Contact.objects.filter(outcome="talked", at=NOW).count() == 2
    assert CallTask.objects.open().filter(lead__in=[lead, elsewhere], kind="cadence").count() == 2


@both_orders
def test_px_13_a_day_that_is_settled_while_a_call_is_logged(stage: Stage, turned: bool) -> None:
    stage.project.memberships.filter(user=stage.lin).update(capacity=1)
    leads = [stage.visitor("王芳", f"1380013800{n}", at=NOW, grade="C").lead for n in range(3)]
    for lead in leads:
        log(lead, stage)()
    monday = NOW + dt.timedelta(days=7)
    sheet = ContactSheet("talked")
    deeds = ordered(
        turned,
        partial(settling.settle_day, project=stage.project, at=monday),
        partial(
            contacts.log_contact,
            lead_id=leads[2].pk, sheet=sheet, happened_at=monday, by=stage.lin, at=monday,
        ),
    )  # fmt: skip
    assert meet([CallTask.objects.filter(lead=leads[2])], *deeds) == ["done", "done"]
    assert CallTask.objects.open().filter(kind="cadence").count() == 3


def written(stage: Stage) -> Broadcast:
    """Written by Ma, rehearsed, handed in."""
    ma = make_user(Role.MARKETING, stage.project, "马")
    stage.visitor("王芳", ONE, at=NOW.replace(hour=10), grade="A")
    smpp_gateway(stage.project, 1)
    row = broadcasting.save_and_rehearse(project=stage.project, sheet=BROADCAST, by=ma, at=NOW)
    broadcasting.rehearse(broadcast_id=row.pk, at=NOW)
    return broadcasting.submit(broadcast_id=row.pk, by=ma, at=NOW)


BROADCAST = BroadcastSheet(
    title="加推", body="{project}本周六加推。", starts_at=NOW, expires_at=NOW + dt.timedelta(hours=3)
)


def deed(name: str, row: Broadcast, stage: Stage) -> Deed:
    other = make_user(Role.SALES_MANAGER, stage.project, "钱")
    ma = row.prepared_by
    pk = row.pk
    deeds: dict[str, Deed] = {
        "approve": lambda: broadcasting.approve(broadcast_id=pk, by=stage.wu, at=NOW),
        "approve too": lambda: broadcasting.approve(broadcast_id=pk, by=other, at=NOW),
        "cancel": lambda: broadcasting.cancel(broadcast_id=pk, reason="改期", by=ma, at=NOW),
        "send back": lambda: broadcasting.send_back(broadcast_id=pk, reason="改字", by=other, at=NOW),
        "edit": lambda: broadcasting.save_broadcast(
            broadcast_id=pk, project=stage.project, sheet=BROADCAST, by=ma, at=NOW
        ),
        "start": lambda: broadcasting.start_due(broadcast_id=pk, at=NOW),
    }
    return deeds[name]


@pytest.mark.parametrize(
    ("first", "second", "answers", "ends"),
    [
        ("approve", "approve too", ["done", "rule"], "approved"),
        ("approve", "cancel", ["done", "done"], "cancelled"),
        ("cancel", "approve", ["done", "rule"], "cancelled"),
        ("approve", "edit", ["done", "rule"], "approved"),
        ("edit", "approve", ["done", "rule"], "draft"),
        ("cancel", "edit", ["done", "rule"], "cancelled"),
        ("edit", "cancel", ["done", "done"], "cancelled"),
        ("send back", "approve", ["done", "rule"], "draft"),
        ("approve", "send back", ["done", "rule"], "approved"),
        ("approve", "start", ["done", "done"], "launched"),
        ("start", "approve", ["done", "done"], "approved"),
        ("cancel", "start", ["done", "done"], "cancelled"),
        ("cancel", "cancel", ["done", "ended"], "cancelled"),
    ],
)
def test_sc_5_2_what_two_people_do_with_one_broadcast(
    stage: Stage, first: str, second: str, answers: list[str], ends: str
) -> None:
    row = written(stage)
    assert meet([Broadcast.objects.all()], deed(first, row, stage), deed(second, row, stage)) == answers
    row.refresh_from_db()
    broadcasting.drop_strays(at=NOW)
    waiting = Message.objects.filter(state__in=["held", "queued"]).count()
    assert (row.state, waiting) == (ends, int(first != "edit" and ends != "cancelled"))

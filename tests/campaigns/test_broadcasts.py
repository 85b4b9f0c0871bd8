"""Broadcasts against the database and the outbox: frozen once, approved by another, started at their hour, read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from campaigns import facts_audiences, facts_broadcasts, tasks
from campaigns.actions import broadcast_runs as runs
from campaigns.actions import broadcasts as actions
from campaigns.actions.broadcasts import BroadcastSheet
from campaigns.models import Broadcast, SavedAudience
from campaigns.rules_audiences import read
from crm.actions.customers import opt_out
from crm.errors import RuleViolation
from crm.models import AuditEvent, Message, MessageText, OptOut, SendRun, User
from crm.outbox.sweeping import finish
from crm.roles import Role
from crm.rules_messages import State
from leads.actions import deals, ending
from leads.models import Lead
from tests.factories import make_building, make_unit, make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db


def at(text: str) -> dt.datetime:
    """ "11-20 10:30" of 2026 in Shanghai."""
    return (dt.datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M") - dt.timedelta(hours=8)).replace(
        tzinfo=dt.UTC
    )


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def ma(stage: Stage) -> User:
    return make_user(Role.MARKETING, stage.project, "马")


@pytest.fixture
def party(stage: Stage) -> dict[str, Lead]:
    visit = at("11-01 10:00")
    people = {
        "a": stage.visitor("安", "13800138001", at=visit, grade="A").lead,
        "b": stage.visitor("柏", "13800138002", at=at("11-10 10:00"), grade="B").lead,
        "caller": stage.caller("柯", "13800138004", at=visit).lead,
        "lost": stage.visitor("罗", "13800138006", at=visit).lead,
        "never": stage.visitor("倪", "13800138007", at=visit).lead,
        "buyer": stage.visitor("马", "13800138008", at=visit).lead,
    }
    ending.set_preference(lead_id=people["never"].pk, preference="do_not_contact", by=stage.lin, at=visit)
    ending.end_lead(
        lead_id=people["lost"].pk, verdict="lost", reason="bought_elsewhere", note="", by=stage.lin, at=visit
    )
    unit = make_unit(make_building(stage.project, "3#"))
    deals.open_deal(
        lead_id=people["buyer"].pk, step="subscribed", happened_at=visit, by=stage.jin, at=visit, unit=unit
    )
    return people


def sheet(**values: Any) -> BroadcastSheet:
    given: dict[str, Any] = {
        "title": "双十二",
        "body": "{project}双十二特惠，{until}截止。",
        "starts_at": at("11-20 10:00"),
        "expires_at": at("11-20 19:00"),
    }
    return BroadcastSheet(**(given | values))


def write(stage: Stage, ma: User, now: str = "11-18 10:00", **values: Any) -> Broadcast:
    row = actions.save_broadcast(project=stage.project, sheet=sheet(**values), by=ma, at=at(now))
    actions.ask_rehearsal(broadcast_id=row.pk, by=ma, at=at(now))
    actions.rehearse(broadcast_id=row.pk, at=at(now))
    row.refresh_from_db()
    return row


def approved(stage: Stage, ma: User, **values: Any) -> Broadcast:
    row = write(stage, ma, **values)
    actions.submit(broadcast_id=row.pk, by=ma, at=at("11-18 10:10"))
    return actions.approve(broadcast_id=row.pk, by=stage.wu, at=at("11-18 10:20"))


def launched(stage: Stage, ma: User, **values: Any) -> Broadcast:
    row = approved(stage, ma, **values)
    assert actions.start_due(broadcast_id=row.pk, at=at("11-20 10:00")) == "starts"
    row.refresh_from_db()
    return row


def names(run: SendRun | None) -> set[str]:
    return set(Message.objects.filter(run=run).values_list("customer__name", flat=True))


def refused(
    deed: Callable[..., object], row: Broadcast, by: User, now: str = "11-18 11:00", **more: Any
) -> str:
    with pytest.raises(RuleViolation) as caught:
        deed(broadcast_id=row.pk, by=by, at=at(now), **more)
    return caught.value.code


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, "安柏柯倪马"),
        ({"who": "owners"}, "马"),
        ({"who": "leads"}, "安柏柯倪"),
        ({"grades": ["A"]}, "安"),
        ({"stages": ["caller"]}, "柯"),
        ({"stages": ["caller"], "grades": ["A"]}, ""),
        ({"wanted": ["three_rooms"]}, "安柏倪马"),
        ({"wanted": ["villa"]}, ""),
        ({"causes": ["price"], "who": "leads"}, "安柏倪"),
        ({"causes": ["school"]}, ""),
        ({"since": "2026-11-05"}, "柏"),
        ({"not_since": "2026-11-05", "who": "leads"}, "安柯倪"),
    ],
)
def test_the_audience_is_whom_its_filter_names(
    stage: Stage, party: dict[str, Lead], stored: dict[str, Any], expected: str
) -> None:
    far = set_stage("远山")
    far.visitor("外", "13800138009", at=at("11-01 10:00"), grade="A")
    found = facts_audiences.leads_of(stage.project, read(stored))
    assert set(found.values_list("customer__name", flat=True)) == set(expected)
    assert facts_audiences.measure(stage.project, read(stored))["people"] == len(expected)


def test_the_count_leaves_out_who_said_no_and_says_how_many(
    stage: Stage, ma: User, party: dict[str, Lead]
) -> None:
    said_no = party["a"].customer
    opt_out(customer=said_no, scope="marketing_sms", source="sms:opt_out", at=at("11-12 10:00"), by=None)
    found = facts_audiences.measure(stage.project, read({"who": "leads"}))
    assert (found["people"], found["stopped"]) == (3, 1)
    row = write(stage, ma, filter={"who": "leads"})
    assert (row.people, row.summary["left"]["opted_out"]) == (
        4,
        1,
    )  # the rehearsal lists them by name, with the reason


def test_a_building_counts_who_bought_there_or_was_shown_it(stage: Stage, party: dict[str, Lead]) -> None:
    seen = make_unit(make_building(stage.project, "5#"))
    party["a"].visit_rows.get().units.add(seen)
    bought = party["buyer"].deals.get().unit
    assert bought is not None

    def who(*buildings: int) -> set[str]:
        audience = read({"buildings": list(buildings)})
        return set(facts_audiences.leads_of(stage.project, audience).values_list("customer__name", flat=True))

    assert who(bought.building_id) == {"马"}
    assert who(seen.building_id) == {"安"}
    assert who(seen.building_id, bought.building_id) == {"安", "马"}


def test_referrals_and_vips_are_left_alone(stage: Stage, party: dict[str, Lead]) -> None:
    Lead.objects.filter(pk=party["a"].pk).update(kind="vip")
    Lead.objects.filter(pk=party["b"].pk).update(kind="leader_referral")
    assert facts_audiences.measure(stage.project, read({"who": "leads"}))["people"] == 2


def test_the_rehearsal_is_the_real_plan(stage: Stage, ma: User, party: dict[str, Lead]) -> None:
    row = write(stage, ma, price=Decimal("0.05"), filter={"who": "leads"})
    assert row.run is not None
    assert (row.run.state, row.people, row.summary["messages"]) == ("draft", 4, 3)
    assert row.run.body == "云栖里双十二特惠，11月20日19:00截止。"
    assert names(row.run) == {"安", "柏", "柯"}
    assert row.summary["left"] == {"do_not_contact": 1}
    assert row.summary["pieces"] == sum(Message.objects.values_list("pieces", flat=True))
    assert Message.objects.filter(counts=True).count() == 3


def test_planned_twice_doubles_nobody_and_a_killed_plan_is_taken_up(
    stage: Stage, ma: User, party: dict[str, Lead]
) -> None:
    row = write(stage, ma)
    assert not actions.rehearse(broadcast_id=row.pk, at=at("11-18 10:01"))
    assert len(Message.objects.all()) == 4
    Broadcast.objects.filter(pk=row.pk).update(planned_at=None, summary={})
    assert facts_broadcasts.to_plan() == [row.pk]
    assert not actions.rehearse(broadcast_id=row.pk, at=at("11-18 10:00"))  # another worker may be at it
    assert actions.rehearse(broadcast_id=row.pk, at=at("11-18 10:02"))
    assert (Message.objects.count(), SendRun.objects.count()) == (4, 1)


def test_who_has_no_value_for_a_field_is_listed_by_name(
    stage: Stage, ma: User, party: dict[str, Lead]
) -> None:
    row = write(stage, ma, body="{wanted}新品加推，{consultant}为您留房。")
    assert row.run is not None
    missing = row.run.exclusions.filter(reason="data_missing").select_related("customer")
    assert {(each.customer.name, each.detail) for each in missing} == {("柯", "wanted")}
    said = set(MessageText.objects.values_list("values__wanted", flat=True))
    assert said == {"三房"}
    with pytest.raises(RuleViolation):
        write(stage, ma, body="{phone}您好")


def test_a_changed_text_lets_the_rehearsal_go_and_the_tick_frees_its_places(
    stage: Stage, ma: User, party: dict[str, Lead]
) -> None:
    row = write(stage, ma)
    actions.submit(broadcast_id=row.pk, by=ma, at=at("11-18 10:10"))
    actions.save_broadcast(
        project=stage.project, sheet=sheet(title="新"), by=ma, at=at("11-18 10:15"), broadcast_id=row.pk
    )
    row.refresh_from_db()
    assert (row.state, row.run, row.planned_at) == ("draft", None, None)
    assert refused(actions.submit, row, ma) == "not_rehearsed"
    assert actions.drop_strays(at=at("11-18 10:16")) == 1
    assert actions.drop_strays(at=at("11-18 10:17")) == 0
    assert not Message.objects.exists()


def test_the_author_never_approves_and_the_database_says_so_too(
    stage: Stage, ma: User, party: dict[str, Lead]
) -> None:
    row = write(stage, ma)
    assert refused(actions.approve, row, stage.wu) == "rule"
    actions.submit(broadcast_id=row.pk, by=ma, at=at("11-18 10:10"))
    assert refused(actions.approve, row, ma) == "own_work"
    with pytest.raises(IntegrityError), transaction.atomic():
        Broadcast.objects.filter(pk=row.pk).update(state="approved", approved_by=ma)
    with pytest.raises(IntegrityError), transaction.atomic():
        Broadcast.objects.filter(pk=row.pk).update(state="approved")
    actions.send_back(broadcast_id=row.pk, reason="改标题", by=stage.wu, at=at("11-18 10:20"))
    row.refresh_from_db()
    assert (row.state, row.reason) == ("draft", "改标题")


def test_it_starts_at_its_hour_once_however_many_ticks(
    stage: Stage, ma: User, party: dict[str, Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = approved(stage, ma)
    for now in ("11-20 09:59", "11-20 10:00", "11-20 10:01", "11-20 10:01"):
        monkeypatch.setattr("crm.clock.now", lambda now=now: at(now))
        tasks.broadcasts()
    row.refresh_from_db()
    assert row.run is not None
    assert (row.state, row.run.state, row.run.launched_at) == ("launched", "running", at("11-20 10:00"))
    assert AuditEvent.objects.filter(verb="broadcast.started").count() == 1
    assert refused(actions.start_now, row, stage.wu) == "rule"


def test_a_missed_start_asks_and_its_end_ends_it(stage: Stage, ma: User, party: dict[str, Lead]) -> None:
    row = approved(stage, ma, filter={"who": "owners"})
    for _tick in range(2):
        assert actions.start_due(broadcast_id=row.pk, at=at("11-20 11:00")) == "overdue"
    row.refresh_from_db()
    assert row.standing == "overdue"
    assert set(Message.objects.values_list("run__state", flat=True)) == {"draft"}
    other = approved(stage, ma, title="另一条", filter={"grades": ["A"]})
    actions.start_due(broadcast_id=other.pk, at=at("11-20 11:00"))
    actions.start_now(broadcast_id=row.pk, by=stage.wu, at=at("11-20 11:10"))
    assert refused(actions.start_now, other, stage.wu, "11-20 19:00") == "expired"
    assert facts_broadcasts.to_start(at=at("11-20 19:00")) == [other.pk]
    assert actions.start_due(broadcast_id=other.pk, at=at("11-20 19:00")) == "expired"
    other.refresh_from_db()
    assert (other.state, other.run and other.run.state) == ("expired", "cancelled")
    assert set(Message.objects.filter(run=other.run).values_list("state", flat=True)) <= {"cancelled"}


def test_paused_resumed_cancelled_and_the_places_come_back(
    stage: Stage, ma: User, party: dict[str, Lead]
) -> None:
    row = launched(stage, ma)
    assert refused(runs.resume, row, ma, "11-20 10:05") == "not_paused"
    runs.pause(broadcast_id=row.pk, by=ma, at=at("11-20 10:05"))
    assert refused(runs.pause, row, ma, "11-20 10:06") == "not_running"
    runs.resume(broadcast_id=row.pk, by=stage.wu, at=at("11-20 10:07"))
    with pytest.raises(RuleViolation):
        actions.cancel(broadcast_id=row.pk, reason=" ", by=ma, at=at("11-20 10:08"))
    actions.cancel(broadcast_id=row.pk, reason="活动取消", by=ma, at=at("11-20 10:08"))
    row = Broadcast.objects.get(pk=row.pk)
    assert row.standing == "cancelled"
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}
    assert refused(actions.cancel, row, ma, "11-20 10:09", reason="x") == "ended"


def test_the_budget_stops_it_and_it_does_not_go_on(stage: Stage, ma: User, party: dict[str, Lead]) -> None:
    row = launched(stage, ma, budget=1)
    assert row.run is not None
    assert row.run.budget == 1
    SendRun.objects.filter(pk=row.run.pk).update(state="paused", halted="budget")
    assert refused(runs.resume, row, ma, "11-20 10:05") == "budget"


def test_who_opts_out_is_in_no_later_rehearsal(stage: Stage, ma: User, party: dict[str, Lead]) -> None:
    OptOut.objects.create(
        customer=party["a"].customer, scope="marketing_sms", at=at("11-19 10:00"), source="sms"
    )
    row = write(stage, ma, "11-19 11:00", filter={"who": "leads"})
    assert names(row.run) == {"柏", "柯"}
    assert row.summary["left"] == {"opted_out": 1, "do_not_contact": 1}


def test_it_is_not_finished_while_an_outcome_is_unknown_and_unread(
    stage: Stage, ma: User, party: dict[str, Lead]
) -> None:
    row = launched(stage, ma, filter={"grades": ["A"]})
    Message.objects.filter(run=row.run).update(state=State.UNKNOWN)
    finish(at=at("11-20 10:30"))
    assert Broadcast.objects.get(pk=row.pk).standing == "running"
    assert runs.read_unknown(broadcast_id=row.pk, by=ma, at=at("11-20 10:31")) == 1
    finish(at=at("11-20 10:32"))
    assert Broadcast.objects.get(pk=row.pk).standing == "finished"


def test_only_the_proven_not_sent_are_sent_again(stage: Stage, ma: User, party: dict[str, Lead]) -> None:
    row = launched(stage, ma, filter={"who": "leads"})
    ids = list(Message.objects.filter(run=row.run).order_by("pk").values_list("pk", flat=True))
    for pk, state in zip(ids, (State.REFUSED, State.UNKNOWN, State.DELIVERED), strict=True):
        Message.objects.filter(pk=pk).update(state=state)
    assert runs.resend(broadcast_id=row.pk, by=stage.wu, at=at("11-20 11:00")) == 1
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == [
        "queued", "unknown", "delivered",
    ]  # fmt: skip
    assert refused(runs.resend, row, stage.wu, "11-20 11:01") == "nothing"


def test_foreign_buildings_and_sources_are_refused(stage: Stage, ma: User) -> None:
    far = set_stage("远山")
    building = make_building(far.project)
    for stored in ({"buildings": [building.pk]}, {"sources": [far.heard.pk]}, {"phone": "1"}):
        with pytest.raises(RuleViolation):
            actions.save_broadcast(
                project=stage.project, sheet=sheet(filter=stored), by=ma, at=at("11-18 10:00")
            )


def test_a_saved_audience_belongs_to_who_saved_it(stage: Stage, ma: User) -> None:
    other = make_user(Role.MARKETING, stage.project, "李")
    for grades in (["A"], ["B"]):
        actions.save_audience(
            project=stage.project, name="意向客户", stored={"grades": grades}, by=ma, at=at("11-18 10:00")
        )
    row = SavedAudience.objects.get()
    assert row.audience.grades == ("B",)
    with pytest.raises(RuleViolation):
        actions.save_audience(
            project=stage.project, name="意向客户", stored={}, by=other, at=at("11-18 10:00")
        )


def test_the_longest_text_is_counted(stage: Stage, ma: User, party: dict[str, Lead]) -> None:
    audience = read({"who": "leads"})
    found = facts_broadcasts.sample(stage.project, "新品加推", audience, at("11-20 19:00"))
    assert found.pieces is not None
    assert (found.people, found.pieces.billed, found.refused) == (4, 1, "")
    assert found.characters >= max(
        len(text)
        for text in ("安先生您好，新品加推【云栖里】首席预约电话:0571-88880000 置业顾问:林晓 拒收请回复R",)
    )
    assert found.cost(Decimal("0.05")) == Decimal("0.20")
    assert facts_broadcasts.sample(stage.project, "您好，新品", audience, at("11-20 19:00")).refused
    long = facts_broadcasts.sample(stage.project, "长" * 480, audience, at("11-20 19:00"))
    assert long.refused
    assert long.cost(Decimal(1)) is None


def test_the_test_goes_to_ones_own_mobile_only(stage: Stage, ma: User, party: dict[str, Lead]) -> None:
    row = write(stage, ma)
    with pytest.raises(RuleViolation):
        actions.send_to_self(row=row, by=ma, at=at("11-18 10:30"))
    ma.mobile = "13900139000"
    ma.save()
    actions.send_to_self(row=row, by=ma, at=at("11-18 10:30"))
    message = Message.objects.get(run__kind="test")
    assert (message.to, message.customer, message.counts) == ("+8613900139000", None, False)

"""Milestones against the database and the outbox (SC-3.1, SC-3.2, SC-4.3, SC-5.2)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from campaigns import facts_milestones, tasks
from campaigns.actions import invitations, milestones, telling
from campaigns.actions.milestones import MilestoneSheet
from campaigns.models import Invitation, Milestone
from crm.errors import RuleViolation
from crm.models import Message, Occasion, OptOut, SendRun, User
from crm.roles import Role
from leads.actions import deals, grading
from leads.actions.contacts import ContactSheet, log_contact
from leads.facts_sheet import occasions_of
from leads.models import CallTask, Lead
from tests.factories import make_building, make_unit, make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db


def at(text: str) -> dt.datetime:
    """ "03-10 10:30" of 2026 in Shanghai."""
    return (dt.datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M") - dt.timedelta(hours=8)).replace(
        tzinfo=dt.UTC
    )


SHEET = MilestoneSheet(
    kind="opening",
    title="首期开盘",
    body="{project}将于{day}{title}，诚邀您和家人莅临。",
    day=dt.date(2026, 3, 20),
    notice_day=dt.date(2026, 3, 12),
    grades=("A", "B", "C", "D"),
)


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def marketing(stage: Stage) -> User:
    return make_user(Role.MARKETING, stage.project, "马")


@pytest.fixture
def party(stage: Stage) -> dict[str, Lead]:
    """A, B, D, a caller, a leader's referral, a VIP, two buyers of two buildings."""
    visit = at("03-01 10:00")
    people = {
        name: stage.visitor(name, f"1380013800{n}", at=visit, grade=grade).lead
        for n, (name, grade) in enumerate(
            {"安": "A", "柏": "B", "邓": "D", "林导": "B", "魏宾": "B", "购一": "A", "购二": "B"}.items()
        )
    }
    people["柯"] = stage.caller("柯", "13800138008", at=visit).lead
    for name, kind in (("林导", "leader_referral"), ("魏宾", "vip")):
        grading.set_kind(lead_id=people[name].pk, kind=kind, reason="公司", by=stage.wu, at=visit)
    for name, building in (("购一", "1#"), ("购二", "2#")):
        unit = make_unit(make_building(stage.project, building))
        deals.open_deal(
            lead_id=people[name].pk, step="subscribed", happened_at=visit, by=stage.jin, at=visit, unit=unit
        )
    return people


def approved(stage: Stage, by: User, sheet: MilestoneSheet = SHEET, now: str = "03-10 10:00") -> Milestone:
    row = milestones.save_milestone(project=stage.project, sheet=sheet, by=by, at=at(now))
    milestones.submit(milestone_id=row.pk, by=by, at=at(now))
    return milestones.approve(milestone_id=row.pk, by=stage.wu, at=at(now))


def messages(row: Milestone) -> dict[str, Message]:
    found = Message.objects.filter(run=row.run).select_related("customer")
    return {message.customer.name: message for message in found if message.customer is not None}


def test_sc_5_2_it_takes_two_people_and_becomes_an_occasion(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row = milestones.save_milestone(project=stage.project, sheet=SHEET, by=marketing, at=at("03-10 10:00"))
    with pytest.raises(RuleViolation):
        milestones.approve(milestone_id=row.pk, by=stage.wu, at=at("03-10 10:00"))
    milestones.submit(milestone_id=row.pk, by=marketing, at=at("03-10 10:00"))
    with pytest.raises(RuleViolation):
        milestones.approve(milestone_id=row.pk, by=marketing, at=at("03-10 10:00"))
    milestones.send_back(milestone_id=row.pk, reason="写清楚时间", by=stage.wu, at=at("03-10 10:00"))
    milestones.submit(milestone_id=row.pk, by=marketing, at=at("03-10 11:00"))
    row = milestones.approve(milestone_id=row.pk, by=stage.wu, at=at("03-10 12:00"))
    assert row.occasion is not None
    assert row.occasion in occasions_of(party["柏"], dt.date(2026, 3, 15))
    assert row.occasion not in occasions_of(party["柏"], dt.date(2026, 3, 11))
    with pytest.raises(RuleViolation):
        milestones.save_milestone(
            project=stage.project, sheet=SHEET, by=marketing, at=at("03-10 12:00"), milestone_id=row.pk
        )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"kind": "x"}, "kind"),
        ({"day": dt.date(2026, 3, 1)}, "day"),
        ({"notice_day": dt.date(2026, 3, 21)}, "notice_day"),
        ({"notice_day": dt.date(2026, 3, 9)}, "notice_day"),
        ({"body": "【云栖】开盘"}, "body"),
        ({"body": "{phone}开盘"}, "body"),
        ({"grades": (), "to_callers": False, "to_buyers": False, "referrals": "not"}, "grades"),
    ],
)
def test_a_wrong_sheet_is_refused_at_its_field(
    stage: Stage, marketing: User, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(RuleViolation) as refused:
        milestones.save_milestone(
            project=stage.project,
            sheet=replace(SHEET, **change),
            by=marketing,
            at=at("03-10 10:00"),
        )
    assert refused.value.field == field


def test_sc_5_2_everybody_by_message_key_and_referrals_by_phone_first(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row = telling.plan_milestone(milestone=approved(stage, marketing), at=at("03-10 12:00"))
    assert (row.problem, row.calls) == ("", 2)
    found = messages(row)
    assert set(found) == {"安", "柏", "邓", "柯", "林导", "购一", "购二"}  # SC-3.2: the VIP has an event plan
    assert {name for name, message in found.items() if message.unless_talked} == {"安", "林导"}
    assert found["柏"].not_before == at("03-12 09:30")
    calls = CallTask.objects.filter(occasion=row.occasion).select_related("lead__customer")
    assert {call.lead.customer.name: call.list_day for call in calls} == dict.fromkeys(
        ("安", "林导"), dt.date(2026, 3, 12)
    )
    assert row.run is not None
    assert row.run.body == "云栖里将于3月20日首期开盘，诚邀您和家人莅临。"


def test_sc_4_3_construction_of_one_building_reaches_its_buyers(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    building = stage.project.buildings.get(name="1#")
    sheet = replace(
        SHEET,
        kind="construction",
        title="1#封顶",
        grades=(),
        to_callers=False,
        referrals="not",
        buildings=(building,),
    )
    row = telling.plan_milestone(milestone=approved(stage, marketing, sheet), at=at("03-10 12:00"))
    assert set(messages(row)) == {"购一"}


def test_sc_3_1_a_referral_reached_by_phone_hears_no_message_more(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row = telling.plan_milestone(milestone=approved(stage, marketing), at=at("03-10 12:00"))
    lead = party["林导"]
    log_contact(
        lead_id=lead.pk,
        sheet=ContactSheet("talked"),
        happened_at=at("03-12 10:30"),
        by=stage.lin,
        at=at("03-12 10:30"),
    )
    call = CallTask.objects.get(lead=lead, occasion=row.occasion)
    assert call.state == "done"


def test_planned_again_and_launched_once(stage: Stage, marketing: User, party: dict[str, Lead]) -> None:
    row = approved(stage, marketing)
    for _run in range(2):
        row = telling.plan_milestone(milestone=row, at=at("03-10 12:00"))
    stage.visitor("新", "13800138020", at=at("03-11 15:00"), grade="C")
    for _run in range(2):
        row = telling.plan_milestone(
            milestone=Milestone.objects.select_related("project", "run", "occasion").get(pk=row.pk),
            at=at("03-12 00:10"),
            launch=True,
        )
    assert row.run is not None
    assert (row.run.state, len(messages(row))) == (SendRun.State.RUNNING, 8)


def test_a_moved_day_plans_anew_what_was_not_sent(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row = telling.plan_milestone(milestone=approved(stage, marketing), at=at("03-10 12:00"))
    correction = milestones.move(
        milestone_id=row.pk,
        day=dt.date(2026, 3, 28),
        body=milestones.moved_body(row.title),
        by=marketing,
        at=at("03-11 10:00"),
    )
    assert correction is None
    row = Milestone.objects.select_related("project", "run", "occasion").get(pk=row.pk)
    assert row.run is None
    assert row.occasion is not None
    assert row.occasion.ends_on == dt.date(2026, 3, 28)
    assert not CallTask.objects.open().filter(occasion=row.occasion).exists()
    row = telling.plan_milestone(milestone=row, at=at("03-11 10:05"))
    assert row.run is not None
    assert "3月28日" in row.run.body


def test_a_moved_day_offers_a_correction_to_those_who_had_the_notice(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row = telling.plan_milestone(milestone=approved(stage, marketing), at=at("03-12 09:00"), launch=True)
    had = Message.objects.filter(run=row.run, customer__name__in=["柏", "邓"])
    had.update(state="delivered")
    correction = milestones.move(
        milestone_id=row.pk,
        day=dt.date(2026, 3, 28),
        body=milestones.moved_body(row.title),
        by=marketing,
        at=at("03-13 10:00"),
    )
    assert correction is not None
    assert set(Message.objects.filter(run=row.run).values_list("state", flat=True)) == {
        "delivered",
        "cancelled",
    }
    with pytest.raises(RuleViolation):
        telling.approve_correction(correction_id=correction.pk, by=marketing, at=at("03-13 10:10"))
    sent = telling.approve_correction(correction_id=correction.pk, by=stage.wu, at=at("03-13 10:10"))
    with pytest.raises(RuleViolation):
        telling.approve_correction(correction_id=correction.pk, by=stage.wu, at=at("03-13 10:11"))
    assert sent.run is not None
    assert "改期至3月28日" in sent.run.body
    assert set(sent.run.messages.values_list("customer__name", flat=True)) == {"柏", "邓"}


def test_cancelling_takes_everything_back(stage: Stage, marketing: User, party: dict[str, Lead]) -> None:
    row = telling.plan_milestone(milestone=approved(stage, marketing), at=at("03-10 12:00"))
    with pytest.raises(RuleViolation):
        milestones.cancel(milestone_id=row.pk, reason="", body="x", by=stage.wu, at=at("03-11 10:00"))
    for _click in range(2):
        milestones.cancel(
            milestone_id=row.pk,
            reason="证件未到",
            body=milestones.cancelled_body(row.title),
            by=stage.wu,
            at=at("03-11 10:00"),
        )
    assert not Message.objects.exclude(state="cancelled").exists()
    assert not CallTask.objects.open().exclude(occasion=None).exists()
    assert not Occasion.objects.filter(kind="milestone", ends_on__gte=dt.date(2026, 3, 13)).exists()


def test_the_tick_plans_tells_and_runs_twice(
    stage: Stage, marketing: User, party: dict[str, Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = approved(stage, marketing)
    for now in ("03-10 13:00", "03-10 13:05", "03-12 00:10", "03-12 00:15", "03-21 09:00"):
        monkeypatch.setattr("crm.clock.now", lambda now=now: at(now))
        tasks.milestones()
    row.refresh_from_db()
    assert row.run is not None
    assert (row.run.state, row.run.launched_at) == (SendRun.State.RUNNING, at("03-12 00:10"))
    assert facts_milestones.waiting(at=at("03-22 09:00")) == []


def test_sc_3_2_guests_are_invited_answer_and_arrive(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row = approved(stage, marketing)
    with pytest.raises(RuleViolation):
        invitations.invite(
            milestone_id=row.pk, lead_ids=[party["柏"].pk], means="call", by=stage.wu, at=at("03-13 10:00")
        )
    for _click in range(2):
        made = invitations.invite(
            milestone_id=row.pk, lead_ids=[party["魏宾"].pk], means="call", by=stage.wu, at=at("03-13 10:00")
        )
    assert len(made) == Invitation.objects.count() == 1
    call = CallTask.objects.get(lead=party["魏宾"], occasion=row.occasion)
    assert (call.clause, call.state, call.list_day) == ("SC-3.2", "open", dt.date(2026, 3, 19))
    invitations.answer(
        invitation_id=made[0].pk, answer="yes", guests=3, note="带家人", by=stage.wu, at=at("03-14 10:00")
    )
    with pytest.raises(RuleViolation):
        invitations.arrive(invitation_id=made[0].pk, by=stage.wu, at=at("03-14 10:00"))
    guest = invitations.arrive(invitation_id=made[0].pk, by=stage.wu, at=at("03-20 10:00"))
    assert (guest.answer, guest.guests, guest.arrived_at) == ("yes", 3, at("03-20 10:00"))


def test_sc_3_2_who_is_invited_by_message_gets_one_and_nobody_a_second(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row = approved(stage, marketing)
    telling.plan_milestone(milestone=row, at=at("03-12 10:00"), launch=True)
    assert set(messages(row)) >= {"林导"}
    assert "魏宾" not in messages(row)
    both = [party["魏宾"].pk, party["林导"].pk]

    def invite(hour: int) -> None:
        invitations.invite(
            milestone_id=row.pk, lead_ids=both, means="sms", by=stage.wu, at=at(f"03-13 {hour}:00")
        )

    invite(10)
    run = SendRun.objects.exclude(pk=row.run_id or 0).get()
    (message,) = run.messages.select_related("customer")
    assert (run.kind, run.state, run.body) == ("milestone", "running", telling.body_of(row))
    assert message.customer is not None
    assert message.customer.name == "魏宾", "the referral has the notice of the milestone"
    shown = {guest.lead.customer.name: guest.message for guest in facts_milestones.plan_of(row)["invited"]}
    assert shown["魏宾"] == message
    assert shown["林导"] == messages(row)["林导"]
    invite(11)
    assert SendRun.objects.count() == 2, "asked twice, written to once"
    assert Invitation.objects.count() == 2


def test_sc_6_a_guest_who_may_not_be_written_to_is_shown_with_the_reason(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row, guest = approved(stage, marketing), party["魏宾"]
    OptOut.objects.create(
        customer=guest.customer, scope="marketing_sms", source="by_hand", at=at("03-10 09:00"), by=stage.wu
    )
    invitations.invite(
        milestone_id=row.pk, lead_ids=[guest.pk], means="sms", by=stage.wu, at=at("03-13 10:00")
    )
    (line,) = facts_milestones.plan_of(row)["invited"]
    assert (line.message, line.left) == (None, "opted_out")


def test_sc_5_2_who_had_no_notice_before_the_move_is_told_the_new_day(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row = telling.plan_milestone(milestone=approved(stage, marketing), at=at("03-12 09:00"), launch=True)
    first = row.run
    Message.objects.filter(run=first, customer__name__in=["柏", "邓"]).update(state="delivered")
    log_contact(
        lead_id=party["林导"].pk, sheet=ContactSheet("talked", occasion=row.occasion), by=stage.lin,
        happened_at=at("03-12 11:00"), at=at("03-12 11:00"),
    )  # fmt: skip
    correction = milestones.move(
        milestone_id=row.pk,
        day=dt.date(2026, 3, 28),
        body="改期至{day}。",
        by=marketing,
        at=at("03-13 10:00"),
    )
    assert correction is not None
    row.refresh_from_db()
    row = telling.plan_milestone(milestone=row, at=at("03-13 10:05"), launch=True)
    assert row.run is not None
    assert first is not None
    assert "3月28日" in row.run.body
    assert row.run.pk != first.pk
    rest = set(messages(row))
    assert rest >= {"安", "购一", "购二", "柯"}
    assert not rest & {"柏", "邓", "林导"}, "who had the former day gets the correction, not a second notice"
    assert party["安"].tasks.filter(occasion=row.occasion, state="open").exists(), "to be called again"
    shown = facts_milestones.detail(row)["progress"]
    assert shown.planned == Message.objects.filter(run__in=[first, row.run]).count()
    sent = telling.approve_correction(correction_id=correction.pk, by=stage.wu, at=at("03-13 12:00"))
    assert sent.run is not None
    told = set(sent.run.messages.values_list("customer__name", flat=True))
    assert told == {"柏", "邓", "林导"}, "who was told on the telephone, too; not who has the new day already"


def test_sc_3_2_a_guests_call_outlives_the_plan_of_the_notice_and_moves_with_the_day(
    stage: Stage, marketing: User, party: dict[str, Lead]
) -> None:
    row, guest = approved(stage, marketing), party["魏宾"]
    invitations.invite(
        milestone_id=row.pk, lead_ids=[guest.pk], means="call", by=stage.wu, at=at("03-10 11:00")
    )
    row.refresh_from_db()
    telling.plan_milestone(milestone=row, at=at("03-11 00:10"))
    call = guest.tasks.get(occasion=row.occasion)
    assert (call.state, call.due_at) == ("open", at("03-19 20:30"))
    milestones.move(
        milestone_id=row.pk,
        day=dt.date(2026, 3, 28),
        body="改期至{day}。",
        by=marketing,
        at=at("03-11 10:00"),
    )
    call.refresh_from_db()
    assert (call.state, call.due_at) == ("open", at("03-27 20:30"))

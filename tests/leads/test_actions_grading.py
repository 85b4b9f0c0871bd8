"""Grades, put-offs, deals and who owns what, against the database (SC-2, PX-7, PX-9, PX-14, PX-15)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm.errors import RuleViolation
from crm.models import PolicyVersion
from leads.actions import assigning, contacts, deals, grading, policies, replanning
from leads.actions.contacts import ContactSheet
from leads.models import CallTask, Deal, DealStep, DowngradeReview, Lead
from tests import factories
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
SH = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=SH)


@pytest.fixture
def stage() -> Stage:
    return set_stage()


def talked(lead: Lead, stage: Stage, moment: dt.datetime) -> Lead:
    return contacts.log_contact(
        lead_id=lead.pk, sheet=ContactSheet("talked"), happened_at=moment, by=stage.lin, at=moment
    ).lead


def weekly_c(stage: Stage) -> Lead:
    """A C customer whose next call, SC-2.4, is due on Monday 9 March."""
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="C").lead
    lead = talked(lead, stage, at(2, 16))
    assert (lead.clause, lead.due_at) == ("SC-2.4", at(9, 20, 30))
    return lead


def many(stage: Stage, number: int, *, moment: dt.datetime, first: int = 0) -> list[int]:
    return [
        stage.visitor(f"客户{n}", f"1390000{n:04d}", at=moment).lead.pk for n in range(first, first + number)
    ]


def test_sc_2_5_a_d_needs_its_reason_and_may_be_drawn(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    with pytest.raises(RuleViolation) as refused:
        grading.set_grade(lead_id=lead.pk, grade="D", reason=" ", by=stage.lin, at=at(2, 12))
    assert (refused.value.clause, refused.value.code) == ("SC-2.5", "reason_needed")
    everybody = {"closing_time": "20:30", "downgrade_sample_percent": 100}
    PolicyVersion.objects.create(
        project=stage.project,
        number=2,
        values=everybody,
        state="approved",
        prepared_at=at(1, 9),
        approved_at=at(1, 9),
        effective_from=at(1, 9),
    )
    grading.set_grade(lead_id=lead.pk, grade="D", reason="预算不够", by=stage.lin, at=at(2, 12))
    lead.refresh_from_db()
    assert (lead.grade, lead.quiet_clause) == ("D", "SC-2.5")
    assert DowngradeReview.objects.get().event.data["before"] == "B"


@pytest.mark.parametrize(("grade", "due"), [("A", 8), ("C", 10)])
def test_sc_2_6_an_edit_brings_the_next_call_nearer_never_later(stage: Stage, grade: str, due: int) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    talked(lead, stage, at(2, 16))
    lead = talked(lead, stage, at(3, 10))
    assert (lead.clause, lead.due_at) == ("SC-2.3b", at(10, 20, 30))
    edited = grading.set_grade(lead_id=lead.pk, grade=grade, reason="", by=stage.lin, at=at(8, 10))
    assert edited.due_at == at(due, 20, 30)


def test_sc_2_4_is_put_off_once_and_to_the_limit(stage: Stage) -> None:
    lead = weekly_c(stage)
    said: dict[str, Any] = {"lead_id": lead.pk, "by": stage.lin}
    with pytest.raises(RuleViolation, match="Give the reason"):
        grading.put_off(until=dt.date(2026, 3, 12), reason="", at=at(3, 9), **said)
    with pytest.raises(RuleViolation, match="At the latest 16 March 2026"):
        grading.put_off(until=dt.date(2026, 3, 30), reason="出差", at=at(3, 9), **said)
    put = grading.put_off(until=dt.date(2026, 3, 16), reason="出差", at=at(3, 9), **said)
    assert put.due_at == at(16, 20, 30)
    with pytest.raises(RuleViolation) as twice:
        grading.put_off(until=dt.date(2026, 3, 18), reason="又出差", at=at(4, 9), **said)
    assert twice.value.code == "limit"
    lead.refresh_from_db()
    assert lead.due_at == at(16, 20, 30)


def test_px_6_leads_are_shared_evenly_and_strangers_refused(stage: Stage) -> None:
    kai = factories.make_user("consultant", stage.project)
    ids = many(stage, 7, moment=at(2, 11))
    done = assigning.assign(
        project=stage.project, lead_ids=ids, to=[stage.mei, kai], by=stage.wu, at=at(2, 12)
    )
    assert sorted(done.by_consultant.values()) == [3, 4]
    assert CallTask.objects.open().filter(assignee=stage.lin).count() == 0
    again = assigning.assign(
        project=stage.project, lead_ids=ids, to=[stage.mei, kai], by=stage.wu, at=at(2, 13)
    )
    assert again.leads == 0
    stranger = factories.make_user("consultant", factories.make_project())
    for to in ([stranger], [stage.wu], []):
        with pytest.raises(RuleViolation):
            assigning.assign(project=stage.project, lead_ids=ids, to=to, by=stage.wu, at=at(2, 14))


def test_px_7_a_hand_over_takes_all_and_spreads_what_is_due(stage: Stage) -> None:
    stage.project.memberships.filter(user=stage.mei).update(capacity=4)
    ids = many(stage, 6, moment=at(2, 11))
    for pk in ids:
        talked(Lead.objects.get(pk=pk), stage, at(2, 16))
    kept = stage.visitor("李雷", "13700137000", at=at(5, 10)).lead
    with pytest.raises(RuleViolation, match="somebody else"):
        assigning.hand_over(
            project=stage.project, leaver=stage.lin, to=[stage.lin], by=stage.wu, at=at(5, 10), reason="离职"
        )
    assigning.hand_over(
        project=stage.project, leaver=stage.lin, to=[stage.mei], by=stage.wu, at=at(5, 11), reason="离职"
    )
    assert not Lead.objects.filter(consultant=stage.lin).exists()
    days = list(Lead.objects.filter(pk__in=ids).order_by("due_at").values_list("due_at", flat=True))
    assert [days.count(at(day, 20, 30)) for day in (5, 6, 7)] == [2, 2, 2]
    kept.refresh_from_db()
    assert (kept.clause, kept.due_at) == ("SC-2.1", at(5, 20, 30))


def proposed(stage: Stage, lead: Lead, **values: Any) -> DealStep:
    return deals.open_deal(
        lead_id=lead.pk,
        step="subscribed",
        happened_at=at(3, 10),
        by=stage.lin,
        at=at(3, 11),
        **values,
    )


def test_px_9_a_proposal_counts_once_another_person_approves(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    row = proposed(stage, lead, unit_text="3#1201")
    lead.refresh_from_db()
    assert (row.approved_at, lead.stage) == (None, "visitor")
    with pytest.raises(RuleViolation, match="proposed already"):
        proposed(stage, lead, unit_text="3#1201")
    for user, code in ((stage.lin, "own_work"), (stage.mei, "forbidden")):
        with pytest.raises(RuleViolation) as refused:
            deals.approve_step(step_id=row.pk, by=user, at=at(3, 12))
        assert refused.value.code == code
    deals.approve_step(step_id=row.pk, by=stage.wu, at=at(3, 12))
    lead.refresh_from_db()
    assert (lead.stage, lead.clause) == ("subscribed", "SC-4.1")
    with pytest.raises(RuleViolation, match="decided already"):
        deals.approve_step(step_id=row.pk, by=stage.wu, at=at(3, 13))


def test_px_9_a_manager_never_approves_an_own_proposal(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    row = deals.open_deal(
        lead_id=lead.pk, step="signed", happened_at=at(3, 10), by=stage.wu, at=at(3, 11), unit_text="3#1201"
    )
    assert row.approved_at is None
    with pytest.raises(RuleViolation) as refused:
        deals.approve_step(step_id=row.pk, by=stage.wu, at=at(3, 12))
    assert refused.value.code == "own_work"


def test_px_9_a_declined_proposal_changes_nothing_and_may_come_again(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    row = proposed(stage, lead, unit_text="3#1201")
    with pytest.raises(RuleViolation, match="reason for declining"):
        deals.decline_step(step_id=row.pk, note="", by=stage.wu, at=at(3, 12))
    deals.decline_step(step_id=row.pk, note="未收定金", by=stage.wu, at=at(3, 12))
    lead.refresh_from_db()
    assert (lead.stage, lead.clause) == ("visitor", "SC-2.1")
    assert proposed(stage, lead, unit_text="3#1201").pk != row.pk


def test_px_9_one_unit_is_sold_once(stage: Stage) -> None:
    unit = factories.make_unit(factories.make_building(stage.project))
    one = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    other = stage.visitor("李雷", "13900139000", at=at(2, 11)).lead
    first, second = proposed(stage, one, unit=unit), proposed(stage, other, unit=unit)
    deals.approve_step(step_id=first.pk, by=stage.wu, at=at(3, 12))
    with pytest.raises(RuleViolation) as refused:
        deals.approve_step(step_id=second.pk, by=stage.wu, at=at(3, 12))
    assert refused.value.code == "unit_sold"
    deals.next_step(
        deal_id=first.deal_id,
        step="cancelled",
        happened_at=at(4, 9),
        by=stage.jin,
        at=at(4, 9),
        note="贷款未批",
    )
    deals.approve_step(step_id=second.pk, by=stage.wu, at=at(4, 10))
    assert list(Deal.objects.filter(step="subscribed").values_list("lead", flat=True)) == [other.pk]


def test_sc_13_a_new_policy_replans_what_is_not_due_yet(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(27, 11, month=2), grade="A").lead
    talked(lead, stage, at(27, 16, month=2))
    lead = talked(lead, stage, at(2, 10))
    assert (lead.clause, lead.due_at) == ("SC-2.3a", at(5, 20, 30))
    second = factories.make_user("sales_manager", stage.project)
    director = factories.make_user("sales_director")
    draft = policies.draft(project=stage.project, by=stage.wu, at=at(4, 8))
    values = draft.values | {"key_interval_days": 4}
    policies.edit(version_id=draft.pk, values=values, reason="旺季人手不足", by=stage.wu, at=at(4, 8))
    policies.review(version_id=draft.pk, by=second, at=at(4, 8))
    version = policies.approve(version_id=draft.pk, effective_from=at(4, 9), by=director, at=at(4, 9))
    assert list(replanning.waiting(at=at(4, 9))) == [version]
    assert replanning.replan_slice(version=version, at=at(4, 9)) == replanning.Step(1, 0)
    lead.refresh_from_db()
    assert lead.due_at == at(6, 20, 30)
    assert not replanning.waiting(at=at(4, 9, 5)).exists()
    assert replanning.replan_slice(version=version, at=at(4, 9, 5)).left == 0
    assert lead.tasks.filter(state="open").count() == 1

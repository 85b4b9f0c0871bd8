"""The start of a day and the sweeps over it: stand-ins, capacity, notices, each safe to run twice (PX-7, PX-13)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from crm.models import Notice, WeeklyRest
from leads.actions import contacts, settling, sweeping
from leads.actions.contacts import ContactSheet
from leads.models import CallTask, Lead
from tests import factories
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
SH = ZoneInfo("Asia/Shanghai")
TUESDAY = 1


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=SH)


@pytest.fixture
def stage() -> Stage:
    return set_stage()


def due_on_the_5th(stage: Stage, number: int) -> list[int]:
    """Visitors of the 2nd who were called that day: SC-2.2 is due on Thursday the 5th, and on the list then."""
    found = []
    for n in range(number):
        lead = stage.visitor(f"客户{n}", f"1390000{n:04d}", at=at(2, 11), grade="C").lead
        found.append(lead.pk)
        contacts.log_contact(
            lead_id=lead.pk, sheet=ContactSheet("talked"), happened_at=at(2, 15), by=stage.lin, at=at(2, 15)
        )
    return found


def state_of_lists() -> list[tuple[object, ...]]:
    rows = CallTask.objects.open().order_by("pk")
    return list(rows.values_list("pk", "list_day", "assignee", "moved_reason", "gave_way", "gave_way_on"))


def test_px_7_on_a_rest_day_a_stand_in_calls_and_the_owner_keeps_the_credit(stage: Stage) -> None:
    WeeklyRest.objects.create(user=stage.lin, weekday=TUESDAY, stand_in=stage.mei)
    lead = stage.visitor("王芳", "13800138000", at=at(3, 11)).lead
    settling.settle_day(project=stage.project, at=at(3, 12))
    task = CallTask.objects.open().get(lead=lead, kind="cadence")
    assert (task.clause, task.assignee, task.credit, task.moved_reason) == (
        "SC-2.1",
        stage.mei,
        stage.lin,
        "absence",
    )
    lead.refresh_from_db()
    assert (lead.consultant, lead.stand_in) == (stage.lin, stage.mei)


def test_px_7_a_rest_day_entered_later_counts_from_the_next_settlement(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(3, 10)).lead
    WeeklyRest.objects.create(user=stage.lin, weekday=TUESDAY, stand_in=stage.mei)
    task = CallTask.objects.open().get(lead=lead, kind="cadence")
    assert task.assignee == stage.lin
    settling.settle_day(project=stage.project, at=at(3, 11))
    task.refresh_from_db()
    assert task.assignee == stage.mei


def test_px_13_what_exceeds_the_day_gives_way_and_goes_first_tomorrow(stage: Stage) -> None:
    stage.project.memberships.filter(user=stage.lin).update(capacity=2)
    ids = due_on_the_5th(stage, 4)
    tasks = CallTask.objects.open().filter(lead__in=ids, kind="cadence")
    assert set(tasks.values_list("clause", "due_at")) == {("SC-2.4", at(9, 20, 30))}
    done = settling.settle_day(project=stage.project, at=at(9, 8))
    assert (done.leads, done.gave_way) == (4, 2)
    late = set(tasks.filter(list_day=dt.date(2026, 3, 10)).values_list("lead", flat=True))
    assert late == set(ids[2:])
    assert set(Lead.objects.filter(pk__in=late).values_list("held_reason", flat=True)) == {"capacity"}
    settling.settle_day(project=stage.project, at=at(10, 8))
    today = tasks.filter(list_day__lte=dt.date(2026, 3, 10)).values_list("lead", flat=True)
    assert set(today) == late, "what gave way yesterday stays today"


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_px_13_a_settlement_that_runs_again_changes_nothing(stage: Stage, runs: int) -> None:
    stage.project.memberships.filter(user=stage.lin).update(capacity=2)
    due_on_the_5th(stage, 5)
    settling.settle_day(project=stage.project, at=at(9, 8))
    before = state_of_lists()
    for minute in range(runs):
        settling.settle_day(project=stage.project, at=at(9, 8, 5 + minute))
    assert state_of_lists() == before


def sweep_all(stage: Stage, moment: dt.datetime) -> None:
    for sweep in (
        sweeping.sweep_promises,
        sweeping.sweep_windows,
        sweeping.sweep_same_day,
        sweeping.sweep_reviews,
        sweeping.sweep_pool,
    ):
        sweep(project=stage.project, at=moment)


def test_a_sweep_that_runs_twice_tells_once(stage: Stage) -> None:
    stage.visitor("王芳", "13800138000", at=at(2, 11))
    promised = stage.visitor("李雷", "13900139000", at=at(2, 11)).lead
    contacts.log_contact(
        lead_id=promised.pk,
        sheet=ContactSheet("callback_arranged", promised_at=at(2, 19, 40)),
        happened_at=at(2, 16),
        by=stage.lin,
        at=at(2, 16),
    )
    ungraded = stage.visitor("赵六", "13700137000", at=at(1, 11), grade="").lead
    assert ungraded.tasks.filter(kind="grade").exists()
    for moment in (at(2, 16, 30), at(2, 16, 31), at(2, 19, 45), at(2, 19, 46), at(3, 9), at(3, 9, 1)):
        sweep_all(stage, moment)
    told = list(Notice.objects.values_list("user", "key"))
    assert len(told) == len(set(told))
    kinds = set(Notice.objects.filter(user=stage.lin).values_list("kind", flat=True))
    assert {"promise_due", "window_open", "same_day_left", "grade_overdue"} <= kinds
    assert Notice.objects.filter(user=stage.lin, kind="promise_due").count() == 1
    assert Notice.objects.filter(user=stage.wu, kind="same_day_missed").exists()
    assert not Notice.objects.filter(user=stage.mei).exists()


def test_px_6_the_manager_is_told_of_leads_without_a_consultant(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    Lead.objects.filter(pk=lead.pk).update(consultant=None)
    sweeping.sweep_pool(project=stage.project, at=at(3, 9))
    assert not Notice.objects.exists()
    for hour in (9, 10):
        sweeping.sweep_pool(project=stage.project, at=at(6, hour))
    assert list(Notice.objects.values_list("user", "kind")) == [(stage.wu.pk, "pool_waiting")]


def test_another_projects_lists_stay_as_they_are(stage: Stage) -> None:
    far = set_stage("远山")
    factories.add_role(stage.lin, "consultant", far.project)
    theirs = far.visitor("赵六", "13700137000", at=at(2, 11)).lead
    before = CallTask.objects.filter(lead=theirs).values_list("pk", "list_day", "assignee", "due_at")
    kept = list(before)
    settling.settle_day(project=stage.project, at=at(9, 8))
    assert list(before.all()) == kept

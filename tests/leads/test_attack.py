"""Doubled, hostile, late and colliding: what the actions of the cadence make of it (SC-6, PX-1, PX-7, PX-9, PX-14)."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.actions import calendars
from crm.errors import RuleViolation
from crm.models import Contact, JobRun, ShiftDay, User, WeeklyRest
from leads import tasks
from leads.actions import assigning, contacts, deals, ending, grading, replanning, settling, sweeping
from leads.actions.contacts import ContactSheet
from leads.actions.registering import VisitSheet, register_visit
from leads.facts_today import day_of
from leads.models import CallTask, Deal, DowngradeReview, Lead, LeadEvent
from tests.leads.stage import Stage, set_stage

SH = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=SH)


@pytest.fixture
def stage(db: None) -> Stage:
    return set_stage()


def log(lead: Lead, stage: Stage, sheet: ContactSheet, moment: dt.datetime) -> Lead:
    return contacts.log_contact(
        lead_id=lead.pk, sheet=sheet, happened_at=moment, by=stage.lin, at=moment
    ).lead


def task_of(lead: Lead, kind: str = "cadence") -> CallTask:
    task: CallTask = CallTask.objects.open().get(lead=lead, kind=kind)
    return task


# --- SC-6 -------------------------------------------------------------------------------------------------------------


def test_sc_6_after_two_talks_even_a_same_day_duty_waits_with_reason_and_end(stage: Stage) -> None:
    lead = stage.caller("王芳", "13800138000", at=at(2, 9))
    log(lead.lead, stage, ContactSheet("talked"), at(2, 10))
    visit = stage.visitor("王芳", "13800138000", at=at(2, 14)).lead
    assert task_of(visit).held_until is None, "SC-2.1 passes the cap of one talk a day (case 20)"
    log(visit, stage, ContactSheet("talked"), at(2, 16))
    called = stage.caller("王芳", "13800138000", at=at(2, 17)).lead
    task = task_of(called)
    assert (task.clause, task.held_reason, task.held_until) == ("SC-1.1", "cap", at(3, 0))
    called.refresh_from_db()
    assert (called.held_reason, called.held_until) == ("cap", at(3, 0))
    held = day_of(stage.lin, [stage.project], at(2, 18)).held
    assert [line.lead for line in held] == [called]
    assert sweeping.sweep_same_day(project=stage.project, at=at(2, 20)) == 0
    settling.settle_day(project=stage.project, at=at(3, 8))
    assert task_of(called).held_until is None


def test_sc_6_three_tries_a_day_hold_the_regular_call(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="C").lead
    for hour in (10, 12):
        assert task_of(log(lead, stage, ContactSheet("no_answer"), at(9, hour))).held_until is None
    log(lead, stage, ContactSheet("busy"), at(9, 16))
    task = task_of(lead)
    assert (task.held_reason, task.held_until, task.due_at) == ("cap", at(10, 0), at(9, 20, 30))


def test_sc_6_one_party_is_one_party_in_every_project(stage: Stage) -> None:
    far = set_stage("远山")
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="C").lead
    other = far.visitor("王芳", "13800138000", at=at(2, 12), grade="C").lead
    log(lead, stage, ContactSheet("talked"), at(9, 10))
    task = task_of(other)
    assert (task.due_at, task.held_reason, task.held_until) == (at(9, 20, 30), "cap", at(10, 0))


def test_sc_6_three_talks_a_week_hold_the_fourth(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="A").lead
    for day in (2, 4, 6):
        log(lead, stage, ContactSheet("talked"), at(day, 15))
    task = task_of(lead)
    assert (task.due_at, task.held_until) == (at(9, 20, 30), None), (
        "the talk of the 2nd is a week ago by then"
    )
    far = set_stage("远山").visitor("王芳", "13800138000", at=at(1, 12), grade="C").lead
    assert (task_of(far).due_at, task_of(far).held_until) == (at(8, 20, 30), at(9, 0))


# --- absences ---------------------------------------------------------------------------------------------------------


def test_px_7_a_stand_in_who_rests_too_has_a_stand_in(stage: Stage) -> None:
    WeeklyRest.objects.create(user=stage.lin, weekday=1, stand_in=stage.mei)
    WeeklyRest.objects.create(user=stage.mei, weekday=1, stand_in=stage.wu)
    lead = stage.visitor("王芳", "13800138000", at=at(3, 11)).lead
    assert (task_of(lead).assignee, task_of(lead).credit) == (stage.wu, stage.lin)


def test_px_7_two_who_stand_in_for_each_other_and_both_rest(stage: Stage) -> None:
    for one, other in ((stage.lin, stage.mei), (stage.mei, stage.lin)):
        WeeklyRest.objects.create(user=one, weekday=1, stand_in=other)
    lead = stage.visitor("王芳", "13800138000", at=at(3, 11)).lead
    task = task_of(lead)
    assert (task.assignee, task.credit, task.moved_reason) == (None, stage.lin, "absence")
    settling.settle_day(project=stage.project, at=at(3, 12))
    settling.settle_day(project=stage.project, at=at(4, 8))
    assert task_of(lead).assignee == stage.lin, "back the next day, overdue, on the owner's list"


def test_px_7_leave_over_the_whole_horizon(stage: Stage) -> None:
    for day in range(60):
        ShiftDay.objects.create(
            user=stage.lin,
            day=at(1, 12).date() + dt.timedelta(days=day),
            kind="leave",
            stand_in=stage.mei,
            approved_by=stage.wu,
        )
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="C").lead
    assert (task_of(lead).assignee, task_of(lead).list_day) == (stage.mei, dt.date(2026, 3, 9))


@pytest.mark.parametrize("capacity", [0, 1])
def test_px_13_the_smallest_days_lose_nobody(stage: Stage, capacity: int) -> None:
    stage.project.memberships.filter(user=stage.lin).update(capacity=capacity)
    for n in range(3):
        stage.visitor(f"客户{n}", f"1390000{n:04d}", at=at(2, 11), grade="C")
    settling.settle_day(project=stage.project, at=at(9, 8))
    day = day_of(stage.lin, [stage.project], at(9, 10))
    assert (day.left, len(day.gave_way)) == (capacity, 3 - capacity)
    bins = Lead.objects.bins(at(9, 10))
    assert sum(bins.values()) == 3


def test_a_project_without_consultants_settles_and_sweeps(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    assigning.to_pool(project=stage.project, lead_ids=[lead.pk], by=stage.wu, at=at(2, 12), reason="离职")
    stage.project.memberships.filter(role="consultant").update(active=False)
    settling.settle_day(project=stage.project, at=at(3, 8))
    for sweep in (sweeping.sweep_windows, sweeping.sweep_same_day, sweeping.sweep_promises):
        sweep(project=stage.project, at=at(3, 10))
    assert Lead.objects.bins(at(3, 10)) == {"pool": 1}


# --- doubles and collisions -------------------------------------------------------------------------------------------


def test_px_9_a_clerks_double_click_makes_one_deal(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead

    def enter(unit: str) -> None:
        deals.open_deal(
            lead_id=lead.pk,
            step="subscribed",
            happened_at=at(2, 15),
            by=stage.jin,
            at=at(2, 16),
            unit_text=unit,
        )

    enter("1-101")
    with pytest.raises(RuleViolation) as twice:
        enter("1-101")
    assert twice.value.code == "entered"
    enter("1-102")
    assert Deal.objects.count() == 2


def test_every_edit_twice_leaves_the_plan_as_once(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="").lead
    for _again in range(2):
        grading.set_grade(lead_id=lead.pk, grade="A", reason="", by=stage.lin, at=at(2, 12))
        grading.set_key(lead_id=lead.pk, is_key=True, by=stage.lin, at=at(2, 12))
        ending.set_preference(lead_id=lead.pk, preference="fewer", by=stage.lin, at=at(2, 12))
        assigning.assign(project=stage.project, lead_ids=[lead.pk], to=[stage.mei], by=stage.wu, at=at(2, 12))
        lead.refresh_from_db()
        seen = (lead.grade, lead.is_key, lead.consultant, lead.clause, lead.due_at)
        assert seen == ("A", True, stage.mei, "SC-2.1", at(2, 20, 30))
    assert CallTask.objects.open().filter(lead=lead).count() == 1


def test_what_was_said_to_a_lead_lost_meanwhile_is_kept_and_nothing_reopens(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    task = task_of(lead)
    ending.end_lead(lead_id=lead.pk, verdict="lost", reason="price", note="", by=stage.wu, at=at(2, 15))
    done = contacts.log_contact(
        lead_id=lead.pk, sheet=ContactSheet("talked", news="要再想想"), happened_at=at(2, 16), by=stage.lin,
        at=at(2, 16), task_id=task.pk,
    )  # fmt: skip
    assert (done.lead.state, done.lead.due_at, Contact.objects.count()) == ("lost", None, 1)


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (at(3, 12), "future"),
        (dt.datetime(2025, 2, 1, tzinfo=SH), "too_old"),
        (dt.datetime(1, 1, 2, tzinfo=SH), "too_old"),
    ],
)
def test_a_moment_ahead_or_long_past_is_refused(stage: Stage, moment: dt.datetime, code: str) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    with pytest.raises(RuleViolation) as refused:
        contacts.log_contact(
            lead_id=lead.pk, sheet=ContactSheet("talked"), happened_at=moment, by=stage.lin, at=at(2, 16)
        )
    assert (refused.value.code, refused.value.field) == (code, "happened_at")


def test_endless_words_are_refused_not_cut(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    with pytest.raises(RuleViolation) as refused:
        ending.end_lead(
            lead_id=lead.pk, verdict="lost", reason="price", note="长" * 501, by=stage.wu, at=at(2, 15)
        )
    assert refused.value.code == "too_long"


@pytest.mark.django_db(transaction=True)
def test_logging_reassigning_and_settling_at_once() -> None:
    stage = set_stage()
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    start, failed = threading.Barrier(4), []

    def run(n: int) -> None:
        try:
            start.wait(timeout=30)
            if n == 0:
                log(lead, stage, ContactSheet("talked"), at(2, 16))
            elif n == 1:
                assigning.assign(
                    project=stage.project, lead_ids=[lead.pk], to=[stage.mei], by=stage.wu, at=at(2, 16)
                )
            else:
                settling.settle_day(project=stage.project, at=at(2, 16))
        except Exception as problem:  # noqa: BLE001 - shown by the assertion below
            failed.append(repr(problem))
        finally:
            connection.close()

    people = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=60)
    assert failed == []
    lead.refresh_from_db()
    task = task_of(lead)
    assert (lead.consultant, task.clause, task.assignee, task.due_at) == (
        stage.mei,
        "SC-2.2",
        stage.mei,
        at(5, 20, 30),
    )


# --- the visit that is off, the D who comes again, the corrected calendar --------------------------------------------


def arranged(stage: Stage) -> Lead:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11)).lead
    log(lead, stage, ContactSheet("talked"), at(2, 15))
    return log(lead, stage, ContactSheet("talked", appointment=at(14, 10)), at(5, 10))


def test_a_visit_is_called_off_without_a_conversation(stage: Stage) -> None:
    lead = arranged(stage)
    assert (lead.due_at, lead.held_reason) == (at(13, 20, 30), "appointment")
    off = ending.call_off(lead_id=lead.pk, note="微信说不来了", by=stage.lin, at=at(6, 10))
    assert (off.clause, off.due_at, off.held_reason) == ("SC-2.3b", at(12, 20, 30), "")
    with pytest.raises(RuleViolation) as twice:
        ending.call_off(lead_id=lead.pk, note="", by=stage.lin, at=at(6, 11))
    assert twice.value.code == "no_appointment"


def test_a_visit_is_called_off_in_a_call(stage: Stage) -> None:
    lead = arranged(stage)
    assert log(lead, stage, ContactSheet("talked", called_off=True), at(13, 10)).due_at == at(20, 20, 30)
    with pytest.raises(RuleViolation, match="conversation"):
        log(lead, stage, ContactSheet("no_answer", called_off=True), at(13, 11))


def test_sc_2_4_the_call_before_an_arranged_visit_is_not_put_off(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="C").lead
    log(lead, stage, ContactSheet("talked", appointment=at(7, 10)), at(2, 16))
    with pytest.raises(RuleViolation) as refused:
        grading.put_off(lead_id=lead.pk, until=dt.date(2026, 3, 12), reason="出差", by=stage.lin, at=at(3, 9))
    assert refused.value.code == "appointment"
    assert not LeadEvent.objects.filter(kind="put_off").exists()


def test_px_14_a_d_who_comes_again_is_judged_again_even_as_a_d(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="D").lead
    again = register_visit(
        party=stage.party("王芳", "13800138000", stage.lin),
        happened_at=at(9, 11),
        by=stage.fang,
        at=at(9, 11),
    ).lead
    assert (again, again.review_clause, again.review_due_at) == (lead, "SC-2.6", at(9, 20, 30))
    assert Lead.objects.bins(at(9, 12)) == {"review": 1}
    assert [line.lead for line in day_of(stage.lin, [stage.project], at(9, 12)).now] == [lead]
    grading.answer_review(lead_id=lead.pk, reason="仍无购买力", by=stage.lin, at=at(9, 15))
    assert Lead.objects.bins(at(9, 16)) == {"messages_only": 1}
    for moment in (at(16, 11), at(16, 12)):
        register_visit(
            party=stage.party("王芳", "13800138000", stage.lin), happened_at=moment, by=stage.lin, at=moment,
            sheet=VisitSheet(grade="D", grade_reason="同上"), submission=uuid.uuid4(),
        )  # fmt: skip
    assert Lead.objects.bins(at(16, 13)) == {"messages_only": 1}


def test_px_14_a_downgrade_on_the_visit_sheet_may_be_drawn_too(stage: Stage) -> None:
    for n in range(40):
        stage.visitor(f"客户{n}", f"1390000{n:04d}", at=at(2, 11), grade="D")
    assert 0 < DowngradeReview.objects.count() < 20


def test_px_1_a_corrected_calendar_dates_the_repair_afresh(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="C").lead
    log(lead, stage, ContactSheet("invalid_number"), at(6, 10))
    assert task_of(lead, "repair").due_at == at(10, 20, 30)
    assert replanning.follow_calendar(at=at(6, 11)).done == 0
    calendars.correct_day(day=dt.date(2026, 3, 9), works=False, name="校准", by=stage.wu, at=at(6, 12))
    assert replanning.follow_calendar(at=at(6, 12, 1)).done == 1
    assert task_of(lead, "repair").due_at == at(11, 20, 30)
    assert replanning.follow_calendar(at=at(6, 12, 2)).done == 0
    calendars.undo_correction(day=dt.date(2026, 3, 9), by=stage.wu, at=at(6, 13))
    replanning.follow_calendar(at=at(6, 13, 1))
    assert task_of(lead, "repair").due_at == at(10, 20, 30)


# --- the screens of these ---------------------------------------------------------------------------------------------


def page_of(user: User, name: str, *args: int, **posted: object) -> str:
    """What the screen answers, after following where it sends to."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    url = reverse(name, args=args)
    answer = client.post(url, posted, follow=True) if posted else client.get(url)
    return str(answer.content.decode())


def test_calling_a_visit_off_has_its_place_on_the_lead_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = arranged(stage)
    monkeypatch.setattr(clock, "now", lambda: at(6, 10))
    assert reverse("leads:lead_call-off", args=[lead.pk]) in page_of(stage.lin, "leads:lead", lead.pk)
    said = page_of(stage.lin, "leads:lead_call-off", lead.pk, note="微信说不来了")
    assert "Next: Thu 12 Mar, SC-2.3b" in said
    assert "The customer called the visit off" in said
    assert reverse("leads:lead_call-off", args=[lead.pk]) not in said
    assert "No visit is arranged ahead." in page_of(stage.lin, "leads:lead_call-off", lead.pk, note="又一次")


def test_calling_a_visit_off_has_its_place_in_the_log_form(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = arranged(stage)
    monkeypatch.setattr(clock, "now", lambda: at(13, 10))
    assert "The arranged visit is called off" in page_of(stage.lin, "leads:log", lead.pk)
    page_of(stage.lin, "leads:log", lead.pk, outcome="talked", called_off="on", submission=str(uuid.uuid4()))
    lead.refresh_from_db()
    assert (lead.clause, lead.due_at) == ("SC-2.3b", at(20, 20, 30))
    assert "The arranged visit is called off" not in page_of(stage.lin, "leads:log", lead.pk)


def test_a_d_who_comes_again_is_explained_and_may_stay_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="D").lead
    register_visit(
        party=stage.party("王芳", "13800138000", stage.lin),
        happened_at=at(9, 11),
        by=stage.fang,
        at=at(9, 11),
    )
    monkeypatch.setattr(clock, "now", lambda: at(9, 12))
    assert "A D customer came again: judge the lead again by Mon 9 Mar, 20:30." in page_of(
        stage.lin, "leads:lead", lead.pk
    )
    duty = page_of(stage.lin, "leads:task", task_of(lead, "grade").pk)
    assert "judge anew before closing time" in duty
    assert reverse("leads:lead_review", args=[lead.pk]) in duty


def test_the_worker_follows_the_calendar_and_shows_its_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = stage.visitor("王芳", "13800138000", at=at(2, 11), grade="C").lead
    log(lead, stage, ContactSheet("invalid_number"), at(6, 10))
    calendars.correct_day(day=dt.date(2026, 3, 9), works=False, name="校准", by=stage.wu, at=at(6, 12))
    monkeypatch.setattr(clock, "now", lambda: at(6, 12, 1))
    for _again in range(2):
        tasks.calendar()
    assert task_of(lead, "repair").due_at == at(11, 20, 30)
    assert JobRun.objects.get(name="calendar").result == {"done": 0, "left": 0}

"""The visit that is called off, the D who comes again, the corrected calendar: actions and screens (SC-2.6, PX-1, PX-14)."""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.actions import calendars
from crm.errors import RuleViolation
from crm.models import JobRun, User
from leads import tasks
from leads.actions import contacts, ending, grading, replanning
from leads.actions.contacts import ContactSheet
from leads.actions.registering import VisitSheet, register_visit
from leads.facts_today import day_of
from leads.models import CallTask, DowngradeReview, Lead, LeadEvent
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

"""Occasion calls against the database: planned once, answered by a talk, missed by the sweep, withdrawn, explained."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from crm.models import Occasion
from leads import explain
from leads.actions import occasion_calls, settling
from leads.actions.contacts import ContactSheet, log_contact
from leads.actions.correcting import void_contact
from leads.actions.ending import set_preference
from leads.models import CallTask, Lead, LeadEvent
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 9, 25)


def at(text: str) -> dt.datetime:
    """ "25 10:30" of September 2026 in Shanghai."""
    day, time = text.split()
    local = dt.datetime.combine(dt.date(2026, 9, int(day)), dt.time.fromisoformat(time))
    return (local - dt.timedelta(hours=8)).replace(tzinfo=dt.UTC)


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def lead(stage: Stage) -> Lead:
    return stage.visitor("王", "13800138001", at=at("01 10:00"), grade="A").lead


@pytest.fixture
def festival() -> Occasion:
    return Occasion.objects.create(kind="festival", title="中秋节", starts_on=DAY, ends_on=DAY)


def plan(
    festival: Occasion, *leads: Lead, now: str = "20 09:00", opens: str = "25 00:00", due: str = "25 20:30"
) -> int:
    return occasion_calls.plan_calls(
        occasion=festival, clause="SC-5.1", lead_ids=[lead.pk for lead in leads],
        opens_at=at(opens), due_at=at(due), at=at(now),
    )  # fmt: skip


def withdraw(festival: Occasion, stage: Stage, keep: tuple[int, ...] | list[int] = ()) -> int:
    return occasion_calls.withdraw_calls(
        occasion=festival, project=stage.project, at=at("21 09:00"), reason="moved", keep=keep
    )


def test_sc_5_1_a_greeting_call_stands_on_the_consultants_list_once(
    stage: Stage, lead: Lead, festival: Occasion
) -> None:
    assert plan(festival, lead) == 1
    assert plan(festival, lead, now="21 09:00") == 1
    task = CallTask.objects.get(occasion=festival)
    assert (task.kind, task.clause, task.state) == ("greeting", "SC-5.1", "open")
    assert (task.assignee, task.credit, task.list_day) == (stage.lin, stage.lin, DAY)
    assert lead.tasks.filter(state="open", occasion=None, kind="cadence").count() == 1


def test_sc_2_6_one_call_answers_the_greeting_and_the_cadence(
    lead: Lead, stage: Stage, festival: Occasion
) -> None:
    plan(festival, lead)
    logged = log_contact(
        lead_id=lead.pk,
        sheet=ContactSheet("talked"),
        happened_at=at("25 10:30"),
        by=stage.lin,
        at=at("25 10:31"),
    )
    task = CallTask.objects.get(occasion=festival)
    assert (task.state, task.closed_at) == ("done", at("25 10:30"))
    event = LeadEvent.objects.get(contact=logged.contact)
    assert task.closed_by_event == event
    assert not lead.tasks.filter(state="open", opens_at__lte=at("25 10:31"), kind="cadence").exists()
    void_contact(event_id=event.pk, lead_id=lead.pk, by=stage.lin, at=at("25 10:40"))
    task.refresh_from_db()
    assert (task.state, task.closed_at) == ("open", None)


def test_px_14_a_greeting_nobody_made_is_missed_at_its_moment_and_stays_so(
    lead: Lead, stage: Stage, festival: Occasion
) -> None:
    plan(festival, lead)
    assert occasion_calls.close_passed(at=at("25 20:29")) == 0
    assert occasion_calls.close_passed(at=at("26 07:00")) == 1
    assert occasion_calls.close_passed(at=at("26 07:05")) == 0
    task = CallTask.objects.get(occasion=festival)
    assert (task.state, task.closed_at) == ("missed", at("25 20:30"))
    log_contact(
        lead_id=lead.pk,
        sheet=ContactSheet("talked"),
        happened_at=at("26 10:00"),
        by=stage.lin,
        at=at("26 10:00"),
    )
    task.refresh_from_db()
    assert task.state == "missed"


def test_sc_7_who_wants_messages_only_is_not_called_and_may_be_again(
    lead: Lead, stage: Stage, festival: Occasion
) -> None:
    plan(festival, lead)
    set_preference(lead_id=lead.pk, preference="messages_only", by=stage.lin, at=at("21 10:00"))
    task = CallTask.objects.get(occasion=festival)
    assert (task.state, task.closed_at) == ("superseded", at("21 10:00"))
    set_preference(lead_id=lead.pk, preference="welcome", by=stage.lin, at=at("22 10:00"))
    task.refresh_from_db()
    assert task.state == "open"


def test_a_withdrawn_call_stays_withdrawn_until_it_is_planned_again(
    lead: Lead, stage: Stage, festival: Occasion
) -> None:
    plan(festival, lead)
    assert withdraw(festival, stage, keep=[lead.pk]) == 0
    assert withdraw(festival, stage) == 1
    set_preference(lead_id=lead.pk, preference="fewer", by=stage.lin, at=at("22 10:00"))
    task = CallTask.objects.get(occasion=festival)
    assert task.state == "superseded"
    assert plan(festival, lead, now="23 09:00", opens="26 00:00", due="26 20:30") == 1
    task.refresh_from_db()
    assert (task.state, task.due_at, task.list_day) == ("open", at("26 20:30"), DAY + dt.timedelta(days=1))


def test_the_day_start_twice_keeps_the_greeting_on_its_day(
    stage: Stage, lead: Lead, festival: Occasion
) -> None:
    plan(festival, lead)
    for _run in range(2):
        settling.settle_day(project=stage.project, at=at("25 07:00"))
    task = CallTask.objects.get(occasion=festival)
    assert (task.state, task.list_day, task.gave_way) == ("open", DAY, 0)


def test_every_task_has_exactly_one_origin(lead: Lead, festival: Occasion) -> None:
    plan(festival, lead)
    of_occasion = CallTask.objects.get(occasion=festival)
    for wrong in ({"occasion": None}, {"kind": "cadence"}, {"base_event": lead.events.first()}):
        with pytest.raises(IntegrityError, match="task_has_one_origin"), transaction.atomic():
            CallTask.objects.filter(pk=of_occasion.pk).update(**wrong)


def test_sc_12_its_sheet_says_why_and_what_to_say(
    client: Client, stage: Stage, lead: Lead, festival: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(festival, lead)
    task = CallTask.objects.select_related("occasion", "base_event", "policy", "lead__project").get(
        occasion=festival
    )
    why = explain.why_of(task)
    assert why.clause == "SC-5.1"
    assert "中秋节" in why.sentence
    monkeypatch.setattr("crm.clock.now", lambda: at("25 10:30"))
    client.force_login(stage.lin)
    sheet = client.get(f"/today/{task.pk}/").content.decode()
    assert "中秋节到了，给您送个祝福" in sheet
    assert f'value="{festival.pk}" selected' in sheet
    today = client.get("/today/").content.decode()
    assert today.count(f"/today/{task.pk}/") or "SC-5.1" in today
    assert client.get(f"/leads/{lead.pk}/").status_code == 200

"""The greetings of a festival against the database and the outbox (SC-5.1): once each, key customers called first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from campaigns import facts_greetings, tasks
from campaigns.actions import festivals, greetings
from campaigns.models import FestivalDay, Greeting
from crm.errors import RuleViolation
from crm.models import GreetingKey, Message, Notice, Project, SendRun, User
from crm.roles import Role
from leads.actions import deals, ending, grading
from leads.actions.contacts import ContactSheet, log_contact
from leads.models import CallTask, Lead
from tests.factories import make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db


def at(text: str) -> dt.datetime:
    """ "09-25 10:30" of 2026 in Shanghai."""
    return (dt.datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M") - dt.timedelta(hours=8)).replace(
        tzinfo=dt.UTC
    )


@pytest.fixture
def zhao() -> User:
    return make_user(Role.SALES_DIRECTOR, None, "赵")


@pytest.fixture
def festival(zhao: User) -> FestivalDay:
    festivals.fill(years=[2026], at=at("01-01 10:00"))
    festivals.review(year=2026, by=zhao, at=at("01-01 10:00"))
    return FestivalDay.objects.get(code="mid_autumn")


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def party(stage: Stage) -> dict[str, Lead]:
    """A (key), B, D, a caller, one who wants messages only, one lost."""
    visit = at("09-01 10:00")
    people = {
        "a": stage.visitor("安", "13800138001", at=visit, grade="A").lead,
        "b": stage.visitor("柏", "13800138002", at=visit, grade="B").lead,
        "d": stage.visitor("邓", "13800138003", at=visit, grade="D").lead,
        "caller": stage.caller("柯", "13800138004", at=visit).lead,
        "quiet": stage.visitor("秦", "13800138005", at=visit, grade="A").lead,
        "lost": stage.visitor("罗", "13800138006", at=visit, grade="A").lead,
        "never": stage.visitor("倪", "13800138007", at=visit, grade="B").lead,
    }
    ending.set_preference(lead_id=people["quiet"].pk, preference="messages_only", by=stage.lin, at=visit)
    ending.set_preference(lead_id=people["never"].pk, preference="do_not_contact", by=stage.lin, at=visit)
    ending.end_lead(
        lead_id=people["lost"].pk, verdict="lost", reason="bought_elsewhere", note="", by=stage.lin, at=visit
    )
    return people


def messages(greeting: Greeting) -> dict[str, Message]:
    rows = Message.objects.filter(run=greeting.run).select_related("customer")
    return {row.customer.name: row for row in rows if row.customer is not None}


def test_sc_5_1_everybody_by_message_key_customers_by_phone_first(
    stage: Stage, party: dict[str, Lead], festival: FestivalDay
) -> None:
    greeting = greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-18 10:00"))
    assert (greeting.problem, greeting.calls) == ("", 1)
    found = messages(greeting)
    assert set(found) == {"安", "柏", "邓", "柯", "秦"}
    assert {name for name, row in found.items() if row.unless_talked} == {"安"}
    assert found["安"].not_before == at("09-25 19:00")
    assert found["柏"].not_before == at("09-25 09:30")
    left = {row.customer.name: row.reason for row in greeting.run.exclusions.select_related("customer")}  # type: ignore[union-attr]
    assert left == {"倪": "do_not_contact"}
    call = CallTask.objects.get(occasion=festival.occasion)
    assert (call.lead, call.clause, call.assignee, call.list_day) == (
        party["a"],
        "SC-5.1",
        stage.lin,
        festival.day,
    )


def test_sc_5_1_planned_again_it_adds_who_came_and_doubles_nobody(
    stage: Stage, party: dict[str, Lead], festival: FestivalDay
) -> None:
    for _run in range(2):
        first = greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-18 10:00"))
    assert len(messages(first)) == 5
    late = stage.visitor("新", "13800138010", at=at("09-24 15:00"), grade="A").lead
    sent = greetings.launch_greeting(festival=festival, project=stage.project, at=at("09-25 00:10"))
    assert sent.run is not None
    assert (sent.run.state, len(messages(sent)), sent.calls) == (SendRun.State.RUNNING, 6, 2)
    assert CallTask.objects.filter(lead=late, occasion=festival.occasion).count() == 1
    again = greetings.launch_greeting(festival=festival, project=stage.project, at=at("09-25 00:20"))
    assert again.run == sent.run
    assert GreetingKey.objects.filter(festival="mid_autumn", year=2026).count() == 6


def test_sc_5_1_a_party_of_two_projects_is_greeted_once_by_the_one_that_talked_last(
    stage: Stage, festival: FestivalDay
) -> None:
    far = set_stage("远山")
    stage.visitor("安", "13800138001", at=at("09-01 10:00"), grade="A")
    there = far.visitor("安", "13800138001", at=at("09-02 10:00"), grade="A").lead
    log_contact(
        lead_id=there.pk,
        sheet=ContactSheet("talked"),
        happened_at=at("09-03 10:00"),
        by=far.lin,
        at=at("09-03 10:00"),
    )
    here, away = (
        greetings.plan_greeting(festival=festival, project=project, at=at("09-18 10:00"))
        for project in (stage.project, far.project)
    )
    assert (list(messages(here)), list(messages(away))) == ([], ["安"])
    assert (here.calls, away.calls) == (0, 1)


def test_sc_4_4_owners_are_greeted_and_flagged_ones_called(stage: Stage, festival: FestivalDay) -> None:
    buyers = [
        stage.visitor(name, f"1380013802{n}", at=at("09-01 10:00"), grade="A").lead
        for n, name in enumerate("郭高")
    ]
    for lead in buyers:
        deals.open_deal(
            lead_id=lead.pk,
            step="subscribed",
            happened_at=at("09-02 10:00"),
            by=stage.jin,
            at=at("09-02 10:00"),
        )
    grading.set_key(lead_id=buyers[0].pk, is_key=True, by=stage.lin, at=at("09-03 10:00"))
    greeting = greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-18 10:00"))
    assert {name: row.unless_talked for name, row in messages(greeting).items()} == {"郭": True, "高": False}
    assert list(CallTask.objects.filter(occasion=festival.occasion).values_list("lead", flat=True)) == [
        buyers[0].pk
    ]


def test_a_customer_who_is_no_key_customer_any_more_is_not_called(
    stage: Stage, party: dict[str, Lead], festival: FestivalDay
) -> None:
    greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-18 10:00"))
    grading.set_grade(lead_id=party["a"].pk, grade="C", reason="不急", by=stage.lin, at=at("09-20 10:00"))
    greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-21 10:00"))
    assert not CallTask.objects.open().filter(occasion=festival.occasion).exists()


def test_an_unreviewed_day_is_greeted_by_nobody_and_its_reviewers_hear_of_it(
    stage: Stage, party: dict[str, Lead], festival: FestivalDay, zhao: User
) -> None:
    root = make_user(Role.SYSTEM_ADMINISTRATOR, None)
    festivals.correct(festival_id=festival.pk, day=festival.day, on=False, by=root, at=at("09-01 10:00"))
    festivals.correct(festival_id=festival.pk, day=festival.day, on=True, by=root, at=at("09-01 10:00"))
    festival.refresh_from_db()
    greeting = greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-18 10:00"))
    assert "中秋节" in greeting.problem
    assert greeting.run is None
    for _run in range(2):
        greetings.tell_unreviewed(at=at("09-18 10:00"))
    assert Notice.objects.filter(kind="festival_unreviewed").count() == 2
    assert {notice.user for notice in Notice.objects.all()} == {zhao, root}


def test_a_changed_text_makes_the_draft_anew(
    stage: Stage, party: dict[str, Lead], festival: FestivalDay
) -> None:
    first = greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-18 10:00"))
    writer = make_user(Role.MARKETING, stage.project)
    text = festivals.propose_text(
        project=stage.project, code="mid_autumn", body="月满人圆，福满家园。", by=writer, at=at("09-18 11:00")
    )
    festivals.approve_text(text_id=text.pk, by=stage.wu, at=at("09-18 12:00"))
    second = greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-19 10:00"))
    assert second.run is not None
    assert second.run != first.run
    assert second.run.body == "月满人圆，福满家园。"
    assert len(messages(second)) == 5
    assert not Message.objects.filter(run=first.run).exists()


def test_a_stopped_greeting_takes_everything_back_and_stays_stopped(
    stage: Stage, party: dict[str, Lead], festival: FestivalDay
) -> None:
    greeting = greetings.plan_greeting(festival=festival, project=stage.project, at=at("09-18 10:00"))
    with pytest.raises(RuleViolation):
        greetings.stop_greeting(greeting_id=greeting.pk, reason=" ", by=stage.wu, at=at("09-19 10:00"))
    for _click in range(2):
        greetings.stop_greeting(greeting_id=greeting.pk, reason="公司要求", by=stage.wu, at=at("09-19 10:00"))
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}
    assert not GreetingKey.objects.exists()
    assert not CallTask.objects.open().exclude(occasion=None).exists()
    sent = greetings.launch_greeting(festival=festival, project=stage.project, at=at("09-25 08:00"))
    assert sent.run is not None
    assert sent.run.state == SendRun.State.CANCELLED


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("09-17 10:00", []),
        ("09-18 10:00", [False]),
        ("09-25 00:05", [True]),
        ("09-25 23:00", [True]),
        ("09-26 00:05", []),
    ],
)
def test_the_tick_knows_what_comes_near(
    stage: Stage, festival: FestivalDay, now: str, expected: list[bool]
) -> None:
    found = [day for key, _project, day in facts_greetings.waiting(at=at(now)) if key == festival.pk]
    assert found == expected


def test_the_jobs_run_twice_and_late(
    stage: Stage, party: dict[str, Lead], festival: FestivalDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    Project.objects.exclude(pk=stage.project.pk).update(active=False)
    for now in ("09-19 08:00", "09-19 08:10", "09-25 11:00", "09-25 11:10", "09-26 08:00"):
        monkeypatch.setattr("crm.clock.now", lambda now=now: at(now))
        tasks.greetings()
    greeting = Greeting.objects.get(festival=festival)
    assert greeting.run is not None
    assert (greeting.run.state, greeting.run.launched_at) == (SendRun.State.RUNNING, at("09-25 11:00"))
    assert len(messages(greeting)) == 5


def test_the_years_run_greets_nobody_on_a_day_that_is_off(stage: Stage, festival: FestivalDay) -> None:
    greeted: dict[str, Any] = {}
    day = dt.date(2026, 1, 1)
    while day.year == 2026:
        now = at(f"{day:%m-%d} 08:00")
        for key, _project, on_the_day in facts_greetings.waiting(at=now):
            if on_the_day:
                greeted[FestivalDay.objects.get(pk=key).code] = day
        day += dt.timedelta(days=1)
    assert list(greeted) == [
        "new_year", "new_years_eve", "lantern", "labour_day", "dragon_boat", "mid_autumn", "national_day",
        "double_ninth", "winter_solstice",
    ]  # fmt: skip


def test_the_screens_show_whom_it_reaches_and_stop_it(
    stage: Stage,
    party: dict[str, Lead],
    festival: FestivalDay,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crm.clock.now", lambda: at("09-25 09:35"))
    greeting = greetings.launch_greeting(festival=festival, project=stage.project, at=at("09-25 09:00"))
    url = f"/campaigns/greetings/runs/{greeting.pk}/"
    marketing = make_user(Role.MARKETING, stage.project)
    client.force_login(marketing)
    assert url in client.get("/campaigns/greetings/").content.decode()
    english = {"accept-language": "en"}
    page = client.get(url, headers=english).content.decode()
    assert "wishes no contact" in page
    assert f'hx-get="{url}"' in page
    assert (
        "<html"
        not in client.get(url, headers={"HX-Request": "true", "HX-Target": "run-progress"}).content.decode()
    )
    assert "Stop this greeting" not in page
    assert "要求不联系" in client.get(url).content.decode()
    assert client.post(url, {"reason": "x"}).status_code == 403
    client.force_login(stage.wu)
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, {"reason": "<b>公司要求</b>"}).status_code == 302
    assert "&lt;b&gt;公司要求" in client.get(url).content.decode()
    client.force_login(set_stage("远山").wu)
    assert client.get(url).status_code == 404

"""The manager's home, figures, assigning: sums that add up, scopes that hold."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import clock
from crm.models import User
from crm.states import Outcome
from leads.actions.assigning import to_pool
from leads.actions.contacts import ContactSheet, log_contact
from leads.facts_manager import same_day_open, team_today
from leads.facts_today import day_of
from leads.models import Lead
from tests import factories
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def lead_of(stage: Stage, number: int, *, days_ago: int = 0, **values: Any) -> Lead:
    at = NOW - dt.timedelta(days=days_ago, hours=3)
    return stage.visitor(f"客{number}", f"138001380{number:02d}", at=at, **values).lead


def pooled(stage: Stage, *leads: Lead) -> None:
    to_pool(project=stage.project, lead_ids=[lead.pk for lead in leads], by=stage.wu, at=NOW, reason="试")


@pytest.mark.parametrize("name", ["manager", "assigning", "hand_over"])
def test_only_managers_open_the_managers_pages(stage: Stage, name: str) -> None:
    director = factories.make_user("sales_director")
    for user, status in (
        (stage.wu, 200),
        (director, 200),
        (stage.lin, 403),
        (stage.fang, 403),
        (stage.jin, 403),
    ):
        assert client_of(user).get(reverse(f"leads:{name}")).status_code == status


def test_the_bins_add_up_and_the_pool_is_counted(stage: Stage) -> None:
    leads = [lead_of(stage, number) for number in range(4)]
    pooled(stage, leads[0])
    context = client_of(stage.wu).get(reverse("leads:manager")).context
    assert context["bins"].add_up
    assert (context["bins"].total, context["bins"].counts["pool"]) == (4, 1)


def test_overdue_is_split_by_age_grade_and_cause(stage: Stage) -> None:
    lead_of(stage, 1, days_ago=4, grade="A")
    pooled(stage, lead_of(stage, 2, days_ago=2, grade="B"))
    late = client_of(stage.wu).get(reverse("leads:manager")).context["overdue"]
    assert late.by_cause == {"neglect": 1, "absence": 0, "cap": 0, "capacity": 0, "pool": 1}
    assert (late.by_age[3]["A"], late.by_age[1]["B"], late.total) == (1, 1, 2)


@pytest.mark.parametrize(
    "name", ["manager", "assigning", "funnel", "compliance", "deals", "list", "reviews", "merges"]
)
def test_the_pages_cost_the_same_for_2_and_20_leads(stage: Stage, name: str) -> None:
    client, counts = client_of(stage.wu), []
    client.get(reverse(f"leads:{name}"))
    for upto in (2, 20):
        made = [lead_of(stage, number) for number in range(Lead.objects.count(), upto)]
        pooled(stage, *made[: len(made) // 2])
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(f"leads:{name}")).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_funnel_counts_by_week_source_and_consultant(stage: Stage) -> None:
    lead_of(stage, 1)
    stage.caller("李雷", "13900139000", at=NOW - dt.timedelta(hours=1), consultant=stage.mei)
    client = client_of(stage.wu)
    for by, label in (("week", None), ("source", "路过"), ("consultant", "林晓")):
        found = client.get(reverse("leads:funnel"), {"by": by}).context
        assert (found["totals"]["calls"], found["totals"]["visits"], found["totals"]["signed"]) == (1, 1, 0)
        assert label is None or label in [row.label for row in found["rows"]]


def test_marketing_sees_counts_but_no_persons_figures(stage: Stage) -> None:
    lead_of(stage, 1)
    client = client_of(factories.make_user("marketing", stage.project))
    page = client.get(reverse("leads:funnel"), {"by": "consultant"})
    assert page.context["totals"]["visits"] == 1
    assert "林晓" not in page.content.decode()
    assert client.get(reverse("leads:compliance")).status_code == 403


def test_a_consultants_figures_are_their_own(stage: Stage) -> None:
    lead_of(stage, 1, days_ago=4)
    for user, missed in ((stage.lin, 1), (stage.mei, 0)):
        rows = {row.clause: row for row in client_of(user).get(reverse("leads:compliance")).context["rows"]}
        assert rows["SC-2.1"].open_overdue == missed
    assert client_of(stage.fang).get(reverse("leads:compliance")).status_code == 403


def test_every_clause_of_the_procedure_has_a_row(stage: Stage) -> None:
    rows = [row.clause for row in client_of(stage.wu).get(reverse("leads:compliance")).context["rows"]]
    assert {"SC-1.1", "SC-1.4", "SC-2.5", "SC-3.2", "SC-4.4"} <= set(rows)
    assert all(
        row.share is None for row in client_of(stage.wu).get(reverse("leads:compliance")).context["rows"]
    )


def test_many_leads_are_spread_evenly(stage: Stage) -> None:
    leads = [lead_of(stage, number) for number in range(4)]
    pooled(stage, *leads)
    said = {"all": "bin=pool", "to": [stage.lin.pk, stage.mei.pk], "reason": ""}
    assert client_of(stage.wu).post(reverse("leads:assign"), said).status_code == 302
    assert Lead.objects.filter(consultant=stage.lin).count() == 2
    assert Lead.objects.filter(consultant=stage.mei).count() == 2


def test_nobody_assigns_beyond_the_own_project(stage: Stage) -> None:
    lead = lead_of(stage, 1)
    other = factories.make_project()
    stranger = factories.make_user("sales_manager", other)
    theirs = factories.make_user("consultant", other)
    client_of(stranger).post(reverse("leads:assign"), {"lead": [lead.pk], "to": [theirs.pk]})
    answer = client_of(stage.wu).post(reverse("leads:assign"), {"lead": [lead.pk], "to": [theirs.pk]})
    assert answer.status_code == 422
    lead.refresh_from_db()
    assert lead.consultant == stage.lin
    client = client_of(stage.wu)
    client.post(reverse("leads:assign"), {"lead": [lead.pk], "to": [stage.mei.pk]})
    lead.refresh_from_db()
    assert lead.consultant == stage.mei
    said = client.post(
        reverse("leads:assign"), {"lead": [lead.pk], "pool": "on", "reason": "试"}, follow=True
    )
    assert "已收回公海 1 个意向客户。" in said.content.decode()


def test_a_leavers_leads_move_in_one_step(stage: Stage) -> None:
    for number in range(3):
        lead_of(stage, number)
    said = {"leaver": stage.lin.pk, "to": [stage.mei.pk], "reason": "离职"}
    assert client_of(stage.wu).post(reverse("leads:hand_over"), said).status_code == 302
    assert Lead.objects.filter(consultant=stage.mei).count() == 3


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("name", ["funnel", "compliance"])
def test_a_period_at_the_ends_of_the_calendar_is_refused_in_words(stage: Stage, name: str, day: str) -> None:
    for field in ("since", "until"):
        page = client_of(stage.wu).get(reverse(f"leads:{name}"), {field: day})
        assert page.status_code == 200
        assert "1900" in page.content.decode()


def test_the_team_is_counted_as_each_ones_own_list_counts(stage: Stage) -> None:
    """A visitor without a grade owes a call and a grade: one line, one lead."""
    stage.visitor("甲", "13800000001", at=NOW - dt.timedelta(hours=1))
    mine = day_of(stage.lin, [stage.project], NOW)
    assert (mine.left, mine.done) == (1, 0)
    team = {each.person: each for each in team_today(stage.project, NOW)}
    assert (team[stage.lin].left, team[stage.lin].done) == (mine.left, mine.done)


def test_a_call_that_no_number_reaches_is_not_still_to_make(stage: Stage) -> None:
    made = stage.visitor("甲", "13800000001", at=NOW - dt.timedelta(hours=1), grade="A")
    assert same_day_open(stage.project, NOW).exists()
    sheet = ContactSheet(outcome=Outcome.WRONG_PERSON)
    log_contact(lead_id=made.lead.pk, sheet=sheet, happened_at=NOW, by=stage.lin, at=NOW)
    assert not same_day_open(stage.project, NOW).exists()

"""Deals on screen: the consultant proposes, the clerk records, another approves (PX-9)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from crm import clock
from leads.models import DealStep
from tests import factories
from tests.leads.stage import Stage, set_stage
from tests.leads.test_lead_screens import NOW, client_of, visitor

pytestmark = pytest.mark.django_db
SAID = {"step": "subscribed", "happened_at": "2026-03-02T13:30", "unit_text": "3-1201", "note": ""}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def test_a_proposal_counts_once_another_approves_it(stage: Stage) -> None:
    lead = visitor(stage)
    client_of(stage.lin).post(reverse("leads:deal_new", args=[lead.pk]), SAID)
    step = DealStep.objects.get()
    lead.refresh_from_db()
    assert (step.approved_at, lead.stage) == (None, "visitor")
    url = reverse("leads:deal_decide", args=[step.pk])
    assert client_of(stage.lin).post(url, {"verdict": "approve"}).status_code == 403
    assert client_of(stage.fang).post(url, {"verdict": "approve"}).status_code == 403
    assert "王芳" in client_of(stage.wu).get(reverse("leads:deals")).content.decode()
    client_of(stage.wu).post(url, {"verdict": "approve"})
    lead.refresh_from_db()
    assert (lead.stage, lead.clause) == ("subscribed", "SC-4.1")


def test_a_manager_of_another_project_finds_no_proposal(stage: Stage) -> None:
    lead = visitor(stage)
    client_of(stage.lin).post(reverse("leads:deal_new", args=[lead.pk]), SAID)
    stranger = factories.make_user("sales_manager", factories.make_project())
    url = reverse("leads:deal_decide", args=[DealStep.objects.get().pk])
    assert client_of(stranger).post(url, {"verdict": "approve"}).status_code == 404


def test_declining_needs_a_reason(stage: Stage) -> None:
    lead = visitor(stage)
    client_of(stage.lin).post(reverse("leads:deal_new", args=[lead.pk]), SAID)
    step = DealStep.objects.get()
    url = reverse("leads:deal_decide", args=[step.pk])
    client_of(stage.wu).post(url, {"verdict": "decline", "note": ""})
    step.refresh_from_db()
    assert step.declined_at is None
    client_of(stage.wu).post(url, {"verdict": "decline", "note": "定金未到"})
    step.refresh_from_db()
    assert step.declined_at == NOW


def test_a_deal_in_the_future_is_refused_and_the_input_kept(stage: Stage) -> None:
    lead = visitor(stage)
    said = SAID | {"happened_at": f"{NOW + dt.timedelta(days=2):%Y-%m-%dT%H:%M}"}
    answer = client_of(stage.lin).post(reverse("leads:deal_new", args=[lead.pk]), said)
    assert answer.status_code == 422
    assert answer.context["form"]["unit_text"].value() == "3-1201"
    assert not DealStep.objects.exists()


def test_the_clerk_approves_and_records_the_next_steps_at_once(stage: Stage) -> None:
    lead = visitor(stage)
    client_of(stage.lin).post(reverse("leads:deal_new", args=[lead.pk]), SAID)
    step, clerk = DealStep.objects.get(), client_of(stage.jin)
    clerk.post(reverse("leads:deal_decide", args=[step.pk]), {"verdict": "approve"})
    url = reverse("leads:deal_step", args=[step.deal_id])
    said = {"step": "cancelled", "happened_at": "2026-03-02T13:50", "note": ""}
    assert clerk.post(url, said).status_code == 422
    assert clerk.post(url, said | {"note": "贷款未批"}).status_code == 302
    lead.refresh_from_db()
    assert (lead.stage, lead.clause) == ("visitor", "SC-2.2")


def test_who_only_approves_is_offered_no_deal_to_propose(stage: Stage) -> None:
    lead = visitor(stage)
    url = reverse("leads:deal_new", args=[lead.pk])
    assert url in client_of(stage.lin).get(reverse("leads:lead", args=[lead.pk])).content.decode()
    assert url not in client_of(stage.wu).get(reverse("leads:lead", args=[lead.pk])).content.decode()
    assert client_of(stage.wu).get(url).status_code == 403


def test_a_unit_of_another_project_is_no_choice(stage: Stage) -> None:
    lead = visitor(stage)
    foreign = factories.make_unit(factories.make_building(factories.make_project()))
    answer = client_of(stage.lin).post(reverse("leads:deal_new", args=[lead.pk]), SAID | {"unit": foreign.pk})
    assert answer.status_code == 422
    assert "unit" in answer.context["form"].errors

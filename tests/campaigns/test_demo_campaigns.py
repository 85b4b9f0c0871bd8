"""The demo tells its customers something, once, in every state a newcomer should see."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Broadcast, FestivalDay, Milestone
from crm.roles import Role
from tests.factories import make_user
from tests.leads.stage import set_stage
from tests.leads.test_lead_screens import visitor


@pytest.mark.django_db
def test_the_demo_has_milestones_in_each_state_and_reviewed_festivals() -> None:
    stage = set_stage()
    visitor(stage)
    make_user(Role.MARKETING, stage.project)
    make_user(Role.SALES_DIRECTOR, None)
    for _run in range(2):
        call_command("demo_campaigns")
    assert sorted(Milestone.objects.values_list("state", flat=True)) == ["approved", "draft", "submitted"]
    assert FestivalDay.objects.filter(reviewed_at__isnull=False).exists()
    waiting = Broadcast.objects.get()
    assert (waiting.state, waiting.summary["messages"]) == ("submitted", 1)


@pytest.mark.django_db
def test_an_empty_database_has_festivals_only() -> None:
    call_command("demo_campaigns")
    assert FestivalDay.objects.exists()
    assert not Milestone.objects.exists()


def test_it_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(type(settings.ENV), "production", property(lambda _env: True))
    with pytest.raises(CommandError):
        call_command("demo_campaigns")

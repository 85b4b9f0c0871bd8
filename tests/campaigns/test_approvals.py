"""SC-13: nobody who wrote on a broadcast or milestone approves it, and those whom it waits for hear of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from campaigns.actions import broadcasts, milestones
from campaigns.actions.milestones import MilestoneSheet
from crm.errors import RuleViolation
from crm.models import Notice, User
from crm.roles import Role
from tests.campaigns.test_broadcasts import approved, at, ma, party, sheet, stage, write
from tests.crm.screens import signed_in
from tests.factories import make_user
from tests.leads.stage import Stage

__all__ = ["ma", "party", "stage"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def zhao(stage: Stage) -> User:
    return make_user(Role.SALES_DIRECTOR, None, "赵")


def told(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("user__name", flat=True))


def rehearsed(row: Any, by: User) -> None:
    broadcasts.ask_rehearsal(broadcast_id=row.pk, by=by, at=at("11-18 10:05"))
    broadcasts.rehearse(broadcast_id=row.pk, at=at("11-18 10:05"))


@pytest.mark.usefixtures("party")
def test_sc_13_an_earlier_author_does_not_approve_what_another_saved_last(
    stage: Stage, ma: User, zhao: User
) -> None:
    row = write(stage, stage.wu)
    broadcasts.save_broadcast(
        project=stage.project, sheet=sheet(title="改"), by=ma, at=at("11-18 10:04"), broadcast_id=row.pk
    )
    rehearsed(row, ma)
    broadcasts.submit(broadcast_id=row.pk, by=ma, at=at("11-18 10:10"))
    assert signed_in(stage.wu).get(f"/campaigns/broadcasts/{row.pk}/").context["own"]
    for writer in (stage.wu, ma):
        with pytest.raises(RuleViolation) as caught:
            broadcasts.approve(broadcast_id=row.pk, by=writer, at=at("11-18 10:20"))
        assert caught.value.code == "own_work"
    row = broadcasts.approve(broadcast_id=row.pk, by=zhao, at=at("11-18 10:20"))
    assert row.state == "approved"


def test_sc_13_an_earlier_author_does_not_approve_a_milestone(stage: Stage, ma: User, zhao: User) -> None:
    day = dt.date(2026, 12, 1)
    given = MilestoneSheet("opening", "开盘", "{project}开盘", day, day, grades=("A",))
    row = milestones.save_milestone(project=stage.project, sheet=given, by=stage.wu, at=at("11-18 10:00"))
    milestones.save_milestone(
        project=stage.project, sheet=given, by=ma, at=at("11-18 10:01"), milestone_id=row.pk
    )
    milestones.submit(milestone_id=row.pk, by=ma, at=at("11-18 10:02"))
    assert told("to_approve") == {zhao.name}  # Wu wrote on it
    for writer in (stage.wu, ma):
        with pytest.raises(RuleViolation):
            milestones.approve(milestone_id=row.pk, by=writer, at=at("11-18 10:03"))
    milestones.send_back(milestone_id=row.pk, reason="改日期", by=zhao, at=at("11-18 10:04"))
    assert told("sent_back") == {stage.wu.name, ma.name}


@pytest.mark.usefixtures("party")
def test_who_may_approve_is_told_and_a_missed_start_is_told_to_both(
    stage: Stage, ma: User, zhao: User
) -> None:
    row = approved(stage, ma)
    assert told("to_approve") == {stage.wu.name, zhao.name}
    for _tick in range(2):
        broadcasts.start_due(broadcast_id=row.pk, at=at("11-20 11:00"))
    assert told("start_missed") == {ma.name, stage.wu.name, zhao.name}
    assert Notice.objects.filter(kind="start_missed").count() == 3
    client, mine = signed_in(stage.wu), Notice.objects.get(kind="start_missed", user=stage.wu)
    assert "双十二 missed its start" in client.get("/notices/").content.decode()
    opened = client.post(f"/notices/{mine.pk}/open/")
    assert opened.headers["Location"] == f"/campaigns/broadcasts/{row.pk}/"

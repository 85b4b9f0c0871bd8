"""What waits for a second person rings their bell until it is decided; what was said about a draft ends with it."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns.actions import festivals, milestones, telling
from campaigns.models import Correction
from crm.models import Message, Notice, User
from crm.notice_text import text_of
from crm.roles import Role
from crm.rules_messages import State
from tests.campaigns.test_milestones import SHEET, approved, at, marketing, party, stage
from tests.crm.screens import signed_in
from tests.factories import make_user
from tests.leads.stage import Stage

__all__ = ["marketing", "party", "stage"]
pytestmark = pytest.mark.django_db
NOW = "03-10 10:00"


def bell(user: User) -> list[str]:
    rows = Notice.objects.filter(user=user, kind="to_approve", read_at=None)
    return [str(text_of(row)) for row in rows]


def test_a_greeting_text_rings_until_it_is_approved(stage: Stage, marketing: User) -> None:
    wu = stage.wu
    festivals.fill(years=[2026], at=at(NOW))
    row = festivals.propose_text(
        project=stage.project, code="mid_autumn", body="月圆人团圆。", by=marketing, at=at(NOW)
    )
    assert [("中秋节" in text, Notice.objects.get(user=wu).url) for text in bell(wu)] == [
        (True, "/campaigns/greetings/mid_autumn/")
    ]
    assert bell(marketing) == []
    newer = festivals.propose_text(
        project=stage.project, code="mid_autumn", body="花好月圆。", by=marketing, at=at("03-10 10:01")
    )
    assert len(bell(wu)) == 1, "the text that was replaced waits no more"
    festivals.approve_text(text_id=newer.pk, by=wu, at=at("03-10 10:02"))
    assert row.pk != newer.pk
    assert bell(wu) == []


@pytest.mark.usefixtures("party")
@pytest.mark.parametrize("approves", [True, False])
def test_a_correction_rings_until_it_is_decided(stage: Stage, marketing: User, approves: bool) -> None:
    director = make_user(Role.SALES_DIRECTOR, None, "赵")
    row = approved(stage, marketing)
    assert bell(stage.wu) == bell(director) == [], "what is approved rings nobody"
    telling.plan_milestone(milestone=row, at=at("03-12 09:00"), launch=True)
    Message.objects.filter(run=row.run).update(state=State.DELIVERED)
    milestones.move(
        milestone_id=row.pk, day=dt.date(2026, 3, 22), body="改期至{day}。", by=stage.wu, at=at("03-13 10:00")
    )
    assert len(bell(director)) == 1
    assert bell(stage.wu) == [], "its author does not approve it"
    page = signed_in(stage.wu).get(f"/campaigns/milestones/{row.pk}/").content.decode()
    assert "/approve/" not in page, "no button that would be refused"
    waits = Correction.objects.get()
    decide = telling.approve_correction if approves else milestones.decline_correction
    decide(correction_id=waits.pk, by=director, at=at("03-13 11:00"))
    assert bell(director) == []
    page = signed_in(stage.wu).get(f"/campaigns/milestones/{row.pk}/").content.decode()
    assert "改期至3月22日。" in page, "what became of it stays to be read, as it was sent"


def test_the_words_of_a_sent_back_milestone_end_with_its_next_draft(stage: Stage, marketing: User) -> None:
    row = milestones.save_milestone(project=stage.project, sheet=SHEET, by=marketing, at=at(NOW))
    milestones.submit(milestone_id=row.pk, by=marketing, at=at(NOW))
    milestones.send_back(milestone_id=row.pk, reason="写明时间", by=stage.wu, at=at("03-10 10:01"))
    assert bell(stage.wu) == []
    maker, consultant = signed_in(marketing), signed_in(stage.lin)
    assert "写明时间" in maker.get(f"/campaigns/milestones/{row.pk}/").content.decode()
    milestones.submit(milestone_id=row.pk, by=marketing, at=at("03-10 10:02"))
    milestones.approve(milestone_id=row.pk, by=stage.wu, at=at("03-10 10:03"))
    for reader in (maker, consultant):
        assert "写明时间" not in reader.get(f"/campaigns/milestones/{row.pk}/").content.decode()

"""SC-6 for customers who are written to instead of called (SC-7), and the cap as the customer's page explains it."""

from __future__ import annotations

import datetime as dt

import pytest

from crm.errors import RuleViolation
from crm.models import Contact, Occasion, OptOut
from crm.states import Preference
from leads import facts, facts_cap
from leads.actions import ending, messaging, planning
from leads.actions.contacts import ContactSheet, log_contact
from leads.facts_cap import Written, caps_of, may_write_from
from leads.models import Lead
from leads.policy import Policy
from tests.crm.smsc import smpp_gateway
from tests.leads.stage import Stage, set_stage
from tests.leads.test_contact_screens import MORNING, Hands, hands

__all__ = ["hands"]
pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
TODAY = dt.date(2026, 3, 2)
CAPS = caps_of(Policy())


@pytest.fixture
def stage() -> Stage:
    made = set_stage()
    smpp_gateway(made.project, 1)
    return made


def got(lead: Lead, at: dt.datetime) -> None:
    Contact.objects.create(
        customer=lead.customer, project=lead.project, at=at, recorded_at=at, channel="sms", direction="out",
        outcome="sent", effective=False, purpose="broadcast", automatic=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "festivals", "first"),
    [
        (Written(), (), TODAY),
        (Written(had=(TODAY,)), (), TODAY + DAY),
        (Written(planned=(TODAY,)), (), TODAY + DAY),
        (Written(had=tuple(TODAY - n * DAY for n in (3, 5, 8, 20))), (), TODAY + 10 * DAY),
        # one place is left, and the festival of next week has it
        (Written(had=tuple(TODAY - n * DAY for n in (3, 5, 8))), (TODAY + 7 * DAY,), TODAY + 22 * DAY),
        (Written(had=tuple(TODAY - n * DAY for n in (3, 5, 8)), planned=(TODAY + 7 * DAY,)), (), TODAY + 22 * DAY),
    ],
)  # fmt: skip
def test_sc_6_the_first_day_of_a_consultants_message(
    written: Written, festivals: tuple[dt.date, ...], first: dt.date
) -> None:
    assert may_write_from(written, TODAY, CAPS, festivals) == first


def test_sc_6_a_message_duty_waits_for_the_day_on_which_sending_is_allowed(stage: Stage) -> None:
    visited = MORNING - 3 * DAY
    lead = stage.visitor("韩轩", "13800000001", at=visited, grade="A").lead
    wish = ContactSheet("talked", preference=Preference.MESSAGES_ONLY.value)
    log_contact(lead_id=lead.pk, sheet=wish, happened_at=visited, by=stage.lin, at=visited)
    task = lead.tasks.get(state="open", kind="cadence")
    assert (task.channel, task.held_until) == ("message", None)
    assert task.list_day == TODAY
    got(lead, MORNING)
    with pytest.raises(RuleViolation):
        messaging.send_single(lead_id=lead.pk, body="欢迎您来看看。", by=stage.lin, at=MORNING)
    assert messaging.make_room(at=MORNING) == 1
    task.refresh_from_db()
    assert (task.held_reason, task.held_until) == ("cap", stage_midnight(lead, MORNING + DAY))
    assert messaging.make_room(at=MORNING) == 0, "what is held is not planned again and again"
    lead.refresh_from_db()
    assert (lead.held_reason, lead.held_until) == ("cap", task.held_until)
    sent = messaging.send_single(
        lead_id=lead.pk, body="欢迎您来看看。", by=stage.lin, at=MORNING + DAY, task_id=task.pk
    )
    assert sent.state == "queued", "on the day the plan names it goes"


def stage_midnight(lead: Lead, at: dt.datetime) -> dt.datetime:
    day = at.astimezone(lead.project.zone).date()
    return dt.datetime.combine(day, dt.time.min, lead.project.zone)


def test_sc_6_the_message_of_the_day_is_the_customers_own_matter_and_not_held(stage: Stage) -> None:
    visited = MORNING - dt.timedelta(hours=1)
    lead = stage.visitor("韩轩", "13800000001", at=visited, grade="A").lead
    ending.set_preference(
        lead_id=lead.pk, preference=Preference.MESSAGES_ONLY.value, by=stage.lin, at=visited
    )
    got(lead, MORNING)
    planning.replan([lead.pk], at=MORNING)
    task = lead.tasks.get(state="open", kind="cadence")
    assert (task.clause, task.channel, task.held_until) == ("SC-2.1", "message", None)


def test_sc_6_what_is_typed_to_one_customer_says_from_which_day_it_may_go(stage: Stage, hands: Hands) -> None:
    lead = stage.visitor("韩轩", "13800000001", at=MORNING - 3 * DAY, grade="A").lead
    client, url = hands.of(stage.lin), f"/leads/{lead.pk}/message/preview/"

    def typed(body: str) -> str:
        return client.post(url, {"body": body}, headers={"HX-Request": "true"}).content.decode()

    assert "note-warn" not in typed("欢迎您来看看。")
    for body in ("欢迎{name}", "欢迎{姓名}"):
        assert "note-warn" in typed(body), "no field is filled in for a message of one's own"
    got(lead, MORNING)
    assert "note-warn" in typed("欢迎您来看看。")


def test_sc_6_the_customers_page_explains_the_cap(stage: Stage, hands: Hands) -> None:
    lead = stage.visitor("韩轩", "13800000001", at=MORNING - 3 * DAY, grade="A").lead
    client, page = hands.of(stage.lin), f"/leads/{lead.pk}/"
    assert "?cap=1" in client.get(page).content.decode()
    got(lead, MORNING - DAY)
    got(lead, MORNING)
    Occasion.objects.create(
        kind="festival", title="元宵节", starts_on=TODAY + 1 * DAY, ends_on=TODAY + 1 * DAY
    )
    room = facts_cap.room_of(lead, facts.frame(lead.project_id, MORNING), MORNING)
    assert (room.sms_today, room.sms_month, room.festivals) == (1, 2, (TODAY + DAY,))
    assert (room.write_now, room.write_from, room.call_now) == (False, TODAY + 2 * DAY, True)
    shown = client.get(f"{page}?cap=1", headers={"HX-Request": "true"}).content.decode()
    assert 'id="cap-title"' in shown
    assert "<html" not in shown
    assert "2 of 4" in shown
    OptOut.objects.create(
        customer=lead.customer, scope="marketing_sms", source="by_hand", at=MORNING, by=stage.lin
    )
    assert "opted out" in client.get(f"{page}?cap=1").content.decode()

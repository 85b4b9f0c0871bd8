"""A consultant's single message (SC-10): who may, what it is for, what refuses it, and how the plan learns of it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import outbox
from crm.actions import customers
from crm.errors import RuleViolation
from crm.facts_messages import texts
from crm.models import Attempt, Contact, Gateway, InboundMessage, Message, Notice, SendRun
from crm.outbox import draining, recording, replies
from crm.rules_messages import RunKind, State
from leads import facts_messaging, scripts
from leads.actions import deals, messaging, stopping
from leads.actions.contacts import ContactSheet, log_contact
from leads.actions.correcting import void_contact
from leads.models import CallTask, Lead, LeadEvent, SingleMessage
from leads.rules_messaging import kind_of
from tests.crm.smsc import running, smpp_gateway
from tests.factories import make_project
from tests.leads.stage import Stage, set_stage
from tests.leads.test_contact_screens import MORNING, Hands, call_of, hands, text_of

__all__ = ["hands"]
pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
FREE = "样板间周六开放，欢迎您来看看。"


@pytest.fixture
def stage() -> Stage:
    made = set_stage()
    smpp_gateway(made.project, 1)
    return made


def visited(stage: Stage, name: str = "韩轩", phone: str = "13800000001") -> Lead:
    """A visitor of an hour ago: the call of the day (SC-2.1) is owed."""
    return stage.visitor(name, phone, at=MORNING - dt.timedelta(hours=1)).lead


def order(lead: Lead, stage: Stage, body: str = FREE, **values: Any) -> Message:
    return messaging.send_single(
        **{"lead_id": lead.pk, "body": body, "by": stage.lin, "at": MORNING, **values}
    )


def standard(lead: Lead, task: CallTask, stage: Stage, at: dt.datetime = MORNING) -> str:
    return facts_messaging.offers(lead, task, by=stage.lin, at=at)[0].body


def accepted(message: Message, at: dt.datetime) -> None:
    """The gateway takes it: as the outbox records it."""
    Message.objects.filter(pk=message.pk).update(state=State.ACCEPTED, changed_at=at)
    Attempt.objects.create(
        message=message, n=1, gateway=message.run.gateway, started_at=at, ended_at=at, outcome="accepted"
    )
    recording.accepted(message.run.gateway, {message.pk: ("ref",)}, at)


@pytest.mark.parametrize(
    "key", ["SC-1.1", "SC-2.1", "PX-1", "PX-2", scripts.APPOINTMENT, "SC-2.2", "SC-4.2", ""]
)
def test_only_the_standard_text_of_the_customers_own_matter_is_no_marketing(key: str) -> None:
    own = key not in ("SC-2.2", "SC-4.2", "")
    assert (kind_of(key=key, word_for_word=True, first=True, clerk=False) is RunKind.SERVICE) is own
    for values in ({"word_for_word": False, "first": True}, {"word_for_word": True, "first": False}):
        assert kind_of(key=key, clerk=False, **values) is not RunKind.SERVICE
    assert kind_of(key=key, word_for_word=False, first=False, clerk=True) is RunKind.SERVICE


def test_sc_10_free_text_is_marketing_composed_and_capped(stage: Stage) -> None:
    lead = visited(stage)
    message = order(lead, stage)
    assert (message.run.kind, message.run.marketing, message.counts) == (RunKind.SALES, True, True)
    text = texts([message])[message.pk]
    assert text.startswith("韩轩先生您好，")
    assert "置业顾问:林晓" in text
    assert text.endswith("拒收请回复R")
    with pytest.raises(RuleViolation) as stopped:
        order(lead, stage, "再来一条")
    assert (stopped.value.clause, stopped.value.code) == ("SC-6", "cap")
    assert "2026" in stopped.value.text
    assert SendRun.objects.count() == SingleMessage.objects.count() == 1
    assert order(lead, stage, "第二天的消息", at=MORNING + DAY).state == "queued"


@pytest.mark.parametrize(
    "body", ["尊敬的贵宾，您好", "来电 首席预约电话:1", "【别家】来看看", "   ", "一" * 480]
)
def test_sc_10_a_text_with_an_opening_or_ending_of_its_own_is_refused(stage: Stage, body: str) -> None:
    with pytest.raises(RuleViolation):
        order(visited(stage), stage, body)
    assert not Message.objects.exists()


def test_the_duty_of_the_day_by_its_standard_text_is_no_marketing_once(stage: Stage) -> None:
    lead = visited(stage)
    task = call_of(lead)
    message = order(lead, stage, standard(lead, task, stage), task_id=task.pk)
    assert (message.run.kind, message.run.clause, message.counts) == (RunKind.SERVICE, "SC-2.1", False)
    with pytest.raises(RuleViolation) as twice:
        order(lead, stage, standard(lead, task, stage), task_id=task.pk)
    assert twice.value.code == "underway"
    accepted(message, MORNING)
    messaging.follow(at=MORNING)
    again = order(lead, stage, standard(lead, task, stage), task_id=task.pk)
    assert (again.run.kind, again.run.clause, again.counts) == (RunKind.SALES, "", True)


def test_one_form_orders_one_message(stage: Stage, hands: Hands) -> None:
    lead, client = visited(stage), hands.of(stage.lin)
    data = {"body": FREE, "submission": uuid.uuid4()}
    for _tap in range(2):
        answer = client.post(reverse("leads:message", args=[lead.pk]), data)
        assert answer.status_code == 302
    assert Message.objects.count() == 1


def test_outside_the_hours_it_waits_and_the_screen_says_so(stage: Stage, hands: Hands) -> None:
    lead = visited(stage)
    hands.moment = MORNING.replace(hour=13)  # 21:00 in Shanghai
    client = hands.of(stage.lin)
    page = text_of(client.get(reverse("leads:message", args=[lead.pk])))
    assert "it would go at 03-03 09:00" in page
    answer = client.post(reverse("leads:message", args=[lead.pk]), {"body": FREE}, follow=True)
    assert "it goes on 03-03 at 09:00" in text_of(answer)
    assert Message.objects.get().not_before == dt.datetime(2026, 3, 3, 1, 0, tzinfo=dt.UTC)


def test_the_hours_hold_for_matters_of_the_customers_own_too(stage: Stage) -> None:
    late = MORNING.replace(hour=14)
    lead = visited(stage)
    task = call_of(lead)
    message = order(lead, stage, standard(lead, task, stage, late), task_id=task.pk, at=late)
    assert message.run.kind == RunKind.SERVICE
    assert message.not_before == dt.datetime(2026, 3, 3, 1, 0, tzinfo=dt.UTC)


def test_who_opted_out_gets_none_and_who_wishes_no_contact_not_even_thanks(stage: Stage) -> None:
    lead = visited(stage)
    task = call_of(lead)
    customers.opt_out(customer=lead.customer, scope="marketing_sms", source="call", by=None, at=MORNING)
    with pytest.raises(RuleViolation) as stopped:
        order(lead, stage)
    assert stopped.value.code == "opted_out"
    assert order(lead, stage, standard(lead, task, stage), task_id=task.pk).run.kind == RunKind.SERVICE
    other = visited(stage, "王芳", "13800000002")
    text = standard(other, call_of(other), stage)
    customers.set_preference(customer=other.customer, preference="do_not_contact", by=stage.lin, at=MORNING)
    with pytest.raises(RuleViolation) as wished:
        order(other, stage, text, task_id=call_of(other).pk)
    assert (wished.value.code, wished.value.clause) == ("do_not_contact", "SC-7")


def test_without_a_real_line_nothing_is_ordered(hands: Hands) -> None:
    stage = set_stage()
    outbox.line_of(stage.project)
    lead = visited(stage)
    with pytest.raises(RuleViolation) as refused:
        order(lead, stage)
    assert refused.value.code == "no_line"
    sheet = text_of(hands.of(stage.lin).get(reverse("leads:log", args=[lead.pk])))
    assert "Open in the message app" in sheet
    assert "Send now" not in sheet


def test_a_referred_customer_hears_of_milestones_only(stage: Stage) -> None:
    lead = visited(stage)
    Lead.objects.filter(pk=lead.pk).update(kind="leader_referral")
    with pytest.raises(RuleViolation) as refused:
        order(lead, stage)
    assert refused.value.clause == "SC-3.1"


def test_sc_7_who_wishes_messages_only_is_served_by_the_line_and_the_plan_moves(
    stage: Stage, hands: Hands
) -> None:
    lead = visited(stage)
    log_contact(lead_id=lead.pk, sheet=ContactSheet("talked", preference="messages_only"),
                happened_at=MORNING, by=stage.lin, at=MORNING)  # fmt: skip
    task = call_of(lead)
    assert task.channel == "message"
    hands.moment = task.due_at.replace(hour=3)
    client = hands.of(stage.lin)
    sheet = text_of(client.get(reverse("leads:task", args=[task.pk])))
    assert "Send now" in sheet
    assert "拒收请回复R" in sheet
    body = standard(lead, task, stage, hands.moment)
    answer = client.post(reverse("leads:message", args=[lead.pk]), {"body": body, "task": task.pk})
    assert answer.status_code == 302
    message = Message.objects.get()
    assert "on its way" in text_of(client.get(reverse("leads:task", args=[task.pk])))
    assert messaging.follow(at=hands.moment) == {"sent": 0, "unsent": 0}
    left = hands.moment + dt.timedelta(seconds=4)
    accepted(message, left)
    Message.objects.filter(pk=message.pk).update(state=State.DELIVERED, changed_at=left + DAY)
    assert messaging.follow(at=left + DAY) == {"sent": 1, "unsent": 0}
    assert messaging.follow(at=left + DAY) == {"sent": 0, "unsent": 0}
    event = LeadEvent.objects.get(lead=lead, kind="contact", value="sent")
    ledger = Contact.objects.get(customer=lead.customer, channel="sms")
    assert (event.contact, event.channel, event.by) == (ledger, "sms", stage.lin)
    task.refresh_from_db()
    assert task.state == CallTask.State.DONE
    assert call_of(lead).due_at > task.due_at
    with pytest.raises(RuleViolation) as too_late:
        void_contact(event_id=event.pk, lead_id=lead.pk, by=stage.lin, at=left + DAY)
    assert too_late.value.code == "already_sent"


def test_a_message_that_did_not_leave_is_told_and_followed_if_sent_again(stage: Stage) -> None:
    lead = visited(stage)
    message = order(lead, stage)
    Message.objects.filter(pk=message.pk).update(state=State.REFUSED, reason="keyword")
    assert messaging.follow(at=MORNING) == {"sent": 0, "unsent": 1}
    assert messaging.follow(at=MORNING) == {"sent": 0, "unsent": 0}
    assert Notice.objects.filter(kind="message_unsent", user=stage.lin).count() == 1
    assert not LeadEvent.objects.filter(lead=lead, value="sent").exists()
    accepted(message, MORNING)
    assert messaging.follow(at=MORNING) == {"sent": 1, "unsent": 0}


def test_it_goes_over_tcp_and_a_reply_td_stops_the_calls(hands: Hands) -> None:
    stage = set_stage()
    lead = visited(stage)
    with running() as smsc:
        gateway = smpp_gateway(stage.project, smsc.port)
        message = order(lead, stage)
        draining.drain(gateway_id=gateway.pk, seconds=3.0, clock=lambda: MORNING)
    message.refresh_from_db()
    assert message.state in (State.ACCEPTED, State.DELIVERED)
    assert messaging.follow(at=MORNING)["sent"] == 1
    assert CallTask.objects.open().filter(lead=lead).exists()
    replies.stop(number=message.to, customer=lead.customer, source="sms:opt_out", at=MORNING)
    stopping.carry(at=MORNING)
    assert not CallTask.objects.open().filter(lead=lead, kind__in=["cadence", "promise"]).exists()
    today = text_of(hands.of(stage.lin).get(reverse("leads:today")))
    assert f"/today/{lead.pk}/" not in today
    assert "韩轩" not in today
    customers.record_consent(customer=lead.customer, scope="calls", source="visit", wording="可以打电话",
                             by=stage.lin, at=MORNING)  # fmt: skip
    stopping.carry(at=MORNING)
    assert CallTask.objects.open().filter(lead=lead, kind__in=["cadence", "promise"]).exists()


def test_the_page_tells_why_and_refuses_with_the_text_kept(stage: Stage, hands: Hands) -> None:
    lead, client = visited(stage), hands.of(stage.lin)
    answer = client.post(reverse("leads:message", args=[lead.pk]), {"body": "【云栖里】来看看"})
    assert answer.status_code == 422
    assert "【云栖里】来看看" in text_of(answer)
    shown = client.post(
        reverse("leads:message_preview", args=[lead.pk]), {"body": FREE}, headers={"hx-request": "true"}
    )
    page = text_of(shown)
    assert "billed as 1 message" in page or "billed as 2 messages" in page
    assert "<html" not in page
    assert not Message.objects.exists()


def test_own_leads_only_a_clerk_ones_own_deals_and_foreign_leads_are_not_there(
    stage: Stage, hands: Hands
) -> None:
    lead = visited(stage)
    where = reverse("leads:message", args=[lead.pk])
    assert hands.of(stage.mei).post(where, {"body": FREE}).status_code == 404
    assert hands.of(stage.fang).post(where, {"body": FREE}).status_code == 404
    far = set_stage("别处")
    assert hands.of(far.wu).post(where, {"body": FREE}).status_code == 404
    assert hands.of(stage.jin).post(where, {"body": FREE}).status_code == 404
    step = deals.open_deal(lead_id=lead.pk, step="subscribed", happened_at=MORNING, by=stage.lin, at=MORNING,
                           unit_text="3-1201")  # fmt: skip
    assert hands.of(stage.jin).post(where, {"body": FREE}).status_code == 403
    deals.approve_step(step_id=step.pk, by=stage.jin, at=MORNING)
    assert hands.of(stage.jin).post(where, {"body": "合同已备好，请带身份证来签。"}).status_code == 302
    assert Message.objects.get().run.kind == RunKind.SERVICE
    assert hands.of(stage.wu).post(where, {"body": FREE}).status_code == 302


def test_another_leads_duty_is_no_duty_of_this_one(stage: Stage) -> None:
    lead, other = visited(stage), visited(stage, "王芳", "13800000002")
    with pytest.raises(RuleViolation) as refused:
        order(lead, stage, task_id=call_of(other).pk)
    assert refused.value.code == "not_owed"


def test_the_line_that_takes_only_filed_templates_gets_them(stage: Stage) -> None:
    line = Gateway.objects.get(project=stage.project, is_default=True)
    line.needs_template = True
    line.save()
    filed = line.templates.create(
        code="A1", body="{project}样板间开放，欢迎参观。", state="approved", changed_at=MORNING
    )
    lead = visited(stage)
    with pytest.raises(RuleViolation) as refused:
        order(lead, stage)
    assert refused.value.code == "gateway_blocks"
    message = order(lead, stage, f"{stage.project.name}样板间开放，欢迎参观。")
    assert message.run.template == filed
    assert f"{stage.project.name}样板间开放" in texts([message])[message.pk]


def test_the_screen_costs_the_same_however_many_messages_there_are(stage: Stage, hands: Hands) -> None:
    lead, client = visited(stage), hands.of(stage.lin)
    counts = []
    for day in range(3):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("leads:message", args=[lead.pk])).status_code == 200
        counts.append(len(captured))
        order(lead, stage, at=MORNING + day * DAY)
    assert counts[1] == counts[2]


def test_an_inbound_reply_gets_the_consultant_as_its_owner(stage: Stage) -> None:
    lead = visited(stage)
    line = Gateway.objects.get(project=stage.project, is_default=True)
    row = InboundMessage.objects.create(
        gateway=line, gateway_ref="1", project=stage.project, sender="+8613800000001", text="几点开门？",
        customer=lead.customer, meaning="reply", at=MORNING, received_at=MORNING,
    )  # fmt: skip
    stopping.carry(at=MORNING)
    row.refresh_from_db()
    assert row.owner == stage.lin


def test_a_foreign_projects_line_is_not_used(stage: Stage) -> None:
    lead = visited(stage)
    smpp_gateway(make_project("别处"), 2)
    assert order(lead, stage).run.gateway.project == stage.project


def test_the_leads_page_shows_what_came_and_what_will_come(stage: Stage, hands: Hands) -> None:
    lead, client = visited(stage), hands.of(stage.lin)
    message = order(lead, stage)
    Message.objects.filter(pk=message.pk).update(state=State.HELD, reason="cap")
    line = Gateway.objects.get(project=stage.project, is_default=True)
    InboundMessage.objects.create(
        gateway=line, gateway_ref="1", project=stage.project, sender="+8613800000001", text="几点开门？",
        customer=lead.customer, meaning="reply", at=MORNING, received_at=MORNING,
    )  # fmt: skip
    far = set_stage("别处")
    smpp_gateway(far.project, 2)
    run = outbox.send_one(customer=lead.customer, project=far.project, body="别处的消息", by=far.lin,
                          at=MORNING, kind=RunKind.SERVICE).run  # fmt: skip
    page = text_of(client.get(reverse("leads:lead", args=[lead.pk])))
    for said in ("had enough messages (SC-6)", FREE, "几点开门？", "from the customer", "by another project"):
        assert said in page
    assert run.body not in page


def test_the_api_orders_lists_and_refuses_as_the_page_does(stage: Stage, hands: Hands) -> None:
    lead = visited(stage)
    where = f"/api/v1/leads/{lead.pk}/messages/"
    client = hands.of(stage.lin)
    key = {"Idempotency-Key": "once"}
    for _time in range(2):
        made = client.post(where, {"body": FREE}, content_type="application/json", headers=key)
        assert made.status_code == 201
        assert (made.json()["kind"], made.json()["state"]) == ("sales", "queued")
    [row] = client.get(where).json()["results"]
    assert (row["coming"], row["kind"]) == (True, "sales")
    assert FREE in row["text"]
    refused = client.post(where, {"body": "再来一条"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "cap")
    assert hands.of(stage.mei).post(where, {"body": FREE}, content_type="application/json").status_code == 404
    assert hands.of(stage.mei).get(where).status_code == 404
    assert Message.objects.count() == 1

"""The preparation sheet and the log form: what they show, what two taps save, who may, and taking back."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.models import Contact, Occasion, User
from leads import explain
from leads.actions.contacts import ContactSheet, log_contact
from leads.models import CallTask, Lead, LeadEvent, ObjectionAnswer, Script
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
MORNING = dt.datetime(2026, 3, 2, 2, 30, tzinfo=dt.UTC)
"""Monday 2 March 2026, 10:30 in Shanghai."""
MINUTE = dt.timedelta(minutes=1)


class Hands:
    """One signed-in person, and the product's clock in their room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = MORNING
        monkeypatch.setattr(clock, "now", lambda: self.moment)

    def of(self, user: User) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def stage() -> Stage:
    return set_stage()


def call_of(lead: Lead) -> CallTask:
    task: CallTask = CallTask.objects.open().get(lead=lead, kind="cadence")
    return task


def post(client: Client, task: CallTask, **data: object) -> Any:
    return client.post(reverse("leads:task", args=[task.pk]), {"submission": uuid.uuid4(), **data})


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_the_sheet_shows_what_a_caller_needs_to_know(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    Occasion.objects.create(
        project=stage.project,
        kind="offer",
        title="三月购房节",
        starts_on=dt.date(2026, 3, 1),
        ends_on=dt.date(2026, 3, 31),
    )
    page = text_of(hands.of(stage.lin).get(reverse("leads:task", args=[call_of(made.lead).pk])))
    assert "Visit on Mon 2 Mar, the same day: due Mon 2 Mar, 20:30." in page
    assert "By version 1 of the policy." in page
    assert "三月购房节" in page
    assert "0 days since the last visit" in page
    assert "您提到的价格，我回来专门核实过" in page, "the script with the objection merged in"
    assert "先认同：您说得对" in page, "the answer to the objection"
    assert "tel:+8613800000001" in page


def test_the_projects_own_script_and_answer_win(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    Script.objects.create(
        project=stage.project, clause="SC-2.1", text="开场：{name}，我们自己的话", edited_at=MORNING
    )
    ObjectionAnswer.objects.create(
        project=stage.project, cause="price", text="我们自己的回答", edited_at=MORNING
    )
    page = text_of(hands.of(stage.lin).get(reverse("leads:task", args=[call_of(made.lead).pk])))
    assert "韩轩先生，我们自己的话" in page
    assert "我们自己的回答" in page
    assert "先认同：您说得对" not in page


def test_one_tap_logs_a_try_and_the_line_rests(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client, task = hands.of(stage.lin), call_of(made.lead)
    answer = post(client, task, tried="no_answer")
    assert answer.status_code == 302
    page = text_of(client.get(answer["Location"]))
    assert "tried once, again 15:30" in page
    contact = Contact.objects.get(outcome="no_answer")
    assert (contact.effective, contact.clause, contact.by) == (False, "SC-2.1", stage.lin)


def test_two_taps_log_a_conversation_and_the_next_date_is_said(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client = hands.of(stage.lin)
    answer = post(client, call_of(made.lead), outcome="talked")
    page = text_of(client.get(answer["Location"]))
    assert "Next: Thu 5 Mar, SC-2.2" in page
    assert "Talked" in page
    assert CallTask.objects.get(lead=made.lead, clause="SC-2.1").state == "done"


def test_a_passed_day_is_not_said_as_if_it_were_to_come(stage: Stage) -> None:
    lead = stage.visitor("韩轩", "13800000001", at=MORNING).lead
    assert explain.next_step(lead, MORNING) == "Next: Mon 2 Mar, SC-2.1"
    late = MORNING + dt.timedelta(days=2)
    assert explain.next_step(lead, late) == "Overdue since Mon 2 Mar: call today, SC-2.1"


def test_what_was_learned_is_kept(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    price = made.lead.objections.get(cause="price")
    learned = {
        "outcome": "talked",
        "intention": "up",
        "news": "下周回杭州",
        "questions": "利率",
        "real_need": "离学校近",
        "dissolved": [price.pk],
        "raised": ["loan"],
        "grade": "A",
        "appointment": "2026-03-07T14:00",
    }
    assert post(hands.of(stage.lin), call_of(made.lead), **learned).status_code == 302
    contact, lead = Contact.objects.get(outcome="talked"), Lead.objects.get(pk=made.lead.pk)
    assert (contact.news, contact.questions, contact.real_need) == ("下周回杭州", "利率", "离学校近")
    assert lead.grade == "A"
    assert list(lead.objections.filter(dissolved_at=None).values_list("cause", flat=True)) == ["loan"]
    event = LeadEvent.objects.get(contact=contact, kind="contact")
    assert event.appointment == dt.datetime(2026, 3, 7, 6, 0, tzinfo=dt.UTC)
    assert event.data["intention"] == "up"


def test_a_first_callback_asks_for_verdict_and_invitation(stage: Stage, hands: Hands) -> None:
    made = stage.caller("赵", "13800000001", at=MORNING)
    client, task = hands.of(stage.lin), call_of(made.lead)
    page = text_of(client.get(reverse("leads:task", args=[task.pk])))
    assert 'name="quality"' in page
    assert 'name="invitation"' in page
    post(client, task, outcome="talked", quality="not_quality", invitation="0")
    lead = Lead.objects.get(pk=made.lead.pk)
    assert (lead.quality, lead.quiet_clause) == ("not_quality", "SC-1.4")
    assert "No call is due (SC-1.4)" in text_of(client.get(reverse("leads:today")))


def test_a_promise_needs_its_moment_and_the_input_is_kept(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    answer = post(hands.of(stage.lin), call_of(made.lead), outcome="callback_arranged", news="在开会")
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Enter when you promised to call back." in page
    assert "在开会" in page
    assert 'value="callback_arranged"' in page
    assert not Contact.objects.filter(by=stage.lin).exists()


def test_a_far_promise_asks_and_can_be_confirmed(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client, task = hands.of(stage.lin), call_of(made.lead)
    promise = {"outcome": "callback_arranged", "promised_at": "2026-03-30T10:00"}
    asked = post(client, task, **promise)
    assert asked.status_code == 422
    assert 'name="long_promised_at"' in text_of(asked)
    assert post(client, task, **promise, long_promised_at="1").status_code == 302
    assert CallTask.objects.open().get(kind="promise").due_at == dt.datetime(2026, 3, 30, 2, 0, tzinfo=dt.UTC)


def test_the_tap_on_the_number_is_kept_with_the_contact(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client, task = hands.of(stage.lin), call_of(made.lead)
    url = reverse("leads:tap", args=[made.lead.pk])
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 204
    hands.moment = MORNING + 3 * MINUTE
    post(client, task, tried="busy")
    contact = Contact.objects.get(outcome="busy")
    assert (contact.tapped_at, contact.doubtful) == (MORNING, "")
    post(client, task, tried="busy")
    assert Contact.objects.order_by("-pk")[0].doubtful == "untapped", "one tap is for one contact"


def test_the_same_form_sent_twice_logs_once(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client, task, once = hands.of(stage.lin), call_of(made.lead), uuid.uuid4()
    for _again in range(2):
        assert post(client, task, outcome="talked", submission=once).status_code == 302
    assert Contact.objects.filter(by=stage.lin).count() == 1


def test_the_second_of_two_people_is_told_and_keeps_what_they_typed(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    task = call_of(made.lead)
    post(hands.of(stage.lin), task, outcome="talked")
    answer = post(hands.of(stage.wu), task, outcome="talked", news="我也打了")
    assert answer.status_code == 422
    assert "林晓 has already logged this at 10:30" in text_of(answer)
    assert "我也打了" in text_of(answer)


def test_an_entry_can_be_taken_back_for_half_an_hour(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client = hands.of(stage.lin)
    post(client, call_of(made.lead), outcome="talked")
    hands.moment = MORNING + 29 * MINUTE
    event = LeadEvent.objects.get(kind="contact")
    url = reverse("leads:undo", args=[event.pk])
    assert url in text_of(client.get(reverse("leads:today")))
    assert client.get(url).status_code == 405
    assert hands.of(stage.wu).post(url).status_code == 404, "only one's own"
    assert "Taken back" in text_of(client.post(url, follow=True))
    assert call_of(made.lead).clause == "SC-2.1"


def test_after_half_an_hour_nothing_can_be_taken_back(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client = hands.of(stage.lin)
    post(client, call_of(made.lead), outcome="talked")
    hands.moment = MORNING + 31 * MINUTE
    url = reverse("leads:undo", args=[LeadEvent.objects.get(kind="contact").pk])
    assert url not in text_of(client.get(reverse("leads:today")))
    assert "Only your own entry of the last 30 minutes" in text_of(client.post(url, follow=True))
    assert Contact.objects.get(outcome="talked").voided_at is None


def test_a_message_duty_offers_the_composed_text_and_one_tap_confirms_it(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client = hands.of(stage.lin)
    post(client, call_of(made.lead), outcome="talked", preference="messages_only")
    hands.moment = MORNING + dt.timedelta(days=3)
    client = hands.of(stage.lin)  # a sign-in does not last three days
    task = call_of(made.lead)
    page = text_of(client.get(reverse("leads:task", args=[task.pk])))
    assert "Message to send" in page
    assert "韩轩先生您好，" in page
    assert "首席预约电话:0571-88880000 置业顾问:林晓" in page
    assert "sms:+8613800000001?&amp;body=" in page
    post(client, task, tried="sent", channel="sms")
    assert CallTask.objects.get(pk=task.pk).state == "done"
    assert Contact.objects.get(outcome="sent").channel == "sms"


def test_three_refusals_suggest_fewer_calls(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    for day in range(3):
        at = MORNING + dt.timedelta(days=day)
        log_contact(lead_id=made.lead.pk, sheet=ContactSheet("refused"), happened_at=at, by=stage.lin, at=at)
    page = text_of(hands.of(stage.lin).get(reverse("leads:log", args=[made.lead.pk])))
    assert "Refused 3 times running: offer fewer calls?" in page


def test_a_referred_customer_outside_a_milestone_needs_a_reason(stage: Stage, hands: Hands) -> None:
    from leads.actions.grading import set_kind

    made = stage.caller("贵客", "13800000001", at=MORNING)
    client = hands.of(stage.lin)
    set_kind(lead_id=made.lead.pk, kind="leader_referral", reason="领导推荐", by=stage.wu, at=MORNING)
    post(client, call_of(made.lead), outcome="talked")
    url = reverse("leads:log", args=[made.lead.pk])
    refused = client.post(url, {"tried": "no_answer"})
    assert refused.status_code == 422
    assert "contacted at milestones only" in text_of(refused)
    assert client.post(url, {"tried": "no_answer", "reason": "客户请我们回电"}).status_code == 302


@pytest.mark.parametrize(
    ("who", "status"), [("lin", 200), ("wu", 200), ("mei", 404), ("fang", 404), ("jin", 404)]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_open_and_log(stage: Stage, hands: Hands, who: str, status: int, method: str) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    client = hands.of(getattr(stage, who))
    for name, key in (("leads:task", call_of(made.lead).pk), ("leads:log", made.lead.pk)):
        answer = getattr(client, method)(reverse(name, args=[key]))
        assert answer.status_code == (422 if method == "post" and status == 200 else status)
    tapped = client.post(reverse("leads:tap", args=[made.lead.pk]))
    assert tapped.status_code == (204 if status == 200 else 404)


def test_a_manager_sees_the_number_masked_and_has_none_to_dial(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    page = text_of(hands.of(stage.wu).get(reverse("leads:task", args=[call_of(made.lead).pk])))
    assert "138****0001" in page
    assert "13800000001" not in page


def test_texts_of_customers_and_staff_are_shown_as_text(stage: Stage, hands: Hands) -> None:
    made = stage.visitor("<b>韩", "13800000001", at=MORNING)
    client = hands.of(stage.lin)
    post(client, call_of(made.lead), outcome="talked", news="<script>alert(1)</script>")
    page = text_of(client.get(reverse("leads:log", args=[made.lead.pk])))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "<b>韩" not in page

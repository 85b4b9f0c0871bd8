"""Planning a run: everybody of an audience ends as a message or with a reason, once (SC-5.1, SC-6, SC-10)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import F

from crm import outbox
from crm.actions import customers
from crm.errors import RuleViolation
from crm.facts_messages import progress, texts
from crm.models import Contact, Customer, Gateway, Message, Project, SendRun, Suppression
from crm.outbox import Row, sweeping
from crm.outbox.claiming import open_runs
from crm.rules_messages import RunKind
from tests.factories import AT, make_customer, make_project

pytestmark = pytest.mark.django_db
BODY = "样板间本周六开放，欢迎您来看看。"
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def make_run(project: Project | None = None, kind: str = RunKind.BROADCAST, **values: Any) -> SendRun:
    return outbox.open_run(
        **{
            "project": project or make_project(),
            "kind": kind,
            "title": "开放",
            "body": BODY,
            "consultant": "林晓",
            "starts_at": AT,
            "expires_at": AT + DAY,
            "by": None,
            "at": AT,
            **values,
        }
    )


def reasons(run: SendRun) -> dict[int, str]:
    return dict(run.exclusions.values_list("customer_id", "reason"))


def sent_sms(customer: Customer, project: Project, days_ago: int, **values: Any) -> Contact:
    at = AT - days_ago * DAY
    return Contact.objects.create(
        **{"customer": customer, "project": project, "channel": "sms", "purpose": "broadcast", "outcome": "sent",
           "effective": False, "at": at, "recorded_at": at, **values}
    )  # fmt: skip


def test_everybody_ends_as_a_message_or_with_a_reason() -> None:
    project = make_project()
    good, wished, stopped, nowhere, blocked, told = (make_customer() for _ in range(6))
    customers.set_preference(customer=wished, preference="do_not_contact", by=None, at=AT)
    customers.opt_out(customer=stopped, scope="marketing_sms", source="call", by=None, at=AT)
    nowhere.phones.update(bad_since=AT)
    Suppression.objects.create(number=blocked.phones.get().e164, source="blacklist", at=AT)
    landline = make_customer(phone="0571-88880001")
    run = make_run(project)
    everybody = [good, wished, stopped, nowhere, blocked, landline]
    rows = [Row(customer.pk) for customer in everybody] + [Row(told.pk, left="complaint_open"), Row(good.pk)]
    result = outbox.plan(run=run, audience=rows, at=AT)
    assert (result.messages, result.held) == (1, 0)
    assert reasons(run) == {
        wished.pk: "do_not_contact", stopped.pk: "opted_out", nowhere.pk: "no_number", blocked.pk: "suppressed",
        landline.pk: "no_number", told.pk: "complaint_open",
    }  # fmt: skip
    message = Message.objects.get(run=run)
    assert (message.customer_id, message.state, message.to) == (good.pk, "queued", good.phones.get().e164)
    assert texts([message])[message.pk] == (
        f"尊敬的贵宾，{BODY}【{project.signature}】首席预约电话:0571-88880000 置业顾问:林晓 拒收请回复R"
    )
    assert progress([run.pk])[run.pk].messages == {"queued": 1}


def test_a_plan_again_inserts_nothing() -> None:
    run, customer = make_run(), make_customer()
    first = outbox.plan(run=run, audience=[Row(customer.pk)], at=AT)
    assert outbox.plan(run=run, audience=Customer.objects.values(customer_id=F("pk")), at=AT) == first


def test_a_service_message_passes_opt_out_cap_and_night() -> None:
    project, customer = make_project(), make_customer()
    customers.opt_out(customer=customer, scope="marketing_sms", source="call", by=None, at=AT)
    for _ in range(5):
        sent_sms(customer, project, 0)
    night = AT.replace(hour=18)  # 02:00 in Shanghai
    message = outbox.send_one(
        customer=customer,
        project=project,
        body="维修师傅明天上午到。",
        kind=RunKind.SERVICE,
        by=None,
        at=night,
    )
    assert (message.state, message.not_before, message.counts) == ("queued", night, False)
    assert "拒收" not in texts([message])[message.pk]


def test_marketing_waits_for_the_next_opening_or_is_left_out() -> None:
    customer = make_customer()
    evening = AT.replace(hour=13)  # 21:00 in Shanghai
    waits = make_run(starts_at=evening, expires_at=evening + DAY, at=evening)
    outbox.plan(run=waits, audience=[Row(customer.pk)], at=evening)
    assert Message.objects.get(run=waits).not_before == AT.replace(hour=1) + DAY
    over = make_run(starts_at=evening, expires_at=evening + dt.timedelta(hours=3), at=evening)
    outbox.plan(run=over, audience=[Row(customer.pk)], at=evening)
    assert reasons(over) == {customer.pk: "quiet_hours"}


def test_a_project_with_hours_of_its_own_keeps_to_them() -> None:
    project, customer, early = make_project(), make_customer(), make_customer()
    Project.objects.filter(pk=project.pk).update(sms_opens_at=dt.time(11), sms_closes_at=dt.time(12))
    project.refresh_from_db()
    run = make_run(project)
    outbox.plan(run=run, audience=[Row(customer.pk), Row(early.pk, not_before=AT + 3 * HOUR)], at=AT)
    outbox.launch(run_id=run.pk, by=None, at=AT)
    moments = dict(run.messages.values_list("customer_id", "not_before"))
    assert moments[customer.pk] == AT + HOUR  # AT is ten o'clock
    assert early.pk not in moments  # one o'clock is tomorrow at eleven, and that is after the end
    run.refresh_from_db()
    gateway = Gateway.objects.select_related("project").get(pk=run.gateway_id)
    noon = AT + 2 * HOUR
    assert [open_runs(gateway, at) for at in (AT, AT + HOUR, noon)] == [[], [run], []]
    sweeping.sweep(at=noon)
    held = run.messages.get()
    assert (held.state, held.not_before) == ("held", AT + HOUR + DAY)


def test_sc_6_the_cap_defers_or_drops_with_the_reason() -> None:
    project, customer = make_project(), make_customer()
    sent_sms(customer, project, 0)
    later = make_run(project, expires_at=AT + 3 * DAY)
    outbox.plan(run=later, audience=[Row(customer.pk)], at=AT)
    held = Message.objects.get(run=later)
    assert (held.state, held.reason, held.day) == ("held", "cap", dt.date(2026, 3, 3))
    short = make_run(project)
    outbox.plan(run=short, audience=[Row(customer.pk)], at=AT)
    assert reasons(short) == {}  # it still fits into the morning of its last day
    over = make_run(project, expires_at=AT + dt.timedelta(hours=2))
    outbox.plan(run=over, audience=[Row(customer.pk)], at=AT)
    assert reasons(over) == {customer.pk: "cap"}


def test_sc_6_planned_messages_hold_their_place_and_cancelling_returns_it() -> None:
    project, customer = make_project(), make_customer()
    first, second, third = (make_run(project, expires_at=AT + dt.timedelta(hours=5)) for _ in range(3))
    assert outbox.plan(run=first, audience=[Row(customer.pk)], at=AT).messages == 1
    assert outbox.plan(run=second, audience=[Row(customer.pk)], at=AT).messages == 0
    assert outbox.cancel(run_id=first.pk, by=None, at=AT) == 1
    assert outbox.plan(run=third, audience=[Row(customer.pk)], at=AT).messages == 1


def test_sc_6_a_greeting_goes_before_a_broadcast_planned_earlier() -> None:
    project, customer = make_project(), make_customer()
    low = make_run(project, expires_at=AT + 3 * DAY)
    outbox.plan(run=low, audience=[Row(customer.pk)], at=AT)
    high = make_run(project, RunKind.FESTIVAL, festival="dragon_boat", year=2026)
    outbox.plan(run=high, audience=[Row(customer.pk)], at=AT)
    assert Message.objects.get(run=high).state == "queued"
    gave_way = Message.objects.get(run=low)
    assert (gave_way.state, gave_way.reason, gave_way.day) == ("held", "cap", dt.date(2026, 3, 3))


def test_sc_6_the_next_festival_is_kept_free() -> None:
    project, customer = make_project(), make_customer()
    for days in (3, 5, 7):
        sent_sms(customer, project, days)
    run = make_run(project)
    outbox.plan(run=run, audience=[Row(customer.pk)], at=AT, kept_free=[dt.date(2026, 3, 10)])
    assert reasons(run) == {customer.pk: "reserved"}
    assert outbox.plan(run=make_run(project), audience=[Row(customer.pk)], at=AT).messages == 1


def test_sc_5_1_one_greeting_for_each_customer_festival_and_year() -> None:
    customer = make_customer()
    first, second = (make_run(kind=RunKind.FESTIVAL, festival="mid_autumn", year=2026) for _ in range(2))
    assert outbox.plan(run=first, audience=[Row(customer.pk)], at=AT).messages == 1
    outbox.plan(run=second, audience=[Row(customer.pk)], at=AT)
    assert reasons(second) == {customer.pk: "greeted"}


def test_nothing_is_planned_with_a_blank_in_it() -> None:
    full, blank, unfit = (make_customer() for _ in range(3))
    run = make_run(body="{unit}的钥匙已备好。", fields=("unit",))
    rows = [
        Row(full.pk, values={"unit": "3幢502"}), Row(blank.pk, values={"unit": " "}),
        Row(unfit.pk, values={"unit": "【内部】"}),
    ]  # fmt: skip
    outbox.plan(run=run, audience=rows, at=AT)
    assert dict(run.exclusions.values_list("customer_id", "detail")) == {blank.pk: "unit", unfit.pk: "unit"}
    message = Message.objects.get(run=run)
    assert "3幢502的钥匙" in texts([message])[message.pk]


def test_a_text_reads_only_its_listed_fields() -> None:
    with pytest.raises(RuleViolation) as caught:
        make_run(body="{password}的样板间开放。", fields=("unit",))
    assert caught.value.code == "unknown_field"


def test_a_single_message_says_why_it_may_not_go() -> None:
    project, customer = make_project(), make_customer()
    outbox.send_one(customer=customer, project=project, body=BODY, by=None, at=AT, consultant="林晓")
    with pytest.raises(RuleViolation) as caught:
        outbox.send_one(customer=customer, project=project, body=BODY, by=None, at=AT, consultant="林晓")
    assert (caught.value.code, caught.value.clause) == ("cap", "SC-6")
    assert SendRun.objects.count() == 1


def test_a_discarded_plan_leaves_no_row() -> None:
    run, customer = make_run(), make_customer()
    outbox.plan(run=run, audience=[Row(customer.pk)], at=AT)
    outbox.discard_plan(run_id=run.pk, at=AT)
    assert (run.messages.count(), progress([run.pk])[run.pk].planned) == (0, 0)
    assert outbox.plan(run=run, audience=[Row(customer.pk)], at=AT).messages == 1

"""The screens of lines, replies and unknown outcomes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings

from crm import outbox
from crm.actions.gateways import send_test
from crm.compose import pieces as counted
from crm.errors import RuleViolation
from crm.facts_messages import texts
from crm.gateways.secrets import secret_of
from crm.models import AuditEvent, Customer, Gateway, GatewaySignature, InboundMessage, Message, SendRun
from crm.outbox import Row, draining
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.crm.smsc import running, smpp_gateway
from tests.crm.test_outbox_planning import make_run
from tests.factories import AT, make_customer, make_project, make_user

pytestmark = pytest.mark.django_db
FORM = {
    "name": "agent",
    "kind": "http",
    "state": "on",
    "layout": "first",
    "rate": 100,
    "window": 10,
    "key": "us",
}


def test_a_line_is_made_changed_and_keeps_its_secret() -> None:
    project, client = make_project(), signed_in(make_user(Role.SYSTEM_ADMINISTRATOR))
    made = {**FORM, "project": project.pk, "url": "http://127.0.0.1:9/sms", "secret": "very-secret"}
    assert client.post("/gateways/new/", made).status_code == 302
    row = Gateway.objects.get()
    assert (row.is_default, row.settings, secret_of(row)) == (
        True, {"url": "http://127.0.0.1:9/sms", "key": "us"}, "very-secret",
    )  # fmt: skip
    changed = {**FORM, "url": "http://127.0.0.1:9/sms", "secret": "", "is_default": "on", "rate": 7}
    assert client.post(f"/gateways/{row.pk}/edit/", changed).status_code == 302
    row.refresh_from_db()
    assert (row.rate, secret_of(row)) == (7, "very-secret")
    page = (
        client.get(f"/gateways/{row.pk}/").content.decode()
        + client.get(f"/gateways/{row.pk}/edit/").content.decode()
    )
    assert "very-secret" not in page
    assert str(row.callback_key) in page
    assert "very-secret" not in str(list(AuditEvent.objects.values_list("details", flat=True)))


def test_an_address_inside_the_house_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:

    project, client = make_project(), signed_in(make_user(Role.SYSTEM_ADMINISTRATOR))
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, mode="production"))
    for url in ("http://agent.example/", "https://169.254.169.254/latest/", "https://127.0.0.1/"):
        answer = client.post("/gateways/new/", {**FORM, "project": project.pk, "url": url})
        assert answer.status_code == 422, url
    assert not Gateway.objects.exists()


def test_the_connection_is_tested_and_a_test_message_goes_out() -> None:
    project, by = make_project(), make_user(Role.SYSTEM_ADMINISTRATOR)
    client = signed_in(by)
    with running() as smsc:
        row = smpp_gateway(project, smsc.port)
        client.post(f"/gateways/{row.pk}/check/")
        row.refresh_from_db()
        assert (row.problem, row.checked_at is not None) == ("", True)
        sent = client.post(f"/gateways/{row.pk}/test/", {"m-phone": "13900000001", "m-body": "测试一下。"})
        assert sent.status_code == 302
        draining.drain(gateway_id=row.pk, seconds=2.0, clock=lambda: Message.objects.get().not_before)
    assert smsc.seen == {"8613900000001": 1}
    client.post(f"/gateways/{row.pk}/check/")
    row.refresh_from_db()
    assert "no connection" in row.problem


def test_an_unfiled_signature_blocks_the_launch_until_it_is_approved() -> None:
    project, client = make_project(), signed_in(make_user(Role.SYSTEM_ADMINISTRATOR))
    row = outbox.line_of(project)
    Gateway.objects.filter(pk=row.pk).update(needs_filing=True)
    run = make_run(project)
    today = AT.date()
    assert outbox.blocked(run, today)
    said = {"s-signature": project.signature, "s-state": "filed", "s-expires_on": "", "s-note": ""}
    assert client.post(f"/gateways/{row.pk}/signatures/", said).status_code == 302
    assert outbox.blocked(run, today)
    assert client.post(f"/gateways/{row.pk}/signatures/", {**said, "s-state": "approved"}).status_code == 302
    assert outbox.blocked(run, today) == ""
    GatewaySignature.objects.update(expires_on=today - dt.timedelta(days=1))
    assert outbox.blocked(run, today)


def reply(project: Any, customer: Customer, owner: Any = None) -> InboundMessage:
    return InboundMessage.objects.create(
        gateway=outbox.line_of(project), gateway_ref=f"M{customer.pk}", project=project, sender="+8613800000000",
        customer=customer, text="<b>几点？</b>", meaning="reply", at=AT, received_at=AT, owner=owner,
    )  # fmt: skip


def test_a_consultant_reads_the_own_replies_a_manager_those_of_the_project() -> None:
    project = make_project()
    lin, wu = make_user(Role.CONSULTANT, project), make_user(Role.SALES_MANAGER, project)
    mine, other = reply(project, make_customer("赵一"), lin), reply(project, make_customer("钱二"))
    page = signed_in(lin).get("/inbox/").content.decode()
    assert ("赵一" in page, "钱二" in page, "&lt;b&gt;" in page, "<b>几点" in page) == (
        True,
        False,
        True,
        False,
    )
    assert "钱二" in signed_in(wu).get("/inbox/").content.decode()
    assert signed_in(lin).post(f"/inbox/{other.pk}/done/").status_code == 404
    signed_in(wu).post(f"/inbox/{other.pk}/take/")
    signed_in(lin).post(f"/inbox/{mine.pk}/done/")
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.handled_by, other.owner) == (lin, wu)
    assert "赵一" not in signed_in(lin).get("/inbox/").content.decode()


def test_an_area_administrator_reads_the_replies_that_are_theirs() -> None:
    project = make_project()
    keeper = make_user(Role.AREA_ADMINISTRATOR, project)
    mine, other = reply(project, make_customer("赵一"), keeper), reply(project, make_customer("钱二"))
    page = signed_in(keeper).get("/inbox/").content.decode()
    assert ("赵一" in page, "钱二" in page) == (True, False)
    assert signed_in(keeper).post(f"/inbox/{other.pk}/take/").status_code == 404
    assert signed_in(keeper).post(f"/inbox/{mine.pk}/done/").status_code == 302
    mine.refresh_from_db()
    assert mine.handled_by == keeper


def test_unknown_outcomes_are_read_by_who_makes_or_approves_campaigns() -> None:
    project, far = make_project(), make_project()
    marketing = make_user(Role.MARKETING, project)
    runs: list[SendRun] = []
    for where in (project, far):
        run = make_run(where)
        outbox.plan(run=run, audience=Customer.objects.none().values("id"), at=AT)
        outbox.plan(run=run, audience=[Row(make_customer().pk)], at=AT)
        runs.append(run)
    Message.objects.update(state="unknown")
    ids = list(Message.objects.order_by("pk").values_list("pk", flat=True))
    client = signed_in(marketing)
    page = client.get("/messages/unknown/").content.decode()
    assert Message.objects.get(run=runs[0]).to not in page
    client.post("/messages/unknown/read/", {"message": ids})
    assert [Message.objects.get(run=run).state for run in runs] == ["unknown_final", "unknown"]


def test_a_sliced_audience_is_planned_as_it_is() -> None:
    for _ in range(3):
        make_customer()
    run = make_run()
    assert (
        outbox.plan(run=run, audience=Customer.objects.order_by("pk").values("id")[:2], at=AT).messages == 2
    )


def test_a_test_message_counts_the_pieces_it_is_billed_for() -> None:
    gateway, by = Gateway.objects.create(project=make_project(), name="a", kind="console"), make_user(None)
    for body, pieces in (("好" * 20, 1), ("好" * 60, 2), ("好" * 150, 3)):
        sent = send_test(gateway=gateway, raw="13900000001", body=body, by=by, at=AT)
        assert sent.pieces == pieces
        text = texts([sent])[sent.pk]
        assert (sent.pieces, counted(text).billed) == (pieces, pieces), text
    with pytest.raises(RuleViolation) as caught:
        send_test(gateway=gateway, raw="13900000001", body="好" * 499, by=by, at=AT)
    assert caught.value.clause == "SC-10"

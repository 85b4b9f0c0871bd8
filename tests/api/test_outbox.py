"""Messages, receipts, replies and gateways through the API: who reads what, and what is done with it once."""

from __future__ import annotations

from typing import Any

import pytest

from crm import facts_messages, outbox
from crm.gateways.secrets import seal
from crm.models import Gateway, InboundMessage, Message, MessageText, Receipt, SendRun, User
from crm.outbox import Row, line_of
from crm.roles import Role
from leads.models import Lead
from tests.api.hands import Caller
from tests.campaigns.test_broadcasts import at, launched
from tests.crm.test_outbox_planning import make_run
from tests.factories import AT, make_customer, make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = at("11-20 10:05")
SECRET = "a-secret-nobody-reads"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("crm.clock.now", lambda: NOW)
    found = set_stage()
    found.visitor("安琪", "13800138001", at=at("11-01 10:00"), grade="A")
    return found


@pytest.fixture
def marketer(stage: Stage) -> User:
    return make_user(Role.MARKETING, stage.project, "马")


@pytest.fixture
def message(stage: Stage, marketer: User) -> Message:
    return Message.objects.get(run=launched(stage, marketer).run)


def reply(stage: Stage, **values: Any) -> InboundMessage:
    given: dict[str, Any] = {
        "gateway": line_of(stage.project), "gateway_ref": "1", "project": stage.project, "sender": "+8613800138001",
        "text": "几点开门？打 13800138001", "customer": Lead.objects.get(project=stage.project).customer, "meaning": "reply",
        "at": NOW, "received_at": NOW, "owner": stage.lin,
    }  # fmt: skip
    return InboundMessage.objects.create(**(given | values))


def test_a_message_is_told_whole_to_who_reads_names_and_masked_to_marketing(
    stage: Stage, marketer: User, message: Message
) -> None:
    Receipt.objects.create(
        gateway=line_of(stage.project), gateway_ref="A1", status="delivered", code="DELIVRD", at=NOW, received_at=NOW,
        message=message,
    )  # fmt: skip
    path = f"messages/{message.pk}/"
    ma, wu = Caller(marketer).get(path).body, Caller(stage.wu).get(path).body
    assert (ma["name"], ma["number"]) == ("安**", "")
    assert (wu["name"], wu["number"]) == ("安琪", "138****8001")
    assert "双十二特惠" in ma["text"]
    assert "安琪" not in str(ma)
    assert "13800138001" not in str(ma) + str(wu)
    assert [row["status"] for row in Caller(marketer).get(f"{path}receipts/").body["results"]] == [
        "delivered"
    ]
    for somebody in (stage.lin, stage.jin, stage.fang):
        assert Caller(somebody).get(path).status == 403
    assert Caller(set_stage("远山").wu).get(path).status == 404


def test_lists_by_project_run_and_lead_with_state(stage: Stage, marketer: User, message: Message) -> None:
    ma, lead = Caller(marketer), Lead.objects.get(project=stage.project)
    project = f"projects/{stage.project.pk}/"
    assert [row["id"] for row in ma.get(f"{project}messages/?state=queued").body["results"]] == [message.pk]
    assert ma.get(f"{project}messages/?state=held").body["results"] == []
    assert ma.get(f"{project}messages/?kind=festival").body["results"] == []
    assert ma.get(f"{project}messages/?state=gone").status == 400
    run = ma.get(f"{project}runs/?kind=broadcast&state=running").body["results"][0]
    assert (run["id"], run["progress"]["pending"]) == (message.run_id, 1)
    assert ma.get(f"{project}runs/?state=paused").body["results"] == []
    assert len(ma.get(f"runs/{message.run_id}/messages/?state=queued").body["results"]) == 1
    mine = Caller(stage.lin).get(f"leads/{lead.pk}/messages/?state=queued").body["results"]
    assert [(row["id"], row["coming"]) for row in mine] == [(message.pk, True)]
    assert Caller(stage.lin).get(f"leads/{lead.pk}/messages/?state=delivered").body["results"] == []
    assert Caller(stage.mei).get(f"leads/{lead.pk}/messages/").status == 404


@pytest.mark.parametrize("role", [Role.SALES_DIRECTOR, Role.SALES_MANAGER, Role.MARKETING])
def test_unknown_outcomes_are_read_by_everybody_who_may(stage: Stage, message: Message, role: Role) -> None:
    """The director reads those of every project: "everywhere" must not get lost among the other scopes."""
    Message.objects.filter(pk=message.pk).update(state="unknown")
    project = None if role is Role.SALES_DIRECTOR else stage.project
    somebody = Caller(make_user(role, project) if project else make_user(role))
    assert [row["id"] for row in somebody.get("messages/unknown/").body["results"]] == [message.pk]
    assert somebody.post("messages/unknown/read/", {"messages": [message.pk, 2**40]}).body == {"settled": 1}
    assert somebody.post("messages/unknown/read/", {"messages": [message.pk]}).body == {"settled": 0}
    message.refresh_from_db()
    assert message.state == "unknown_final"


def test_the_unknown_of_another_project_cannot_be_settled(stage: Stage, message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(state="unknown")
    far = Caller(set_stage("远山").wu)
    assert far.post("messages/unknown/read/", {"messages": [message.pk]}).body == {"settled": 0}
    assert Caller(stage.lin).post("messages/unknown/read/", {"messages": [message.pk]}).status == 403


def test_a_reply_is_taken_over_and_done_with_once(stage: Stage) -> None:
    row, lin, wu = reply(stage), Caller(stage.lin), Caller(stage.wu)
    path = f"replies/{row.pk}/"
    shown = lin.get(path).body
    assert (shown["sender"], shown["customer"]["name"], shown["owner"]["id"]) == (
        "138****8001",
        "安琪",
        stage.lin.pk,
    )
    assert "13800138001" not in str(shown)
    assert Caller(stage.mei).get(path).status == 404
    assert Caller(stage.mei).post(f"{path}take/").status == 404
    assert wu.post(f"{path}take/").body["owner"]["id"] == stage.wu.pk
    assert lin.get(path).status == 404, "it is another's now"
    assert [each["id"] for each in wu.get("replies/?mine=true").body["results"]] == [row.pk]
    assert wu.post(f"{path}done/").body["handled_by"]["id"] == stage.wu.pk
    for deed in ("take", "done"):
        again = wu.post(f"{path}{deed}/")
        assert (again.status, again.body["code"]) == (409, "handled")
    assert wu.get("replies/").body["results"] == []
    assert len(wu.get(f"replies/?all=true&project={stage.project.pk}").body["results"]) == 1
    assert wu.get(f"replies/?project={set_stage('远山').project.pk}").status == 404
    assert Caller(make_user(Role.MARKETING, stage.project)).get("replies/").status == 403


def test_gateways_are_read_without_their_secret_by_the_administrator(stage: Stage) -> None:
    settings = {"url": "https://example.com/sms", "key": "us"}
    Gateway.objects.filter(pk=line_of(stage.project).pk).update(
        kind="http", settings=settings, secret=seal(SECRET)
    )
    admin, row = Caller(make_user(Role.SYSTEM_ADMINISTRATOR)), line_of(stage.project)
    path = f"gateways/{row.pk}/"
    shown = admin.get(path).body
    assert (shown["has_secret"], shown["settings"]["key"]) == (True, "us")
    assert str(row.callback_key) in shown["callback"]
    row.refresh_from_db()
    for text in (str(shown), str(admin.get("gateways/").body)):
        assert SECRET not in text
        assert row.secret not in text
    for body in (
        {"signature": "云栖里", "state": "approved"},
        {"signature": "云栖里", "state": "refused", "note": "x"},
    ):
        assert admin.ask("PUT", f"{path}signatures/", body).body["state"] == body["state"]
    assert row.signatures.count() == 1
    filed = {"code": "T-1", "body": "样板间已开放", "state": "approved"}
    assert admin.ask("PUT", f"{path}templates/", filed).status == 200
    assert admin.ask("PUT", f"{path}templates/", {**filed, "body": "另文"}).body["code"] == "other_text"
    assert Caller(stage.wu).get(path).status == 403


def test_a_test_message_goes_once_for_a_key(stage: Stage) -> None:
    admin, path = Caller(make_user(Role.SYSTEM_ADMINISTRATOR)), f"gateways/{line_of(stage.project).pk}/test/"
    body = {"phone": "13800138777", "body": "试"}
    assert admin.post(path, {**body, "phone": "1"}).status == 409
    first, again = (admin.post(path, body, idempotency_key="t") for _n in range(2))
    assert (first.status, first.body) == (201, again.body)
    assert SendRun.objects.filter(kind="test").count() == 1
    assert MessageText.objects.get().opening == "尊敬的贵宾"


def test_texts_on_offer_and_a_preview_order_nothing(stage: Stage) -> None:
    lead, lin = Lead.objects.get(project=stage.project), Caller(stage.lin)
    path = f"leads/{lead.pk}/messages/"
    assert lin.get(f"{path}offers/").body["offers"]
    shown = lin.post(f"{path}preview/", {"body": "样板间已开放，欢迎参观。"}).body
    assert shown["text"].startswith("安琪先生您好") or "样板间已开放" in shown["text"]
    assert shown["pieces"] >= 1
    assert lin.post(f"{path}preview/", {"body": "【x】"}).body["refused"]
    assert lin.post(f"{path}preview/", {"body": "x", "task": 2**40}).status == 404
    assert not Message.objects.exists()
    assert Caller(stage.fang).get(f"{path}offers/").status in (403, 404)


def test_lists_by_state_and_kind_find_few_and_many_and_page_through_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few are sorted by an expression, many walk along an index: the same rows, and either knows the other's cursor."""
    ma = Caller(make_user(Role.MARKETING, stage.project, "马"))
    run = make_run(stage.project)
    outbox.plan(run=run, audience=[Row(make_customer().pk) for _ in range(5)], at=AT)
    ids = list(run.messages.order_by("pk").values_list("pk", flat=True))
    Message.objects.filter(pk=ids[0]).update(state="refused")
    mine, everything = f"runs/{run.pk}/messages/?state=", f"projects/{stage.project.pk}/messages/?"

    def found(path: str) -> list[int]:
        return [row["id"] for row in ma.get(path).body["results"]]

    for few in (50_000, 1):
        monkeypatch.setattr(facts_messages, "FEW", few)
        assert found(f"{mine}queued") == ids[1:]
        assert found(f"{mine}refused") == ids[:1]
        assert found(f"{mine}delivered") == found(f"{mine}held") == []
        assert (
            found(f"{everything}state=queued&kind=broadcast")
            == found(f"{everything}state=queued")
            == ids[:0:-1]
        )
        assert found(f"{everything}kind=broadcast") == ids[::-1]
        assert found(f"{everything}kind=sales") == []
        for many_runs in (500, 0):
            monkeypatch.setattr(facts_messages, "FEW_RUNS", many_runs)
            assert found(f"{everything}state=queued") == ids[:0:-1]
    first = ma.get(f"{mine}queued&size=2").body
    monkeypatch.setattr(facts_messages, "FEW", 50_000)
    following = first["next"].partition("/api/v1/")[2]
    assert [row["id"] for row in first["results"]] + found(following) == ids[1:]

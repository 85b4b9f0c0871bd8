"""Broadcasts through the API: from an audience to results, by the gates of the screens, once for each key."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.actions import broadcasts as actions
from campaigns.models import Broadcast, SavedAudience
from crm.models import AuditEvent, Message, SendRun, User
from crm.roles import Role
from tests.api.hands import Caller, token_of
from tests.campaigns.test_broadcasts import at, launched, write
from tests.factories import make_building, make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
BODY: dict[str, Any] = {
    "title": "双十二", "body": "{project}双十二特惠", "who": "leads", "starts_at": "2026-11-20T10:00:00+08:00",
    "expires_at": "2026-11-20T19:00:00+08:00", "price": "0.05", "save_as": "意向客户",
}  # fmt: skip


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("crm.clock.now", lambda: at("11-18 10:00"))
    found = set_stage()
    found.visitor("安琪", "13800138001", at=at("11-01 10:00"), grade="A")
    return found


@pytest.fixture
def marketer(stage: Stage) -> User:
    return make_user(Role.MARKETING, stage.project, "马")


def here(stage: Stage, what: str) -> str:
    return f"projects/{stage.project.pk}/{what}/"


def test_from_an_audience_to_a_scheduled_broadcast(stage: Stage, marketer: User) -> None:
    ma, wu = Caller(marketer), Caller(stage.wu)
    assert ma.post(here(stage, "audiences/count"), {"grades": ["A"]}).body == {"people": 1, "stopped": 0}
    assert ma.post(here(stage, "audiences/count"), {"grades": ["B"]}).body == {"people": 0, "stopped": 0}
    sample = ma.post(here(stage, "broadcasts/sample"), {"body": BODY["body"], "price": "0.05"}).body
    assert sample["text"].startswith("王**先生您好,云栖里双十二特惠") or "云栖里双十二特惠" in sample["text"]
    assert (sample["people"], sample["pieces"], sample["cost"]) == (1, 1, "0.05")
    made = ma.post(here(stage, "broadcasts"), BODY)
    assert made.status == 201, made.body
    assert (made.body["standing"], made.body["planning"], made.body["planned"]) == ("draft", True, None)
    path = f"broadcasts/{made.body['id']}/"
    assert ma.post(f"{path}submit/").body["code"] == "not_rehearsed"
    actions.rehearse(broadcast_id=made.body["id"], at=at("11-18 10:00"))
    shown = ma.get(path).body
    assert (shown["planned"]["messages"], shown["planned"]["pieces"], shown["cost"]) == (1, 1, "0.05")
    assert shown["previews"][0]["to"] == ""
    assert "安琪" not in str(shown)
    assert ma.post(f"{path}submit/").body["standing"] == "submitted"
    assert ma.post(f"{path}approve/").status == 403
    assert wu.post(f"{path}send-back/", {"reason": "太长"}).body["reason"] == "太长"
    ma.post(f"{path}submit/")
    assert wu.post(f"{path}approve/").body["standing"] == "approved"
    assert wu.post(f"{path}approve/").status == 409
    assert ma.ask("PATCH", path, {"title": "x"}).status == 409
    ended = ma.post(f"{path}cancel/", {"reason": "改期"}).body
    assert (ended["standing"], ended["ended_by"]["id"]) == ("cancelled", marketer.pk)
    listed = wu.get(here(stage, "broadcasts")).body["results"]
    assert [(row["id"], row["standing"]) for row in listed] == [(made.body["id"], "cancelled")]
    assert SavedAudience.objects.get().name == "意向客户"


def test_one_key_writes_one_and_another_body_needs_another_key(stage: Stage, marketer: User) -> None:
    ma, path = Caller(marketer), here(stage, "broadcasts")
    first, again = (ma.post(path, BODY, idempotency_key="b-1") for _n in range(2))
    assert (first.status, first.body) == (again.status, again.body)
    assert Broadcast.objects.count() == 1
    other = ma.post(path, {**BODY, "title": "另一"}, idempotency_key="b-1")
    assert (other.status, other.body["code"]) == (409, "idempotency_key_reused")
    colleague = make_user(Role.MARKETING, stage.project)
    mine = {**BODY, "save_as": ""}
    assert Caller(colleague).post(path, mine, idempotency_key="b-1").status == 201, "a key is its user's"
    assert Broadcast.objects.count() == 2


def test_a_change_keeps_what_is_left_out(stage: Stage, marketer: User) -> None:
    ma, row = Caller(marketer), write(stage, marketer, filter={"grades": ["A"], "not_since": "2026-11-10"})
    done = ma.ask("PATCH", f"broadcasts/{row.pk}/", {"title": "改名"})
    assert done.status == 200, done.body
    assert (done.body["title"], done.body["body"]) == ("改名", row.body)
    assert done.body["filter"] == {"grades": ["A"], "not_since": "2026-11-10"}
    assert done.body["planning"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"expires_at": "2026-11-20T09:00:00+08:00"}, 409, "expires_at"),
        ({"body": "【签名】x"}, 409, "body"),
        ({"body": "{phone}"}, 409, "body"),
        ({"title": ""}, 400, "title"),
        ({"sources": ["far"]}, 400, "sources"),
        ({"buildings": ["far"]}, 400, "buildings"),
        ({"state": "approved"}, 400, "state"),
        ({"prepared_by": 1}, 400, "prepared_by"),
        ({"project": 1}, 400, "project"),
        ({"filter": {}}, 400, "filter"),
        ({"price": "1e5"}, 400, "price"),
        ({"budget": 0}, 400, "budget"),
    ],
)
def test_what_the_sheet_refuses_is_refused(
    stage: Stage, marketer: User, body: Any, status: int, field: str
) -> None:
    far = set_stage("远山")
    make_building(stage.project)
    foreign = {"sources": far.heard.pk, "buildings": make_building(far.project).pk}
    sent = {name: [foreign[name]] if value == ["far"] else value for name, value in body.items()}
    for path in (here(stage, "broadcasts"), here(stage, "audiences")):
        if path.endswith("audiences/") and field not in foreign:
            continue
        answer = Caller(marketer).post(path, {**(BODY if "broadcasts" in path else {"name": "x"}), **sent})
        assert answer.status == status, answer.body
        named = answer.body["field"] if status == 409 else answer.body["errors"][0]["field"]
        assert named.partition(".")[0] == field
    assert not Broadcast.objects.exists()
    assert not SavedAudience.objects.exists()


def test_a_saved_audience_is_read_by_marketing_and_dropped_by_its_owner(stage: Stage, marketer: User) -> None:
    ma, other = Caller(marketer), Caller(make_user(Role.MARKETING, stage.project))
    made = ma.post(here(stage, "audiences"), {"name": "A 级", "grades": ["A"]})
    assert (made.status, made.body["filter"]) == (201, {"grades": ["A"]})
    path = f"audiences/{made.body['id']}/"
    assert [row["name"] for row in other.get(here(stage, "audiences")).body["results"]] == ["A 级"]
    taken = other.post(here(stage, "audiences"), {"name": "A 级"})
    assert (taken.status, taken.body["code"]) == (409, "taken")
    assert other.get(path).status == 200
    assert other.ask("DELETE", path).status == 404
    assert Caller(stage.wu).get(path).status == 403
    assert ma.ask("DELETE", path).status == 204


def test_a_running_one_is_paused_resumed_read_and_exported(
    stage: Stage, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.clock.now", lambda: at("11-20 10:05"))
    row = launched(stage, marketer)
    ma, wu, path = Caller(marketer), Caller(stage.wu), f"broadcasts/{row.pk}/"
    assert ma.post(f"{path}pause/").body["standing"] == "paused"
    assert ma.post(f"{path}pause/").body["code"] == "not_running"
    assert wu.post(f"{path}resume/").body["standing"] == "running"
    for caller, name, number in ((ma, "安**", ""), (wu, "安琪", "138****8001")):
        line = caller.get(f"{path}people/?state=queued").body["results"][0]
        assert (line["name"], line["number"]) == (name, number)
        assert caller.get(f"{path}people/?state=delivered").body["results"] == []
    assert ma.get(f"{path}people/?state=nonsense").status == 400
    assert ma.get(f"{path}left-out/?reason=opted_out").body["results"] == []
    message = Message.objects.get(run=row.run)
    Message.objects.filter(pk=message.pk).update(state="refused")
    assert ma.post(f"{path}resend/").status == 403
    assert wu.post(f"{path}resend/", idempotency_key="again").status == 200
    message.refresh_from_db()
    assert message.state == "queued"
    Message.objects.filter(pk=message.pk).update(state="unknown")
    assert wu.post(f"{path}resend/", idempotency_key="again").status == 200, (
        "the kept answer, not a second try"
    )
    assert wu.post(f"{path}resend/").body["code"] == "nothing"
    assert ma.post(f"{path}read-unknown/").body == {"settled": 1}
    assert message.tries.count() == 0
    for user, digits in ((marketer, False), (stage.wu, True)):
        client = Client(
            headers={"authorization": f"Bearer {token_of(user, at=at('11-20 10:05'))}", "accept": "text/csv"}
        )
        answer = client.post(f"/api/v1/{path}export/", content_type="application/json")
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert ("+8613800138001" in text) == digits
    assert AuditEvent.objects.filter(verb="broadcast.exported").count() == 2


def test_the_test_goes_to_ones_own_mobile_once_for_a_key(stage: Stage, marketer: User) -> None:
    row, ma = write(stage, marketer), Caller(marketer)
    path = f"broadcasts/{row.pk}/test/"
    assert ma.post(path, idempotency_key="t").body["code"] == "no_mobile"
    User.objects.filter(pk=marketer.pk).update(mobile="+8613800138999")
    for _n in range(2):
        assert Caller(User.objects.get(pk=marketer.pk)).post(path, idempotency_key="t").status == 200
    assert [message.to for message in Message.objects.filter(run__kind="test")] == ["+8613800138999"]


def test_nothing_of_another_project_is_there(stage: Stage, marketer: User) -> None:
    far = set_stage("远山")
    foreign = write(far, make_user(Role.MARKETING, far.project))
    zhao = make_user(Role.SALES_DIRECTOR)
    for what in ("", "people/", "left-out/"):
        assert Caller(marketer).get(f"broadcasts/{foreign.pk}/{what}").status == 404
        assert Caller(stage.lin).get(f"broadcasts/{write(stage, marketer).pk}/{what}").status == 403
        assert Caller(zhao).get(f"broadcasts/{foreign.pk}/{what}").status == 200
    for deed in (
        "rehearse",
        "test",
        "submit",
        "approve",
        "start",
        "pause",
        "resume",
        "resend",
        "read-unknown",
        "export",
    ):
        assert Caller(marketer).post(f"broadcasts/{foreign.pk}/{deed}/").status == 404
    assert Caller(marketer).get(f"runs/{foreign.run_id}/").status == 404
    assert SendRun.objects.filter(project=far.project, state="draft").exists()


def _queries(caller: Caller, path: str) -> int:
    caller.get(path)
    with CaptureQueriesContext(connection) as caught:
        assert caller.get(path).status == 200, path
    return len(caught)


def test_lists_cost_the_same_for_one_and_for_many(
    stage: Stage, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.clock.now", lambda: at("11-20 10:05"))
    row = launched(stage, marketer)
    actions.save_audience(project=stage.project, name="x", stored={}, by=marketer, at=at("11-20 10:05"))
    paths = [
        here(stage, "broadcasts"), here(stage, "audiences"), here(stage, "runs"), here(stage, "messages"),
        f"{here(stage, 'messages')}?state=queued", f"runs/{row.run_id}/messages/", f"broadcasts/{row.pk}/people/",
    ]  # fmt: skip
    ma = Caller(marketer)
    before = [_queries(ma, path) for path in paths]
    first = Message.objects.get(run=row.run)
    for n in range(12):
        actions.save_audience(
            project=stage.project, name=f"x{n}", stored={}, by=make_user(Role.MARKETING, stage.project), at=row.starts_at
        )  # fmt: skip
        Broadcast.objects.create(
            project=stage.project, title=f"b{n}", body="x", starts_at=row.starts_at, expires_at=row.expires_at,
            prepared_by=marketer, prepared_at=row.prepared_at,
            run=SendRun.objects.create(
                project=stage.project, gateway=row.run.gateway, kind="broadcast", priority=1, title="x", body="x",  # type: ignore[union-attr]
                marketing=True, signature="x", hotline="1", starts_at=row.starts_at, expires_at=row.expires_at,
                created_at=row.starts_at,
            ),
        )  # fmt: skip
        first.pk, first.to = None, f"+86138001390{n:02d}"
        first.save(force_insert=True)
    assert [_queries(ma, path) for path in paths] == before
    assert len(ma.get(f"{here(stage, 'messages')}?state=queued&kind=broadcast").body["results"]) == 13
    assert ma.get(f"{here(stage, 'messages')}?state=delivered").body["results"] == []

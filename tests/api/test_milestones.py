"""Milestones, guests and festivals through the API: marketing writes, another person approves, consultants read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from campaigns import facts_milestones, tasks
from campaigns.actions import festivals
from campaigns.models import Correction, FestivalDay, Greeting, Invitation, Milestone
from crm.models import Message, User
from crm.roles import Role
from leads.actions import grading
from leads.models import CallTask
from tests.api.hands import Caller, token_of
from tests.factories import make_user
from tests.leads.stage import Stage, set_stage
from tests.pictures import png

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 10, 2, 0, tzinfo=dt.UTC)
PNG = png(640, 480)
BODY: dict[str, Any] = {
    "kind": "opening", "title": "首期开盘", "day": "2026-03-20", "notice_day": "2026-03-10", "body": "{project}将于{day}开盘。",
    "grades": ["A", "B"], "to_callers": False, "to_buyers": True, "key_calls": True, "referrals": "call",
}  # fmt: skip


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Stage:
    monkeypatch.setattr("crm.clock.now", lambda: NOW)
    settings.MEDIA_ROOT = tmp_path
    assert tasks.tell_milestone.name  # known by name: the suite runs at once what an edge hands to the worker
    found = set_stage()
    found.visitor("安", "13800138001", at=NOW - dt.timedelta(days=5), grade="A")
    found.visitor("柏", "13800138002", at=NOW - dt.timedelta(days=5), grade="B")
    return found


@pytest.fixture
def marketer(stage: Stage) -> User:
    return make_user(Role.MARKETING, stage.project, "马")


def approved(stage: Stage, marketer: User) -> Milestone:
    ma, wu = Caller(marketer), Caller(stage.wu)
    made = ma.post(f"projects/{stage.project.pk}/milestones/", BODY)
    assert made.status == 201, made.body
    path = f"milestones/{made.body['id']}/"
    assert ma.post(f"{path}submit/").body["state"] == "submitted"
    assert wu.post(f"{path}approve/").body["state"] == "approved"
    return Milestone.objects.get(pk=made.body["id"])


def test_from_a_draft_to_messages_calls_and_a_correction(stage: Stage, marketer: User) -> None:
    ma, wu, lin = Caller(marketer), Caller(stage.wu), Caller(stage.lin)
    row = approved(stage, marketer)
    path = f"milestones/{row.pk}/"
    shown = wu.get(path).body
    assert (shown["text"], shown["progress"]["planned"], shown["calls"]) == ("云栖里将于3月20日开盘。", 2, 1)
    assert lin.get(path).body["may"] == {"make": False, "approve": False}
    assert lin.post(f"{path}cancel/", {"reason": "x", "body": "y"}).status == 403
    Message.objects.filter(run=row.run).update(state="delivered")
    assert ma.post(f"{path}move/", {"day": "2026-03-20", "body": "x"}).body["field"] == "day"
    moved = ma.post(f"{path}move/", {"day": "2026-03-22", "body": "改期至{day}"}).body
    assert (moved["day"], len(moved["corrections"])) == ("2026-03-22", 1)
    correction = f"corrections/{moved['corrections'][0]['id']}/"
    assert ma.post(f"{correction}approve/").status == 403
    assert wu.post(f"{correction}approve/").body["approved_by"]["id"] == stage.wu.pk
    assert wu.post(f"{correction}approve/").status == 409
    assert Message.objects.filter(run=Correction.objects.get().run).count() == 2
    ended = wu.post(f"{path}cancel/", {"reason": "停", "body": "取消"}).body
    assert (ended["state"], ended["corrections"][0]["becomes"]) == ("cancelled", None)
    assert wu.post(f"corrections/{ended['corrections'][0]['id']}/decline/").body["declined_at"]


def test_a_draft_is_changed_refused_by_its_rules_and_hidden_from_consultants(
    stage: Stage, marketer: User
) -> None:
    ma, wu, path = Caller(marketer), Caller(stage.wu), f"projects/{stage.project.pk}/milestones/"
    for wrong, field in (
        ({"day": "2026-03-01"}, "day"),
        ({"grades": ["Z"]}, "grades"),
        ({"state": "approved"}, "state"),
    ):
        answer = ma.post(path, {**BODY, **wrong})
        named = answer.body["field"] if answer.status == 409 else answer.body["errors"][0]["field"]
        assert named.partition(".")[0] == field
    first, again = (ma.post(path, BODY, idempotency_key="m") for _n in range(2))
    assert first.body == again.body
    assert Milestone.objects.count() == 1
    one = f"milestones/{first.body['id']}/"
    assert first.body["reach"] == {"told": 2, "called": 1}
    changed = ma.ask("PATCH", one, {"title": "二期开盘"}).body
    assert (changed["title"], changed["grades"], changed["to_callers"]) == ("二期开盘", ["A", "B"], False)
    assert wu.ask("PATCH", one, {"title": "x"}).status == 403
    assert Caller(stage.lin).get(one).status == 404
    assert Caller(stage.lin).get(path).body["results"] == []
    ma.post(f"{one}submit/")
    assert ma.post(f"{one}approve/").status == 403
    assert wu.post(f"{one}send-back/", {"reason": "太长"}).body["state"] == "draft"
    far = make_user(Role.SALES_MANAGER, set_stage("远山").project)
    assert Caller(far).get(one).status == 404


def test_an_approval_stands_while_the_broker_is_away(
    stage: Stage, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked of the worker stands in the tables: the answer must not be a failure after the deed."""

    def away(*_args: Any, **_values: Any) -> None:
        raise OperationalError

    ma, wu = Caller(marketer), Caller(stage.wu)
    path = f"milestones/{ma.post(f'projects/{stage.project.pk}/milestones/', BODY).body['id']}/"
    ma.post(f"{path}submit/")
    monkeypatch.setattr("celery.canvas.Signature.delay", away)
    assert wu.post(f"{path}approve/").body["state"] == "approved"
    assert [row for row, _now in facts_milestones.waiting(at=NOW)] == [Milestone.objects.get().pk]


def test_a_photo_is_stored_sniffed_and_read(stage: Stage, marketer: User) -> None:
    path = f"/api/v1/milestones/{approved(stage, marketer).pk}/photo/"
    client = Client(
        headers={"authorization": f"Bearer {token_of(marketer, at=NOW)}", "accept-language": "en"}
    )
    assert client.get(path).status_code == 404
    for content, status in ((b"<svg/>", 409), (PNG, 200)):
        body = encode_multipart(BOUNDARY, {"photo": SimpleUploadedFile("../x.png", content)})
        answer = client.put(path, body, content_type=MULTIPART_CONTENT)
        assert answer.status_code == status, answer.content
    assert answer.json()["has_photo"]
    shown = client.get(path, headers={"accept": "image/png"})
    assert b"".join(shown.streaming_content) == PNG  # type: ignore[attr-defined]
    assert shown.headers["Content-Disposition"].startswith("attachment")
    assert Client().get(path).status_code == 401


def test_guests_are_invited_once_answer_and_arrive(
    stage: Stage, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = stage.visitor("贵", "13800138005", at=NOW - dt.timedelta(days=5)).lead
    grading.set_kind(lead_id=guest.pk, kind="vip", reason="业主代表", by=stage.wu, at=NOW)
    row = approved(stage, marketer)
    wu, lin, path = Caller(stage.wu), Caller(stage.lin), f"milestones/{row.pk}/guests/"
    assert [each["lead"] for each in wu.get(f"{path}candidates/").body["results"]] == [guest.pk]
    ordinary = guest.customer.leads.exclude(pk=guest.pk).first()
    assert ordinary is None
    stranger = set_stage("远山").visitor("外", "13800138009", at=NOW - dt.timedelta(days=5)).lead
    assert wu.post(path, {"leads": [stranger.pk], "means": "call"}).status == 400
    assert Caller(marketer).post(path, {"leads": [guest.pk], "means": "call"}).status == 403
    for _n in range(2):
        made = wu.post(path, {"leads": [guest.pk], "means": "call"}, idempotency_key="g")
        assert (made.status, made.body["open"]) == (201, 1)
    assert CallTask.objects.filter(lead=guest, clause="SC-3.2").count() == 1
    one = f"guests/{Invitation.objects.get().pk}/"
    assert lin.get(f"milestones/{row.pk}/").body["own_guests"][0]["lead"] == guest.pk
    assert lin.post(f"{one}answer/", {"answer": "yes", "guests": 3}).body["guests"] == 3
    assert lin.post(f"{one}answer/", {"answer": "yes", "guests": 51}).status == 400
    assert Caller(stage.mei).post(f"{one}answer/", {"answer": "no"}).status == 403
    assert lin.post(f"{one}arrive/").status == 409
    monkeypatch.setattr("crm.clock.now", lambda: dt.datetime(2026, 3, 20, 2, 0, tzinfo=dt.UTC))
    assert Caller(stage.lin).post(f"{one}arrive/").body["arrived_at"]
    assert Caller(stage.wu).get(path).body["coming"] == 3


def test_festivals_are_filled_corrected_and_reviewed_by_two_people(stage: Stage, marketer: User) -> None:
    zhao, admin = (Caller(make_user(role)) for role in (Role.SALES_DIRECTOR, Role.SYSTEM_ADMINISTRATOR))
    ma = Caller(marketer)
    assert ma.post("festivals/fill/", {"year": 2026}).status == 403
    assert zhao.post("festivals/fill/", {"year": 2026}).body["new"] > 5
    assert zhao.post("festivals/fill/", {"year": 2026}).body == {"new": 0}
    rows = ma.get("festivals/?year=2026&size=200").body["results"]
    autumn = next(row for row in rows if row["code"] == "mid_autumn")
    assert autumn["day"] == "2026-09-25"
    path = f"festivals/{autumn['id']}/"
    assert zhao.ask("PATCH", path, {"day": "2027-09-25"}).status == 409
    changed = zhao.ask("PATCH", path, {"day": "2026-09-26"}).body
    assert (changed["day"], changed["on"]) == ("2026-09-26", True)
    zhao.post("festivals/review/", {"year": 2026})
    assert zhao.get(path).body["reviewed_at"] is None
    assert admin.post("festivals/review/", {"year": 2026}).body == {"days": 1}
    assert admin.post("festivals/review/", {"year": 2026}).status == 409


def test_a_greeting_is_proposed_by_one_and_approved_by_another(stage: Stage, marketer: User) -> None:
    festivals.fill(years=[2026], at=NOW)
    ma, wu = Caller(marketer), Caller(stage.wu)
    path = f"projects/{stage.project.pk}/greeting-texts/"
    assert ma.ask("PUT", f"{path}nowhere/", {"body": "x"}).status == 404
    assert ma.ask("PUT", f"{path}dragon_boat/", {"body": "祝您端午快乐"}).status == 409
    proposed = ma.ask("PUT", f"{path}dragon_boat/", {"body": "祝您端午安康，万事如意"}).body
    assert not proposed["own"]
    approve = f"greeting-texts/{proposed['waits']['id']}/approve/"
    assert ma.post(approve).status == 403
    done = wu.post(approve).body
    assert (done["own"], done["text"], done["waits"]) == (True, "祝您端午安康，万事如意", None)
    assert wu.post(approve).status == 409
    assert {row["code"]: row["own"] for row in wu.get(path).body["results"]}["dragon_boat"]


def test_a_greeting_of_a_day_is_read_and_stopped_with_a_reason(stage: Stage, marketer: User) -> None:
    festivals.fill(years=[2026], at=NOW)
    row = Greeting.objects.create(project=stage.project, festival=FestivalDay.objects.get(code="mid_autumn"))
    ma, wu, path = Caller(marketer), Caller(stage.wu), f"greetings/{row.pk}/"
    listed = ma.get(f"projects/{stage.project.pk}/greetings/").body["results"]
    assert [(each["id"], each["day"], each["state"]) for each in listed] == [(row.pk, "2026-09-25", "")]
    assert ma.post(f"{path}stop/", {"reason": "x"}).status == 403
    assert wu.post(f"{path}stop/", {"reason": " "}).status == 400
    assert wu.post(f"{path}stop/", {"reason": "另行致电"}).body["stopped_by"]["id"] == stage.wu.pk
    assert Caller(set_stage("远山").wu).get(path).status == 404


def test_lists_cost_the_same_for_one_and_for_many(stage: Stage, marketer: User) -> None:
    festivals.fill(years=[2026], at=NOW)
    row = approved(stage, marketer)
    wu = Caller(stage.wu)
    project = f"projects/{stage.project.pk}/"
    paths = [
        f"{project}milestones/",
        f"{project}greetings/",
        f"milestones/{row.pk}/guests/",
        "festivals/?year=2026",
    ]
    paths.append(f"milestones/{row.pk}/guests/candidates/")
    costs: list[list[int]] = []
    days = list(FestivalDay.objects.order_by("pk"))
    for count in (1, 8):
        for n in range(count):
            guest = stage.visitor(
                f"贵{count}{n}", f"1390013{count}{n:03d}", at=NOW - dt.timedelta(days=5)
            ).lead
            grading.set_kind(lead_id=guest.pk, kind="vip", reason="x", by=stage.wu, at=NOW)
            if n % 2 == 0:
                Invitation.objects.create(
                    milestone=row, lead=guest, means="call", invited_by=stage.wu, invited_at=NOW
                )
            Greeting.objects.create(project=stage.project, festival=days.pop())
            Milestone.objects.create(
                project=stage.project, kind="opening", title=f"x{count}{n}", body="x", day=NOW.date(), notice_day=NOW.date(),
                prepared_by=marketer, prepared_at=NOW,
            )  # fmt: skip
        found = []
        for path in paths:
            wu.get(path)
            with CaptureQueriesContext(connection) as caught:
                assert wu.get(path).status == 200
            found.append(len(caught))
        costs.append(found)
    assert costs[0] == costs[1]

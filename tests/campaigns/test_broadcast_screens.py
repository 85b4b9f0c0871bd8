"""The screens of broadcasts and marketing's home: masked for marketing, constant queries, nothing left unescaped."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.actions import broadcasts as actions
from campaigns.models import Broadcast
from crm.errors import RuleViolation
from crm.models import AuditEvent, InboundMessage, Message
from crm.roles import Role
from tests.campaigns.test_broadcasts import at, launched, sheet, write
from tests.crm.screens import signed_in
from tests.factories import make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
FORM = {
    "title": "<b>双十二</b>",
    "body": "{project}双十二特惠",
    "who": "leads",
    "starts_at": "2026-11-20T10:00",
    "expires_at": "2026-11-20T19:00",
    "price": "0.05",
    "save_as": "意向客户",
}


def test_from_the_sheet_to_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.clock.now", lambda: at("11-18 10:00"))
    stage: Stage = set_stage()
    user = make_user(Role.MARKETING, stage.project, "马")
    stage.visitor("=安琪", "13800138001", at=at("11-01 10:00"), grade="A")
    ma, wu = signed_in(user), signed_in(stage.wu)
    sample = ma.post("/campaigns/broadcasts/sample/", FORM).content.decode()
    assert "<b>1</b>" in sample
    assert "云栖里双十二特惠【云栖里】" in sample
    assert ma.post("/campaigns/broadcasts/new/", FORM | {"body": "【x】"}).status_code == 422
    assert ma.post("/campaigns/broadcasts/new/", FORM).status_code == 302
    assert "意向客户" in ma.get("/campaigns/broadcasts/new/").content.decode()
    saved = Broadcast.objects.get()
    assert saved.being_planned
    row = write(stage, user, title="<i>真</i>")
    url = f"/campaigns/broadcasts/{row.pk}/"
    page = ma.get(url).content.decode()
    assert "&lt;i&gt;真" in page
    assert "=**" in page or "尊敬的贵宾" in page
    assert ma.post(f"{url}submit/").status_code == 302
    assert ma.post(f"{url}approve/").status_code == 403
    home = wu.get("/campaigns/").content.decode()
    assert url in home
    assert "To be decided" in home
    assert wu.post(f"{url}approve/").status_code == 302
    for client, name, digits in ((ma, "=**", False), (wu, "'=安琪", True)):
        people = client.get(f"{url}people/").content.decode()
        assert ("138****8001" in people, "安琪" in people) == (digits, digits)
        answer = client.post(f"{url}export/")
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        assert name in text
        assert ("+8613800138001" in text) == digits
    assert list(AuditEvent.objects.filter(verb="broadcast.exported").order_by("pk").values_list("by", flat=True)) == [
        user.pk, stage.wu.pk,
    ]  # fmt: skip
    assert signed_in(set_stage("远山").wu).get(url).status_code == 404


def _queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def test_queries_are_the_same_for_one_and_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.clock.now", lambda: at("11-20 10:05"))
    stage = set_stage()
    user = make_user(Role.MARKETING, stage.project, "马")
    client = signed_in(user)
    stage.visitor("安", "13800138001", at=at("11-01 10:00"), grade="A")
    row = launched(stage, user)
    assert row.run is not None
    urls = ("/campaigns/", "/campaigns/broadcasts/", f"/campaigns/broadcasts/{row.pk}/people/")
    before = [_queries(client, url) for url in urls]
    day = dt.timedelta(days=1)
    first = Message.objects.get(run=row.run)
    for n in range(12):
        Broadcast.objects.create(
            project=stage.project, title=f"b{n}", body="x", starts_at=row.starts_at + day,
            expires_at=row.expires_at + day, prepared_by=user, prepared_at=row.prepared_at,
        )  # fmt: skip
        first.pk, first.to = None, f"+86138001390{n:02d}"
        first.save(force_insert=True)
    assert [_queries(client, url) for url in urls] == before


@pytest.mark.parametrize("field", ["{name}", "{姓名}", "{project", "}"])
def test_a_field_that_does_not_exist_is_refused_while_it_is_typed(
    monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    monkeypatch.setattr("crm.clock.now", lambda: at("11-18 10:30"))
    stage = set_stage()
    ma = signed_in(make_user(Role.MARKETING, stage.project, "马"))
    shown = ma.post("/campaigns/broadcasts/sample/", FORM | {"body": f"欢迎{field}光临"}).content.decode()
    assert "note-warn" in shown
    assert "phone-text" not in shown, "no preview of what would not be sent so"
    assert ma.post("/campaigns/broadcasts/new/", FORM | {"body": f"欢迎{field}光临"}).status_code == 422


def test_an_approved_one_shows_its_start_by_itself_and_an_empty_one_is_not_handed_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crm.clock.now", lambda: at("11-18 10:30"))
    stage = set_stage()
    user = make_user(Role.MARKETING, stage.project, "马")
    ma = signed_in(user)
    nobody = write(stage, user)
    page = ma.get(f"/campaigns/broadcasts/{nobody.pk}/").content.decode()
    assert f"{nobody.pk}/submit/" not in page
    assert "phone-frame" not in page
    stage.visitor("安", "13800138001", at=at("11-01 10:00"), grade="A")
    row = write(stage, user, title="第二次")
    actions.submit(broadcast_id=row.pk, by=user, at=at("11-18 10:10"))
    asked: list[str] = []
    monkeypatch.setattr("campaigns.views_broadcast_deeds.soon", lambda name, *_given: asked.append(name))
    signed_in(stage.wu).post(f"/campaigns/broadcasts/{row.pk}/approve/")
    assert asked == ["campaigns.tasks.broadcasts"], "its hour may have come"
    assert (
        f'hx-get="/campaigns/broadcasts/{row.pk}/?was='
        in ma.get(f"/campaigns/broadcasts/{row.pk}/").content.decode()
    )


def test_a_start_in_the_past_is_named_as_such() -> None:
    stage = set_stage()
    ma = make_user(Role.MARKETING, stage.project, "马")
    for given, field in (
        ({"starts_at": at("11-17 10:00")}, "starts_at"),
        ({"starts_at": at("11-18 08:00"), "expires_at": at("11-18 09:00")}, "expires_at"),
    ):
        with pytest.raises(RuleViolation) as caught:
            actions.save_broadcast(project=stage.project, sheet=sheet(**given), by=ma, at=at("11-18 10:00"))
        assert (caught.value.code, caught.value.field) == ("past", field)


def test_the_people_of_a_broadcast_and_their_replies_lead_to_their_leads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who may open the lead is led there; marketing, who may not, reads a masked name."""
    monkeypatch.setattr("crm.clock.now", lambda: at("11-20 10:30"))
    stage = set_stage()
    user = make_user(Role.MARKETING, stage.project, "马")
    lead = stage.visitor("安琪", "13800138001", at=at("11-01 10:00"), grade="A").lead
    row, link = launched(stage, user), f'href="/leads/{lead.pk}/"'
    people = f"/campaigns/broadcasts/{row.pk}/people/"
    assert link in signed_in(stage.wu).get(people).content.decode()
    assert link not in signed_in(user).get(people).content.decode()
    assert row.run is not None
    InboundMessage.objects.create(
        gateway=row.run.gateway, project=stage.project, customer=lead.customer, sender="+8613800138001",
        text="好的", meaning="reply", at=at("11-20 10:20"),
        received_at=at("11-20 10:20"), owner=stage.lin, gateway_ref="1",
    )  # fmt: skip
    for reader in (stage.lin, stage.wu):
        assert link in signed_in(reader).get("/inbox/").content.decode()

"""Before and after the sign-in: planted sessions, foreign hosts, redirects, who has a login, what stays behind."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client

from crm import clock
from crm.actions import customers, people
from crm.errors import RuleViolation
from crm.models import Customer, User
from leads.models import InboundCall
from tests import factories
from tests.api.hands import Caller
from tests.crm.screens import signed_in
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Stage:
    return set_stage()


def sign_in(client: Client, name: str, password: str = factories.PASSWORD, **more: str) -> Any:
    return client.post("/accounts/login/", {"login": name, "password": password, **more})


def test_a_planted_session_is_not_signed_in(stage: Stage) -> None:
    attacker, victim = Client(), Client()
    attacker.get("/accounts/login/")
    attacker.session.save()
    planted = attacker.session.session_key
    victim.cookies["sessionid"] = planted or ""
    sign_in(victim, stage.lin.username)
    assert victim.get("/accounts/me/").status_code == 200
    assert attacker.get("/accounts/me/").status_code == 302
    assert victim.session.session_key != planted


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:go()",
        "/%0d%0aX: y",
    ],
)
def test_no_next_leads_out_of_the_house(stage: Stage, where: str) -> None:
    answer = sign_in(Client(), stage.lin.username, next=where)
    assert answer.status_code == 302
    assert "evil" not in answer.headers["Location"]
    assert answer.headers["Location"].startswith("/")
    for path in ("/language/", "/project/"):
        client = Client()
        client.force_login(stage.lin)
        body = {"next": where, "language": "en", "project": str(stage.project.pk)}
        assert "evil" not in client.post(path, body).headers.get("Location", "")


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "evil.example:80"]
)
def test_a_foreign_host_is_refused(stage: Stage, host: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(stage.lin)
    for path in ("/accounts/login/", "/leads/", "/api/v1/leads/"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.content.decode()
    forwarded = client.get("/accounts/me/", headers={"x-forwarded-host": host})
    assert host not in forwarded.content.decode()


def test_a_name_that_exists_is_not_told_by_the_work_it_makes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answer, and as many passwords hashed: neither words nor time tell who has a login."""
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    told = set()
    for name in (stage.lin.username, "nobody-at-all", stage.lin.username.upper()):
        hashed.clear()
        answer = sign_in(Client(), name, "wrong-wrong-wrong")
        errors = str(answer.context["form"].errors.as_json())
        told.add((answer.status_code, errors, len(hashed)))
    assert len(told) == 1, told


def test_the_lock_is_the_accounts_however_the_name_is_written(stage: Stage) -> None:
    name = stage.lin.username
    written = (name, name.upper(), f" {name} ", name.title(), f"{name}\t")
    for each in written:
        sign_in(Client(), each, "wrong-wrong-wrong")
    client = Client()
    assert sign_in(client, name).status_code == 200
    assert client.get("/accounts/me/").status_code == 302


def test_no_answer_is_kept(stage: Stage) -> None:
    client = Client()
    client.force_login(stage.lin)
    for path in ("/leads/", "/nowhere/", "/accounts/login/", "/api/v1/leads/"):
        assert "no-store" in client.get(path).headers["Cache-Control"], path
    assert "no-store" in Caller(stage.lin).get("me/").headers["Cache-Control"]


@pytest.mark.parametrize("typed", ["ｌｉｎｘｉａｏ", "LinＸiao", "linxiao\u200b", "ﬁna"])
def test_a_login_name_in_other_letters_of_the_same_look_is_the_same_name(stage: Stage, typed: str) -> None:
    """Full width, ligatures, what nobody sees (NFKC). Letters of another alphabet that look alike stay others."""

    def make(username: str) -> User:
        return people.create_user(
            username=username, name="林", password=factories.PASSWORD, by=stage.wu, at=clock.now()
        )

    make("fina" if typed == "ﬁna" else "linxiao")
    with pytest.raises(RuleViolation) as taken:
        make(typed)
    assert taken.value.code == "taken"
    assert make("Ｗａｎｇ").username == "Wang"
    client = Client()
    assert (
        sign_in(client, "ｗＡＮＧ").status_code == 302
    )  # typed with the keyboard's wide letters: the same account
    assert client.session["_auth_user_id"]


def strict(user: User) -> Client:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(user)
    return client


def resent(body: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', body))


def test_what_was_typed_outlives_a_stale_token(stage: Stage) -> None:
    """The answer holds it with a fresh token, to be looked at and sent again; stored once."""
    client, own = strict(stage.fang), {"origin": "http://testserver"}
    typed = {"phone": "13800138000", "name": "<b>王</b>芳", "talked": "0", "note": "周六\n再来"}
    typed["submission"] = str(uuid.uuid4())
    stale = client.post("/register/call/", {**typed, "csrfmiddlewaretoken": "x" * 64}, headers=own)
    body = stale.content.decode()
    assert (stale.status_code, stale["X-Stale-Form"]) == (403, "1")
    assert "<b>" not in body
    assert not InboundCall.objects.exists()
    found = {name: html.unescape(value) for name, value in resent(body).items()}
    assert {name: found[name] for name in typed} == typed
    assert client.post("/register/call/", found, headers=own).status_code == 302
    assert client.post("/register/call/", found, headers=own).status_code == 302
    assert InboundCall.objects.get().note.splitlines() == ["周六", "再来"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example", None])
def test_a_foreign_form_is_not_offered_for_sending(stage: Stage, origin: str | None) -> None:
    """Or the check would only ask for one more click."""
    headers = {"origin": origin} if origin else {}
    answer = strict(stage.fang).post(
        "/register/call/", {"phone": "13800138000", "name": "王"}, headers=headers
    )
    assert answer.status_code == 403
    assert "13800138000" not in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "field"), [("/accounts/password/change/", "password1"), ("/accounts/login/", "login")]
)
def test_no_password_stands_in_the_answer_to_a_stale_form(stage: Stage, path: str, field: str) -> None:
    answer = strict(stage.fang).post(path, {field: "hunter2-42"}, headers={"origin": "http://testserver"})
    assert answer.status_code == 403
    assert "hunter2-42" not in answer.content.decode()


@pytest.mark.parametrize("name", ["-", "——", "...", "【】", "、。", "？", "😀"])
def test_px_3_signs_alone_are_no_name(stage: Stage, name: str) -> None:
    desk = signed_in(stage.fang)
    once = {"phone": "13800138000", "name": name, "talked": "0", "submission": str(uuid.uuid4())}
    refused = desk.post("/register/call/", once, headers={"accept-language": "en"})
    assert refused.status_code == 422
    assert "signs alone are no name" in refused.content.decode()
    known = stage.visitor("O'Neil", "13900139000", at=clock.now()).lead.customer
    with pytest.raises(RuleViolation) as renamed:
        customers.rename_customer(customer=known, name=name, salutation="mr", by=stage.lin, at=clock.now())
    assert renamed.value.field == "name"
    answer = Caller(stage.fang).post(
        f"projects/{stage.project.pk}/calls/", {"phone": "13800138000", "name": name, "talked": False}
    )
    assert (answer.status, answer.body["field"]) == (409, "name")
    assert [row.name for row in Customer.objects.all()] == ["O'Neil"]

"""Before and after the sign-in: planted sessions, foreign hosts, redirects, who has a login, what stays behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client

from tests import factories
from tests.api.hands import Caller
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

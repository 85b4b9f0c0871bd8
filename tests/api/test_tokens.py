"""Tokens under attack: hashed, scoped, expiring, never wider than their owner, never in a log."""

from __future__ import annotations

import datetime as dt
import logging
import logging.config
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from crm import clock
from crm.actions.tokens import make_token, revoke_token
from crm.api_auth import WRONG_A_MINUTE
from crm.env import MANAGERS
from crm.errors import RuleViolation
from crm.logs import logging_config
from crm.models import ApiToken, AuditEvent, Membership, User
from crm.roles import Role
from crm.rules_tokens import MOST_DAYS, digest_of
from tests import factories
from tests.api.hands import Caller, token_of
from tests.crm.screens import signed_in
from tests.factories import PASSWORD
from tests.leads.stage import Stage, set_stage

NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)


@pytest.fixture
def stage(db: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def status(token: str, path: str = "me/", method: str = "GET") -> int:
    return Caller(token=token).ask(method, path, None if method == "GET" else {}).status


def test_only_a_hash_is_kept(stage: Stage) -> None:
    token, secret = make_token(label="x", scopes=["account:read"], days=9, by=stage.lin, at=NOW)
    stored = ApiToken.objects.filter(pk=token.pk).values().get()
    assert secret not in str(stored)
    assert stored["digest"] == digest_of(secret)
    assert secret.startswith(stored["prefix"])
    assert len(secret) - len(stored["prefix"]) > 30
    assert secret not in str(list(AuditEvent.objects.values()))


def test_a_token_is_its_owner_and_no_more(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138001", at=NOW - dt.timedelta(hours=3)).lead
    lin, mei = token_of(stage.lin, at=NOW), token_of(stage.mei, at=NOW)
    assert Caller(token=lin).get("me/").body["username"] == stage.lin.username
    assert status(lin, f"leads/{lead.pk}/") == 200
    assert status(mei, f"leads/{lead.pk}/") == 404
    assert status(mei, "users/") == 403
    assert status(lin, "users/") == 403, "a scope gives nothing that the owner may not"


@pytest.mark.parametrize(
    ("scopes", "path", "method", "expected"),
    [
        (["account:read"], "me/", "GET", 200),
        (["account:write"], "me/", "GET", 200),
        (["account:read"], "me/", "PATCH", 403),
        (["account:write"], "me/", "PATCH", 400),
        (["leads:read"], "me/", "GET", 403),
        (["leads:read"], "today/", "GET", 200),
        (["deals:write", "figures:write"], "today/", "GET", 403),
        (["leads:read"], "leads/{lead}/grade/", "POST", 403),
        (["leads:write"], "leads/{lead}/grade/", "POST", 400),
        (["leads:read"], "leads/{lead}/phones/{phone}/reveal/", "POST", 403),
        (["leads:write"], "leads/{lead}/deals/", "GET", 403),
    ],
)  # fmt: skip
def test_a_scope_opens_its_group_only(
    stage: Stage, scopes: list[str], path: str, method: str, expected: int
) -> None:
    lead = stage.visitor("王芳", "13800138001", at=NOW - dt.timedelta(hours=3)).lead
    path = path.format(lead=lead.pk, phone=lead.customer.phones.get().pk)
    answer = Caller(token=token_of(stage.lin, *scopes, at=NOW)).ask(
        method, path, None if method == "GET" else {}
    )
    assert answer.status == expected
    assert expected != 403 or answer.body["code"] == "scope"


def test_it_ends_when_it_expires_is_revoked_or_its_owner_leaves(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, secret = make_token(label="x", scopes=["account:read"], days=1, by=stage.lin, at=NOW)
    assert status(secret) == 200
    User.objects.filter(pk=stage.lin.pk).update(is_active=False)
    assert status(secret) == 401
    User.objects.filter(pk=stage.lin.pk).update(is_active=True)
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=1))
    assert status(secret) == 401
    monkeypatch.setattr(clock, "now", lambda: NOW)
    revoke_token(token=token, by=stage.lin, at=NOW)
    assert status(secret) == 401


def test_a_role_taken_away_is_taken_from_the_token(stage: Stage) -> None:
    secret = token_of(stage.wu, at=NOW)
    assert status(secret, f"projects/{stage.project.pk}/overview/") == 200
    Membership.objects.filter(user=stage.wu).update(active=False)
    assert status(secret, f"projects/{stage.project.pk}/overview/") == 404


def test_who_must_choose_a_password_or_set_up_a_factor_comes_in_by_no_token(
    stage: Stage, settings: Settings
) -> None:
    secret = token_of(stage.wu, at=NOW)
    settings.MFA_ROLES = MANAGERS
    answer = Caller(token=secret).get("me/")
    assert (answer.status, answer.body["code"]) == (403, "second_factor_required")
    settings.MFA_ROLES = frozenset()
    User.objects.filter(pk=stage.wu.pk).update(must_change_password=True)
    answer = Caller(token=secret).get("me/")
    assert (answer.status, answer.body["code"]) == (403, "password_change_required")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer crm_", "Bearer {0}x", "Bearer {1}", "Basic {0}", "Token {0}", "{0}", "Bearer \x00", "Bearer " + "x" * 9000,
     "Bearer crm_\xff\xfe"],
)  # fmt: skip
def test_a_wrong_token_is_a_401_and_never_more(stage: Stage, header: str) -> None:
    secret = token_of(stage.lin, at=NOW)
    answer = Client().get("/api/v1/me/", headers={"authorization": header.format(secret, secret.upper())})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_wrong_token_is_not_made_good_by_a_session(stage: Stage) -> None:
    assert Caller(stage.lin, token="crm_wrong").get("me/").status == 401


def test_trying_tokens_is_stopped_for_that_address(stage: Stage) -> None:
    secret = token_of(stage.lin, at=NOW)
    tries = [
        Client().get("/api/v1/me/", headers={"authorization": f"Bearer crm_{n}"})
        for n in range(WRONG_A_MINUTE + 3)
    ]
    assert [answer.status_code for answer in tries][-3:] == [429] * 3
    assert status(secret) == 429
    elsewhere = Client(REMOTE_ADDR="10.9.8.7").get(
        "/api/v1/me/", headers={"authorization": f"Bearer {secret}"}
    )
    assert elsewhere.status_code == 200


def test_no_header_buys_more_tries_or_a_larger_allowance(stage: Stage) -> None:
    """The address is the connection's: without a proxy of ours, what X-Forwarded-For says is the caller's word."""
    for n in range(WRONG_A_MINUTE + 1):
        headers = {"authorization": f"Bearer crm_{n}", "x-forwarded-for": f"10.0.0.{n}"}
        answer = Client().get("/api/v1/me/", headers=headers)
    assert answer.status_code == 429


def test_an_address_cannot_be_forged_to_go_on_trying(stage: Stage) -> None:
    """Without a trusted proxy in front, what a client says of its own address counts for nothing."""
    answers = [
        Client().get(
            "/api/v1/me/", headers={"authorization": f"Bearer crm_{n}", "x-forwarded-for": f"10.0.0.{n}"}
        )
        for n in range(WRONG_A_MINUTE + 1)
    ]
    assert answers[-1].status_code == 429


def test_no_token_stands_in_a_log(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    secret = token_of(stage.lin, at=NOW)
    logging.config.dictConfig(logging_config("json"))
    logging.getLogger("test").info("begin")
    for path in ("me/", "nowhere/", "users/", "leads/1/"):
        status(secret, path)
        Client().get(f"/api/v1/{path}", headers={"authorization": "Bearer crm_somebodys_wrong_guess"})
    told = capfd.readouterr()
    assert "begin" in told.err
    assert "/api/v1/me/" in told.err
    assert secret not in told.err + told.out
    assert "wrong_guess" not in told.err + told.out


def test_the_use_of_a_token_is_noted_once_a_minute(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = token_of(stage.lin, at=NOW)
    for seconds in (0, 20, 61):
        moment = NOW + dt.timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        status(secret)
        found = ApiToken.objects.get().last_used_at
        assert found == (NOW if seconds < 60 else moment)


@pytest.mark.parametrize("days", [0, -1, MOST_DAYS + 1])
def test_it_always_expires_within_a_year(stage: Stage, days: int) -> None:
    with pytest.raises(RuleViolation):
        make_token(label="x", scopes=["leads:read"], days=days, by=stage.lin, at=NOW)


@pytest.mark.parametrize("scopes", [[], ["leads"], ["everything:write"], ["leads:delete"]])
def test_scopes_are_those_listed(stage: Stage, scopes: list[str]) -> None:
    with pytest.raises(RuleViolation):
        make_token(label="x", scopes=scopes, days=9, by=stage.lin, at=NOW)


def test_sessions_write_with_their_csrf_token_only(stage: Stage) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(stage.lin)
    path, body = "/api/v1/me/", {"language": "en"}
    assert client.patch(path, body, content_type="application/json").status_code == 403
    page = client.get("/tokens/").content.decode()
    token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
    headers = {"X-CSRFToken": token}
    assert client.patch(path, body, content_type="application/json", headers=headers).status_code == 200


FORM = {"label": "desk", "days": "30", "may_leads": "write", "may_account": "read", "password": PASSWORD}


def test_the_screen_makes_shows_once_and_revokes(stage: Stage) -> None:
    client = signed_in(stage.lin)
    made = client.post(reverse("crm:api_token_new"), FORM)
    text = made.content.decode()
    secret = text.partition('class="secret">')[2].partition("<")[0]
    assert status(secret) == 200
    assert made.headers["Cache-Control"].find("no-store") >= 0
    token = ApiToken.objects.get()
    assert (token.owner, set(token.scopes)) == (stage.lin, {"leads:write", "account:read"})
    listed = client.get(reverse("crm:api_tokens")).content.decode()
    assert token.prefix in listed
    assert secret not in listed
    client.post(reverse("crm:api_token_revoke", args=[token.pk]))
    assert status(secret) == 401


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"label": ""}, {"days": "4000"}, {"may_leads": "", "may_account": ""}, {"may_leads": "all"}]
)  # fmt: skip
def test_the_screen_refuses(stage: Stage, wrong: dict[str, str]) -> None:
    answer = signed_in(stage.lin).post(reverse("crm:api_token_new"), {**FORM, **wrong})
    assert answer.status_code == 422
    assert PASSWORD not in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_the_administrator_sees_and_revokes_all_without_secrets(stage: Stage) -> None:
    secret = token_of(stage.lin, at=NOW)
    token = ApiToken.objects.get()
    admin = factories.make_user(Role.SYSTEM_ADMINISTRATOR)
    listed = signed_in(admin).get(reverse("crm:api_tokens_all")).content.decode()
    assert token.prefix in listed
    assert str(stage.lin) in listed
    assert secret not in listed
    assert token.digest not in listed
    assert signed_in(stage.mei).post(reverse("crm:api_token_revoke", args=[token.pk])).status_code == 404
    assert status(secret) == 200
    signed_in(admin).post(reverse("crm:api_token_revoke", args=[token.pk]))
    assert status(secret) == 401
    told: list[Any] = list(AuditEvent.objects.filter(verb="token.revoked").values_list("by", flat=True))
    assert told == [admin.pk]

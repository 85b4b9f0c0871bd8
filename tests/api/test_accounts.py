"""What ends a token besides its owner: a new password, a first password, a lost factor, an account switched off. And the
sign-ins seen from the API.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from crm import clock
from crm.actions import factors, passwords, people
from crm.models import AccountSession, ApiToken, AuditEvent, LoginEvent, User
from crm.roles import Role
from tests import factories
from tests.api.hands import Caller, token_of
from tests.crm.screens import signed_in
from tests.factories import PASSWORD
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
NEW = "quiet-river-9-lantern"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


@pytest.fixture
def admin(stage: Stage) -> User:
    return factories.make_user(Role.SYSTEM_ADMINISTRATOR)


def by_oneself(user: User, _admin: User) -> None:
    answer = signed_in(user).post("/accounts/password/change/", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert answer.status_code == 302, answer.content.decode()[:3000]


def by_the_administrator(user: User, admin: User) -> None:
    passwords.reset(user=user, password=passwords.invent(), by=admin, at=NOW)
    User.objects.filter(pk=user.pk).update(must_change_password=False)


def by_the_api(user: User, admin: User) -> None:
    assert Caller(admin).post(f"users/{user.pk}/password/").status == 200
    User.objects.filter(pk=user.pk).update(must_change_password=False)


def by_the_shell(user: User, _admin: User) -> None:
    passwords.reset(user=user, password=passwords.invent(), by=None, at=NOW)
    User.objects.filter(pk=user.pk).update(must_change_password=False)


def off_and_on_again(user: User, admin: User) -> None:
    assert Caller(admin).post(f"users/{user.pk}/active/", {"active": False}).status == 200
    people.reactivate_user(user=User.objects.get(pk=user.pk), by=admin, at=NOW)


@pytest.mark.parametrize(
    "deed", [by_oneself, by_the_administrator, by_the_api, by_the_shell, off_and_on_again]
)
def test_it_ends_every_token_and_session_for_good(
    stage: Stage, admin: User, deed: Callable[[User, User], None]
) -> None:
    """Also once the account is whole again: what was stolen with the old password stays shut."""
    mei = stage.mei
    secrets, other = [token_of(mei, at=NOW) for _n in range(2)], token_of(stage.lin, at=NOW)
    elsewhere = signed_in(mei)
    assert [Caller(token=secret).get("me/").status for secret in secrets] == [200, 200]
    assert elsewhere.get("/api/v1/me/").status_code == 200
    deed(mei, admin)
    assert [Caller(token=secret).get("me/").status for secret in secrets] == [401, 401]
    assert elsewhere.get("/api/v1/me/").status_code == 401
    assert Caller(token=other).get("me/").status == 200
    assert ApiToken.objects.filter(owner=mei, revoked_at=NOW).count() == 2
    assert AuditEvent.objects.filter(verb="token.all_revoked", target_id=mei.pk).count() == 1
    assert Caller(token=token_of(User.objects.get(pk=mei.pk), at=NOW)).get("me/").status == 200


def test_a_lost_factor_ends_them_too(stage: Stage, admin: User) -> None:
    secret = token_of(stage.mei, at=NOW)
    Authenticator.objects.create(user=stage.mei, type=factors.TOTP, data={"secret": "x"}, created_at=NOW)
    assert Caller(admin).ask("DELETE", f"users/{stage.mei.pk}/factor/").status == 204
    assert Caller(token=secret).get("me/").status == 401
    assert Caller(admin).ask("DELETE", f"users/{stage.mei.pk}/factor/").body["code"] == "no_factor"
    assert Caller(admin).ask("DELETE", f"users/{admin.pk}/factor/").body["code"] == "own_factor"
    assert Caller(stage.wu).ask("DELETE", f"users/{stage.mei.pk}/factor/").status == 403


def test_wrong_passwords_of_strangers_lock_the_login_and_stop_no_program(stage: Stage, admin: User) -> None:
    """Whoever knows a login name can lock it: that must not be a way to end its sessions and programs."""
    secret, here = token_of(stage.mei, at=NOW), signed_in(stage.mei)
    for _n in range(6):
        Client().post("/accounts/login/", {"login": stage.mei.username, "password": "wrong"})
    refused = Client().post("/accounts/login/", {"login": stage.mei.username, "password": PASSWORD})
    assert refused.status_code == 200
    assert Caller(token=secret).get("me/").status == 200
    assert here.get("/api/v1/me/").status_code == 200
    assert Caller(admin).post(f"users/{stage.mei.pk}/unlock/").status == 204
    assert (
        Client().post("/accounts/login/", {"login": stage.mei.username, "password": PASSWORD}).status_code
        == 302
    )


def test_ones_devices_are_listed_and_signed_out(
    stage: Stage, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    here, there = signed_in(stage.lin), signed_in(stage.lin)
    rows = here.get("/api/v1/me/sessions/").json()["results"]
    assert sorted(row["this"] for row in rows) == [False, True]
    own = next(row["id"] for row in rows if row["this"])
    other = next(row["id"] for row in rows if not row["this"])
    assert here.delete(f"/api/v1/me/sessions/{own}/").status_code == 404
    assert Caller(stage.mei).ask("DELETE", f"me/sessions/{other}/").status == 404
    with django_capture_on_commit_callbacks(execute=True):
        assert here.delete(f"/api/v1/me/sessions/{other}/").status_code == 204
    assert there.get("/api/v1/me/").status_code == 401
    assert Caller(token=token_of(stage.lin, at=NOW)).ask("DELETE", f"me/sessions/{own}/").status == 204
    assert not AccountSession.objects.filter(user=stage.lin).exists()


def test_the_login_history_is_ones_own_and_the_administrators(stage: Stage, admin: User) -> None:
    LoginEvent.objects.create(kind="success", user=stage.lin, at=NOW)
    LoginEvent.objects.create(kind="failed", at=NOW)
    mine = Caller(stage.lin).get("me/sign-ins/").body["results"]
    assert {row["kind"] for row in mine} == {"success"}
    assert Caller(stage.wu).get("sign-ins/").status == 403
    everybodys = Caller(admin).get("sign-ins/").body["results"]
    assert None in [row["user"] for row in everybodys]
    assert Caller(admin).get(f"users/{stage.lin.pk}/sign-ins/").body["results"][0]["kind"] == "success"

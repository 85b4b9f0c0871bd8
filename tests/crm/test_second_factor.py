"""The second factor under attack: guessing, replay, races, the way around it, enrolling for somebody else."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import Settings

from crm.actions import factors
from crm.actions.sealing import unseal
from crm.env import MANAGERS
from crm.models import AuditEvent, LoginEvent, Membership, Notice, User
from crm.notice_text import text_of
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.crm.signing import (
    CODE,
    CONFIRM,
    FACTOR,
    LOGIN,
    ME,
    NOW,
    Ticking,
    browser,
    enter,
    equip,
    is_in,
    offered_by,
    phone,
    ticking,
)  # fmt: skip
from tests.factories import PASSWORD, make_project, make_user

pytestmark = pytest.mark.django_db
__all__ = ["ticking"]


@pytest.fixture
def wu() -> User:
    return make_user(Role.SALES_MANAGER, make_project("A"), name="Wu")


@pytest.fixture
def required(settings: Settings) -> None:
    settings.MFA_ROLES = MANAGERS


@pytest.mark.usefixtures("required")
def test_the_whole_way_of_a_manager(wu: User, ticking: Ticking) -> None:
    client = browser()
    enter(client, wu)
    assert client.get("/").headers["Location"] == FACTOR
    assert client.post(FACTOR, {"password": "wrong"}).status_code == 422
    shown = client.post(FACTOR, {"password": PASSWORD})
    assert 'src="data:image/svg+xml;base64,' in shown.content.decode()
    offer, code = offered_by(shown)
    assert client.post(CONFIRM, {"offer": offer, "code": "000000"}).status_code == 422
    done = client.post(CONFIRM, {"offer": offer, "code": code})
    codes = done.context["codes"]
    assert len(set(codes)) == factors.CODES
    assert "no-store" in done.headers["Cache-Control"]
    assert is_in(client)
    again = client.get(ME).content.decode()
    assert "10 recovery codes are left" in again
    assert not [code for code in codes if code in again]
    client.post("/accounts/logout/")
    ticking.pass_seconds(60)
    assert enter(client, wu).headers["Location"] == CODE
    assert not is_in(client)
    assert client.post(CODE, {"code": phone(wu, ticking.moment)}).headers["Location"] == "/"
    assert is_in(client)


def test_the_database_alone_gives_no_secret_and_no_recovery_code_away(wu: User) -> None:
    codes = equip(wu, NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator WHERE user_id = %s", [wu.pk])
        stored = " ".join(row[0] for row in cursor.fetchall())
    secret = unseal(Authenticator.objects.get(user=wu, type="totp").data["secret"])
    assert len(secret) == 32
    assert secret not in stored
    assert not [code for code in codes if code in stored or code.replace("-", "") in stored]


def test_another_key_opens_nothing_and_is_no_crash(
    wu: User, settings: Settings, ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    equip(wu, NOW)
    code, old = phone(wu, NOW), settings.SECRET_KEY
    settings.SECRET_KEY = "another-" + "k3y" * 20
    with caplog.at_level(logging.ERROR):
        assert not factors.check(user=wu, code=code, at=NOW)
    assert "another CRM_SECRET_KEY" in caplog.text
    settings.SECRET_KEY_FALLBACKS = [old]
    assert factors.check(user=wu, code=code, at=NOW)


def test_a_code_works_once_even_after_the_cache_was_flushed(wu: User, ticking: Ticking) -> None:
    equip(wu, NOW)
    code, before = phone(wu, NOW), phone(wu, NOW, -1)
    first, thief = browser(), browser()
    enter(first, wu)
    enter(thief, wu)
    first.post(CODE, {"code": code})
    assert is_in(first)
    cache.clear()
    for overheard in (code, f"{code[:3]} {code[3:]}", before):
        assert "was used already" in thief.post(CODE, {"code": overheard}).content.decode()
    ticking.pass_seconds(31)
    assert thief.post(CODE, {"code": code}).status_code == 422
    assert not is_in(thief)


def test_the_code_that_set_it_up_does_not_sign_in(wu: User, ticking: Ticking) -> None:
    client = signed_in(wu)
    offer, code = offered_by(client.post(FACTOR, {"password": PASSWORD}))
    client.post(CONFIRM, {"offer": offer, "code": code})
    thief = browser()
    enter(thief, wu)
    assert thief.post(CODE, {"code": code}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_the_same_code_at_the_same_moment_is_taken_once(wu: User) -> None:
    equip(wu, NOW)
    code = phone(wu, NOW)

    def take(_number: int) -> bool:
        try:
            return factors.check(user=wu, code=code, at=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


def test_a_recovery_code_works_once_and_is_on_record(wu: User, ticking: Ticking) -> None:
    code, other = equip(wu, NOW)[:2]
    client = browser()
    enter(client, wu)
    client.post(CODE, {"code": f" {code.upper()} "})
    assert is_in(client)
    assert LoginEvent.objects.filter(user=wu, kind="code_used").count() == 1
    assert "9 recovery codes are left" in client.get(ME).content.decode()
    thief = browser()
    enter(thief, wu)
    assert thief.post(CODE, {"code": code}).status_code == 422
    assert thief.post(CODE, {"code": other}).status_code == 302


def test_a_code_of_somebody_else_opens_nothing(wu: User, ticking: Ticking) -> None:
    mei = make_user()
    equip(wu, NOW)
    theirs = equip(mei, NOW)
    client = browser()
    enter(client, wu)
    for code in (phone(mei, NOW), theirs[0]):
        assert client.post(CODE, {"code": code}).status_code == 422
    assert not is_in(client)


def test_guessing_codes_locks_after_five_whatever_the_address_or_session(wu: User, ticking: Ticking) -> None:
    equip(wu, NOW)
    right = phone(wu, NOW)
    wrong = [f"{number:06}" for number in range(1, 9) if f"{number:06}" != right]
    said = []
    for number, code in enumerate(wrong):
        client = browser(**{"x-forwarded-for": f"203.0.113.{number}"})
        enter(client, wu)
        said.append(client.post(CODE, {"code": code}).content.decode())
    assert ["locked for 15 minutes" in text for text in said] == [False] * 5 + [True] * (len(wrong) - 5)
    client = browser()
    enter(client, wu)
    assert client.post(CODE, {"code": right}).status_code == 422
    assert not is_in(client)
    assert LoginEvent.objects.filter(user=wu, kind="factor_failed").count() == 5


def test_the_password_alone_opens_no_page_in_between(wu: User, ticking: Ticking) -> None:
    equip(wu, NOW)
    client = browser()
    enter(client, wu, next="/notices/")
    for path in (
        "/",
        "/notices/",
        ME,
        FACTOR,
        "/accounts/factor/off/",
        "/users/",
        "/admin/",
        "/accounts/history/",
    ):
        for answer in (client.get(path), client.post(path), client.get(path, headers={"HX-Request": "true"})):
            assert answer.status_code in (302, 405)
            assert answer.headers.get("Location", "/accounts/login/").startswith(
                ("/accounts/login/", "/admin/login/")
            )
    client.post("/language/", {"language": "en"})
    client.post("/project/", {"project": "1"})
    assert not is_in(client)
    assert client.get(LOGIN).headers["Location"] == CODE
    client.post("/accounts/logout/")
    assert client.get(LOGIN).status_code == 200
    assert client.get(CODE).status_code == 302


def test_half_a_sign_in_ends_with_the_password_the_account_or_the_time(wu: User, ticking: Ticking) -> None:
    for spoil in ("password", "account", "time"):
        user = make_user()
        equip(user, NOW)
        client = browser()
        enter(client, user)
        if spoil == "password":
            user.set_password("a-new-one-after-the-theft")
        user.is_active = spoil != "account"
        user.save()
        code = phone(user, ticking.moment)
        if spoil == "time":
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("time.time", lambda: 4_000_000_000.0)
                client.post(CODE, {"code": code})
        else:
            client.post(CODE, {"code": code})
        assert not is_in(client), spoil


def test_a_reset_while_the_code_is_asked_for_leads_back_to_the_login(wu: User, ticking: Ticking) -> None:
    root = make_user(Role.SYSTEM_ADMINISTRATOR)
    equip(wu, NOW)
    client = browser()
    enter(client, wu)
    factors.reset(user=wu, by=root, at=NOW)
    assert client.get(CODE).headers["Location"] == LOGIN
    assert client.get(LOGIN).status_code == 200
    enter(client, wu)
    assert is_in(client)


def test_an_administrator_resets_it_on_record_and_the_person_is_told(wu: User, ticking: Ticking) -> None:
    root = make_user(Role.SYSTEM_ADMINISTRATOR, name="Root")
    equip(wu, NOW)
    theirs, admin = signed_in(wu), signed_in(root)
    assert "Reset the second factor" in admin.get(f"/users/{wu.pk}/").content.decode()
    admin.post(f"/users/{wu.pk}/factor/")
    assert not factors.has_factor(wu)
    assert theirs.get(ME).status_code == 302
    assert AuditEvent.objects.filter(verb="user.factor_reset", by=root, target_id=wu.pk).exists()
    assert LoginEvent.objects.get(user=wu, kind="factor_reset").by == root
    assert "Root reset your second factor" in text_of(Notice.objects.get(user=wu))
    assert "Reset the second factor" not in admin.get(f"/users/{wu.pk}/").content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM_ADMINISTRATOR])
def test_nobody_else_takes_a_factor_away(wu: User, role: Role) -> None:
    equip(wu, NOW)
    thief = signed_in(make_user(role, Membership.objects.get(user=wu).project))
    for path in ("factor", "unlock", "password"):
        assert thief.post(f"/users/{wu.pk}/{path}/").status_code == 403
    assert factors.has_factor(wu)


def test_nobody_resets_their_own_with_a_borrowed_session() -> None:
    root = make_user(Role.SYSTEM_ADMINISTRATOR)
    equip(root, NOW)
    signed_in(root).post(f"/users/{root.pk}/factor/")
    assert factors.has_factor(root)


def test_a_stolen_session_changes_no_factor(wu: User, ticking: Ticking) -> None:
    equip(wu, NOW)
    thief = signed_in(wu)
    for path in ("/accounts/factor/off/", "/accounts/factor/codes/", FACTOR):
        for sent in (
            {},
            {"password": PASSWORD},
            {"password": PASSWORD, "code": "000000"},
            {"code": phone(wu, NOW)},
        ):
            assert thief.post(path, sent).status_code == 422
    offered = factors.offer(user=make_user(), at=NOW)
    assert thief.post(CONFIRM, {"offer": offered.sealed, "code": "1"}).headers["Location"] == FACTOR
    assert (
        thief.post(CONFIRM, {"offer": json.dumps([wu.pk, "A" * 32]), "code": "1"}).headers["Location"]
        == FACTOR
    )
    assert Authenticator.objects.filter(user=wu).count() == 2


def test_an_offer_is_good_for_a_quarter_of_an_hour(wu: User, ticking: Ticking) -> None:
    client = signed_in(wu)
    offer, _code = offered_by(client.post(FACTOR, {"password": PASSWORD}))
    ticking.pass_seconds(16 * 60)
    assert client.post(CONFIRM, {"offer": offer, "code": "1"}).headers["Location"] == FACTOR
    assert not factors.has_factor(wu)


@pytest.mark.parametrize("path", [FACTOR, CONFIRM, "/accounts/factor/off/", "/accounts/factor/codes/",
    "/accounts/sessions/end/", "/accounts/password/change/", "/accounts/logout/"])  # fmt: skip
def test_no_foreign_page_does_it_for_somebody(wu: User, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(wu)
    assert client.post(path, {"password": PASSWORD}).status_code == 403


def test_it_is_removed_with_a_proof_and_not_where_it_is_required(
    wu: User, settings: Settings, ticking: Ticking
) -> None:
    equip(wu, NOW)
    client, other = browser(), signed_in(wu)
    enter(client, wu)
    client.post(CODE, {"code": phone(wu, NOW)})
    settings.MFA_ROLES = MANAGERS
    ticking.pass_seconds(30)
    proof = {"password": PASSWORD, "code": phone(wu, ticking.moment)}
    assert client.post("/accounts/factor/off/", proof).status_code == 422
    assert factors.has_factor(wu)
    settings.MFA_ROLES = frozenset()
    ticking.pass_seconds(30)
    proof["code"] = phone(wu, ticking.moment)
    assert client.post("/accounts/factor/off/", proof).headers["Location"] == ME
    assert not factors.has_factor(wu)
    assert is_in(client)
    assert other.get(ME).status_code == 302


def test_another_phone_takes_the_place_and_the_old_codes_die(wu: User, ticking: Ticking) -> None:
    codes = equip(wu, NOW)
    client = signed_in(wu)
    answer = client.post(FACTOR, {"password": PASSWORD, "code": codes[0]})
    offer, code = offered_by(answer)
    old = phone(wu, NOW)
    client.post(CONFIRM, {"offer": offer, "code": code})
    assert Authenticator.objects.filter(user=wu).count() == 2
    ticking.pass_seconds(30)
    assert not factors.check(user=wu, code=codes[1], at=ticking.moment)
    assert not factors.check(user=wu, code=old, at=ticking.moment)
    assert factors.check(user=wu, code=phone(wu, ticking.moment), at=ticking.moment)


def test_new_recovery_codes_make_the_old_ones_void(wu: User, ticking: Ticking) -> None:
    old = equip(wu, NOW)
    client = signed_in(wu)
    answer = client.post("/accounts/factor/codes/", {"password": PASSWORD, "code": phone(wu, NOW)})
    new = answer.context["codes"]
    assert not set(old) & set(new)
    assert not factors.check(user=wu, code=old[3], at=NOW)
    assert factors.check(user=wu, code=new[3], at=NOW)
    assert "data:text/plain" in answer.content.decode()

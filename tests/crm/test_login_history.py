"""Signing in under attack, and the history that is kept of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from django.contrib.auth import hashers
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from crm import tasks
from crm.actions import sign_ins
from crm.models import LoginEvent, Notice, User
from crm.notice_text import text_of
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.crm.signing import LOGIN, ME, NOW, OLD_ANDROID, Ticking, browser, enter, is_in, ticking
from tests.factories import PASSWORD, make_project, make_user

pytestmark = pytest.mark.django_db
__all__ = ["ticking"]
ROUTED = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_change_password",
    "mfa_authenticate",
}


@pytest.fixture
def lin() -> User:
    return make_user(project=make_project("A"), name="Lin")


def kinds(user: User | None) -> list[str]:
    return list(LoginEvent.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def names_of(patterns: Any) -> set[str]:
    found: set[str] = set()
    for each in patterns:
        inner = getattr(each, "url_patterns", None)
        found |= names_of(inner) if inner is not None else {each.name}
    return found


def test_of_allauths_addresses_only_five_are_routed() -> None:
    names = names_of([*account_urls.urlpatterns, *mfa_urls.urlpatterns])
    assert len(names) > 15
    routed = set()
    for name in names:
        try:
            reverse(name)
            routed.add(name)
        except NoReverseMatch:
            continue
    assert routed == ROUTED


def test_everything_is_on_record_with_place_and_device(lin: User) -> None:
    client = browser()
    enter(client, lin, "wrong")
    enter(client, lin)
    client.post(
        "/accounts/password/change/", {"old": PASSWORD, "new": "walnut-river-71", "again": "walnut-river-71"}
    )
    client.post("/accounts/logout/")
    assert kinds(lin) == ["failed", "success", "password_changed", "signed_out"]
    assert {(row.address, row.device) for row in LoginEvent.objects.all()} == {
        ("127.0.0.x", "Chrome · Windows")
    }


def test_neither_names_of_nobody_nor_passwords_nor_numbers_are_kept(lin: User) -> None:
    User.objects.filter(pk=lin.pk).update(mobile="13800138000")
    for name in ("13800138000", "my-password-77", lin.username):
        enter(browser("13900139000 my-agent"), name, "secret-word-1")
    kept = " ".join(str(row) for row in LoginEvent.objects.values())
    assert kinds(None) == ["failed", "failed"]
    for word in ("13800138000", "my-password-77", "secret-word-1", "13900139000", "127.0.0.1"):
        assert word not in kept


def test_the_history_only_grows(lin: User) -> None:
    row = sign_ins.note(sign_ins.Kind.FAILED, user=lin, at=dt.datetime.now(dt.UTC))
    for deed in (
        lambda: LoginEvent.objects.filter(pk=row.pk).update(kind="success"),
        lambda: LoginEvent.objects.filter(pk=row.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            deed()
    assert LoginEvent.objects.filter(pk=row.pk, kind="failed").exists()


def test_old_lines_go_when_the_setting_says_so(lin: User, ticking: Ticking, settings: Settings) -> None:
    settings.LOGIN_HISTORY_DAYS = 90
    for days in (400, 91, 89):
        sign_ins.note(sign_ins.Kind.FAILED, user=lin, at=NOW - dt.timedelta(days=days))
    tasks.forget()
    assert [row.at for row in LoginEvent.objects.all()] == [NOW - dt.timedelta(days=89)]


def test_everybody_sees_their_own_and_administrators_all(lin: User) -> None:
    mei = make_user(name="Mei")
    for user in (lin, mei):
        enter(browser(), user, "wrong")
    enter(browser(OLD_ANDROID), "nobody", "wrong")
    own = signed_in(lin).get("/accounts/history/").content.decode()
    assert own.count("wrong password</span>") == 1
    assert "Mei" not in own.split("<main")[1]
    root = signed_in(make_user(Role.SYSTEM_ADMINISTRATOR))
    everything = root.get("/sign-ins/").content.decode()
    assert everything.count("wrong password</span>") == 3
    assert "a name that is nobody" in everything
    one = root.get(f"/users/{mei.pk}/sign-ins/").content.decode()
    assert one.count("wrong password</span>") == 1


def test_a_new_device_rings_the_bell_and_a_known_one_does_not(lin: User) -> None:
    home, thief = browser(), browser(OLD_ANDROID)
    enter(home, lin)
    assert not Notice.objects.filter(user=lin).exists()
    home.post("/accounts/logout/")
    enter(home, lin)
    assert not Notice.objects.filter(user=lin).exists()
    enter(thief, lin)
    notice = Notice.objects.get(user=lin, kind="new_device")
    said = str(text_of(notice))
    assert "Chrome · Android" in said
    assert "127.0.0.x" in said
    assert notice.url == ME
    # Another person on a device that Lin knows is new to it.
    mei = make_user()
    enter(browser(), mei)
    home.post("/accounts/logout/")
    enter(home, mei)
    assert Notice.objects.filter(user=mei, kind="new_device").count() == 1


# Guessing


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_five_wrong_tries_lock_a_name_from_everywhere_and_alike(
    lin: User, settings: Settings, name: str
) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "other.example.com"]
    tried = lin.username if name == "known" else "nobody-of-this-name"
    variants = [tried, tried.upper(), f" {tried} ", tried.title(), tried]
    for number, each in enumerate(variants):
        host = "other.example.com" if number % 2 else "testserver"
        answer = browser(host=host).post(LOGIN, {"login": each, "password": "wrong"})
        assert answer.status_code == 200
        assert "The user name or the password is wrong." in answer.content.decode()
    locked = browser().post(LOGIN, {"login": tried, "password": PASSWORD})
    assert locked.status_code == 200
    assert "locked for 15 minutes" in locked.content.decode()
    assert kinds(lin if name == "known" else None).count("failed") == 5


def test_letters_that_only_the_database_thinks_alike_buy_no_tries() -> None:
    lin = make_user()
    User.objects.filter(pk=lin.pk).update(username="sissi")
    for number in range(5):
        enter(browser(), "sissi" if number else "ſiſſi", "wrong")
    assert "locked" in enter(browser(), "sissi").content.decode()


def test_the_lock_is_noted_once_and_an_administrator_opens_it(lin: User) -> None:
    for _time in range(9):
        enter(browser(), lin, "wrong")
    assert kinds(lin) == ["failed"] * 5 + ["locked"]
    root = make_user(Role.SYSTEM_ADMINISTRATOR)
    signed_in(root).post(f"/users/{lin.pk}/unlock/")
    client = browser()
    enter(client, lin)
    assert is_in(client)
    assert LoginEvent.objects.get(user=lin, kind="unlocked").by == root


def test_a_right_password_in_between_gives_no_tries_back(lin: User) -> None:
    for _time in range(4):
        enter(browser(), lin, "wrong")
    enter(browser(), lin)
    assert "is wrong" in enter(browser(), lin, "wrong").content.decode()
    assert "locked" in enter(browser(), lin, "wrong").content.decode()


def test_many_names_from_one_network_are_slowed_down() -> None:
    said = [enter(browser(), f"name{number}", "wrong") for number in range(22)]
    assert "came from your network" in said[-1].content.decode()
    assert "is wrong" in said[19].content.decode()
    cache.clear()
    answers = [browser().post(LOGIN, {"login": "", "password": ""}).status_code for _time in range(31)]
    assert answers[-1] == 429


def test_known_unknown_and_switched_off_names_answer_alike(lin: User) -> None:
    off = make_user(active=False)
    texts = set()
    for name in (lin.username, off.username, "nobody"):
        answer = enter(browser(), name, "wrong")
        text = answer.content.decode().replace(name, "")
        token = text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        texts.add((answer.status_code, hashlib.sha256(_without_tokens(text, token).encode()).hexdigest()))
    assert len(texts) == 1


def _without_tokens(text: str, token: str) -> str:
    lines = [line for line in text.splitlines() if "csrf" not in line]
    return "\n".join(lines).replace(token, "")


def test_known_and_unknown_names_take_the_same_work(
    lin: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hashes one password, which is nearly all of the time. Counted: a clock would only say it on a quiet day."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    lin.set_password(PASSWORD)
    lin.save()
    off = User.objects.create(username="off", name="Off", password=lin.password, is_active=False)
    kind, done = type(hashers.get_hasher()), list[str]()
    for name in ("encode", "verify"):
        real = getattr(kind, name)

        def counted(self: Any, *args: Any, real: Any = real) -> Any:
            done.append("hashed")
            return real(self, *args)

        monkeypatch.setattr(kind, name, counted)
    for who in (lin.username, off.username, "nobody"):
        done.clear()
        enter(browser(), who, "wrong")
        assert done == ["hashed"], who


# Where it leads


@pytest.mark.parametrize(
    "where",
    ["https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "javascript:alert(1)", "///evil.example.com",
     "http:evil.example.com", "https://testserver@evil.example.com/", "http://testserver/notices/", "\thttps://evil.example.com"],
)  # fmt: skip
def test_next_leads_nowhere_else(lin: User, where: str) -> None:
    for path, client in (
        (LOGIN, browser()),
        ("/accounts/logout/", signed_in(lin)),
        ("/language/", browser()),
    ):
        answer = client.post(
            path, {"login": lin.username, "password": PASSWORD, "next": where, "language": "en"}
        )
        assert answer.status_code == 302
        assert answer.headers["Location"] in ("/", LOGIN, "http://testserver/notices/")
        if path == LOGIN:
            assert answer.headers["Location"] == "/"


def test_next_leads_to_a_page_of_ours(lin: User) -> None:
    assert enter(browser(), lin, next="/notices/?x=1").headers["Location"] == "/notices/?x=1"


@pytest.mark.parametrize("header", ["host", "x-forwarded-host"])
def test_a_false_host_is_refused_or_ignored(lin: User, header: str) -> None:
    answer = browser(**{header: "evil.example.com"}).post(
        LOGIN, {"login": lin.username, "password": PASSWORD, "next": "https://evil.example.com/"}
    )
    assert "evil" not in answer.headers.get("Location", "")
    assert answer.status_code == (400 if header == "host" else 302)


def test_a_stale_page_says_so(lin: User) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    answer = client.post(LOGIN, {"login": lin.username, "password": PASSWORD})
    assert answer.status_code == 403
    assert "The page was out of date" in answer.content.decode()

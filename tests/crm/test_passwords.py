"""Passwords: the rules in both languages, the first one that must go, none of the last five, five tries."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import translation

from crm.actions import factors, passwords
from crm.errors import RuleViolation
from crm.models import AuditEvent, LoginEvent, PasswordRecord, User
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.crm.signing import NOW, Ticking, browser, enter, equip, is_in, ticking
from tests.factories import PASSWORD, make_project, make_user

pytestmark = pytest.mark.django_db
__all__ = ["ticking"]
CHANGE = "/accounts/password/change/"
GOOD = "walnut-river-71"


@pytest.fixture
def lin() -> User:
    user = make_user(project=make_project("A"), name="Linqiaoyun")
    User.objects.filter(pk=user.pk).update(username="linqiaoyun", mobile="13800138000")
    user.refresh_from_db()
    return user


def send(client: Client, old: str, new: str, again: str | None = None) -> str:
    answer = client.post(CHANGE, {"old": old, "new": new, "again": new if again is None else again})
    return answer.headers.get("Location") or answer.content.decode()


@pytest.mark.parametrize(
    ("new", "english", "chinese"),
    [
        ("short-1", "at least 10 characters", "至少需要 10 个字符"),
        ("82736451928374", "entirely numeric", "只包含数字"),
        ("password123", "too common", "太常见"),
        ("linqiaoyun-1", "too similar to the username", "相似"),
        ("13800138000a", "too similar to the mobile", "相似"),
        (PASSWORD, "You had this password before", "这个密码您用过"),
    ],
)
def test_a_weak_one_is_refused_in_words_of_the_language(
    lin: User, new: str, english: str, chinese: str
) -> None:
    client = signed_in(lin)
    assert english in send(client, PASSWORD, new)
    client.cookies["django_language"] = "zh-hans"
    said = send(client, PASSWORD, new)
    assert chinese in said
    assert new not in said
    assert User.objects.get(pk=lin.pk).check_password(PASSWORD)


def test_none_of_the_last_five_and_the_sixth_again(lin: User) -> None:
    client, old = signed_in(lin), PASSWORD
    others = [f"walnut-river-{number}" for number in range(1, 6)]
    for new in others:
        assert send(client, old, new) == "/accounts/me/"
        old = new
    assert PasswordRecord.objects.filter(user=lin).count() == passwords.KEPT
    for former in others:
        assert "You had this password before" in send(client, old, former)
    assert send(client, old, PASSWORD) == "/accounts/me/"


def test_former_passwords_are_kept_hashed(lin: User) -> None:
    send(signed_in(lin), PASSWORD, GOOD)
    kept = " ".join(PasswordRecord.objects.values_list("password", flat=True))
    assert kept
    assert GOOD not in kept
    assert PASSWORD not in kept


def test_the_two_must_be_alike_and_nothing_typed_comes_back(lin: User) -> None:
    said = send(signed_in(lin), PASSWORD, GOOD, GOOD + "x")
    assert "The two new passwords differ" in said
    assert GOOD not in said
    assert PASSWORD not in said


def test_the_old_one_cannot_be_guessed_from_a_stolen_session(lin: User) -> None:
    thief = signed_in(lin)
    for number in range(5):
        assert "not your present password" in send(thief, f"guess-{number}", GOOD)
    assert "locked for 15 minutes" in send(thief, PASSWORD, GOOD)
    assert "locked for 15 minutes" in enter(browser(), lin).content.decode()
    assert LoginEvent.objects.filter(user=lin, kind="failed").count() == 5


def test_a_refused_new_one_costs_no_try(lin: User) -> None:
    client = signed_in(lin)
    for _time in range(8):
        send(client, PASSWORD, "short")
    assert send(client, PASSWORD, GOOD) == "/accounts/me/"


def test_the_first_password_opens_only_the_page_where_it_is_changed(lin: User) -> None:
    root = make_user(Role.SYSTEM_ADMINISTRATOR)
    first = signed_in(root).post(f"/users/{lin.pk}/password/").context["password"]
    assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", first)
    client = browser()
    enter(client, lin, first, next="/notices/")
    assert client.get("/notices/").headers["Location"] == CHANGE
    page = client.get(CHANGE).content.decode()
    assert "for the first sign-in only" in page
    assert "sidebar" not in page
    assert "You had this password before" in send(client, first, first)
    assert send(client, first, GOOD) == "/"
    assert is_in(client)
    assert not User.objects.get(pk=lin.pk).must_change_password


def test_an_administrator_sees_no_password_anywhere(lin: User) -> None:
    root = signed_in(make_user(Role.SYSTEM_ADMINISTRATOR))
    first = root.post(f"/users/{lin.pk}/password/").context["password"]
    for path in (
        f"/users/{lin.pk}/",
        f"/users/{lin.pk}/edit/",
        f"/users/{lin.pk}/password/",
        "/sign-ins/",
        "/users/",
    ):
        said = root.get(path).content.decode()
        assert first not in said
        assert lin.password not in said
    log = " ".join(str(row) for row in AuditEvent.objects.values_list("verb", "details"))
    assert "user.password_set" in log
    assert first not in log


def test_invented_passwords_differ_and_pass_the_rules(lin: User) -> None:
    many = {passwords.invent() for _number in range(200)}
    assert len(many) == 200
    passwords.reset(user=lin, password=many.pop(), by=None, at=NOW)


def test_the_shell_lets_the_last_administrator_in_again(ticking: Ticking) -> None:
    root = make_user(Role.SYSTEM_ADMINISTRATOR)
    equip(root, NOW)
    client, out = signed_in(root), io.StringIO()
    call_command("rescue_account", root.username.upper(), "--factor", "--password", stdout=out)
    first = out.getvalue().split()[-1]
    root.refresh_from_db()
    assert root.check_password(first)
    assert root.must_change_password
    assert not factors.has_factor(root)
    assert not is_in(client)
    assert {(row.verb, row.by) for row in AuditEvent.objects.all()} == {
        ("user.factor_reset", None),
        ("user.password_set", None),
    }


def test_the_shell_says_what_it_cannot_do(lin: User) -> None:
    for words, says in (
        (("nobody", "--factor"), "Nobody has"),
        ((lin.username,), "Say what was lost"),
        ((lin.username, "--factor"), "no second factor"),
    ):
        with pytest.raises(CommandError, match=says):
            call_command("rescue_account", *words)


def test_the_rule_speaks_chinese_from_the_action_too(lin: User) -> None:
    with translation.override("zh-hans"), pytest.raises(RuleViolation, match="用过"):
        passwords.change(user=lin, old=PASSWORD, new=PASSWORD, keep="", at=NOW)

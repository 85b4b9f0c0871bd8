"""Sessions: rotated, listed, ended one by one or all at once, over after a day or hours of nobody there."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import IntegrityError
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from crm import clock, tasks
from crm.actions import passwords, people, sessions
from crm.models import AccountSession, LoginEvent, User
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.crm.signing import ME, NOW, OLD_ANDROID, Ticking, browser, enter, is_in, ticking
from tests.factories import PASSWORD, make_project, make_user

pytestmark = pytest.mark.django_db
__all__ = ["ticking"]
NEW = "walnut-river-71"


@pytest.fixture
def lin() -> User:
    return make_user(project=make_project("A"), name="Lin")


def change(client: Client, old: str = PASSWORD, new: str = NEW) -> int:
    return client.post("/accounts/password/change/", {"old": old, "new": new, "again": new}).status_code


def test_signing_in_gives_another_session_than_the_one_before(lin: User) -> None:
    client = browser()
    session = client.session
    session["planted"] = "by a stranger"
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted = session.session_key or ""
    enter(client, lin)
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()
    stranger = browser()
    stranger.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert not is_in(stranger)
    assert is_in(client)


def test_the_next_person_on_a_device_takes_nothing_over(lin: User) -> None:
    client = signed_in(lin)
    session = client.session
    session["factor_of"] = lin.pk
    session.save()
    client.post("/accounts/logout/")
    enter(client, make_user())
    assert "factor_of" not in client.session


def test_they_are_listed_with_device_and_network_and_this_one_is_marked(lin: User, ticking: Ticking) -> None:
    here, there = browser(), browser(OLD_ANDROID)
    enter(here, lin)
    enter(there, lin)
    said = here.get(ME).content.decode()
    assert "Chrome · Windows</b> <span" in said
    assert "Chrome · Android" in said
    assert said.count("127.0.0.x") >= 2
    assert "127.0.0.1" not in said
    assert said.count("this device") == 1


def test_one_is_signed_out_and_only_one_of_ones_own(
    lin: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    here, there, mei = signed_in(lin), signed_in(lin), signed_in(make_user())
    theirs, own = (AccountSession.objects.get(session_key=each.session.session_key) for each in (mei, there))
    this = AccountSession.objects.get(session_key=here.session.session_key)
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post(f"/accounts/sessions/{theirs.pk}/end/").status_code == 404
        assert here.post(f"/accounts/sessions/{this.pk}/end/").status_code == 404
        assert here.post(f"/accounts/sessions/{own.pk}/end/").status_code == 302
    assert not is_in(there)
    assert is_in(mei)
    assert is_in(here)
    assert LoginEvent.objects.filter(user=lin, kind="session_ended").count() == 1


def test_all_others_are_signed_out_even_when_a_cache_still_holds_them(lin: User) -> None:
    """The callbacks that remove the sessions do not run in this test: the mark alone must do."""
    here, there, further = signed_in(lin), signed_in(lin), signed_in(lin)
    here.post("/accounts/sessions/end/")
    assert [is_in(each) for each in (here, there, further)] == [True, False, False]
    assert AccountSession.objects.filter(user=lin).count() == 1
    assert here.get(ME).content.decode().count("this device") == 1


def test_a_session_that_only_a_cache_still_knows_ends_within_minutes(lin: User, ticking: Ticking) -> None:
    client = signed_in(lin)
    AccountSession.objects.filter(user=lin).delete()
    ticking.pass_seconds(301)
    assert not is_in(client)


def test_a_new_password_ends_a_stolen_session_and_keeps_this_one(lin: User) -> None:
    here, thief = signed_in(lin), signed_in(lin)
    assert change(here) == 302
    assert not is_in(thief)
    cache.clear()
    assert not is_in(thief)
    assert is_in(here)


def test_switching_off_ends_everything_and_switching_on_revives_nothing(lin: User) -> None:
    root = make_user(Role.SYSTEM_ADMINISTRATOR)
    client = signed_in(lin)
    people.deactivate_user(user=lin, by=root, at=NOW)
    assert not is_in(client)
    people.reactivate_user(user=lin, by=root, at=NOW)
    assert not is_in(client)
    assert LoginEvent.objects.get(user=lin, kind="switched_off").by == root


def test_a_day_and_hours_of_nobody_there_are_the_limits(lin: User, ticking: Ticking) -> None:
    busy, left = signed_in(lin), signed_in(lin)
    for _hour in range(11):
        ticking.pass_seconds(3600)
        assert is_in(busy)
        left.get("/notices/bell/")
    assert not is_in(left)
    ticking.pass_seconds(3600)
    assert not is_in(busy)
    assert AccountSession.objects.filter(user=lin).count() == 0


def test_a_session_without_its_stamps_is_none(lin: User) -> None:
    client = signed_in(lin)
    session = client.session
    del session["signed_in_at"]
    session.save()
    assert not is_in(client)


def test_reading_writes_at_most_once_in_five_minutes(lin: User, ticking: Ticking) -> None:
    client = signed_in(lin)
    client.get("/notices/")
    ticking.pass_seconds(299)
    client.get("/notices/")
    assert AccountSession.objects.get(user=lin).seen_at == NOW
    ticking.pass_seconds(2)
    client.get("/notices/")
    assert AccountSession.objects.get(user=lin).seen_at == ticking.moment


@pytest.mark.parametrize("devices", [2, 20])
def test_my_account_asks_the_same_number_of_questions(
    lin: User, devices: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _device in range(devices):
        enter(browser(), lin)
    client = signed_in(lin)
    client.get(ME)
    with django_assert_num_queries(8):
        client.get(ME)


def test_the_sweep_removes_what_is_over(lin: User, ticking: Ticking) -> None:
    sessions.open_session(user=lin, key="old", at=NOW - dt.timedelta(hours=13))
    sessions.open_session(user=lin, key="left", at=NOW - dt.timedelta(hours=5))
    sessions.open_session(user=lin, key="new", at=NOW)
    tasks.forget()
    tasks.forget()
    assert [row.session_key for row in AccountSession.objects.filter(user=lin)] == ["new"]


def test_a_session_key_is_somebodys_once(lin: User) -> None:
    sessions.open_session(user=lin, key="one", at=NOW)
    with pytest.raises(IntegrityError):
        AccountSession.objects.create(user=lin, session_key="one", signed_in_at=NOW, seen_at=NOW)


def test_a_first_password_ends_the_sessions_too(lin: User) -> None:
    client = signed_in(lin)
    passwords.reset(user=lin, password=passwords.invent(), by=None, at=clock.now())
    assert not is_in(client)

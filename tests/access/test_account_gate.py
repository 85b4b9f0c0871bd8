"""Who lacks a second factor, or still has the password of an administrator, reaches nothing else: at any address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from crm import clock
from crm.account_gate import ALWAYS, STEPS, missing_step
from crm.env import MANAGERS
from crm.models import User
from crm.roles import Role
from tests.access.test_url_matrix import client_of
from tests.access.world import NOW, World, address, routes
from tests.crm.signing import equip
from tests.factories import add_role, make_project, make_user

pytestmark = pytest.mark.django_db
OPEN = {
    "accounts/factor/": "account_factor",
    "accounts/factor/confirm/": "account_factor_confirm",
    "accounts/password/change/": "account_change_password",
    "accounts/login/": "account_login",
    "accounts/login/second-factor/": "mfa_authenticate",
    "accounts/logout/": "account_logout",
    "accounts/inactive/": "account_inactive",
    "language/": "crm:language",
    "healthz": "healthz",
}
"""Every address that is ever open to them, under its name."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(clock, "now", lambda: NOW)
        yield World()
        transaction.set_rollback(True)


def test_the_open_addresses_are_these() -> None:
    assert set(OPEN.values()) == ALWAYS | STEPS["account_factor"] | STEPS["account_change_password"]
    assert set(OPEN) <= set(routes())


def let_through(client: Client, world: World, *, step: str) -> list[str]:
    """Every address and method that answers something else than the way to `step`."""
    allowed = ALWAYS | STEPS[step]
    where = {"account_factor": "/accounts/factor/", "account_change_password": "/accounts/password/change/"}[
        step
    ]
    found = []
    for route in routes():
        if OPEN.get(route) in allowed:
            continue
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            answer = client.generic(method, address(route, world.things))
            stopped = answer.headers.get("Location") == where or answer.status_code == 286
            if answer.headers["Content-Type"] == "application/problem+json":
                stopped = answer.status_code == 403 and "code" in answer.json()
            if not stopped:
                found.append(f"{method} {route}: {answer.status_code}")
    return found


@pytest.mark.parametrize("role", [Role.SALES_MANAGER, Role.SYSTEM_ADMINISTRATOR])
def test_without_the_required_factor_nothing_opens(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    settings.MFA_ROLES = MANAGERS
    assert let_through(client_of(world.people[role]), world, step="account_factor") == []


def test_with_the_first_password_nothing_opens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    lin = world.people["consultant"]
    assert isinstance(lin, User)
    User.objects.filter(pk=lin.pk).update(must_change_password=True)
    assert let_through(client_of(lin), world, step="account_change_password") == []


@pytest.mark.parametrize("role", list(Role))
def test_the_setting_names_the_roles(settings: Settings, role: Role) -> None:
    project = make_project()
    user = make_user(role, project)
    settings.MFA_ROLES = MANAGERS
    assert bool(missing_step(user)) == (role in MANAGERS)
    settings.MFA_ROLES = frozenset({"consultant"})
    assert bool(missing_step(user)) == (role is Role.CONSULTANT)
    settings.MFA_ROLES = frozenset()
    assert not missing_step(user)


def test_a_role_in_another_project_counts_whichever_is_chosen(settings: Settings) -> None:
    settings.MFA_ROLES = MANAGERS
    one, two = make_project(), make_project()
    user = make_user(Role.CONSULTANT, one)
    add_role(user, Role.SALES_MANAGER, two)
    client = client_of(user)
    for project in (one, two):
        client.post("/project/", {"project": str(project.pk)})
        assert client.get("/notices/").headers["Location"] == "/accounts/factor/"


def test_the_key_to_the_repair_bench_counts_without_a_role(settings: Settings) -> None:
    settings.MFA_ROLES = MANAGERS
    user = make_user(None)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    assert client_of(user).get("/admin/").headers["Location"] == "/accounts/factor/"


def test_fragments_the_api_and_the_bell_are_refused_in_their_own_way(settings: Settings) -> None:
    settings.MFA_ROLES = MANAGERS
    client = client_of(make_user(Role.DIRECTOR))
    fragment = client.get("/notices/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (403, "/accounts/factor/")
    assert client.get("/notices/bell/", headers={"HX-Request": "true"}).status_code == 286
    reloaded = client.get("/accounts/factor/confirm/", follow=True)
    assert reloaded.redirect_chain[-1][0] == "/accounts/factor/"
    for language in ("en", "zh-hans"):
        client.post("/language/", {"language": language})
        page = client.get("/accounts/factor/").content.decode()
        assert "sidebar" not in page
        assert 'action="/accounts/logout/"' in page
        assert client.get("/notices/").status_code == 302


def test_a_session_that_never_saw_the_factor_ends(settings: Settings) -> None:
    settings.MFA_ROLES = MANAGERS
    user = make_user(Role.SALES_MANAGER, make_project())
    equip(user, clock.now())
    client = client_of(user)
    assert client.get("/notices/").headers["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in client.session


def test_switching_it_on_reaches_who_is_signed_in_and_off_lets_them_go_on(settings: Settings) -> None:
    client = client_of(make_user(Role.SALES_MANAGER, make_project()))
    assert client.get("/notices/").status_code == 200
    settings.MFA_ROLES = MANAGERS
    assert client.get("/notices/").headers["Location"] == "/accounts/factor/"
    settings.MFA_ROLES = frozenset()
    assert client.get("/notices/").status_code == 200

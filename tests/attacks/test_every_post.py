"""Every address against forged and foreign requests: no token, another site, other methods."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from crm.models import User
from tests.access.test_url_matrix import ask, client_of, matrix
from tests.access.world import API, NUMBER, World, address, routes

pytestmark = pytest.mark.django_db
OURS = [route for route in routes() if not route.startswith(("admin/", API))]
API_POSTS = [route for route in routes() if route.startswith(API)]
SIGNED_INSTEAD = {"gateway/<uuid:key>/callback/"}
"""Not for browsers: what a carrier's agent sends is signed (tests/crm/test_gateway_http.py)."""
NEAR = ("colleague", "front_desk", "contracts_clerk", "marketing")
OTHER_METHODS = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")


def answers(client: Client, world: World, some: list[str]) -> Iterator[tuple[str, int]]:
    for route in some:
        with transaction.atomic():
            url = address(route, world.things)
            status = client.post(url, content_type="application/x-www-form-urlencoded").status_code
            transaction.set_rollback(True)
        yield route, status


def strict(user: User | None) -> Client:
    """A browser whose token is checked."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


@pytest.mark.parametrize("who", ["anonymous", "sales_manager"])
def test_without_its_token_no_post_gets_through(world: World, who: str) -> None:
    found = answers(
        strict(world.people[who]), world, [route for route in OURS if route not in SIGNED_INSTEAD]
    )
    assert [(route, status) for route, status in found if status != 403] == []


def test_a_session_needs_its_token_at_the_api_too(world: World) -> None:
    found = answers(strict(world.people["sales_manager"]), world, API_POSTS)
    assert [(route, status) for route, status in found if status not in (403, 405)] == []


def test_a_token_of_somebody_else_or_from_another_site_is_none(world: World) -> None:
    manager, other = strict(world.people["sales_manager"]), strict(world.people["consultant"])
    theirs = other.get("/accounts/me/").context["csrf_token"]
    own = str(manager.get("/accounts/me/").context["csrf_token"])
    post = {"project": world.things["project"]}
    for headers in (
        {"x-csrftoken": str(theirs)},
        {"x-csrftoken": own[::-1]},
        {"x-csrftoken": own, "origin": "https://evil.example"},
        {"x-csrftoken": own, "origin": "null"},
    ):
        assert manager.post("/project/", post, headers=headers).status_code == 403
    assert manager.post("/project/", post, headers={"x-csrftoken": own}).status_code == 302


def test_the_cookies_are_kept_from_scripts_and_from_other_sites(world: World) -> None:
    client = strict(world.people["sales_manager"])
    client.get("/accounts/me/")
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert client.cookies[settings.CSRF_COOKIE_NAME]["samesite"] == "Lax"
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


@pytest.mark.parametrize("who", NEAR)
def test_what_belongs_to_another_project_is_not_there_for_the_other_roles_either(
    world: World, who: str
) -> None:
    """tests/access does it for the consultant and the manager; the answer must not differ from a number of nothing."""
    expected, wrong = matrix(), []
    client = client_of(world.people[who])
    nothing = dict.fromkeys(world.things, 2_000_000_000)
    for route in filter(NUMBER.search, OURS):
        for method in ("GET", "POST"):
            own = expected[route, method][who]
            if own == 405:
                continue
            (far, wrote), (none, _) = (
                ask(client, method, address(route, things)) for things in (world.far_things, nothing)
            )
            if wrote or far != none or far not in (403, 404):
                wrong.append(f"{method} {address(route, world.far_things)}: {far}, {none}, {wrote}")
    cache.clear()
    assert wrong == []


@pytest.mark.parametrize("who", ["consultant", "sales_manager"])
def test_no_other_method_writes_or_opens_what_is_foreign(world: World, who: str) -> None:
    expected, wrong = matrix(), []
    client = client_of(world.people[who])
    for route in OURS:
        for method in OTHER_METHODS:
            url = address(route, world.far_things)
            status, wrote = ask(client, method, url)
            reads = method == "HEAD" and not NUMBER.search(route) and expected[route, "GET"][who] == status
            if wrote or (status == 200 and not reads and method != "OPTIONS"):
                wrong.append(f"{method} {url}: {status} {wrote}")
    cache.clear()
    assert wrong == []

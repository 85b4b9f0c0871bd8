"""The access matrix: every address of the product, both methods, everybody. The expected answers stand in matrix.csv.

`colleague` is a consultant of the same project who is not responsible for the lead asked for; everything that
belongs to somebody belongs to the one in the column `consultant`, the policy draft and the upload to the manager.
A POST carries no data: 302, 400, 404 or 422 say that the gate let it through, 403 that it did not.
The API is asked with every method; what a resource does not take stands in no row and is a 405 for everybody.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve
from pytest_django import DjangoDbBlocker

from crm import clock
from crm.models import AuditEvent, User
from crm.roles import Role
from leads.models import LeadEvent
from tests.access.world import API, NOW, NUMBER, OBJECTS, ONLY_NAMED, World, address, methods, routes

pytestmark = pytest.mark.django_db
EVERYBODY = ("anonymous", "colleague", *(role.value for role in Role))
NOT_TAKEN = dict.fromkeys(EVERYBODY, 405) | {"anonymous": 401}
WRITES = ("INSERT", "UPDATE", "DELETE")
SIGNS_OUT = ("accounts/logout/", "accounts/sessions/end/")
FOREIGN = ("consultant", "sales_manager")
OF_NO_PROJECT = ("api/v1/festivals/<int:festival>/",)
"""The table of festivals is one for all projects."""


def matrix() -> dict[tuple[str, str], dict[str, int]]:
    with Path(__file__).with_name("matrix.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {(row["route"], row["method"]): {who: int(row[who]) for who in EVERYBODY} for row in rows}
    assert len(found) == len(rows), "a row stands twice"
    return found


def implemented() -> Iterator[tuple[str, str]]:
    """(route, method) of everything the API takes."""
    for route in filter(lambda route: route.startswith(API), routes()):
        view: Any = resolve(address(route, dict.fromkeys((*OBJECTS.values(), *ONLY_NAMED), 1))).func
        yield from ((route, method) for method in methods(route) if hasattr(view.view_class, method.lower()))


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once; every request is rolled back to it."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(clock, "now", lambda: NOW)
        yield World()
        transaction.set_rollback(True)


def client_of(user: User | None) -> Client:
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    if user is not None:
        client.force_login(user)
    return client


def ask(client: Client, method: str, url: str) -> tuple[int, list[str]]:
    """The status of one request, and what it wrote; nothing of it remains."""
    wrote: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(WRITES):
            wrote.append(sql[:90])
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(watch):
            if url.startswith(f"/{API}"):
                answer = client.generic(method, url, "" if method == "GET" else "{}", "application/json")
            else:
                answer = client.generic(method, url, content_type="application/x-www-form-urlencoded")
        transaction.set_rollback(True)
    return answer.status_code, wrote


def observe(world: World, who: str) -> Iterator[tuple[str, str, int, list[str]]]:
    """What one person gets at every address of their own project."""
    client = client_of(world.people[who])
    for route in routes():
        for method in methods(route):
            status, wrote = ask(client, method, address(route, world.things))
            yield route, method, status, wrote
            if route in SIGNS_OUT:
                client = client_of(world.people[who])


def test_every_address_stands_in_the_matrix() -> None:
    pages = {(route, method) for route in routes() for method in methods(route) if not route.startswith(API)}
    assert set(matrix()) == pages | set(implemented())


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_gets_what_the_matrix_says_and_reading_changes_nothing(world: World, who: str) -> None:
    expected, wrong, writing = matrix(), [], []
    before = AuditEvent.objects.count(), LeadEvent.objects.count()
    for route, method, status, wrote in observe(world, who):
        said = expected.get((route, method), NOT_TAKEN if route.startswith(API) else {}).get(who)
        if status != said:
            wrong.append(f"{method} {route}: {status}, not {said}")
        if method == "GET" and wrote:
            writing.append(f"{route}: {wrote}")
    assert (wrong, writing) == ([], [])
    assert (AuditEvent.objects.count(), LeadEvent.objects.count()) == before


@pytest.mark.parametrize("who", FOREIGN)
def test_what_belongs_to_another_project_is_not_there(world: World, who: str) -> None:
    """404; where the whole screen is closed to the role, the 403 that any number gets: it tells nothing."""
    expected, wrong = matrix(), []
    client = client_of(world.people[who])
    nothing = dict.fromkeys(world.things, 2_000_000_000)
    for route in filter(NUMBER.search, routes()):
        if route in OF_NO_PROJECT:
            continue
        for method in methods(route):
            own = expected.get((route, method), NOT_TAKEN)[who]
            if own == 405:
                continue
            far, none = (
                ask(client, method, address(route, things))[0] for things in (world.far_things, nothing)
            )
            if far != none or (far != 404 and not far == own == 403):
                wrong.append(
                    f"{method} {address(route, world.far_things)}: {far}; a number of nothing: {none}"
                )
    cache.clear()
    assert wrong == []

"""The running application against its own description: whatever is sent, it answers as described and never breaks.

Every operation is called by people who may and one who may not, through the real WSGI application with generated parameters and bodies, half
of them about rows that exist. Every call is rolled back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crm import clock
from crm.models import User
from crm.roles import Role
from crm.views_api import described
from tests.access.world import NOW, World
from tests.api.hands import answers_of, token_of

pytestmark = pytest.mark.django_db
WHO = (Role.CONSULTANT, Role.SALES_MANAGER, Role.MARKETING, Role.SYSTEM_ADMINISTRATOR)
LET_IN, TURNED_AWAY = 2, 1
"""So many of them call each operation, by what the access matrix says; more would only say the same again."""
EXAMPLES = 4
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(described())
    schema.app = get_wsgi_application()
    found: list[Any] = [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr]
    return {operation.label: operation for operation in found}


OPERATIONS = operations()


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[World, dict[str, str]]]:
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(clock, "now", lambda: NOW)
        logging.disable()
        for signal in (request_started, request_finished):
            signal.disconnect(
                close_old_connections
            )  # as Django's own test client does: the transaction stays open
        made = World()
        people = {role: made.people[role] for role in WHO}
        yield made, {role: token_of(user, at=NOW) for role, user in people.items() if isinstance(user, User)}
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


def callers() -> Iterator[tuple[Role, str]]:
    """Who calls which operation."""
    for label, operation in OPERATIONS.items():
        answers = answers_of(operation.method, operation.full_path)
        refused = [who for who in WHO if answers[who] == 403]
        yield from ((who, label) for who in [each for each in WHO if each not in refused][:LET_IN])
        yield from ((who, label) for who in refused[:TURNED_AWAY])


def run(operation: Any, things: dict[str, int], token: str) -> None:
    """Some calls of one operation by one person."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), known=st.booleans())
    def calls(case: Any, known: bool) -> None:
        if known:
            case.path_parameters |= {name: things[name] for name in case.path_parameters if name in things}
        with transaction.atomic():
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            transaction.set_rollback(True)
        case.validate_response(answer, checks=CHECKS)

    calls()


@pytest.mark.parametrize(("who", "label"), callers())
def test_the_application_is_as_described(world: tuple[World, dict[str, str]], who: Role, label: str) -> None:
    made, tokens = world
    run(OPERATIONS[label], made.things, tokens[who])
    cache.clear()


def test_every_operation_is_called() -> None:
    told = {
        f"{method.upper()} {path}" for path, methods in described()["paths"].items() for method in methods
    }
    assert set(OPERATIONS) == told

"""Whatever stands in one field of a body, the answer is a word about it, never a failure: every write of the API, field by
field, by somebody who may do it, about rows that exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import transaction
from pytest_django import DjangoDbBlocker

from crm import clock
from crm.models import User
from crm.views_api import described
from tests.access.world import API, NOW, World
from tests.api.hands import Caller, answers_of

pytestmark = pytest.mark.django_db
ODD: tuple[Any, ...] = (
    2**63,
    1e308,
    "\u0000",
    "\ud800",
    "9999-12-31T23:59:59-23:59",
    None,
    [],
    [[2**63]],
    {"\ud800": {}},
)
ODD_QUERIES = (
    "\x00",
    "9" * 5000,
    "9" * 19,
    "-1",
    "٣",
    "' OR 1=1 --",
    "\ud800",
    "W10",
    "W1tdXQ",
    "9999-12-31",
)
"""The last but one are cursors: [] and [[]]."""
SAMPLES = {
    "date": "2026-03-05", "time": "10:00", "date-time": "2026-03-02T10:00:00+08:00", "uri": "https://example.com/", "binary": "x", "decimal": "1",
}  # fmt: skip


def sample(schema: Any) -> Any:
    """A plausible value of a schema."""
    if "$ref" in schema:
        return sample(described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "allOf" in schema or "oneOf" in schema:
        return sample((schema.get("allOf") or schema["oneOf"])[0])
    if schema.get("enum"):
        return next(value for value in schema["enum"] if value not in ("", None))
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema["items"])]
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 1), 1)
    if "pattern" in schema and "example" in schema:
        return schema["example"]
    return SAMPLES.get(schema.get("format", ""), "王芳13800138001"[: schema.get("maxLength", 20)])


def bodies() -> dict[str, tuple[str, str, Any]]:
    """`METHOD address` to what its body is like, for every operation that takes JSON."""
    found = {}
    for path, methods in described()["paths"].items():
        for method, told in methods.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None:
                found[f"{method.upper()} {path}"] = (method.upper(), path, content["schema"])
    return found


BODIES = bodies()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(clock, "now", lambda: NOW)
        yield World()
        transaction.set_rollback(True)


def allowed(world: World, method: str, path: str) -> User:
    """Somebody whom the matrix lets do it."""
    may = answers_of(method, path)
    who = next(
        role for role, status in may.items() if status not in (401, 403, 404, 405) and role != "anonymous"
    )
    user = world.people[who]
    assert isinstance(user, User)
    return user


def address(path: str, things: dict[str, int]) -> str:
    words = {"key": "SC-2.1" if "scripts" in path else "price", "day": "2026-03-04", "code": "mid_autumn"}
    for name, value in {**things, **words}.items():
        path = path.replace("{" + name + "}", str(value))
    return path.removeprefix(f"/{API}")


def variants(schema: Any) -> Iterator[Any]:
    """The sample with one odd value in each of its fields in turn, and odd bodies altogether."""
    whole = sample(schema)
    yield from (whole, [], [whole], "x", 1, None, True)
    for name in whole:
        for odd in ODD:
            yield {**whole, name: odd}


@pytest.mark.parametrize("label", BODIES)
def test_no_value_of_a_field_breaks_it(world: World, label: str) -> None:
    method, path, schema = BODIES[label]
    caller = Caller(allowed(world, method, path))
    broken = []
    for body in variants(schema):
        with transaction.atomic():
            answer = caller.ask(method, address(path, world.things), json.dumps(body))
            transaction.set_rollback(True)
        if answer.status >= 500 or answer.status == 429:
            broken.append((answer.status, json.dumps(body)[:300]))
        cache.clear()
    assert broken == []


def asked() -> dict[str, tuple[str, list[str]]]:
    """The address of every operation that reads, with the names of its parameters."""
    found = {}
    for path, methods in described()["paths"].items():
        names = [
            each["name"] for each in methods.get("get", {}).get("parameters", ()) if each["in"] == "query"
        ]
        if names:
            found[path] = (path, names)
    return found


ASKED = asked()


@pytest.mark.parametrize("label", ASKED)
def test_no_value_of_a_parameter_breaks_it(world: World, label: str) -> None:
    path, names = ASKED[label]
    caller, broken = Caller(allowed(world, "GET", path)), []
    for name in names:
        for odd in ODD_QUERIES:
            answer = caller.get(
                f"{address(path, world.things)}?{urlencode({name: odd}, errors='surrogatepass')}"
            )
            if answer.status >= 500 or answer.status == 429:
                broken.append((answer.status, name, odd[:40]))
    cache.clear()
    assert broken == []

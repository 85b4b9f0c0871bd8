"""The description of the API is the API: every route stands in it, nothing else does, and the committed file is it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import translation
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema

from crm.rules_tokens import GROUPS
from tests.access.test_url_matrix import implemented
from tests.architecture.source import ROOT

COMMITTED = ROOT / "docs/openapi.yaml"
COMMAND = "manage.py spectacular --lang en --validate --fail-on-warn --file docs/openapi.yaml"


@pytest.fixture(scope="module")
def schema() -> Any:
    with translation.override("en"):
        return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


def test_every_route_stands_in_the_description_and_the_reverse(schema: Any) -> None:
    routes = {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{route}"), method.lower()) for route, method in implemented()
    }
    told = {(path, method) for path, methods in schema["paths"].items() for method in methods}
    assert told == routes


def test_the_description_is_valid_openapi_and_was_made_without_a_warning(schema: Any) -> None:
    validate_schema(schema)  # type: ignore[no-untyped-call]
    assert schema["openapi"].startswith("3.")
    assert not GENERATOR_STATS


def test_the_committed_file_is_in_step(schema: Any) -> None:
    written = OpenApiYamlRenderer().render(schema, renderer_context={})  # type: ignore[no-untyped-call]
    assert COMMITTED.read_bytes() == written, f"write it anew: {COMMAND}"


def operations(schema: Any) -> list[tuple[str, str, Any]]:
    return [
        (path, method, told) for path, methods in schema["paths"].items() for method, told in methods.items()
    ]


def test_every_operation_names_its_group_what_it_may_answer_and_how_to_sign_in(schema: Any) -> None:
    for path, method, told in operations(schema):
        assert set(told["tags"]) <= set(GROUPS), path
        assert told["summary"], path
        assert {"400", "401", "403", "404", "429"} <= set(told["responses"]), path
        assert {name for way in told["security"] for name in way} == {"token", "cookieAuth"}, path
        assert method == "get" or "409" in told["responses"], path
    ids = [told["operationId"] for _path, _method, told in operations(schema)]
    assert len(set(ids)) == len(ids)


def test_what_would_be_done_twice_if_it_came_twice_takes_an_idempotency_key(schema: Any) -> None:
    keyed = {
        path
        for path, _method, told in operations(schema)
        if any(each["name"] == "Idempotency-Key" for each in told.get("parameters", ()))
    }
    assert keyed == {
        "/api/v1/projects/{project}/calls/",
        "/api/v1/projects/{project}/visits/",
        "/api/v1/leads/{lead}/contacts/",
        "/api/v1/leads/{lead}/messages/",
        "/api/v1/tasks/{task}/contacts/",
        "/api/v1/projects/{project}/milestones/",
        "/api/v1/milestones/{milestone}/guests/",
        "/api/v1/projects/{project}/broadcasts/",
        "/api/v1/broadcasts/{broadcast}/test/",
        "/api/v1/broadcasts/{broadcast}/resend/",
        "/api/v1/gateways/{gateway}/test/",
    }

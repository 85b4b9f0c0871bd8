"""Callers of the API in tests: by session or by token, JSON in, (status, body) out."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

from django.test import Client

from crm.actions.tokens import make_token
from crm.models import User
from crm.rules_tokens import SCOPES
from tests.access.test_url_matrix import matrix
from tests.factories import AT

PROBLEM = "application/problem+json"


@dataclass
class Answer:
    status: int
    body: Any
    type: str
    headers: Any


class Caller:
    """Somebody who calls; `token` instead of a session when given."""

    def __init__(self, user: User | None = None, token: str = "", **headers: str) -> None:
        self.client = Client(raise_request_exception=False, headers={"accept-language": "en", **headers})
        self.token = token
        if user is not None:
            self.client.force_login(user)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        text = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        kind = headers.pop("content_type", "application/json")
        found = self.client.generic(method, f"/api/v1/{path}", text, content_type=kind, headers=headers)
        told = found.headers.get("Content-Type", "")
        return Answer(
            found.status_code, json.loads(found.content) if found.content else None, told, found.headers
        )

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("POST", path, {} if body is None else body, **headers)


def token_of(user: User, *scopes: str, days: int = 30, at: Any = AT) -> str:
    """A token of the user, for everything unless scopes are named."""
    return make_token(label="test", scopes=scopes or SCOPES, days=days, by=user, at=at)[1]


@functools.cache
def _answers() -> dict[tuple[str, str], dict[str, int]]:
    return {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{route}"), method): row
        for (route, method), row in matrix().items()
    }


def answers_of(method: str, path: str) -> dict[str, int]:
    """What the access matrix says of an operation, by its address in the description."""
    return _answers()[path, method.upper()]

"""People at their browsers, as far as a fault needs them: sign in, send forms, several at the same moment."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx

from leads.actions.demo import PASSWORD

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Person:
    """Somebody signed in. Safe to use from several threads, like several windows of one browser."""

    def __init__(self, port: int, login: str) -> None:
        # A connection for each request: one that is kept may be closed by the server just as the next request leaves.
        fresh = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, limits=fresh)
        self.client.headers["Accept-Language"] = "en"
        self.client.cookies.set("django_language", "en")
        self.token = self.token_of(self.client.get("/accounts/login/"))
        answer = self.post("/accounts/login/", login=login, password=PASSWORD)
        assert answer.status_code == 302, answer.text
        self.token = self.token_of(self.client.get("/accounts/password/change/"))

    @staticmethod
    def token_of(answer: httpx.Response) -> str:
        found = TOKEN.search(answer.text)
        assert found, answer.text[:500]
        return found[1]

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, **values: Any) -> httpx.Response:
        return self.client.post(path, data={"csrfmiddlewaretoken": self.token, **values})

    def register_call(self, phone: str, submission: str = "", **values: Any) -> httpx.Response:
        form = {"phone": phone, "name": "赵明", "talked": "0", "submission": submission or str(uuid.uuid4())}
        return self.post("/register/call/", **form, **values)

    def register_visit(self, phone: str, submission: str = "", **values: Any) -> httpx.Response:
        form = {"phone": phone, "name": "赵明", "submission": submission or str(uuid.uuid4())}
        return self.post("/register/visit/", **form, **values)


T = TypeVar("T")


def together(deeds: Sequence[Callable[[], T]]) -> list[T]:
    """All at the same moment, each in a thread of its own."""
    gate = threading.Barrier(len(deeds))

    def do(deed: Callable[[], T]) -> T:
        gate.wait(120)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))

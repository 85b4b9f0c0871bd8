"""Measuring requests: the whole stack from WSGI to the last byte, in this process, and what the database did for it."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.db import connection
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client

from benchmarks.ground import say
from crm.models import User
from crm.wsgi import application

Rounds = int


@dataclass(frozen=True)
class Figure:
    """Milliseconds of one thing measured: wall clock, and processor time of this process alone."""

    p50: float
    p95: float
    best: float
    cpu: float
    queries: int = 0
    sql: float = 0.0
    size: int = 0


def figure(samples: list[tuple[float, float]], queries: int = 0, sql: float = 0.0, size: int = 0) -> Figure:
    walls = sorted(wall for wall, _cpu in samples)
    return Figure(
        p50=statistics.median(walls),
        p95=walls[min(int(len(walls) * 0.95), len(walls) - 1)],
        best=walls[0],
        cpu=statistics.median(cpu for _wall, cpu in samples),
        queries=queries,
        sql=sql,
        size=size,
    )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of wall clock and of processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


class Visitor:
    """A signed-in member of staff who asks the WSGI application itself, as gunicorn does."""

    def __init__(self, user: User) -> None:
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self._csrf = _get_new_csrf_string()
        self._cookies = f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={self._csrf}"

    def ask(self, url: str, data: dict[str, Any] | None = None) -> tuple[int, bytes]:
        body = urlencode({"csrfmiddlewaretoken": self._csrf, **data}, doseq=True).encode() if data else b""
        parts = urlsplit(quote(url, safe="/?&=:"))
        environ = {
            "REQUEST_METHOD": "POST" if data else "GET",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "HTTP_HOST": "localhost:8000",
            "HTTP_COOKIE": self._cookies,
            "HTTP_ACCEPT_LANGUAGE": "zh-CN",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        told: list[str] = []
        answer = application(environ, lambda status, _headers, _error=None: told.append(status))
        content = b"".join(answer)
        answer.close()
        return int(told[0].split()[0]), content


def measure(ask: Callable[[], tuple[int, bytes]], rounds: Rounds, expected: int = 200) -> Figure:
    """Some rounds unmeasured, then `rounds` of them; the queries are counted in one more."""
    for _round in range(3):
        status, content = ask()
        assert status == expected, f"answered {status}: {content[:300]!r}"
    samples = [timed(ask) for _round in range(rounds)]
    counted = Counting()
    with connection.execute_wrapper(counted):
        ask()
    return figure(samples, counted.number, counted.milliseconds, len(content))


class Counting:
    """How many statements, and how long the database took over them."""

    def __init__(self) -> None:
        self.number, self.milliseconds = 0, 0.0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.number += 1
            self.milliseconds += (time.perf_counter() - began) * 1000


HEAD = f"{'':44}{'queries':>8}{'p50':>8}{'p95':>8}{'best':>8}{'cpu':>8}{'sql':>8}{'× floor':>9}{'kB':>6}"


def line(name: str, found: Figure, floor: float) -> None:
    say(
        f"{name:44}{found.queries:>8}{found.p50:>8.1f}{found.p95:>8.1f}{found.best:>8.1f}{found.cpu:>8.1f}"
        f"{found.sql:>8.1f}{found.p50 / floor:>9.1f}{found.size / 1000:>6.0f}"
    )


def in_turn(work: Iterable[Callable[[], object]], rounds: Rounds) -> Callable[[], Any]:
    """One of several equal pieces of work after the other, so that no cache holds just one."""
    pieces = list(work)
    place = iter(range(10**9))
    return lambda: pieces[next(place) % len(pieces)]()

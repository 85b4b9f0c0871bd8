"""What Prometheus reads: requests, counted as they come, and figures that are asked of the database at each scrape.

Several gunicorn processes share the counts through files in PROMETHEUS_MULTIPROC_DIR (crm/gunicorn_conf.py), one set
for each place in the row of workers, so a worker that is replaced goes on where its predecessor stopped.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from redis import Redis
from redis.exceptions import RedisError

from crm import clock, health
from crm.facts_metrics import Figure

SHARED = "PROMETHEUS_MULTIPROC_DIR"
PLACE = "CRM_WORKER_PLACE"
QUEUE = "celery"
BROKER_PATIENCE = 2  # seconds
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # seconds

if SHARED in os.environ:
    values.ValueClass = values.MultiProcessValue(lambda: os.environ.get(PLACE, os.getpid()))  # type: ignore[no-untyped-call]

OWN = CollectorRegistry()
REQUESTS = Counter("crm_http_requests", "Requests answered.", ["route", "method", "status"], registry=OWN)
SECONDS = Histogram(
    "crm_http_request_seconds", "Time until the answer began.", ["route"], buckets=BUCKETS, registry=OWN
)


class RequestMetricsMiddleware:
    """Counts every request under the name of its route: as many names as there are routes, whatever is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        route = _route(request)
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(route, method, f"{response.status_code // 100}xx").inc()
        SECONDS.labels(route).observe(time.perf_counter() - began)
        return response


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is not None:
        return match.view_name
    return "static" if request.path_info.startswith(f"/{settings.STATIC_URL.strip('/')}/") else "none"


def text() -> bytes:
    """The page, in Prometheus' text format. A part that is down is told as down and never breaks the page."""
    scrape = CollectorRegistry()
    if SHARED in os.environ:
        MultiProcessCollector(scrape)  # type: ignore[no-untyped-call]
    else:
        scrape.register(OWN)
    scrape.register(_Figures(clock.now()))
    return generate_latest(scrape)


class _Figures:
    """Prometheus' collector: what the product's own functions say (settings.METRICS)."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for figure in [*self._parts(), *self._asked()]:
            family = GaugeMetricFamily(figure.name, figure.help, labels=figure.labels)
            for label, value in figure.values.items():
                family.add_metric(label, value)
            yield family

    def _parts(self) -> list[Figure]:
        found, queue = health.examine(at=self.now), _queue()
        ages = {
            ("tick",): found.last_tick,
            ("backup",): found.last_backup,
        }
        return [
            Figure(
                "crm_up",
                "Whether the part works.",
                ("part",),
                {
                    ("database",): found.database,
                    ("broker",): found.broker and queue is not None,
                    ("scheduler",): found.scheduler,
                },
            ),
            Figure(
                "crm_age_seconds",
                "Since scheduler and worker last did a task together; since the last backup.",
                ("what",),
                {what: (self.now - moment).total_seconds() for what, moment in ages.items() if moment},
            ),
            Figure("crm_queue_tasks", "Tasks that wait.", (), {} if queue is None else {(): queue}),
        ]

    def _asked(self) -> list[Figure]:
        figures: list[Figure] = []
        try:
            for name in settings.METRICS:
                figures += import_string(name)(self.now)
        except DatabaseError:
            return []  # crm_up says so
        return figures


def _queue() -> int | None:
    client = Redis.from_url(
        settings.ENV.redis_url, socket_timeout=BROKER_PATIENCE, socket_connect_timeout=BROKER_PATIENCE
    )
    try:
        return int(client.llen(QUEUE))
    except RedisError:
        return None
    finally:
        client.close()

"""/healthz tells whether pages can be served and whether the scheduler lives, and nothing secret."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError
from django.test import Client
from redis.exceptions import ConnectionError as BrokerGone

from crm import clock, health
from crm.tasks import heartbeat

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


def test_all_well_after_a_heartbeat(client: Client) -> None:
    heartbeat.delay()
    answer = client.get("/healthz")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ok"
    assert body["database"] == {"ok": True, "embedded": False}
    assert body["broker"] == {"ok": True, "embedded": False}
    assert body["scheduler"]["ok"]
    assert 0 <= body["scheduler"]["seconds_ago"] < health.LATE.total_seconds()
    assert "no-store" in answer["Cache-Control"]


def test_a_silent_scheduler_degrades_but_does_not_take_the_web_away(client: Client) -> None:
    health.tick(at=clock.now() - health.LATE - dt.timedelta(seconds=5))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert not answer.json()["scheduler"]["ok"]


def test_before_the_first_heartbeat_the_tick_is_unknown(client: Client) -> None:
    assert client.get("/healthz").json()["scheduler"] == {"ok": False, "last_tick": None, "seconds_ago": None}


def test_the_limit_of_lateness() -> None:
    health.tick(at=NOW)
    assert health.examine(at=NOW + health.LATE).scheduler
    assert not health.examine(at=NOW + health.LATE + dt.timedelta(seconds=1)).scheduler


def test_without_database_or_broker_it_answers_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_database() -> None:
        raise DatabaseError("secret host db.internal")

    def no_broker(_key: str) -> None:
        raise BrokerGone("secret host cache.internal")

    with monkeypatch.context() as patch:
        patch.setattr("crm.health.connection.cursor", no_database)
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert not answer.json()["database"]["ok"]
    monkeypatch.setattr("crm.health.cache.get", no_broker)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"]["ok"]
    assert not answer.json()["broker"]["ok"]
    assert b"secret" not in answer.content


def test_tasks_go_to_this_products_broker_from_every_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: heartbeat.app.main).result() == "crm"


def test_it_only_reads(client: Client) -> None:
    assert client.post("/healthz").status_code == 405

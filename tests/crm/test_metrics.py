"""/metrics: only with the token, only numbers, labels from bounded lists, and true."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from redis.exceptions import RedisError

from crm import clock, health
from crm.env import read_env
from crm.models import JobRun, Notice
from leads.states import Bin
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
"""Monday 2 March 2026, 14:00 in Shanghai."""
TOKEN = {"authorization": f"Bearer {settings.ENV.metrics_token}"}
Samples = dict[str, dict[tuple[str, ...], float]]
"""By name, then by the values of the labels in the order of their names."""


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def stage() -> Stage:
    """Two visitors of today, one of them yesterday's too, one caller in the pool."""
    stage = set_stage()
    stage.visitor("王芳", "13800138001", at=NOW - dt.timedelta(hours=1))
    stage.visitor("李强", "13800138002", at=NOW - dt.timedelta(days=2))
    party = stage.party("赵丽", "13800138003", None)
    from leads.actions.registering import register_call

    register_call(party=party, happened_at=NOW, talked=False, by=stage.fang, at=NOW)
    return stage


def samples(client: Client) -> Samples:
    answer = client.get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    found: Samples = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_without_the_token_it_is_not_there(client: Client) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer x"}).status_code == 404
    assert client.get(f"/metrics?token={settings.ENV.metrics_token}").status_code == 404
    assert client.get("/metrics", headers=TOKEN).status_code == 200


@pytest.mark.parametrize(("mode", "where", "status"), [("test", "127.0.0.1", 200), ("test", "10.0.0.7", 404)])
def test_without_any_token_only_this_machine_reads_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, mode: str, where: str, status: int
) -> None:
    monkeypatch.setattr(settings, "ENV", read_env({"CRM_ENV": mode, "CRM_DATA": "/tmp/crm-none"}))
    assert client.get("/metrics", REMOTE_ADDR=where).status_code == status


def test_in_production_this_machine_is_the_proxy_and_reads_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {
        "CRM_ENV": "production", "CRM_SECRET_KEY": "abcdefghij" * 6, "CRM_ALLOWED_HOSTS": "testserver",
        "DATABASE_URL": "postgres://x@y/z", "REDIS_URL": "redis://x/0", "CRM_DATA": "/tmp/crm-none",
    }  # fmt: skip
    monkeypatch.setattr(settings, "ENV", read_env(words))
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404


def test_the_figures_are_those_of_the_screens(client: Client, stage: Stage) -> None:
    project = str(stage.project.pk)
    found = samples(client)
    leads = {bin_: count for (bin_, _project), count in found["crm_leads"].items()}
    assert sum(leads.values()) == 3
    assert leads[Bin.POOL] == 1
    assert set(leads) <= {code.value for code in Bin}
    assert found["crm_leads_unassigned"] == {(project,): 1}
    assert sum(found["crm_duties_open"].values()) == 3
    assert sum(found["crm_duties_overdue"].values()) == 1
    today = {state: count for (_project, state), count in found["crm_same_day_callbacks"].items()}
    assert today == {"in_time": 0, "late": 0, "missed": 0, "open": 2}
    assert found["crm_imports"] == {("running",): 0, ("failed",): 0}


def test_jobs_notices_queue_and_the_scheduler(client: Client, stage: Stage) -> None:
    health.tick(at=NOW - dt.timedelta(seconds=20))
    JobRun.objects.create(
        name="pool", started_at=NOW, ok=False, succeeded_at=NOW - dt.timedelta(hours=2), project=stage.project
    )
    Notice.objects.create(
        user=stage.lin, kind="default", key="a", created_at=NOW, params={"phone": "13800138001"}
    )
    found = samples(client)
    assert found["crm_up"] == {("database",): 1, ("broker",): 1, ("scheduler",): 1}
    assert found["crm_age_seconds"][("tick",)] == 20
    assert found["crm_job_seconds_since_success"] == {("pool",): 7200}
    assert found["crm_job_failing"] == {("pool",): 1}
    assert found["crm_notices_unread"] == {(): 1}
    assert found["crm_queue_tasks"] == {(): 0}


def test_no_name_and_no_number_is_in_it_and_routes_are_a_closed_list(client: Client, stage: Stage) -> None:
    client.force_login(stage.lin)
    for path in ("/today/", "/leads/1/", "/nowhere/13800138001/", "/leads/?q=13800138001", "/static/x.js"):
        client.get(path)
    client.generic("13800138001", "/today/")
    text = client.get("/metrics", headers=TOKEN).content.decode()
    assert not re.search(r"\d{7,}", re.sub(r"\d+\.\d+(e[+-]?\d+)?", "", text))
    for word in ("王芳", "林晓", "云栖里", "13800138001"):
        assert word not in text
    assert 'crm_http_requests_total{method="GET",route="none",status="4xx"}' in text
    assert 'method="other"' in text
    assert 'route="leads:today"' in text


def test_requests_are_counted_with_their_time(client: Client) -> None:
    def count(found: Samples) -> float:
        return found.get("crm_http_requests_total", {}).get(("GET", "healthz", "2xx"), 0)

    before = samples(client)
    for _turn in range(3):
        client.get("/healthz")
    after = samples(client)
    assert count(after) - count(before) == 3
    seconds = after["crm_http_request_seconds_count"][("healthz",)]
    assert seconds - before.get("crm_http_request_seconds_count", {}).get(("healthz",), 0) == 3


def test_what_is_down_is_told_and_breaks_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_words: Any) -> Any:
        raise RedisError("secret host")

    def no_database(*_words: Any) -> Any:
        raise DatabaseError("secret host")

    monkeypatch.setattr("redis.Redis.llen", gone)
    monkeypatch.setattr("leads.facts_metrics.figures", no_database)
    found = samples(client)
    assert found["crm_up"][("broker",)] == 0
    assert "crm_leads" not in found
    assert "crm_queue_tasks" not in found


def test_a_scrape_costs_the_same_however_many_leads_there_are(
    client: Client, stage: Stage, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(9):
        client.get("/metrics", headers=TOKEN)
    for n in range(5):
        stage.visitor("王芳", f"1390013800{n}", at=NOW)
    with django_assert_num_queries(9):
        client.get("/metrics", headers=TOKEN)

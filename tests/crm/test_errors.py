"""What a page says when a server is away or a disk is full, and what goes on without Valkey."""

from __future__ import annotations

import datetime as dt
import errno
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import OperationalError, connection
from django.test import Client
from kombu.exceptions import OperationalError as NoBroker
from redis.exceptions import ConnectionError as NoValkey

from crm import celery
from crm.models import JobRun, Notice
from leads.actions import settling, sweeping
from leads.models import CallTask, ImportBatch, LeadEvent
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
"""Monday 2 March 2026, 14:00 in Shanghai."""


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def wu(stage: Stage) -> Client:
    """The manager's browser: a failure is a page, as in production."""
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.force_login(stage.wu)
    return client


def no_broker(*_args: Any, **_kwargs: Any) -> None:
    raise NoBroker("secret host")


def full_database(**_kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$")


def doubled(**_kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'double' USING ERRCODE = '23505'; END $$")


def database_away(**_kwargs: Any) -> None:
    raise OperationalError("secret host")


def valkey_away(**_kwargs: Any) -> None:
    raise NoValkey("secret host")


def a_bug(**_kwargs: Any) -> None:
    raise LookupError("secret")


@pytest.mark.parametrize(
    ("what", "status", "words"),
    [
        (full_database, 507, "The disk of the server is full"),
        (doubled, 409, "saved at the same moment already"),
        (database_away, 503, "does not answer at the moment"),
        (valkey_away, 503, "does not answer at the moment"),
        (a_bug, 500, "Something went wrong on our side"),
    ],
)
def test_each_failure_has_its_own_plain_page(
    wu: Client, monkeypatch: pytest.MonkeyPatch, what: Callable[..., None], status: int, words: str
) -> None:
    monkeypatch.setattr("leads.actions.importing.upload", what)
    answer = wu.post("/imports/new/", {"file": SimpleUploadedFile("a.csv", b"x")})
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert b"secret" not in answer.content
    assert ("Retry-After" in answer) == (status == 503)


@pytest.mark.parametrize(
    ("what", "status"), [(full_database, 507), (doubled, 409), (database_away, 503), (a_bug, 500)]
)
def test_the_api_says_the_same_as_a_problem(
    wu: Client, monkeypatch: pytest.MonkeyPatch, what: Callable[..., None], status: int
) -> None:
    monkeypatch.setattr(
        "crm.error_pages.API", "/imports/"
    )  # a page that fails, answered as the API's would be
    monkeypatch.setattr("leads.actions.importing.upload", what)
    answer = wu.post("/imports/new/", {"file": SimpleUploadedFile("a.csv", b"x")})
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer["Content-Type"] == "application/problem+json"
    assert b"secret" not in answer.content


def test_a_full_disk_while_uploading_is_said_and_nothing_is_stored(
    wu: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A file too large for memory goes to the temp folder; there is no room in it."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000

    def full(_handler: TemporaryFileUploadHandler, _data: bytes, _start: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", full)
    answer = wu.post("/imports/new/", {"file": SimpleUploadedFile("a.csv", b"x" * 5000)})
    assert answer.status_code == 507
    assert "Nothing of this was saved" in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_the_cache_of_what_may_be_forgotten_forgets_without_valkey(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = caches["forgetful"]
    cache.set("a", 1)
    assert cache.get("a") == 1

    def gone(*_args: Any, **_kwargs: Any) -> None:
        raise NoValkey

    with monkeypatch.context() as patch:
        patch.setattr("redis.client.Redis.execute_command", gone)
        cache.set("b", 2)
        assert cache.get("a", "nothing") == "nothing"
        assert not cache.add("c", 3)
        assert "a" not in cache
        with pytest.raises(NoValkey):
            cache.delete("a")  # a login that was ended must not live on unseen


def test_what_could_not_be_queued_is_found_by_the_sweep(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = NOW.astimezone(stage.project.zone).date().isoformat()
    JobRun.objects.create(
        name="settle_day", project=stage.project, started_at=NOW, ok=True, result={"day": day}
    )
    assert settling.unsettled(at=NOW) == []
    monkeypatch.setattr(celery.app, "send_task", no_broker)
    celery.settle_lists(stage.project.pk)
    assert settling.unsettled(at=NOW) == [stage.project]


def test_a_clock_that_jumps_back_doubles_nothing_and_loses_nothing(stage: Stage) -> None:
    """An hour back, as after a wrong time server: jobs run for moments they ran for already."""
    stage.visitor("王芳", "13800138001", at=NOW - dt.timedelta(hours=3))
    stage.visitor("李强", "13800138002", at=NOW - dt.timedelta(days=3))

    def run(at: dt.datetime) -> tuple[Any, ...]:
        settling.settle_day(project=stage.project, at=at)
        for sweep in (
            sweeping.sweep_promises, sweeping.sweep_windows, sweeping.sweep_same_day, sweeping.sweep_reviews,
            sweeping.sweep_pool,
        ):  # fmt: skip
            sweep(project=stage.project, at=at)
        tasks = CallTask.objects.order_by("pk").values_list("pk", "state", "clause", "due_at", "gave_way")
        notices = Notice.objects.order_by("pk").values_list("user", "key")
        return list(tasks), list(notices), LeadEvent.objects.count()

    first = run(NOW)
    back = run(NOW - dt.timedelta(hours=1))
    again = run(NOW)
    assert first == back == again

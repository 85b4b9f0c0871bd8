"""Logs are structured, carry the request id and never a phone number."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import subprocess
import sys
from typing import Any

import pytest
import structlog
from celery import shared_task
from django.db import DatabaseError, connection, transaction
from django.test import Client

from crm.logs import MASK, logging_config, mask_text
from tests.numbers import numbers_in

PHONES = [
    "13812345678",
    "+8613812345678",
    "+86 138 1234 5678",
    "138-1234-5678",
    "0571-88886666",
    "(0571) 8888 6666",
    "88886666",
    "400-820-8820",
    "8613812345678",
    "a13812345678b",
    "电话13812345678。",
    "tel:13812345678",
    "%2B8613812345678",
    "138.1234.5678",
    "0571.88886666",
    "１３８１２３４５６７８",
    "138 1234-5678",
]
HARMLESS = [
    "2026-11-23T09:17:22.123456Z",
    "2026-11-23 09:17:22+08:00",
    "2026-11-23",
    "lead 48211 grade A",
    "10.12.130.244",
    "took 0.1234567 s",
    "93f09c76-13c3-46d7-a8b9-b5cd4b30cf2a",
    "SC-2.2",
]


@pytest.mark.parametrize("phone", PHONES)
def test_a_phone_number_is_masked_wherever_it_stands(phone: str) -> None:
    digits = "".join(character for character in phone if character.isdigit())
    for text in (phone, f"number {phone} called", f"/leads/?q={phone}&page=2", f'{{"to": "{phone}"}}'):
        masked = mask_text(text)
        assert MASK in masked
        assert digits[-4:] not in masked.replace("-", "").replace(" ", "")


@pytest.mark.parametrize("text", HARMLESS)
def test_dates_ids_and_addresses_stay_readable(text: str) -> None:
    assert mask_text(text) == text


CHILD = """
import logging, logging.config, structlog
from crm.logs import logging_config
logging.config.dictConfig(logging_config("json"))
structlog.contextvars.bind_contextvars(request_id="93f09c76-13c3-46d7-a8b9-b5cd4b30cf2a")
log = structlog.get_logger("leads")
log.info("dialled", phone="13812345678", many=["+86 138 1234 5678"], nested={"13812345678": 13812345678}, lead=48211)
logging.getLogger("django.request").warning("Not Found: %s", "/x/13812345678", extra={"request_line": "13812345678"})
try:
    raise ValueError("bad number 13812345678")
except ValueError:
    log.exception("failed")
"""


def test_every_line_is_json_with_the_request_id_and_without_a_number() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, cwd=".")
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["dialled", f"Not Found: /x/{MASK}", "failed"]
    assert "13812345678" not in done.stderr
    assert "1234 5678" not in done.stderr
    assert {line["request_id"] for line in lines} == {"93f09c76-13c3-46d7-a8b9-b5cd4b30cf2a"}
    assert lines[0]["lead"] == 48211
    assert "ValueError" in lines[2]["exception"]


def test_text_logs_are_masked_too() -> None:
    config = logging_config("text")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    formatter = config["formatters"]["structured"]
    handler.setFormatter(formatter["()"](**{key: value for key, value in formatter.items() if key != "()"}))
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "dial %s", ("13812345678",), None)
    handler.handle(record)
    assert MASK in stream.getvalue()
    assert "13812345678" not in stream.getvalue()


def test_the_detector_of_the_suite_sees_every_dress() -> None:
    """What listens to the whole suite is no copy of the mask: it must see a number that the mask let through."""
    for phone in (
        "13812345678",
        "+8613812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 13812345678",
        "88886666",
    ):
        assert numbers_in(f"called {phone} today") == [f"called {phone} today"]
    for text in HARMLESS:
        assert numbers_in(text) == []


@pytest.mark.django_db
def test_what_libraries_log_by_themselves_is_masked(caplog: pytest.LogCaptureFixture, client: Client) -> None:
    """A doubled key with its DETAIL, a task's arguments and traceback, a number tried as a login, one in an address."""
    from tests.conftest import LISTENER

    number = "13812345678"
    log = logging.getLogger("leads")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", [f"tel {number}"])
    except DatabaseError:
        log.exception("not stored")

    @shared_task(name="tests.poisoned")
    def poisoned(phone: str) -> None:
        raise ValueError(f"cannot call {phone}")

    poisoned.apply(args=(number,), throw=False)
    client.post("/accounts/login/", {"login": number, "password": number})
    client.get(f"/nowhere/{number}/?q={number}")
    structlog.get_logger("leads").info("dialled", phone=number, people={number: [number]})
    raw = [record for record in caplog.records if number in f"{record.msg} {record.args} {record.exc_info}"]
    assert len(raw) >= 4
    assert all(MASK in LISTENER.format(record) for record in raw)

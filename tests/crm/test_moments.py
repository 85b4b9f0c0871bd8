"""Moments out of the database, read the short way, are what Django's own reading gives."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from psycopg.pq import Format

from crm.moments import MomentLoader

pytestmark = pytest.mark.django_db


def asked(text: str) -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        found: dt.datetime = cursor.fetchone()[0]
    return found


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-03 10:40:00+08", dt.datetime(2026, 3, 3, 2, 40, tzinfo=dt.UTC)),
        ("2026-03-03 02:40:00.000001+00", dt.datetime(2026, 3, 3, 2, 40, 0, 1, tzinfo=dt.UTC)),
        ("2026-03-03 02:40:00.5+00", dt.datetime(2026, 3, 3, 2, 40, 0, 500_000, tzinfo=dt.UTC)),
        ("0001-01-01 00:00:00+00", dt.datetime(1, 1, 1, tzinfo=dt.UTC)),
        ("9999-12-31 23:59:59.999999+00", dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)),
    ],
)
def test_a_moment_comes_in_utc_to_the_microsecond(text: str, moment: dt.datetime) -> None:
    found = asked(text)
    assert found == moment
    assert found.tzinfo is dt.UTC


def test_in_another_zone_of_the_session_it_is_the_same_moment() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Kolkata'")
    assert asked("2026-03-03 02:40:00+00") == dt.datetime(2026, 3, 3, 2, 40, tzinfo=dt.UTC)
    assert asked("2026-03-03 02:40:00+00").tzinfo is dt.UTC


def test_every_new_connection_reads_so() -> None:
    another = connection.copy()
    another.connect()
    try:
        oid = another.connection.adapters.types["timestamptz"].oid
        assert another.connection.adapters.get_loader(oid, Format.TEXT) is MomentLoader
    finally:
        another.close()

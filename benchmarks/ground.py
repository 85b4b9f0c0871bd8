"""The ground a benchmark stands on: throwaway servers, an empty database, one fixed moment; all gone afterwards."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from crm.launch.servers import start_throwaway, stop_throwaway

ZONE = ZoneInfo("Asia/Shanghai")
MOMENT = dt.datetime(2026, 3, 3, 10, 40, tzinfo=ZONE)
"""Every benchmark's "now": a Tuesday morning inside a contact window."""


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def servers() -> Iterator[None]:
    """Start PostgreSQL and Valkey in a folder of their own, name them to Django, and remove them again."""
    folder = Path(tempfile.mkdtemp(prefix="crm-bench-", dir="/tmp"))
    where, running = start_throwaway(folder)
    data = Path(tempfile.mkdtemp(prefix="crm-bench-data-"))
    os.environ |= {
        "DATABASE_URL": where.database_url,
        "REDIS_URL": where.redis_url,
        "CRM_DATA": str(data),
        "CRM_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }
    try:
        yield
    finally:
        stop_throwaway(folder, running)
        shutil.rmtree(data, ignore_errors=True)


def set_up() -> None:
    """Django on the servers of this benchmark, at the benchmark's moment; its log costs what it costs and is read by
    nobody.
    """
    import logging

    import crm.wsgi  # noqa: F401 - sets Django up as gunicorn does

    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(Path(os.devnull).open("w"))  # noqa: SIM115 - open to the end
    from crm import clock

    clock.now = lambda: MOMENT.astimezone(dt.UTC)


@contextlib.contextmanager
def ground() -> Iterator[None]:
    """Servers, Django and an empty, migrated database."""
    with servers():
        set_up()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


def load_average() -> str:
    return "load average " + " ".join(f"{each:.1f}" for each in os.getloadavg())

"""The ground a benchmark stands on: servers of its own, an empty database or one that was kept, one fixed moment."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from crm.launch.process import give, server_account, stop
from crm.launch.servers import STOP_PATIENCE, Endpoints, Postgres, Server, Valkey, wait_ready

ZONE = ZoneInfo("Asia/Shanghai")
MOMENT = dt.datetime(2026, 3, 3, 10, 40, tzinfo=ZONE)
"""Every benchmark's "now": a Tuesday morning inside a contact window."""


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


LARGE = """
max_wal_size = '8GB'
checkpoint_timeout = '1h'
wal_level = 'minimal'
max_wal_senders = 0
"""
"""A load writes gigabytes at once and nobody replicates it; nothing here matters while a page is measured."""


@contextlib.contextmanager
def servers(kept: Path | None = None) -> Iterator[None]:
    """Start PostgreSQL and Valkey in a folder of their own and name them to Django.

    The folder goes afterwards, but for the cluster in `kept`.
    """
    folder = Path(tempfile.mkdtemp(prefix="crm-bench-", dir="/tmp"))
    give(folder, server_account())
    cluster = Postgres((kept or folder) / "pg", folder, folder / "pg.log", durable=False)
    running: list[tuple[Server, subprocess.Popen[bytes]]] = []
    where = Endpoints(folder)
    os.environ |= {
        "DATABASE_URL": where.database_url,
        "REDIS_URL": where.redis_url,
        "CRM_DATA": str(folder / "files"),
        "CRM_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }
    try:
        for server in (cluster, Valkey(folder / "valkey", folder, folder / "valkey.log", durable=False)):
            server.create()
            if server is cluster:
                (cluster.data / "postgresql.auto.conf").write_text(LARGE)
            running.append((server, server.start()))
        for server, process in running:
            wait_ready(server, process)
        yield
    finally:
        for server, process in reversed(running):
            stop(process, signal.SIGINT if server is cluster else signal.SIGTERM, STOP_PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def set_up() -> None:
    """Django on the servers of this benchmark, at the benchmark's moment."""
    import crm.wsgi  # noqa: F401 - sets Django up as gunicorn does

    silence()
    from crm import clock

    clock.now = lambda: MOMENT.astimezone(dt.UTC)


def silence() -> None:
    """The log costs what it costs and is read by nobody."""
    import logging

    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(Path(os.devnull).open("w"))  # noqa: SIM115 - open to the end


@contextlib.contextmanager
def ground(kept: Path | None = None) -> Iterator[None]:
    """Servers, Django and a migrated database: empty, or as an earlier benchmark left it in `kept`."""
    with servers(kept):
        set_up()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


def folder_of(data: Path | None, leads: int, one_project: bool) -> Path | None:
    """Where the cluster of a size is kept, below the folder that was asked for."""
    return data / f"{leads}{'-in-one' if one_project else ''}" if data else None


def load_average() -> str:
    return "load average " + " ".join(f"{each:.1f}" for each in os.getloadavg())


def server_seconds() -> float:
    """Processor seconds of this connection's process of the database."""
    from django.db import connection

    connection.ensure_connection()
    spent = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return int(spent.split()[0]) / 1e9

"""A crowd for the outbox: a million people of one project, their leads, who wants no messages, three million contacts.

Made by SQL alone. `--data FOLDER` keeps the servers' files in that folder, so that a crowd is made once; every
benchmark works on a copy of it. The servers are as `make run` has them: durable, with autovacuum.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from crm.launch.process import give, server_account, stop
from crm.launch.servers import Endpoints, Postgres, Valkey, endpoints, prepare_sockets, wait_ready

CONSULTANTS = 40
FESTIVAL_IN = 20  # days until the greeting that every plan keeps free


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def figure(name: str, seconds: float, count: int) -> None:
    say(f"{name:<52}{seconds:>9.2f} s{count / max(seconds, 1e-6):>14,.0f} /s")


@contextlib.contextmanager
def servers(data: Path | None) -> Iterator[Endpoints]:
    """Durable servers with their files in `data`, or in a folder that is removed afterwards."""
    folder = data or Path(tempfile.mkdtemp(prefix="crm-bench-", dir="/tmp"))
    folder.mkdir(parents=True, exist_ok=True)
    where, account = endpoints(folder), server_account()
    give(folder, account)
    prepare_sockets(where.folder, account)
    parts = [
        Postgres(folder / "pg", where.folder, folder / "pg.log"),
        Valkey(folder / "valkey", where.folder, folder / "valkey.log", durable=False),
    ]
    running = []
    try:
        for server in parts:
            server.create()
            running.append((server, server.start()))
        for server, process in running:
            wait_ready(server, process, 120.0)
        yield where
    finally:
        for server, process in reversed(running):
            stop(process, signal.SIGINT if isinstance(server, Postgres) else signal.SIGTERM, 60)
        shutil.rmtree(where.folder, ignore_errors=True)
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


def _names(where: Endpoints) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgres://crm@/{where.folder}/run",
        "REDIS_URL": where.redis_url,
        "CRM_DATA": str(where.folder / "product"),
        "CRM_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }


@dataclass(frozen=True)
class Crowd:
    """The one project of the crowd, and how many people it has."""

    people: int
    project: Any
    environment: dict[str, str]


@contextlib.contextmanager
def crowd(people: int, data: Path | None) -> Iterator[Crowd]:
    """A fresh copy of the crowd as the database that Django is set up for; the product's own clock, its hours open."""
    with servers(data) as where:
        os.environ |= _names(where)
        Path(os.environ["CRM_DATA"]).mkdir(exist_ok=True)
        admin = psycopg.connect(host=str(where.folder), user="crm", dbname="postgres", autocommit=True)
        name = f"crowd_{people}"
        admin.execute("DROP DATABASE IF EXISTS run WITH (FORCE)")
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if known:
            _copy(admin, name, "run")
        else:
            admin.execute("CREATE DATABASE run")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from benchmarks.crowd_rows import fill, noon
        from crm.models import Project

        call_command("migrate", verbosity=0)
        if not known:
            began = time.perf_counter()
            fill(people)
            connection.close()
            _copy(admin, "run", name)
            figure("the crowd made, once", time.perf_counter() - began, people)
        Project.objects.update(time_zone=noon())
        try:
            yield Crowd(people, Project.objects.get(), dict(os.environ))
        finally:
            connection.close()
            admin.execute("DROP DATABASE IF EXISTS run WITH (FORCE)")
            admin.close()


def _copy(admin: psycopg.Connection[Any], old: str, new: str) -> None:
    names = sql.Identifier(new), sql.Identifier(old)
    admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))


def coming_festival(at: dt.datetime) -> list[dt.date]:
    """The day that every plan keeps one message free for."""
    return [(at + dt.timedelta(days=FESTIVAL_IN)).date()]

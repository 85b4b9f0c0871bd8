"""Databases of their own for tests whose processes commit, on the session's server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.launch.product import ROOT, environment

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")


def url_of(name: str) -> str:
    """The address of the database `name` beside the session's."""
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"


def connect(name: str) -> psycopg.Connection[Any]:
    """A connection that commits each statement."""
    from crm.env import database

    found = database(url_of(name))
    words = {
        "host": found["HOST"],
        "user": found["USER"],
        "password": found["PASSWORD"],
        "port": found["PORT"],
    }
    given = {key: str(value) for key, value in words.items() if value}
    return psycopg.connect(dbname=name, autocommit=True, **given)  # type: ignore[arg-type]


def drop(name: str) -> None:
    with connect("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def fresh(name: str, template: str = "template1") -> Iterator[str]:
    """An empty database (or a copy of `template`), dropped afterwards."""
    name = f"{name}_{WORKER}"
    drop(name)
    with connect("postgres") as admin:
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(query.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield name
    finally:
        drop(name)


def manage(name: str, data: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A management command as a process of its own, on the database `name`."""
    env = environment(data, DATABASE_URL=url_of(name), REDIS_URL=os.environ["REDIS_URL"] + "?db=14", **more)
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def must(name: str, data: Path, *words: str) -> str:
    done = manage(name, data, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout

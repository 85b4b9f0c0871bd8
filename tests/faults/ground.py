"""The ground of tests about faults: servers and processes of their own, which may be hit, stopped and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from crm.launch.process import spawn, stop
from crm.launch.servers import Endpoints, Server, start_throwaway, stop_throwaway, wait_ready
from tests.launch.product import ROOT, environment, until
from tests.numbers import numbers_in


@dataclass
class Ground:
    """A PostgreSQL and a Valkey that nothing else uses. The database `crm` holds the demo and is only copied."""

    folder: Path
    where: Endpoints
    running: list[tuple[Server, subprocess.Popen[bytes]]]

    @classmethod
    def start(cls, folder: Path) -> Ground:
        return cls(folder, *start_throwaway(folder))

    def stop(self) -> None:
        """End the servers; everything that any process wrote holds no phone number."""
        logs = {str(path): path.read_text(errors="replace") for path in self.folder.rglob("*.log")}
        stop_throwaway(self.folder, self.running)
        leaks = [f"{path}: {line}" for path, text in logs.items() for line in numbers_in(text)]
        assert (bool(logs), leaks) == (True, []), leaks[:5]

    def _place(self, kind: type[Server]) -> int:
        return next(
            place for place, (server, _process) in enumerate(self.running) if isinstance(server, kind)
        )

    def process(self, kind: type[Server]) -> subprocess.Popen[bytes]:
        return self.running[self._place(kind)][1]

    def restart(self, kind: type[Server]) -> None:
        """End a server as its restart would, and start it again; this Valkey keeps nothing."""
        place = self._place(kind)
        server, process = self.running[place]
        stop(process, server.stop_signal, 20)
        process = server.start()
        self.running[place] = server, process
        wait_ready(server, process)

    @contextmanager
    def hanging(self, kind: type[Server]) -> Iterator[None]:
        """A server that takes connections and never answers."""
        process = self.process(kind)
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    @contextmanager
    def fresh(self, name: str, template: str = "crm") -> Iterator[Database]:
        """A copy of `template`, dropped afterwards."""
        admin = Database(self, "postgres")
        with admin.connect() as session:
            session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            query = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            session.execute(query.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield Database(self, name)
        finally:
            with admin.connect() as session:
                session.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )


@dataclass
class Database:
    """One database of the ground."""

    ground: Ground
    name: str

    @property
    def url(self) -> str:
        return f"{self.ground.where.database_url.rpartition('/')[0]}/{self.name}"

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that commits each statement."""
        return psycopg.connect(
            host=str(self.ground.where.folder), user="crm", dbname=self.name, autocommit=True
        )

    def ask(self, query: str, *words: Any) -> list[Any]:
        """The rows; of a query for one column, its values."""
        with self.connect() as session:
            rows = session.execute(query, words).fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    def environment(self, data: Path, **more: str) -> dict[str, str]:
        servers = {"DATABASE_URL": self.url, "REDIS_URL": self.ground.where.redis_url}
        return environment(
            data, **servers, DJANGO_SETTINGS_MODULE="crm.settings", PYTHONUNBUFFERED="1", **more
        )

    def manage(self, data: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """A management command as a process of its own."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=self.environment(data), capture_output=True, text=True, check=False,
        )  # fmt: skip

    def must(self, data: Path, *words: str) -> str:
        done = self.manage(data, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout


class Surroundings(Protocol):
    """What a process is told about where it runs."""

    def environment(self, data: Path, **more: str) -> dict[str, str]: ...


@dataclass
class Part:
    """A web, worker or beat that runs on a database."""

    name: str
    database: Surroundings
    data: Path
    words: list[str]
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.data / f"{self.name}.log"

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", *self.words]
        self.process = spawn(
            argv, cwd=ROOT, env=self.database.environment(self.data, **self.more), log=self.log
        )

    def wait_for(self, words: str, times: int = 1) -> None:
        assert until(lambda: self.said().count(words) >= times), self.said()[-3000:]

    def children(self) -> list[int]:
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def kill(self) -> None:
        """kill -9, its children too."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        if self.process is not None:
            stop(self.process, signal.SIGTERM, 10)


def web(database: Database, data: Path, port: int) -> Part:
    words = ["gunicorn", "-c", "python:crm.gunicorn_conf", "--bind", f"127.0.0.1:{port}"]
    return Part("web", database, data, words, {"CRM_METRICS_TOKEN": "of-the-tests-" + "m" * 20})


def worker(database: Database, data: Path) -> Part:
    return Part(
        "worker", database, data, ["celery", "-A", "crm", "worker", "--loglevel", "INFO", "--without-mingle"]
    )

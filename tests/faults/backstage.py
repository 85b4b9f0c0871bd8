"""Worker and scheduler as processes on the test's own database, with a Valkey that nothing else asks."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import Celery
from django.conf import settings

from crm.env import broker_url
from crm.launch.process import give, server_account, stop
from crm.launch.servers import Valkey, wait_ready
from tests.faults.ground import Part
from tests.launch.product import environment

QUEUES = "celery,gateway.console,gateway.http,gateway.smpp"
WORKER = ("worker", "--loglevel", "INFO", "--without-mingle", "-Q", QUEUES)


BEAT = ("beat", "--loglevel", "INFO", "--pidfile=", "-s")


class Backstage:
    """`shift` and `every`: see tests/faults/clocked.py."""

    def __init__(self, folder: Path, shift: float, every: float) -> None:
        self.folder, self.shift, self.every = folder, shift, every
        self.parts: list[Part] = []
        self.redis_url = f"unix://{folder}/valkey.sock"
        self.sender = Celery(broker=broker_url(self.redis_url))

    def environment(self, data: Path, **more: str) -> dict[str, str]:
        """The surroundings of its processes."""
        found = settings.DATABASES["default"]
        database = f"postgres://{found['USER']}@/{found['HOST']}/{found['NAME']}"
        same = {"DATABASE_URL": database, "REDIS_URL": self.redis_url, "CRM_SECRET_KEY": settings.SECRET_KEY}
        return environment(data, **same, DJANGO_SETTINGS_MODULE="crm.settings", PYTHONUNBUFFERED="1", **more)

    @property
    def worker(self) -> Part:
        return self.parts[0]

    @property
    def beats(self) -> list[Part]:
        return self.parts[1:]

    def start(self, name: str, *words: str) -> Part:
        argv = ["tests.faults.clocked", str(self.shift), str(self.every), *words]
        part = Part(name, self, self.folder / "data", argv)
        self.parts.append(part)
        part.start()
        return part


@contextmanager
def backstage(shift: float, every: float, beats: int = 1) -> Iterator[Backstage]:
    """A worker and so many schedulers; what was started ends with it, the schedulers first."""
    folder = Path(tempfile.mkdtemp(prefix="crm-b-", dir="/tmp"))
    give(folder, server_account())
    valkey = Valkey(folder / "valkey", folder, folder / "valkey.log", durable=False)
    valkey.create()
    process = valkey.start()
    wait_ready(valkey, process)
    made = Backstage(folder, shift, every)
    try:
        made.start("worker", *WORKER, "--concurrency", "3").wait_for("ready.")
        for number in range(beats):
            made.start(f"beat{number}", *BEAT, str(folder / "data" / f"schedule{number}"))
        yield made
    finally:
        for part in reversed(made.parts):
            part.end()
            sys.stdout.write(f"--- {part.name}\n{part.said()[-6000:]}")  # shown when the test failed
        stop(process, valkey.stop_signal, 10)
        shutil.rmtree(folder, ignore_errors=True)

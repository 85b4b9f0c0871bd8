"""The product's own processes at a broadcast: the broker is emptied in mid-run; it is paused and goes on."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.faults.ground import Database, Ground, Part, worker
from tests.faults.test_outbox_killed import Smsc
from tests.launch.product import ROOT, until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
PEOPLE = 2_000  # at 100 a second: longer than one drain of 12 seconds, so that it takes the scheduler's next
STATES = 'SELECT "to", state FROM crm_message WHERE run_id = %s'
IN_THE_AIR = "SELECT count(*) FROM crm_message WHERE run_id = %s AND state IN ('claimed', 'sending')"
BATCHES = 2 * 40  # two sessions, each with four windows of ten


@dataclass
class Sending:
    """Worker, senders and scheduler on a copy of the demo, an SMSC, and one launched broadcast."""

    database: Database
    data: Path
    smsc: Smsc
    run: str = ""

    def deed(self, *words: str) -> str:
        argv = [sys.executable, "-W", "ignore", "-m", "tests.faults.senders", "0", "0", *words]
        return subprocess.run(
            argv, cwd=ROOT, env=self.database.environment(self.data), capture_output=True, text=True, check=True
        ).stdout  # fmt: skip

    def seen(self) -> Counter[str]:
        return self.smsc.seen()

    def ended(self) -> bool:
        states = Counter(dict(self.database.ask(STATES, self.run)).values())
        return states["delivered"] == PEOPLE

    def account(self) -> tuple[int, list[str]]:
        """How many numbers the SMSC has seen, and those that it saw more than once."""
        seen = self.seen()
        return len(seen), [to for to, count in seen.items() if count > 1]


@pytest.fixture
def sending(ground: Ground, tmp_path: Path) -> Iterator[Sending]:
    broker: Any = redis.Redis(unix_socket_path=f"{ground.where.folder}/valkey.sock")
    broker.flushall()
    smsc, data = Smsc(tmp_path), Path(tempfile.mkdtemp(prefix="product-", dir=ground.folder))
    with ground.fresh("product") as database:
        parts = [
            worker(database, data),
            Part("sender", database, data, ["celery", "-A", "crm", "worker", "--loglevel", "INFO",
                 "--without-mingle", "-Q", "gateway.smpp", "-n", "sender@%h", "--concurrency", "2"]),
            Part("beat", database, data, ["celery", "-A", "crm", "beat", "--loglevel", "INFO", "--pidfile=",
                 "-s", str(data / "schedule")]),
        ]  # fmt: skip
        made = Sending(database, data, smsc)
        try:
            for part in parts:
                part.start()
            for part in parts[:2]:
                part.wait_for("ready.")
            _gateway, made.run = made.deed("product", str(smsc.port), str(PEOPLE)).split()
            assert until(lambda: smsc.log.exists() and smsc.log.stat().st_size > 22 * 200), parts[1].said()[
                -2000:
            ]
            yield made
        finally:
            for part in reversed(parts):
                part.end()
            smsc.stop()


def test_a_valkey_emptied_in_mid_run_changes_nothing_but_time(sending: Sending) -> None:
    broker: Any = redis.Redis(unix_socket_path=f"{sending.database.ground.where.folder}/valkey.sock")
    for _again in range(3):
        assert until(lambda: broker.dbsize() > 0)  # ticks and lines wait in it, or are being worked on
        broker.flushall()
        assert len(sending.seen()) < PEOPLE, "emptied only after the run"
    assert until(sending.ended, 180), Counter(dict(sending.database.ask(STATES, sending.run)).values())
    assert sending.account() == (PEOPLE, [])


def test_paused_in_mid_run_nothing_more_leaves_and_resumed_everything_does(sending: Sending) -> None:
    sending.deed("pause", sending.run)
    before = len(sending.seen())
    time.sleep(6)  # more than a tick
    paused = len(sending.seen())
    assert 0 < paused < PEOPLE
    assert paused - before <= BATCHES  # what was cleared at that moment goes, nothing else
    assert sending.database.ask(IN_THE_AIR, sending.run) == [0]
    time.sleep(6)
    assert len(sending.seen()) == paused
    sending.deed("resume", sending.run)
    assert until(sending.ended, 180), Counter(dict(sending.database.ask(STATES, sending.run)).values())
    assert sending.account() == (PEOPLE, [])

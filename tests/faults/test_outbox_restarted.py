"""The database is restarted while two senders are at work: nothing is lost, nothing reaches the SMSC twice."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from crm.launch.servers import Postgres
from tests.faults.ground import Database, Ground
from tests.faults.test_outbox_killed import Smsc
from tests.launch.product import ROOT, until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
PEOPLE = 600
STATES = 'SELECT "to", state FROM crm_message WHERE run_id = %s'


def sender(database: Database, data: Path, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-W", "ignore", "-m", "tests.faults.senders", *words]
    environment = database.environment(data)
    return subprocess.Popen(argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)


def test_the_database_restarted_in_mid_run(ground: Ground, tmp_path: Path) -> None:
    smsc, base, data = Smsc(tmp_path), str(time.time()), ground.folder / "restarted"
    try:
        with ground.fresh("restarted") as database:
            made, _error = sender(
                database, data, "0", base, "crowd", str(smsc.port), str(PEOPLE)
            ).communicate()
            gateway, run = made.split()
            working = [sender(database, data, gateway, base, "finish") for _ in range(2)]
            assert until(lambda: smsc.log.exists() and smsc.log.stat().st_size > 22 * 100, 60)
            ground.restart(Postgres)
            for process in working:
                process.wait(120)
            before = sum(smsc.seen().values())
            assert 0 < before < PEOPLE
            for _tick in range(3):
                sender(database, data, gateway, base, "reap").wait(60)
                sender(database, data, gateway, base, "finish").wait(120)
            seen, states = smsc.seen(), dict(database.ask(STATES, run))
            assert [to for to, state in states.items() if not seen[to] and state != "unknown"] == []
            assert [to for to, count in seen.items() if count > 1] == []
            assert set(states.values()) <= {"accepted", "delivered", "unknown"}
    finally:
        smsc.stop()

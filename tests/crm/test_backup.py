"""Backups: damage and newer versions are refused in one line, a file counts only when it is whole, old ones go last."""

from __future__ import annotations

import datetime as dt
import errno
import json
import random
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.backup import schedule, writing
from crm.backup.archive import MANIFEST, BackupError, Manifest, check
from crm.backup.restoring import restore
from crm.env import Env, read_env
from crm.health import examine
from crm.models import JobRun
from crm.tasks import backup
from tests import factories

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
"""10:00 in Shanghai."""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A backup of the session's empty database, with one file of media."""
    (tmp_path / "media").mkdir()
    (tmp_path / "media/a.txt").write_text("two\nlines\n")
    return writing.write(tmp_path / "backups", at=AT, media=tmp_path / "media").path


def test_a_file_is_private_named_by_its_moment_and_holds_what_its_manifest_names(made: Path) -> None:
    assert made.name == "crm-20260302-020000.zip"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    manifest = check(made)
    assert set(manifest.tables) == set(connection.introspection.table_names())
    assert ("crm", "0001_initial") in manifest.migrations
    assert manifest.left_out == ["django_session"]
    assert manifest.media["a.txt"].lines == 2


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_short_is_refused(made: Path, part: float) -> None:
    content = made.read_bytes()
    made.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(BackupError, match="damaged") as caught:
        check(made)
    assert "\n" not in str(caught.value)


def test_whatever_byte_is_flipped_nothing_wrong_is_ever_taken_for_sound(made: Path) -> None:
    """A flip that a reader does not look at (a time stamp) may pass; then what is read is what was written."""
    content, whole, chance = made.read_bytes(), check(made), random.Random(4)
    refused = 0
    for _turn in range(150):
        broken = bytearray(content)
        broken[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        made.write_bytes(broken)
        try:
            assert check(made) == whole
        except BackupError:
            refused += 1
    assert refused > 75


def test_another_zip_and_no_file_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("hello.txt", "hello")
    for path, words in (
        (other, "no backup"),
        (tmp_path / "none.zip", "cannot be read"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("restore", str(path))


def change_manifest(path: Path, **values: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries[MANIFEST]) | values
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, json.dumps(manifest) if name == MANIFEST else data)


def test_a_newer_version_and_a_path_that_leads_out_are_refused(made: Path, tmp_path: Path) -> None:
    newer = [*check(made).migrations, ("crm", "9999_later")]
    change_manifest(made, migrations=newer)
    with pytest.raises(CommandError, match=r"newer version \(crm\.9999_later\)"):
        call_command("restore", str(made))
    entry = {"bytes": 0, "sha256": "", "lines": 0}
    for name in ("../../etc/cron.d/x", "/etc/cron.d/x"):
        change_manifest(made, media={name: entry})
        with pytest.raises(BackupError, match="damaged"):
            check(made)


def test_a_database_that_is_used_is_not_overwritten(made: Path, tmp_path: Path) -> None:
    factories.make_project()
    with pytest.raises(BackupError, match="is not empty"):
        restore(made, replace=False, media=tmp_path / "none", say=print)


def test_only_the_newest_stay_and_only_after_the_new_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, media = tmp_path / "backups", tmp_path / "none"
    for day in range(3):
        writing.write(folder, at=AT + dt.timedelta(days=day), media=media, keep=2)
    (folder / "notes.txt").write_text("not ours")
    assert [path.name for path in sorted(folder.glob("*.zip"))] == [
        "crm-20260303-020000.zip",
        "crm-20260304-020000.zip",
    ]

    def unsound(_path: Path) -> Manifest:
        raise BackupError("unsound")

    monkeypatch.setattr(writing, "check", unsound)
    with pytest.raises(BackupError):
        writing.write(folder, at=AT + dt.timedelta(days=9), media=media, keep=1)
    assert {path.name for path in folder.iterdir()} == {
        "crm-20260303-020000.zip",
        "crm-20260304-020000.zip",
        "notes.txt",
    }


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CommandError, match="No space left on device"):
        call_command("backup", "--to", str(tmp_path / "full"))
    assert list((tmp_path / "full").iterdir()) == []
    run = JobRun.objects.get(name="backup")
    assert (run.ok, run.result) == (
        False,
        {
            "error": "BackupError",
            "why": f"No backup could be written to {tmp_path / 'full'}: No space left on device.",
        },
    )


def test_two_at_once_are_one(tmp_path: Path) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [writing.LOCK])
        with pytest.raises(BackupError, match="Another backup"):
            writing.write(tmp_path / "backups", at=AT, media=tmp_path / "none")
    finally:
        other.close()


def scheduled(monkeypatch: pytest.MonkeyPatch, folder: Path, at: str = "03:30") -> Env:
    env = read_env({"CRM_ENV": "test", "CRM_DATA": str(folder), "CRM_BACKUP_AT": at, "CRM_BACKUP_KEEP": "2"})
    monkeypatch.setattr("django.conf.settings.ENV", env)
    return env


def test_the_scheduled_backup_is_made_once_a_day_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.delay()
    assert not JobRun.objects.filter(name="backup").exists()  # none is scheduled
    env = scheduled(monkeypatch, tmp_path)
    monkeypatch.setattr("crm.clock.now", lambda: AT)
    backup.delay()
    backup.delay()
    assert len(list(env.backups.glob("*.zip"))) == 1
    run = JobRun.objects.get(name="backup")
    assert (run.ok, run.succeeded_at) == (True, AT)
    assert run.result["file"] == "crm-20260302-020000.zip"
    evening, night = AT + dt.timedelta(hours=17), AT + dt.timedelta(hours=17, minutes=31)
    assert not schedule.due(at=evening)  # 03:00 in Shanghai
    assert schedule.due(at=night)
    assert not schedule.overdue(AT, at=night)
    assert schedule.overdue(AT, at=night + schedule.GRACE)
    assert examine(at=night + schedule.GRACE).backup_overdue


@pytest.mark.parametrize(
    ("name", "value"),
    [("CRM_BACKUP_AT", "3 o'clock"), ("CRM_BACKUP_KEEP", "0"), ("CRM_METRICS_TOKEN", "short")],
)
def test_a_bad_setting_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match=name):
        read_env({"CRM_ENV": "test", "CRM_DATA": str(tmp_path), name: value})

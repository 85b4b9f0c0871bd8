"""Writing a backup: every table in one snapshot, read again before it counts."""

from __future__ import annotations

import datetime as dt
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from crm.backup.archive import (
    BLOCK,
    MANIFEST,
    BackupError,
    Entry,
    Manifest,
    Table,
    check,
    media_entry,
    table_entry,
    write_entry,
)

LOCK = 5_202_302  # beside migrate_once's: two backups at once would only halve each other's speed
LEFT_OUT = ("django_session",)
"""Tables whose rows stay behind: a login that was ended must not live again after a restore."""
PATTERN = "crm-*.zip"
TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname ORDER BY c.relname
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A finished backup; `removed` counts older ones that `keep` let go."""

    path: Path
    size: int
    manifest: Manifest
    removed: int


def write(
    folder: Path,
    *,
    at: dt.datetime,
    media: Path,
    keep: int | None = None,
    told: dict[str, Any] | None = None,
) -> Written:
    """Write a backup of everything into `folder` (made 0700, the file 0600). Raises BackupError.

    `told` gets the figures, or why there is none: what the screen of jobs shows.
    """
    told = {} if told is None else told
    try:
        written = _write(folder, at, media, keep)
    except BackupError as problem:
        told["why"] = str(problem)
        raise
    told.update(file=written.path.name, bytes=written.size, rows=written.manifest.rows)
    return written


def _write(folder: Path, at: dt.datetime, media: Path, keep: int | None) -> Written:
    """The steps.

    1. One REPEATABLE READ transaction reads every table: what is written meanwhile is not in it, half or whole.
    2. The file is read again and compared with its manifest; only then it gets its name.
    3. Only after that the oldest of more than `keep` backups go.
    """
    name = f"crm-{at.astimezone(dt.UTC):%Y%m%d-%H%M%S}.zip"
    path, part = folder / name, folder / f".{name}.part"
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        if path.exists():
            raise BackupError(f"{path} is there already.")
        manifest = _write_part(part, at, media)
        if check(part) != manifest:
            raise BackupError(f"{part} was not stored as it was written; is the disk sound?")
        part.rename(path)
        _sync(folder)
        return Written(path, path.stat().st_size, manifest, _remove_old(folder, keep))
    except OSError as problem:
        raise BackupError(f"No backup could be written to {folder}: {problem.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


def _write_part(part: Path, at: dt.datetime, media: Path) -> Manifest:
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with (
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            _snapshot() as database,
        ):
            manifest = _dump(archive, database, at)
            for name, source in _media(media):
                manifest.media[name] = _keep_file(archive, name, source)
            archive.writestr(MANIFEST, manifest.dumped())
        file.flush()
        os.fsync(file.fileno())
    return manifest


@contextmanager
def _snapshot() -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own in one unchanging view of the database."""
    own = connection.copy()
    try:
        own.ensure_connection()
        raw: psycopg.Connection[Any] = own.connection
        row = raw.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        if row != (True,):
            raise BackupError("Another backup is being written at this moment.")
        raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        raw.execute("SET LOCAL statement_timeout = 0")
        raw.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield raw
        raw.execute("COMMIT")
    finally:
        own.close()


def _dump(archive: zipfile.ZipFile, database: psycopg.Connection[Any], at: dt.datetime) -> Manifest:
    found = database.execute(TABLES).fetchall()
    names = sql.SQL(", ").join(sql.Identifier("public", name) for name, _columns in found)
    database.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))  # no migration in between
    migrations = database.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    tables = {}
    for name, columns in found:
        empty = sql.SQL(" WHERE false" if name in LEFT_OUT else "")
        listed = sql.SQL(", ").join(map(sql.Identifier, columns))
        query = sql.SQL("COPY (SELECT {} FROM {}{}) TO STDOUT").format(
            listed, sql.Identifier("public", name), empty
        )
        with database.cursor() as cursor, cursor.copy(query) as rows:
            tables[name] = Table(columns, write_entry(archive, table_entry(name), rows))
    return Manifest(
        made_at=at.isoformat(),
        server=database.execute("SHOW server_version").fetchone()[0],  # type: ignore[index]
        migrations=[(app, name) for app, name in migrations],
        tables=tables,
        sequences=_sequences(database),
        left_out=list(LEFT_OUT),
    )


def _sequences(database: psycopg.Connection[Any]) -> dict[str, tuple[int, bool]]:
    """Read after the tables: a sequence stands outside the snapshot, and may only be ahead of its rows."""
    rows = database.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1")
    found = {}
    for (name,) in rows.fetchall():
        query = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier("public", name))
        last, called = database.execute(query).fetchone()  # type: ignore[misc]
        found[name] = (int(last), bool(called))
    return found


def _media(folder: Path) -> list[tuple[str, Path]]:
    if not folder.is_dir():
        return []
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [(path.relative_to(folder).as_posix(), path) for path in files]


def _keep_file(archive: zipfile.ZipFile, name: str, source: Path) -> Entry:
    with source.open("rb") as file:
        return write_entry(archive, media_entry(name), iter(lambda: file.read(BLOCK), b""))


def _remove_old(folder: Path, keep: int | None) -> int:
    if keep is None:
        return 0
    old = sorted(folder.glob(PATTERN))[:-keep]
    for path in old:
        path.unlink()
    return len(old)


def _sync(folder: Path) -> None:
    """Make the new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

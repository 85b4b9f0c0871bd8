"""Putting a backup back: into a fresh schema beside the old one, swapped at the very end.

1. The file is checked whole, its migrations are compared with this code's, and nobody else may be connected.
2. `public` is renamed `before_restore`; a new `public` is migrated to the state that the backup has.
3. One transaction drops the foreign keys, loads every table, sets the sequences, makes the keys anew (which checks
   every row) and drops `before_restore`. Until its commit everything can go back, and an error or kill does.
4. Then the newer migrations of this code run, the media are laid down, and the cache forgets the old logins.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql
from redis.exceptions import RedisError

from crm.backup.archive import BackupError, Manifest, blocks, check, media_entry, table_entry
from crm.management.commands.migrate_once import LOCK

OLD = "before_restore"
BOOKKEEPING = {"django_migrations", "django_content_type", "auth_permission", "django_site", "crm_jobrun"}
"""Tables with rows in a database that nobody has used yet."""
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
KEYS = """
SELECT t.relname, c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
GUARDED = """
SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgenabled = 'O'
"""


def restore(path: Path, *, replace: bool, media: Path, say: Callable[[str], object]) -> Manifest:
    """Make the database what the backup at `path` says. Raises BackupError, and then nothing has changed."""
    manifest = check(path)
    _refuse_newer(path, manifest)
    connection.ensure_connection()
    with connection.cursor() as cursor:
        _refuse_company(cursor)
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            _undo_half(cursor)
            if not replace:
                _refuse_filled(cursor, media)
            _swap(cursor, path, manifest, say)
            call_command("migrate", interactive=False, verbosity=0)
            cursor.execute("ANALYZE")
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    _lay_down_media(path, manifest, media)
    try:
        cache.clear()  # logins and queued work of the database that is gone
    except RedisError:
        say("Valkey does not answer: flush it before the start, it remembers logins of the old database.")
    return manifest


def _refuse_newer(path: Path, manifest: Manifest) -> None:
    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    newer = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]
    if newer:
        raise BackupError(
            f"{path} comes from a newer version ({newer[0]}); install that version, then restore."
        )


def _refuse_company(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute(OTHERS)
    (others,) = cursor.fetchone()
    if others:
        raise BackupError(f"The database is in use ({others} connections); stop web, worker and beat first.")


def _refuse_filled(cursor: CursorWrapper, media: Path) -> None:
    for name in _tables(cursor):
        if name in BOOKKEEPING:
            continue
        cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier("public", name)))
        if cursor.fetchone() == (True,):
            raise BackupError(
                f"The database is not empty ({name} has rows); --replace puts the backup in its place."
            )
    if media.is_dir() and any(media.iterdir()):
        raise BackupError(f"{media} is not empty; --replace puts the backup in its place.")


def _tables(cursor: CursorWrapper) -> list[str]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [name for (name,) in cursor.fetchall()]


def _undo_half(cursor: CursorWrapper) -> None:
    """A restore that was killed left the old data beside a half new schema: put it back first."""
    cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [OLD])
    if cursor.fetchone() == (True,):
        _put_back(cursor)


def _put_back(cursor: CursorWrapper) -> None:
    with transaction.atomic():
        _move_extensions(cursor, "public", OLD)
        cursor.execute("DROP SCHEMA IF EXISTS public CASCADE")
        cursor.execute(f"ALTER SCHEMA {OLD} RENAME TO public")


def _move_extensions(cursor: CursorWrapper, source: str, target: str) -> None:
    """Extensions are the database's: they stay, in the schema that is used."""
    cursor.execute("SELECT extname FROM pg_extension WHERE extnamespace = to_regnamespace(%s)", [source])
    for (name,) in cursor.fetchall():
        query = sql.SQL("ALTER EXTENSION {} SET SCHEMA {}")
        cursor.execute(query.format(sql.Identifier(name), sql.Identifier(target)))


def _swap(cursor: CursorWrapper, path: Path, manifest: Manifest, say: Callable[[str], object]) -> None:
    with transaction.atomic():
        cursor.execute(f"ALTER SCHEMA public RENAME TO {OLD}")
        cursor.execute("CREATE SCHEMA public")
        _move_extensions(cursor, OLD, "public")
    try:
        say("Making the tables ...")
        _migrate_to(manifest)
        with transaction.atomic():
            _load(cursor, path, manifest, say)
            cursor.execute(f"DROP SCHEMA {OLD} CASCADE")
    except BaseException as problem:
        _put_back(cursor)
        if isinstance(problem, DatabaseError):
            reason = str(problem).splitlines()[0]
            raise BackupError(f"{path} could not be loaded, the database is as it was: {reason}") from None
        raise


def _migrate_to(manifest: Manifest) -> None:
    """The tables of the backup's own version. Raises BackupError when this code cannot make them any more."""
    executor = MigrationExecutor(connection)
    recorded = {key for key in manifest.migrations if key in executor.loader.graph.nodes}
    children = {key: executor.loader.graph.node_map[key].children for key in recorded}
    ends = [
        key
        for key in sorted(recorded)
        if not any(child.key in recorded and child.key[0] == key[0] for child in children[key])
    ]
    executor.migrate(ends)
    lost = recorded - set(MigrationRecorder(connection).applied_migrations())
    lost_tables = set(manifest.tables) - set(connection.introspection.table_names())
    if lost or lost_tables:
        what = ", ".join([*sorted(lost_tables), *(f"{app}.{name}" for app, name in sorted(lost))])
        raise BackupError(f"This version cannot make the tables that the backup has: {what}.")


def _load(cursor: CursorWrapper, path: Path, manifest: Manifest, say: Callable[[str], object]) -> None:
    cursor.execute(KEYS)
    keys = cursor.fetchall()
    for table, name, _definition in keys:
        _alter(cursor, table, "DROP CONSTRAINT {}", name)
    cursor.execute(GUARDED)
    guarded = [name for (name,) in cursor.fetchall()]
    for table in guarded:
        _alter(cursor, table, "DISABLE TRIGGER USER")
    filled = [name for name in _tables(cursor) if name != "django_migrations"]
    names = sql.SQL(", ").join(sql.Identifier("public", name) for name in filled)
    cursor.execute(sql.SQL("TRUNCATE {}").format(names))
    with zipfile.ZipFile(path) as archive:
        for name in manifest.tables:
            if name != "django_migrations":
                _load_table(cursor, archive, name, manifest)
    say(f"{manifest.rows} rows loaded; checking the keys ...")
    for name, (last, called) in manifest.sequences.items():
        if name != "django_migrations_id_seq":
            cursor.execute(
                "SELECT setval(format('public.%%I', %s::text)::regclass, %s, %s)", [name, last, called]
            )
    for table in guarded:
        _alter(cursor, table, "ENABLE TRIGGER USER")
    for table, name, definition in keys:
        _alter(cursor, table, "ADD CONSTRAINT {} " + definition, name)


def _load_table(cursor: CursorWrapper, archive: zipfile.ZipFile, name: str, manifest: Manifest) -> None:
    table = manifest.tables[name]
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier("public", name), columns)
    raw: Any = cursor.cursor
    with raw.copy(query) as copy:
        for block in blocks(archive, table_entry(name)):
            copy.write(block)
    if raw.rowcount != table.rows:
        raise BackupError(
            f"{name}: {raw.rowcount} rows arrived, not {table.rows}; the database is as it was."
        )


def _alter(cursor: CursorWrapper, table: str, change: str, name: str = "") -> None:
    query = sql.SQL("ALTER TABLE {} " + change).format(
        sql.Identifier("public", table), *([sql.Identifier(name)] if name else [])
    )
    cursor.execute(query)


def _lay_down_media(path: Path, manifest: Manifest, media: Path) -> None:
    """The media of the backup in place of what is there."""
    fresh = media.with_name(media.name + ".restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(0o700, parents=True)
    with zipfile.ZipFile(path) as archive:
        for name in manifest.media:
            target = fresh / name
            target.parent.mkdir(0o700, parents=True, exist_ok=True)
            with target.open("xb") as file:
                target.chmod(0o600)
                for block in blocks(archive, media_entry(name)):
                    file.write(block)
    shutil.rmtree(media, ignore_errors=True)
    fresh.rename(media)

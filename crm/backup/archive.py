"""The file of a backup: a zip of one COPY stream a table, the media, and a manifest of all of it. Flat memory."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

FORMAT = 1
PRODUCT = "sales-centre-crm"
MANIFEST = "manifest.json"
DAMAGE = (
    OSError, zipfile.BadZipFile, zlib.error, struct.error, EOFError,
    KeyError, TypeError, ValueError, RuntimeError, AttributeError,
)  # fmt: skip
"""What reading a file that is no whole backup may raise."""
BLOCK = 1024 * 1024  # bytes
MANIFEST_LIMIT = 64 * 1024 * 1024  # bytes


class BackupError(Exception):
    """Something the person at the keyboard can put right; the text is the one line that is printed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream of the archive: its bytes before compression, their SHA-256, and its lines (rows of a table)."""

    bytes: int
    sha256: str
    lines: int


@dataclass(frozen=True, slots=True)
class Table:
    """Columns in the order of the stream."""

    columns: list[str]
    entry: Entry

    @property
    def rows(self) -> int:
        return self.entry.lines


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds and what made it. `sequences`: (last value, whether it was handed out)."""

    made_at: str
    server: str
    migrations: list[tuple[str, str]]
    tables: dict[str, Table]
    sequences: dict[str, tuple[int, bool]]
    left_out: list[str]
    media: dict[str, Entry] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    def dumped(self) -> bytes:
        text = json.dumps({"format": FORMAT, "product": PRODUCT} | asdict(self), indent=1, ensure_ascii=False)
        return text.encode()


def table_entry(name: str) -> str:
    return f"tables/{name}.copy"


def media_entry(name: str) -> str:
    return f"media/{name}"


def write_entry(
    archive: zipfile.ZipFile, name: str, blocks: Iterable[bytes | bytearray | memoryview]
) -> Entry:
    """Stream `blocks` into a new entry."""
    digest, size, lines = hashlib.sha256(), 0, 0
    with archive.open(name, "w", force_zip64=True) as stream:
        for block in _gathered(blocks):
            digest.update(block)
            size += len(block)
            lines += block.count(b"\n")
            stream.write(block)
    return Entry(size, digest.hexdigest(), lines)


def _gathered(blocks: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """The server sends a row at a time; hashing and compressing want larger pieces."""
    waiting, size = [], 0
    for block in blocks:
        waiting.append(bytes(block))
        size += len(block)
        if size >= BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def blocks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """An entry, a block at a time."""
    with archive.open(name) as stream:
        while block := stream.read(BLOCK):
            yield block


def check(path: Path) -> Manifest:
    """Read a whole backup and compare every byte with its manifest. Raises BackupError."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive)
            expected = {table_entry(name): table.entry for name, table in manifest.tables.items()}
            expected |= {media_entry(name): entry for name, entry in manifest.media.items()}
            if set(archive.namelist()) != {MANIFEST, *expected}:
                raise BackupError(f"{path} is damaged: it does not hold what its manifest names.")
            for name, entry in expected.items():
                if _measured(archive, name) != entry:
                    raise BackupError(f"{path} is damaged: {name} is not what its manifest says.")
    except DAMAGE as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise BackupError(f"{path} cannot be read: {problem.strerror}.") from None
        raise BackupError(f"{path} is damaged, cut short or no backup of this product.") from None
    return manifest


def _measured(archive: zipfile.ZipFile, name: str) -> Entry:
    digest, size, lines = hashlib.sha256(), 0, 0
    for block in blocks(archive, name):
        digest.update(block)
        size += len(block)
        lines += block.count(b"\n")
    return Entry(size, digest.hexdigest(), lines)


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > MANIFEST_LIMIT:
        raise ValueError(MANIFEST)
    found: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if found.pop("product") != PRODUCT:
        raise ValueError(MANIFEST)
    if found.pop("format") != FORMAT:
        raise BackupError(
            f"{archive.filename} was written by another version of backup; restore it with that."
        )
    for name in found["media"]:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ValueError(name)
    found["tables"] = {
        name: Table(table["columns"], Entry(**table["entry"])) for name, table in found["tables"].items()
    }
    found["media"] = {name: Entry(**entry) for name, entry in found["media"].items()}
    found["migrations"] = [(app, name) for app, name in found["migrations"]]
    found["sequences"] = {name: (last, called) for name, (last, called) in found["sequences"].items()}
    return Manifest(**found)

"""Just enough of the old binary workbook (xls) to know its extent before it is opened.

The reader lays every sheet out as a full grid, so two cells in opposite corners of many sheets could ask for
gigabytes. Layout: sectors chained by an allocation table, a directory of streams, records of type and length.
"""

import struct
from collections.abc import Iterator

from leads.registers.errors import RegisterError
from leads.registers.limits import Limits

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
END = 0xFFFFFFFA  # sector numbers from here on are marks
DIRECTORY_ENTRY = 128
SMALL_STREAM = 4096

BOF = (0x0809, 0x0409, 0x0209, 0x0009)
DATE_MODE, FILE_PASS = 0x0022, 0x002F
ONE_CELL = frozenset(
    (0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x00FD, 0x00D6, 0x0203, 0x0204, 0x0205, 0x0206, 0x027E, 0x0406)
)
ROW_OF_CELLS = 0x00BD


class _Sheet:
    """The extent of one sheet so far."""

    def __init__(self) -> None:
        self.rows = self.columns = 0

    def reach(self, row: int, column: int) -> None:
        self.rows = max(self.rows, row + 1)
        self.columns = max(self.columns, column + 1)


def inspect(data: bytes, limits: Limits) -> bool:
    """Whether the workbook counts days from 1904; `RegisterError` when a sheet reaches too far or it is locked."""
    date1904 = False
    sheets = [_Sheet()]  # the workbook's own part comes first
    for kind, body in _records(_workbook(data)):
        if kind in ONE_CELL and len(body) >= 4:
            sheets[-1].reach(*struct.unpack_from("<HH", body))
        elif kind == ROW_OF_CELLS and len(body) >= 6:
            sheets[-1].reach(*struct.unpack_from("<H", body), *struct.unpack_from("<H", body, len(body) - 2))
        elif kind in BOF:
            sheets.append(_Sheet())
        elif kind == DATE_MODE:
            date1904 = body[:2] == b"\x01\x00"
        elif kind == FILE_PASS:
            raise RegisterError("file_encrypted")
    _check(sheets, limits)
    return date1904


def _check(sheets: list[_Sheet], limits: Limits) -> None:
    if len(sheets) > limits.max_sheets + 2:
        raise RegisterError("too_many_sheets", limit=limits.max_sheets)
    if max(sheet.columns for sheet in sheets) > limits.max_columns:
        raise RegisterError("too_many_columns", sheet="", limit=limits.max_columns)
    grid = sum(sheet.rows * sheet.columns for sheet in sheets)
    if max(sheet.rows for sheet in sheets) > limits.max_row or grid > limits.max_row * limits.max_columns:
        raise RegisterError("too_many_rows", sheet="", limit=limits.max_row)


def _records(book: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, position)
        yield kind, book[position + 4 : position + 4 + length]
        position += 4 + length


def _workbook(data: bytes) -> bytes:
    """The bytes of the workbook stream."""
    try:
        return _find_workbook(_Container(data))
    except (struct.error, IndexError, ValueError) as error:
        raise RegisterError("file_damaged") from error


def _find_workbook(container: "_Container") -> bytes:
    names = container.names()
    if "EncryptedPackage" in names:
        raise RegisterError("file_encrypted")
    for name in ("Workbook", "Book", "WORKBOOK", "BOOK"):
        if name in names:
            return container.stream(*names[name])
    raise RegisterError("file_unsupported", kind="an old Office document")


class _Container:
    """An OLE compound file held in memory. Damaged ones raise struct.error, IndexError or ValueError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size = 1 << struct.unpack_from("<H", data, 30)[0]
        self._small_size = 1 << struct.unpack_from("<H", data, 32)[0]
        if self._size not in (512, 4096) or self._small_size > 512:
            raise ValueError("sector size")
        directory = struct.unpack_from("<I", data, 48)[0]
        small_start, extra = struct.unpack_from("<I4xI", data, 60)
        tables = list(struct.unpack_from("<109I", data, 76))
        seen: set[int] = set()
        while extra < END and extra not in seen:
            seen.add(extra)
            more = self._numbers(self._sector(extra))
            tables += more[:-1]
            extra = more[-1]
        self._next = [
            number for table in tables if table < END for number in self._numbers(self._sector(table))
        ]
        self._entries = self._chain(directory)
        self._small_next = self._numbers(self._chain(small_start)) if small_start < END else []
        root_start, _root_size = struct.unpack_from("<IQ", self._entries, 116)
        self._small_data = self._chain(root_start) if root_start < END else b""

    def names(self) -> dict[str, tuple[int, int]]:
        """Start sector and size in bytes of each entry, by name."""
        found: dict[str, tuple[int, int]] = {}
        for at in range(0, len(self._entries) - DIRECTORY_ENTRY + 1, DIRECTORY_ENTRY):
            length = struct.unpack_from("<H", self._entries, at + 64)[0]
            name = self._entries[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<II", self._entries, at + 116)
            found.setdefault(name, (start, size))
        return found

    def stream(self, start: int, size: int) -> bytes:
        if size >= SMALL_STREAM:
            return self._chain(start)[:size]
        parts, seen = [], set()
        while start < END and start not in seen:
            seen.add(start)
            parts.append(self._small_data[start * self._small_size : (start + 1) * self._small_size])
            start = self._small_next[start]
        return b"".join(parts)[:size]

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _numbers(self, block: bytes) -> list[int]:
        return list(struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4]))

    def _chain(self, start: int) -> bytes:
        parts, seen = [], set()
        while start < END and start not in seen:
            seen.add(start)
            parts.append(self._sector(start))
            start = self._next[start]
        return b"".join(parts)

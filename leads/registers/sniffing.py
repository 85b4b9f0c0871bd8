"""Bytes to sheets of rows: what the file is, is told by its content, never by its name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from leads.registers import delimited, workbooks
from leads.registers.columns import RawRow
from leads.registers.compound import MAGIC as COMPOUND
from leads.registers.errors import RegisterError
from leads.registers.limits import DEFAULT_LIMITS, Limits

_KINDS = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"\x1f\x8b", "an archive"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
)
_MARKUP = (
    b"<!doctype html",
    b"<html",
    b"<table",
    b"<?xml",
    b"<meta",
    b"<head",
    b"<body",
    b"<style",
    b"mime-version:",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `rows()` starts anew each time it is called and yields (row number from 1, cells)."""

    name: str
    hidden: bool
    rows: Callable[[], Iterator[RawRow]]


@dataclass(frozen=True, slots=True)
class Book:
    """An opened register. `kind` is csv, xlsx or xls; `encoding` and `delimiter` are "" for workbooks."""

    kind: str
    encoding: str
    delimiter: str
    date1904: bool
    sheets: tuple[Sheet, ...]


def open_register(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Book:
    """Open an uploaded file. Raises only `RegisterError`, before a hostile file can cost memory."""
    if len(data) > limits.max_bytes:
        raise RegisterError("file_too_large", limit=limits.max_bytes // 2**20)
    if not data.strip(b"\0\t\r\n "):
        raise RegisterError("file_empty")
    if data.startswith(b"PK\x03\x04"):
        return _open_workbook(data, "xlsx", limits)
    if data.startswith(COMPOUND):
        return _open_workbook(data, "xls", limits)
    for start, kind in _KINDS:
        if data.startswith(start):
            raise RegisterError("file_unsupported", kind=kind)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower().startswith(_MARKUP):
        raise RegisterError("file_unsupported", kind="a web page in spite of its name")
    dialect = delimited.sniff(data)
    sheet = Sheet("", hidden=False, rows=partial(delimited.read_rows, data, dialect, limits))
    return Book("csv", dialect.encoding, dialect.delimiter, False, (sheet,))


def _open_workbook(data: bytes, kind: str, limits: Limits) -> Book:
    workbook = workbooks.open_workbook(data, kind, limits)
    sheets = tuple(
        Sheet(name, hidden, partial(workbooks.read_rows, workbook, name, limits))
        for name, hidden in workbook.sheets
    )
    return Book(kind, "", "", workbook.date1904, sheets)

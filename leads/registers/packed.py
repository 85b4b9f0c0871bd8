"""Looks at a zipped workbook (xlsx) without keeping any of it: sizes as they are, not as the file declares them.

The reader lays a sheet out as a full grid up to its last written cell, so the cells' places are checked too.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from leads.registers.errors import RegisterError
from leads.registers.limits import Limits

CHUNK = 2**20
LOCAL_HEADER = 30
LONGEST_TAG = 4096  # bytes
ENCRYPTED = 0x1

_CELL = re.compile(rb'<c r="')
_COLUMN = re.compile(rb'<c r="([A-Z]+)[0-9]+"[^<>]*(?<!/)>')  # of cells that hold something
_SPLIT_TAG = re.compile(rb"""<(?:c|row)\s[^<>]*=\s*(?:"[^"<]*|'[^'<]*)>""")  # a ">" inside an attribute
_ODD = (b"r='", b"r =", b"r= ", b"r\t", b"r\n", b"r\r", b"<c>", b":c ", b":c>", b"<c\n", b"<c\t", b"<c\r")
_TAG = re.compile(rb"<(?:[A-Za-z0-9_.-]+:)?(row|c)(?=[\s/>])([^<>]*)>")
_REFERENCE = re.compile(rb"""(?:^|\s)r\s*=\s*["']\s*([A-Za-z]*)([0-9]*)""")
_HUGE = re.compile(rb"""ount\s*=\s*["']\s*\+?0*[0-9]{8}""")  # any count of ten million or more
_HUGE_IN_TAG = re.compile(rb"""<[^<>]*ount\s*=\s*["']\s*\+?0*[0-9]{8}""")
_DATE1904 = re.compile(rb"""date1904\s*=\s*["'](?:1|true)["']""")


def inspect(data: bytes, limits: Limits) -> bool:
    """Whether the workbook counts days from 1904; `RegisterError` for bombs, locks and damage.

    1. The directory: members, declared sizes, ratio.  2. Each member is unpacked piece by piece and must not exceed
    what it declares.  3. The pieces are searched for cells outside the limits.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error, IndexError) as error:
        raise RegisterError("file_damaged") from error
    _check_directory(members, len(data), limits)
    date1904 = False
    for member in members:
        if _is_suspicious(_unpack(data, member), limits):
            _check_cells(_unpack(data, member), limits)
        if member.filename == "xl/workbook.xml":
            date1904 = any(_DATE1904.search(chunk) for chunk in _unpack(data, member))
    return date1904


def _check_directory(members: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    unpacked = sum(member.file_size for member in members)
    if unpacked > limits.max_unpacked:
        raise RegisterError("file_unpacked_too_large", limit=limits.max_unpacked // 2**20)
    if len(members) > limits.max_members or (
        unpacked > limits.free_ratio and unpacked > limits.max_ratio * size
    ):
        raise RegisterError("file_ratio")
    if any(member.flag_bits & ENCRYPTED for member in members):
        raise RegisterError("file_encrypted")
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise RegisterError("file_unsupported", kind=_kind(members))


def _kind(members: list[zipfile.ZipInfo]) -> str:
    names = {member.filename for member in members}
    if "xl/workbook.bin" in names:
        return "an xlsb workbook"
    if "word/document.xml" in names:
        return "a text document"
    return "an OpenDocument file" if "mimetype" in names else "a zip archive"


def _unpack(data: bytes, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """A member in pieces of 1 MB. Reads the raw stream, for the declared size is what a bomb lies about."""
    start = member.header_offset
    if data[start : start + 4] != b"PK\x03\x04" or len(data) < start + LOCAL_HEADER:
        raise RegisterError("file_damaged")
    name_length, extra_length = struct.unpack_from("<HH", data, start + 26)
    start += LOCAL_HEADER + name_length + extra_length
    raw = data[start : start + member.compress_size]
    if member.compress_type == zipfile.ZIP_STORED:
        yield from (raw[i : i + CHUNK] for i in range(0, len(raw), CHUNK))
        return
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise RegisterError("file_damaged")
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    try:
        while chunk := decoder.decompress(raw, CHUNK):
            total += len(chunk)
            if total > member.file_size:
                raise RegisterError("file_ratio")
            yield chunk
            raw = decoder.unconsumed_tail
    except zlib.error as error:
        raise RegisterError("file_damaged") from error


def _is_suspicious(chunks: Iterator[bytes], limits: Limits) -> bool:
    """A quick look for anything that may stand outside the limits; plain workbooks pass at 500 MB/s."""
    digits = len(str(limits.max_row))
    far_row = re.compile(rb'<c r="[A-Z]+[0-9]{%d,}"[^<>]*(?<!/)>' % digits)
    known: set[bytes] = set()
    suspicious = False
    for block in _whole_tags(chunks):  # to the end in any case: unpacking is what proves the size
        if _HUGE.search(block) and _HUGE_IN_TAG.search(block):
            raise RegisterError("file_damaged")  # the reader sets memory aside for what a count declares
        if _SPLIT_TAG.search(block):
            raise RegisterError(
                "file_damaged"
            )  # no spreadsheet writes that; it would hide a cell from this look
        if suspicious:
            continue
        columns = _COLUMN.findall(block)
        known.update(columns)
        suspicious = (
            any(sign in block for sign in _ODD)
            or block.count(b"<c ") > len(_CELL.findall(block))
            or far_row.search(block) is not None
        )
    return suspicious or any(_column_number(letters) > limits.max_columns for letters in known)


def _check_cells(chunks: Iterator[bytes], limits: Limits) -> None:
    """Follow rows and cells tag by tag as the reader does; empty cells (styled, never written) do not count."""
    row = column = 0
    for tag, attributes in _tags(chunks):
        reference = _REFERENCE.search(attributes)
        letters, digits = (reference[1], reference[2]) if reference else (b"", b"")
        if tag == b"row":
            row, column = (_number(digits) if digits else row + 1), 0
            continue
        column = _column_number(letters.upper()) if letters else column + 1
        if attributes.rstrip().endswith(b"/"):
            continue
        if column > limits.max_columns:
            raise RegisterError("too_many_columns", sheet="", limit=limits.max_columns)
        if max(row, _number(digits)) > limits.max_row:
            raise RegisterError("too_many_rows", sheet="", limit=limits.max_row)


def _tags(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for block in _whole_tags(chunks):
        yield from ((match[1], match[2]) for match in _TAG.finditer(block))


def _whole_tags(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks cut anew, so that no tag is in two pieces."""
    tail = b""
    for chunk in chunks:
        block = tail + chunk
        cut = block.rfind(b"<")
        if len(block) - cut > LONGEST_TAG:
            cut = len(block)
        yield block[:cut]
        tail = block[cut:]
    yield tail


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:8]:
        number = number * 26 + letter - 64
    return number


def _number(digits: bytes) -> int:
    return int(digits[:12] or b"0")

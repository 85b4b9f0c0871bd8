"""Text registers: which encoding, which delimiter, and their rows one at a time."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from leads.registers.columns import RawRow, find_header
from leads.registers.errors import RegisterError
from leads.registers.fields import field_of, normal_header
from leads.registers.limits import Limits
from leads.registers.texts import REPLACEMENT

DELIMITERS = ",;\t|，"
LOOKED_AT = 64 * 2**10  # characters read to find the delimiter
CHUNK = 2**20
BROKEN = 0.02  # share of unreadable characters up to which an encoding is still believed
FEW_PLAIN = 0.01  # share of ASCII characters that every register has
LONGEST_LINE = 2**20  # characters between two line ends
MAX_LINES_IN_CELL = 40  # more line breaks in one cell than people type: a quotation mark was not closed

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Dialect(NamedTuple):
    """`encoding` is a Python codec; `skip` lines before the table (Excel's "sep=;" line)."""

    encoding: str
    delimiter: str
    skip: int


def sniff(data: bytes) -> Dialect:
    """Encoding and delimiter of a text file; `RegisterError("file_encoding")` when it is no text."""
    encoding = _encoding(data)
    head = _head(data, encoding)
    if sum(character < " " and character not in "\t\r\n\f\x1a" for character in head) > len(head) * BROKEN:
        raise RegisterError("file_encoding")
    first = head.split("\n", 1)[0].strip().strip('"').lower()
    if first.startswith("sep=") and len(first) == 5:
        return Dialect(encoding, first[4], 1)
    return Dialect(encoding, _delimiter(head), 0)


def _encoding(data: bytes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _checked(data, encoding)
    if wide := _wide(data):
        return _checked(data, wide)
    if data.isascii():
        return "utf-8"
    shares = {encoding: _broken(data, encoding) for encoding in ("utf-8", "gb18030", "big5hkscs")}
    if shares["utf-8"] <= BROKEN:
        return "utf-8"
    believed = [encoding for encoding in ("gb18030", "big5hkscs") if shares[encoding] <= BROKEN]
    if not believed:
        raise RegisterError("file_encoding")
    # The two overlap: whichever reads more headers is meant; mainland wins a tie.
    return max(believed, key=lambda encoding: _known_words(_head(data, encoding)))


def _checked(data: bytes, encoding: str) -> str:
    if _broken(data, encoding) > BROKEN:
        raise RegisterError("file_encoding")
    return encoding


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: read the right way round it has line ends, digits and commas, the wrong way next to none.

    Letters do not count: 一 (4E00) read the wrong way is an N.
    """
    sample = data[: LOOKED_AT * 2]
    sample = sample[: len(sample) // 2 * 2]
    if len(sample) < 4 or b"\0" not in sample:
        return ""
    plain = {name: _plain(sample.decode(name, "replace")) for name in ("utf-16-le", "utf-16-be")}
    best = max(plain, key=lambda name: plain[name])
    if plain[best] < len(sample) / 2 * FEW_PLAIN or sum(plain.values()) > plain[best] * 1.25:
        return ""
    return best if _broken(data, best) <= BROKEN else ""


def _plain(text: str) -> int:
    """How many characters are line ends, separators and digits, of which every register has some."""
    return sum(character <= "9" and character != "\0" for character in text)


def _broken(data: bytes, encoding: str) -> float:
    """The share of a file's non-ASCII characters that do not decode."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    strange = broken = 0
    for start in range(0, len(data), CHUNK):
        text = decoder.decode(data[start : start + CHUNK], start + CHUNK >= len(data))
        broken += text.count(REPLACEMENT)
        strange += len(text) - len(text.encode("ascii", "ignore"))
    return broken / strange if strange else 0.0


def _head(data: bytes, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(data[: LOOKED_AT * 2])[:LOOKED_AT]


def _known_words(head: str) -> int:
    cells = head[:4000].replace("\t", ",").replace(";", ",").replace("\n", ",").split(",")
    return sum(field_of(normal_header(cell)) is not None for cell in cells)


def _delimiter(head: str) -> str:
    """The delimiter under which a header is found, else the one that makes most rows equally wide."""
    best, best_score = ",", (0, 0.0, 0)
    for delimiter in DELIMITERS:
        try:
            rows = [
                row
                for row in islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), 60)
                if row
            ]
        except csv.Error:
            continue
        widths = Counter(map(len, rows))
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if width < 2:
            continue
        header = find_header([(i, row) for i, row in enumerate(rows, 1)])
        fields = sum(field_of(normal_header(name)) is not None for name in header.names) if header else 0
        score = (fields, count / len(rows), width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def read_rows(data: bytes, dialect: Dialect, limits: Limits) -> Iterator[RawRow]:
    """The rows numbered as a spreadsheet would number them (from 1, blank ones counted), one at a time."""
    stream = io.TextIOWrapper(io.BytesIO(data), dialect.encoding, errors="replace", newline="")
    reader = csv.reader(_lines(stream), delimiter=dialect.delimiter)
    number = -dialect.skip
    usual_width = 3
    try:
        for cells in reader:
            number += 1
            if number < 1:
                continue
            if number > limits.max_row:
                raise RegisterError("too_many_rows", sheet="", limit=limits.max_row)
            _check(cells, number, usual_width, dialect.delimiter, limits)
            usual_width = max(usual_width, len(cells))
            yield number, cells
    except csv.Error as error:  # the only one in this mode: a field beyond csv.field_size_limit()
        if "field larger" not in str(error):
            raise RegisterError("file_damaged", row=number + 1) from error
        if b'"' in data:
            raise RegisterError("unclosed_quote", row=number + 1) from error
        raise RegisterError("cell_too_long", row=number + 1, sheet="", limit=limits.max_cell) from error


def _lines(stream: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a text, none so long that its cells alone would take the memory."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise RegisterError("line_too_long", row=number)
        yield line


def _check(cells: Sequence[str], row: int, usual_width: int, delimiter: str, limits: Limits) -> None:
    if len(cells) > limits.max_columns and any(cells[limits.max_columns :]):
        raise RegisterError("too_many_columns", sheet="", limit=limits.max_columns)
    for cell in cells:
        if "\n" in cell and _swallows_rows(cell, usual_width, delimiter):
            raise RegisterError("unclosed_quote", row=row)
        if len(cell) > limits.max_cell:
            raise RegisterError("cell_too_long", row=row, sheet="", limit=limits.max_cell)


def _swallows_rows(cell: str, usual_width: int, delimiter: str) -> bool:
    """Whether a cell of several lines holds what looks like other rows: they would be lost without a word."""
    lines = cell.split("\n")
    return len(lines) > MAX_LINES_IN_CELL + 1 or any(
        line.count(delimiter) >= usual_width - 1 for line in lines
    )

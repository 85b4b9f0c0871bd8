"""Cells to clean text: nothing invisible, nothing evaluated, nothing lost that a person could read."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from crm.phones import narrow
from crm.plain_text import plain_text

Cell = str | float | int | bool | datetime | date | time | timedelta | None

REPLACEMENT = "\ufffd"  # what a decoder leaves where it could not read

OPENS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, or of a cell that hides one."""

_QUOTED_FORMULA = re.compile(r"^'+(?=[=+\-@'])")
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_INNER_BLANKS = re.compile(rf"(?<=[{_HAN}·]) +(?=[{_HAN}·])")


def to_text(cell: Cell) -> str:
    """A cell as a person sees it: 89.0 is "89", a date is ISO, an empty cell is ""."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e16:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes")
    return str(cell)


def clean(cell: Cell) -> str:
    """One line of text or several: control and direction characters out, odd blanks to plain ones, trimmed.

    A formula stays the text it is. The apostrophe by which spreadsheets mark text before a formula sign goes,
    so that the same remark is the same text from every kind of file.
    """
    text = cell if isinstance(cell, str) else to_text(cell)
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(each) == "Zs" else each for each in plain_text(text))
    text = text.strip()
    return _QUOTED_FORMULA.sub("", text) if text.startswith("'") else text


def clean_line(cell: Cell) -> str:
    """Like `clean`, but one line with single blanks and narrow forms: for names, words and headers."""
    text = clean(cell)
    if not text.isascii():
        text = narrow(text)
    return " ".join(text.split()) if " " in text or "\n" in text else text


def clean_name(cell: Cell) -> str:
    """A person's name: as `clean_line`, without the blank some people put between hanzi (林 晓)."""
    text = clean_line(cell)
    return _INNER_BLANKS.sub("", text) if " " in text else text


def is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and (not cell or cell.isspace()))

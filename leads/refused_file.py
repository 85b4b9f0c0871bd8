"""The file of refused rows, as Excel or CSV: the cells as they came and the reasons in a last column.

Loaded again once it is corrected, its headers are recognised and the last column is left out. Cells are text, so
nothing in the file is a formula, whatever stood in the register.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import groupby
from typing import IO, TextIO

import xlsxwriter
from django.utils.translation import gettext as _

from leads import facts_import
from leads.facts_dry_run import hidden
from leads.models import ImportBatch, RefusedRow
from leads.registers.texts import OPENS_FORMULA

SHEET = "Refused"
LONGEST_SHEET_NAME = 31
Line = list[str]


def sheets(batch: ImportBatch, *, plain: bool) -> Iterator[tuple[str, Iterator[Line]]]:
    """(sheet name, its lines with the header first), one sheet after the other. `plain` False: numbers are masked."""
    headers = batch.report.get("check", {}).get("headers", {})
    rows = batch.refused_rows.order_by("position", "id")  # the order of the file
    for name, refused in groupby(rows.iterator(chunk_size=1000), key=lambda row: row.sheet):
        yield name, _lines(headers.get(name, []), refused, plain=plain)


def _lines(headers: list[str], rows: Iterator[RefusedRow], *, plain: bool) -> Iterator[Line]:
    """The reasons stand behind the last header; a row that is wider keeps its further cells behind them."""
    width = len(headers)
    yield [*headers, _("Refused because")]
    for row in rows:
        cells = row.cells if plain else [hidden(cell) for cell in row.cells]
        reasons = "; ".join(facts_import.reason_text(reason) for reason in row.reasons)
        where = _("Row %(row)d: %(reasons)s") % {"row": row.row, "reasons": reasons}
        yield [*cells[:width], *[""] * (width - len(cells)), where, *cells[width:]]


def write_xlsx(batch: ImportBatch, file: IO[bytes], *, plain: bool) -> None:
    """A workbook with the sheets of the register, row by row in constant memory."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    text = book.add_format({"num_format": "@"})
    wrong = book.add_format({"num_format": "@", "font_color": "#C00000"})
    used: set[str] = set()
    for name, lines in sheets(batch, plain=plain):
        sheet = book.add_worksheet(_sheet_name(name, used))
        sheet.freeze_panes(1, 0)
        width = 0
        for row, line in enumerate(lines):
            width = width or len(line)
            for column, cell in enumerate(line):
                sheet.write_string(row, column, cell, wrong if column == width - 1 else text)
    book.close()


def _sheet_name(name: str, used: set[str]) -> str:
    """What a workbook allows as a name; a second sheet of that name, in whatever case, is numbered."""
    allowed = "".join(character for character in name if character not in "[]:*?/\\")
    plain = allowed[:LONGEST_SHEET_NAME].strip("'") or SHEET
    found, number = plain, 1
    while found.casefold() in used:
        number += 1
        end = f" {number}"
        found = plain[: LONGEST_SHEET_NAME - len(end)] + end
    used.add(found.casefold())
    return found


def write_csv(batch: ImportBatch, file: TextIO, *, plain: bool) -> None:
    """UTF-8 with its mark, as spreadsheets expect; several sheets stand below each other, each with its header."""
    file.write("\ufeff")
    writer = csv.writer(file)
    for _name, lines in sheets(batch, plain=plain):
        writer.writerows([_safe(cell) for cell in line] for line in lines)


def _safe(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is marked as text."""
    return f"'{cell}" if cell.startswith(OPENS_FORMULA) else cell

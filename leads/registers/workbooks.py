"""Workbooks: what they would unpack to is checked on the packed bytes, then calamine reads them sheet by sheet."""

import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from leads.registers import compound, packed
from leads.registers.columns import RawRow
from leads.registers.errors import RegisterError
from leads.registers.limits import Limits
from leads.registers.texts import Cell, is_empty

Found = TypeVar("Found")


@dataclass(slots=True)
class Workbook:
    """An opened workbook; `sheets` are (name, hidden) in the file's order, charts and macros left out.

    The sheet read last is kept: it is looked at first and then read, and one at a time is all that memory allows.
    """

    reader: CalamineWorkbook
    sheets: tuple[tuple[str, bool], ...]
    date1904: bool
    last: tuple[str, CalamineSheet] | None = None

    def sheet(self, name: str) -> CalamineSheet:
        if self.last is None or self.last[0] != name:
            self.last = None
            self.last = name, _guarded(lambda: self.reader.get_sheet_by_name(name))
        return self.last[1]


def open_workbook(data: bytes, kind: str, limits: Limits) -> Workbook:
    """`kind` is xlsx or xls, as sniffed. `RegisterError` for what is too large, locked or damaged."""
    date1904 = compound.inspect(data, limits) if kind == "xls" else packed.inspect(data, limits)
    reader = _guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    sheets = tuple(
        (sheet.name, sheet.visible is not SheetVisibleEnum.Visible)
        for sheet in reader.sheets_metadata
        if sheet.typ is SheetTypeEnum.WorkSheet
    )
    if len(sheets) > limits.max_sheets:
        raise RegisterError("too_many_sheets", limit=limits.max_sheets)
    return Workbook(reader, sheets, date1904)


def read_rows(workbook: Workbook, name: str, limits: Limits) -> Iterator[RawRow]:
    """A sheet's rows numbered as the spreadsheet numbers them, columns from A. Cells merged downwards repeat."""
    sheet = workbook.sheet(name)
    left: list[Cell] = [""] * (sheet.start[1] if sheet.start else 0)
    merged = _merged_downwards(sheet, limits)
    repeats: dict[int, tuple[Cell, int]] = {}
    for index, found in enumerate(sheet.iter_rows()):
        cells: list[Cell] = [*left, *found]
        if not all(map(is_empty, cells)):
            for column, (value, last) in repeats.items():
                if index <= last and column < len(cells) and is_empty(cells[column]):
                    cells[column] = value
        for column, last in merged.get(index, ()):
            if column < len(cells):
                repeats[column] = cells[column], last
        if any(isinstance(cell, str) and len(cell) > limits.max_cell for cell in cells):
            raise RegisterError("cell_too_long", sheet=name, row=index + 1, limit=limits.max_cell)
        yield index + 1, cells


def _merged_downwards(sheet: CalamineSheet, limits: Limits) -> dict[int, list[tuple[int, int]]]:
    """First row → (column, last row) of cells merged over several rows. Those merged sideways have one meaning."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ():
        if bottom > top and left < limits.max_columns:
            found[top].append((left, bottom))
    return found


def _guarded(read: Callable[[], Found]) -> Found:
    """Whatever the reader cannot read is a damaged file, its panics (which are no `Exception`) included."""
    try:
        return read()
    except CalamineError as error:
        raise RegisterError("file_damaged") from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise RegisterError("file_damaged") from error
        raise

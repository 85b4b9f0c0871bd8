"""Reading a list of units: which column is what, and why a row is refused. Pure; the file is opened elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

MOST_ROWS = 5_000
HEADER_WITHIN = 10
"""Rows from the top among which the header is looked for; above it stand titles."""

HEADERS: dict[str, frozenset[str]] = {
    "building": frozenset({"building", "楼栋", "栋", "栋号", "楼号", "幢", "幢号", "座"}),
    "number": frozenset({"number", "unit", "unit number", "房号", "室号", "房间号", "房源", "单元房号"}),
    "unit_type": frozenset({"unit type", "type", "户型", "房型"}),
    "floor": frozenset({"floor", "楼层", "层"}),
    "area_sqm": frozenset({"area", "area (m²)", "area (sqm)", "面积", "建筑面积", "建面"}),
    "list_price": frozenset({"list price", "list price (yuan)", "price", "总价", "表价", "价格", "标价"}),
}
NEEDED = ("building", "number")


def gettext_noop(text: str) -> str:
    """Mark a message for the catalogue without importing Django; the screen translates it."""
    return text


NO_HEADER = gettext_noop("No row names a column for the building and one for the number.")
TOO_MANY = gettext_noop("More than 5,000 rows. Split the file.")
NO_BUILDING = gettext_noop("The building is missing.")
NO_NUMBER = gettext_noop("The number is missing.")
TOO_LONG = gettext_noop("A text is too long.")
TWICE = gettext_noop("The same unit stands in the file twice.")
NOT_A_FLOOR = gettext_noop("The floor is not a whole number.")
NOT_AN_AREA = gettext_noop("The area is not a number above zero.")
NOT_A_PRICE = gettext_noop("The price is not a number above zero.")

_LENGTHS = {"building": 40, "number": 20, "unit_type": 40}


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit of the file. `row` counts from 1; area in m², price in yuan; "" and None are empty cells."""

    row: int
    building: str
    number: str
    unit_type: str = ""
    floor: int | None = None
    area_sqm: Decimal | None = None
    list_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not a unit; `reason` is a message to translate, `text` the row as it stands."""

    row: int
    reason: str
    text: str


@dataclass(slots=True)
class UnitFile:
    """What a file says. `problem` is set when nothing of it can be read; accepted and refused are all its rows."""

    problem: str = ""
    units: list[UnitRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


class _Refused(Exception):
    pass


def read_units(rows: Iterable[tuple[int, Sequence[object]]]) -> UnitFile:
    """Read (row number, cells) pairs; empty rows are passed over."""
    found, columns, seen = UnitFile(), dict[str, int](), set[tuple[str, str]]()
    for position, (row, cells) in enumerate(rows):
        texts = [_text(cell) for cell in cells]
        if not any(texts):
            continue
        if not columns:
            columns = _columns(texts)
            if not columns and position >= HEADER_WITHIN:
                break
            continue
        if len(found.units) + len(found.refused) >= MOST_ROWS:
            return UnitFile(problem=TOO_MANY)
        try:
            unit = _unit(row, {name: _at(texts, index) for name, index in columns.items()})
            if (unit.building, unit.number) in seen:
                raise _Refused(TWICE)
        except _Refused as refused:
            found.refused.append(RefusedRow(row, str(refused), " · ".join(filter(None, texts))[:200]))
            continue
        seen.add((unit.building, unit.number))
        found.units.append(unit)
    if not columns:
        found.problem = NO_HEADER
    return found


def to_csv(units: Iterable[UnitRow]) -> str:
    """The accepted rows as text that `from_csv` reads to the same units."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["row", *HEADERS])
    for unit in units:
        writer.writerow([unit.row, *(getattr(unit, name) for name in HEADERS)])
    return out.getvalue()


def from_csv(text: str) -> UnitFile:
    """Read what `to_csv` wrote, with every check again: it has been in the hands of a browser."""
    names = {"unit_type": "unit type", "area_sqm": "area", "list_price": "list price"}
    found: list[tuple[int, Sequence[object]]] = []
    for line in csv.reader(io.StringIO(text)):
        if not line:
            continue
        row = int(line[0]) if line[0].isdecimal() and len(line[0]) < 8 else 0
        found.append((row, line[1:] if row else [names.get(cell, cell) for cell in line[1:]]))
    return read_units(found)


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else " ".join(str(cell).split())


def _at(texts: Sequence[str], index: int) -> str:
    return texts[index] if index < len(texts) else ""


def _columns(texts: Sequence[str]) -> dict[str, int]:
    """Field to column when this row is a header, else empty. The first column of a name counts."""
    found: dict[str, int] = {}
    for index, text in enumerate(texts):
        plain = text.lower().replace("（", "(").replace("）", ")")
        short = plain.split("(")[0].strip()
        for name, words in HEADERS.items():
            if name not in found and (plain in words or short in words):
                found[name] = index
    return found if all(name in found for name in NEEDED) else {}


def _unit(row: int, texts: dict[str, str]) -> UnitRow:
    if not texts["building"]:
        raise _Refused(NO_BUILDING)
    if not texts["number"]:
        raise _Refused(NO_NUMBER)
    if any(len(texts.get(name, "")) > most for name, most in _LENGTHS.items()):
        raise _Refused(TOO_LONG)
    return UnitRow(
        row=row,
        building=texts["building"],
        number=texts["number"],
        unit_type=texts.get("unit_type", ""),
        floor=_floor(texts.get("floor", "")),
        area_sqm=_decimal(texts.get("area_sqm", ""), NOT_AN_AREA, Decimal(1_000_000)),
        list_price=_decimal(texts.get("list_price", ""), NOT_A_PRICE, Decimal(10_000_000_000)),
    )


def _floor(text: str) -> int | None:
    text = text.removesuffix("层").removesuffix("F").removesuffix("楼").strip()
    if not text:
        return None
    try:
        floor = int(text)
    except ValueError:
        raise _Refused(NOT_A_FLOOR) from None
    if not -20 <= floor <= 200:
        raise _Refused(NOT_A_FLOOR)
    return floor


def _decimal(text: str, reason: str, below: Decimal) -> Decimal | None:
    text = (
        text.replace(",", "").replace("，", "").replace("㎡", "").replace("m²", "").removesuffix("元").strip()
    )
    if not text:
        return None
    try:
        value = Decimal(text)
        valid = value.is_finite() and 0 < value < below
    except InvalidOperation:
        raise _Refused(reason) from None
    if not valid:
        raise _Refused(reason)
    return value.quantize(Decimal("0.01"))

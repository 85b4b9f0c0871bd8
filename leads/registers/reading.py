"""The whole way: an opened register is analysed (what can be corrected), then read row by row.

book = open_register(data)
plan = analyse(book, today=…, region="CN", file_name="calls.csv")
for outcome in read(book, plan, tally=tally): …        # ParsedRow | Refusal
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from leads.registers.cells import DEFAULT_GRADE_WORDS
from leads.registers.columns import Column, Header, RawRow, find_header, guess_columns
from leads.registers.dates import DateStyle, infer_style
from leads.registers.errors import RegisterError
from leads.registers.fields import Field, normal_header
from leads.registers.results import ParsedRow, Refusal, Register, Tally
from leads.registers.rows import DEFAULT_LENGTHS, Context, RowReader
from leads.registers.sniffing import Book, Sheet
from leads.registers.texts import Cell, clean_line, is_empty

SAMPLE = 260  # rows of a sheet looked at for header and columns
DAY_FIRST = frozenset(("HK", "MO", "SG"))  # regions that write 19/9/2026
ROC_YEARS = frozenset(("TW",))
LONGEST_TOTAL = 30  # characters
_TOTAL = re.compile(
    r"(?:本页|本頁|本月|本日|本周|累计|累計)? ?(?:合 ?[计計]|总 ?[计計]|總 ?計|小 ?[计計]|共 ?[计計])"
    r"|(?:grand ?|sub ?)?totals?\b",
    re.I,
)
_VISIT_SIGNS = ("来访", "到访", "首访", "复访", "访客", "接待", "visit", "来訪", "到訪", "來訪")
_CALL_SIGNS = ("来电", "电访", "热线", "接听", "进线", "通话", "來電", "call")


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """How one sheet will be read. `header_row` 0: it has none; `used` False: not a register, nothing is read.

    `samples` holds for each column up to five different values as text, for the mapping screen (not masked).
    """

    name: str
    used: bool
    header_row: int
    columns: tuple[Column, ...]
    dates: DateStyle
    samples: tuple[tuple[str, ...], ...]

    @property
    def missing(self) -> tuple[Field, ...]:
        """Fields without which every row would be refused."""
        present = {column.field for column in self.columns}
        return tuple(name for name in (Field.PHONE, Field.DATE) if name not in present)


@dataclass(frozen=True, slots=True)
class Plan:
    """The guesses of `analyse`, each open to correction with `dataclasses.replace`.

    `confidence` in the kind of register is in per cent; below 60 a person should be asked.
    """

    register: Register
    confidence: int
    sheets: tuple[SheetPlan, ...]
    region: str
    grade_words: Mapping[str, str] = field(default_factory=lambda: DEFAULT_GRADE_WORDS)
    default_day: date | None = None
    lengths: Mapping[Field, int] = field(default_factory=lambda: DEFAULT_LENGTHS)


def analyse(
    book: Book,
    *,
    today: date,
    region: str = "CN",
    zone: str = "Asia/Shanghai",
    file_name: str = "",
    chosen: Mapping[str, Mapping[int, str]] | None = None,
) -> Plan:
    """Guess everything from the first rows of each sheet; raises `RegisterError("no_table")` when there is none.

    `chosen`: by sheet name, column number from 0 → field ("" for none).
    """
    dates = DateStyle(
        today=today,
        long="dmy" if region in DAY_FIRST else "mdy",
        roc_years=region in ROC_YEARS,
        date1904=book.date1904,
        zone=zone,
    )
    plans = tuple(
        _plan_sheet(sheet, dates, region, (chosen or {}).get(sheet.name, {})) for sheet in book.sheets
    )
    if not any(plan.used for plan in plans):
        raise RegisterError("no_table")
    register, confidence = _guess_register(plans, file_name)
    return Plan(register, confidence, plans, region)


def _plan_sheet(sheet: Sheet, dates: DateStyle, region: str, chosen: Mapping[int, str]) -> SheetPlan:
    head = list(islice(sheet.rows(), SAMPLE))
    header = find_header(head) or Header(0, ())
    sample = [cells for number, cells in head if number > header.row]
    columns = guess_columns(header.names, sample, style=dates, region=region, chosen=chosen)
    when = [column.index for column in columns if column.field is Field.DATE]
    if when:
        dates = infer_style((cells[when[0]] for cells in sample if when[0] < len(cells)), dates)
    has_phone = any(column.field is Field.PHONE for column in columns)
    used = bool(chosen) or (has_phone and not sheet.hidden)
    return SheetPlan(sheet.name, used, header.row, columns, dates, _samples(columns, sample))


def _samples(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> tuple[tuple[str, ...], ...]:
    found: list[dict[str, None]] = [{} for _ in columns]
    for cells in rows[:60]:
        for values, cell in zip(found, cells, strict=False):
            if len(values) < 5 and not is_empty(cell):
                values[clean_line(cell)[:60]] = None
    return tuple(tuple(values) for values in found)


def _guess_register(plans: Sequence[SheetPlan], file_name: str) -> tuple[Register, int]:
    words = [file_name.casefold()] * 2
    for plan in plans:
        if plan.used:
            words += [plan.name.casefold()] * 2 + [column.header.casefold() for column in plan.columns]
    visits = sum(sign in word for word in words for sign in _VISIT_SIGNS)
    calls = sum(sign in word for word in words for sign in _CALL_SIGNS)
    visits += sum(column.field is Field.VISITS for plan in plans for column in plan.columns)
    if visits == calls:
        return Register.CALLS, 50
    register = Register.VISITS if visits > calls else Register.CALLS
    return register, 60 + min(abs(visits - calls), 4) * 10 - (10 if min(visits, calls) else 0)


def read(book: Book, plan: Plan, tally: Tally | None = None) -> Iterator[ParsedRow | Refusal]:
    """Every row of every used sheet, accepted or refused; `tally` counts along, empty rows included."""
    counts = tally if tally is not None else Tally()
    sheets = {sheet.name: sheet for sheet in book.sheets}
    for sheet_plan in plan.sheets:
        if sheet_plan.used:
            yield from _read_sheet(sheets[sheet_plan.name], sheet_plan, plan, counts)


def _read_sheet(
    sheet: Sheet, sheet_plan: SheetPlan, plan: Plan, tally: Tally
) -> Iterator[ParsedRow | Refusal]:
    context = Context(
        dates=sheet_plan.dates,
        register=plan.register,
        region=plan.region,
        grade_words=plan.grade_words,
        default_day=plan.default_day,
        lengths=plan.lengths,
    )
    reader = RowReader(sheet.name, sheet_plan.columns, context)
    headers = _headers(sheet_plan.columns)
    for number, cells in sheet.rows():
        if number <= sheet_plan.header_row:
            continue
        if all(map(is_empty, cells)):
            tally.empty += 1
        elif headers and _repeats_header(cells, headers):
            tally.repeated_headers += 1
        else:
            outcome = reader.read(number, cells)
            if isinstance(outcome, Refusal) and _is_total(cells):
                tally.totals += 1
                continue
            tally.add(outcome)
            yield outcome


def _is_total(cells: Sequence[Cell]) -> bool:
    """A line of totals that ends a printed list: it begins with the word and holds nothing but figures and words."""
    first = next(clean_line(cell) for cell in cells if not is_empty(cell))
    return len(first) <= LONGEST_TOTAL and _TOTAL.match(first) is not None


def _headers(columns: Sequence[Column]) -> dict[int, str]:
    """Normalised headers by column, the phone column first: it tells a customer's row from a header at a glance."""
    by_phone = sorted(columns, key=lambda column: column.field is not Field.PHONE)
    return {column.index: normal_header(column.header) for column in by_phone if column.header}


def _repeats_header(cells: Sequence[Cell], headers: Mapping[int, str]) -> bool:
    """A printed register repeats its header on every page; such a row holds no customer."""
    for index, header in headers.items():
        cell = cells[index] if index < len(cells) else ""
        if not isinstance(cell, str) or cell[:1].isdigit() or normal_header(cell) != header:
            return False
    return True


def correct(plan: Plan, sheet: str, mapping: Mapping[int, str]) -> Plan:
    """The plan with a person's mapping of one sheet: column number from 0 → field's value, "" for none."""
    return replace(
        plan,
        sheets=tuple(_corrected(found, mapping) if found.name == sheet else found for found in plan.sheets),
    )


def _corrected(plan: SheetPlan, mapping: Mapping[int, str]) -> SheetPlan:
    columns = tuple(
        replace(
            column,
            field=Field(mapping[column.index]) if mapping[column.index] else None,
            confidence=100,
            how="chosen",
        )
        if column.index in mapping
        else column
        for column in plan.columns
    )
    return replace(plan, columns=columns, used=True)


def rows_above(book: Book, plan: Plan) -> dict[str, list[RawRow]]:
    """Title rows above each used sheet's header, for the report: they are read by nobody, but not hidden."""
    sheets = {sheet.name: sheet for sheet in book.sheets}
    return {
        found.name: [
            row for row in islice(sheets[found.name].rows(), max(found.header_row - 1, 0)) if any(row[1])
        ]
        for found in plan.sheets
        if found.used
    }

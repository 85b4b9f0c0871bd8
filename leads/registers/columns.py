"""Which row is the header and what each column means, guessed with a confidence and open to correction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from leads.registers.content import Look, contradicts, guess, look_at
from leads.registers.dates import DateStyle
from leads.registers.fields import EXACT, MAX_HEADER, REPEATABLE, Field, field_of, is_foreign, normal_header
from leads.registers.texts import Cell, clean_line, is_empty

HEADER_DEPTH = 30  # rows below which no header is looked for
BY_CONTENT, CONTRADICTED = 60, 30  # confidence in per cent

RawRow = tuple[int, Sequence[Cell]]  # row number as in the file (from 1), its cells


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `index` from 0, `header` as written ("" when it has none), `how` the guess was made.

    `confidence` is in per cent; `field` None means that the column's text is kept but not understood.
    """

    index: int
    header: str
    field: Field | None
    confidence: int
    how: Literal["header", "content", "chosen", "none"]

    @property
    def label(self) -> str:
        """The header, or the column's letter as spreadsheets show it."""
        return self.header or column_letters(self.index)


class Header(NamedTuple):
    """`row` is the header's number in the file, 0 when there is none; `names` one text a column."""

    row: int
    names: tuple[str, ...]


def column_letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def find_header(rows: Sequence[RawRow]) -> Header | None:
    """The best header among the first rows: title rows above it do not matter, two-line headers are joined.

    None when no row names two fields; a table without header is told apart by `find_headerless`.
    """
    best: tuple[int, Header] | None = None
    above: list[str] = []
    for number, cells in rows[:HEADER_DEPTH]:
        texts = [clean_line(cell) if isinstance(cell, str) else "" for cell in cells]
        if any(cells) and sum(bool(text) for text in texts) >= 2:
            joined = _joined(above, texts) if sum(bool(text) for text in above) >= 3 else texts
            score = _score(joined)
            # Of two header lines that name equally much the lower one counts: it says what the upper one groups.
            below = best is not None and number == best[1].row + 1
            if score >= 2 and (best is None or score > best[0] or (below and score == best[0])):
                best = score, Header(number, tuple(joined))
        above = texts
    return best[1] if best else None


def _joined(above: Sequence[str], texts: Sequence[str]) -> list[str]:
    """A header of two lines: the lower text, or the upper one where the lower is blank."""
    width = max(len(above), len(texts))
    upper, lower = ([*line, *[""] * (width - len(line))] for line in (above, texts))
    return [low or high for low, high in zip(lower, upper, strict=True)]


def _score(texts: Sequence[str]) -> int:
    """How many different fields a row names, words in full counting double; data rows name next to none."""
    scores: dict[Field, int] = {}
    for text in texts:
        if text and len(text) <= MAX_HEADER and (found := field_of(normal_header(text))):
            scores[found[0]] = max(scores.get(found[0], 0), 2 if found[1] == EXACT else 1)
    return sum(scores.values()) if len(scores) > 1 else 0


def guess_columns(
    names: Sequence[str],
    sample: Sequence[Sequence[Cell]],
    *,
    style: DateStyle,
    region: str,
    chosen: Mapping[int, str] | None = None,
) -> tuple[Column, ...]:
    """One guess a column, from what a person chose or was recalled, the header, the content: in this order.

    `chosen` maps column numbers (from 0) to a field's value, "" for none.
    """
    width = max([len(names), *(_filled_width(cells) for cells in sample)], default=0)
    headers = [*names, *[""] * (width - len(names))]
    looks = [look_at([row[i] for row in sample if i < len(row)], style, region) for i in range(width)]
    columns = [_first_guess(i, header, looks[i], chosen or {}) for i, header in enumerate(headers)]
    columns = _one_each(columns)
    taken = {column.field for column in columns}
    for i, column in enumerate(columns):
        if column.how == "none" and not is_foreign(normal_header(column.header)):
            field = guess(looks[i])
            if field is not None and (
                field not in taken or (field in REPEATABLE and field is not Field.REMARK)
            ):
                taken.add(field)
                columns[i] = Column(i, column.header, field, BY_CONTENT, "content")
    return tuple(columns)


def _filled_width(cells: Sequence[Cell]) -> int:
    return next((i for i in range(len(cells), 0, -1) if not is_empty(cells[i - 1])), 0)


def _first_guess(index: int, header: str, look: Look, chosen: Mapping[int, str]) -> Column:
    normal = normal_header(header)
    if index in chosen:
        return Column(index, header, _as_field(chosen[index]), EXACT, "chosen")
    found = field_of(normal)
    if found is None:
        return Column(index, header, None, 0, "none")
    field, confidence, _ = found
    if contradicts(field, look):
        other = guess(look)
        return Column(index, header, other, CONTRADICTED, "content")
    return Column(index, header, field, confidence, "header")


def _as_field(value: str) -> Field | None:
    return Field(value) if value in Field._value2member_map_ else None


def _one_each(columns: list[Column]) -> list[Column]:
    """Of several columns for one field the surest stays, of equals the one whose word ranks first."""

    def strength(column: Column) -> tuple[int, int, int]:
        found = field_of(normal_header(column.header))
        return (column.how == "chosen", column.confidence, -(found[2] if found else 999))

    kept: dict[Field, Column] = {}
    for column in columns:
        if column.field is not None and column.field not in REPEATABLE:
            rival = kept.get(column.field)
            if rival is None or strength(column) > strength(rival):
                kept[column.field] = column
    result = []
    for column in columns:
        loses = column.field is not None and kept.get(column.field, column) is not column
        if loses and column.field is Field.DATE and Field.TIME not in kept and _is_time_header(column.header):
            result.append(Column(column.index, column.header, Field.TIME, column.confidence, "header"))
        elif loses:
            result.append(Column(column.index, column.header, None, 0, "header"))
        else:
            result.append(column)
    return result


def _is_time_header(header: str) -> bool:
    return normal_header(header) in ("时间", "time")


def column_keys(columns: Sequence[Column]) -> list[str]:
    """What each column is remembered by: its normalised header, numbered when it comes again, or its place.

    The column with the reasons of an earlier refusal has none ("").
    """
    seen: Counter[str] = Counter()
    keys = []
    for column in columns:
        header = normal_header(column.header)
        seen[header] += 1
        if column.field is Field.REFUSAL:
            keys.append("")
        else:
            keys.append(f"{header}#{seen[header]}" if header else f"#{column.index}")
    return keys


def remember(columns: Sequence[Column]) -> dict[str, str]:
    """What to keep of a corrected mapping for the next file: column key → field's value or ""."""
    pairs = zip(column_keys(columns), columns, strict=True)
    return {key: column.field.value if column.field else "" for key, column in pairs if key}


def recall(columns: Sequence[Column], remembered: Mapping[str, str]) -> dict[int, str]:
    """Column number → field's value or "", for a sheet with the same headers in whatever order."""
    pairs = zip(column_keys(columns), columns, strict=True)
    return {column.index: remembered[key] for key, column in pairs if key in remembered}

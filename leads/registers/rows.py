"""A raw row to an accepted row or a refusal with all its reasons. Nothing is cut, nothing evaluated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from crm.names import is_name
from crm.phones import Number, Problem, mask_text, parse
from crm.states import Salutation
from leads.registers.cells import (
    DEFAULT_GRADE_WORDS,
    Graded,
    Visits,
    Wanted,
    read_count,
    read_gender,
    read_grade,
    read_list,
    read_stage,
    read_visits,
    read_wanted,
    split_name,
)
from leads.registers.columns import Column, column_letters
from leads.registers.dates import DateProblem, DateStyle, Moment, read_moment, read_time
from leads.registers.fields import Field
from leads.registers.results import Finding, ParsedRow, Place, Refusal, Register
from leads.registers.texts import REPLACEMENT, Cell, clean, clean_line, clean_name, is_empty, to_text

SHOWN = 80  # characters of a value quoted in a finding

#: Most characters of a field; a longer cell refuses the row, for cutting it would lose text silently.
DEFAULT_LENGTHS: Mapping[Field, int] = {
    Field.NAME: 60,
    Field.CONSULTANT: 60,
    Field.SOURCE: 40,
    Field.REMARK: 2000,
    Field.OBJECTIONS: 200,
    Field.INTERESTS: 200,
    Field.WANTED: 40,
    Field.BUDGET: 40,
    Field.PURPOSE: 40,
    Field.TIME_TO_BUY: 40,
    Field.RESIDENCE: 120,
    Field.STAGE: 40,
}
EXTRA_LENGTH = 2000
LONGEST_DATE = 11  # digits; a longer run of them in a date column may be a phone number
KNOWN_WORDS = 2000  # different words of a sheet kept at hand
NO_VISITS = Visits()
NO_WISH = Wanted()
MAX_PARTY = 99

_VISIT_WORDS = ("来访", "來訪", "到访", "到訪", "上门", "visit", "walk")
_CALL_WORDS = ("来电", "來電", "电话", "電話", "call", "phone")


@dataclass(frozen=True, slots=True)
class Context:
    """What reading depends on besides the file. `region` is the project's ISO code for phone numbers.

    `grade_words` maps a project's words to A-D (PX-11); `default_day` dates rows without a date, None refuses them.
    """

    dates: DateStyle
    register: Register = Register.CALLS
    region: str = "CN"
    grade_words: Mapping[str, str] = field(default_factory=lambda: DEFAULT_GRADE_WORDS)
    default_day: date | None = None
    lengths: Mapping[Field, int] = field(default_factory=lambda: DEFAULT_LENGTHS)


class RowReader:
    """Reads the rows of one sheet; columns are looked up once for all rows."""

    def __init__(self, sheet: str, columns: Sequence[Column], context: Context) -> None:
        self._sheet = sheet
        self._context = context
        self._width = len(columns)
        self._by_field: dict[Field, list[Column]] = {}
        for column in columns:
            if column.field is not None:
                self._by_field.setdefault(column.field, []).append(column)
        self._single = {name: found[0] for name, found in self._by_field.items()}
        self._text_fields = [name for name in _TEXTS if name in self._by_field]
        self._others = [column for column in columns if column.field is None]
        self._grades: dict[str, Graded] = {}
        self._words: dict[tuple[Field, str], str] = {}

    def read(self, number: int, cells: Sequence[Cell]) -> ParsedRow | Refusal:
        """`number` is the row's in the file, from 1. Never raises for what cells can hold."""
        reasons: list[Finding] = []
        notes: list[Finding] = []
        numbers = self._numbers(cells, reasons, notes)
        moment = self._moment(cells, reasons, notes)
        texts = {name: self._text(name, cells, reasons) for name in self._text_fields}
        extra = self._extra(cells, reasons)
        place = Place(self._sheet, number)
        if reasons or moment is None:
            return Refusal(place, tuple(reasons), tuple(to_text(cell) for cell in cells))
        if REPLACEMENT in "".join([cell for cell in cells if isinstance(cell, str)]):
            notes.append(Finding("unreadable_characters", ""))
        name, salutation = self._person(cells, texts.get(Field.NAME, ""), notes)
        grade, stage, stage_word = self._standing(cells, texts.get(Field.STAGE, ""), notes)
        visits = self._visits(cells, notes)
        wanted = read_wanted(texts[Field.WANTED]) if texts.get(Field.WANTED) else NO_WISH
        return ParsedRow(
            place=place,
            register=self._register(cells, notes),
            numbers=numbers,
            day=moment.day,
            at=moment.at,
            name=name,
            salutation=salutation,
            grade=grade,
            stage=stage,
            stage_word=stage_word,
            consultant=texts.get(Field.CONSULTANT, ""),
            source=texts.get(Field.SOURCE, ""),
            remark=texts.get(Field.REMARK, ""),
            objections=read_list(texts.get(Field.OBJECTIONS, "")),
            interests=read_list(texts.get(Field.INTERESTS, "")),
            is_first=visits.first,
            visit_number=visits.number,
            party_size=self._party_size(cells, notes),
            area_from=wanted.area_from,
            area_to=wanted.area_to,
            layout=wanted.layout,
            budget=texts.get(Field.BUDGET, ""),
            purpose=texts.get(Field.PURPOSE, ""),
            time_to_buy=texts.get(Field.TIME_TO_BUY, ""),
            residence=texts.get(Field.RESIDENCE, ""),
            extra=extra,
            notes=tuple(notes),
        )

    def _cell(self, cells: Sequence[Cell], name: Field) -> Cell:
        column = self._single.get(name)
        return cells[column.index] if column is not None and column.index < len(cells) else ""

    def _label(self, name: Field) -> str:
        column = self._single.get(name)
        return column.label if column else ""

    def _numbers(
        self, cells: Sequence[Cell], reasons: list[Finding], notes: list[Finding]
    ) -> tuple[Number, ...]:
        """All numbers of all phone columns; without any, the row is refused for what stands there instead."""
        columns = self._by_field.get(Field.PHONE)
        if not columns:
            reasons.append(Finding("phone_column_missing", ""))
            return ()
        numbers: dict[str, Number] = {}
        problems: list[Finding] = []
        for column in columns:
            if column.index >= len(cells):
                continue
            parsed = parse(cells[column.index], self._context.region)
            for number in parsed.numbers:
                numbers.setdefault(number.identity, number)
            for problem, part in parsed.problems:
                if problem is not Problem.EMPTY:
                    problems.append(Finding(problem.value, column.label, mask_text(_shown(part))))
        if not numbers:
            reasons.extend(problems or [Finding(Problem.EMPTY.value, columns[0].label)])
        else:
            unread = [problem for problem in problems if problem.code != Problem.WITHHELD]
            notes.extend(Finding("phone_partly_read", problem.column, problem.value) for problem in unread)
        return tuple(numbers.values())

    def _moment(self, cells: Sequence[Cell], reasons: list[Finding], notes: list[Finding]) -> Moment | None:
        context = self._context
        cell, label = self._cell(cells, Field.DATE), self._label(Field.DATE)
        found = read_moment(cell, context.dates)
        if found is DateProblem.EMPTY and context.default_day is not None:
            notes.append(Finding("default_date_used", label))
            found = Moment(context.default_day)
        if isinstance(found, DateProblem):
            code = found.value if Field.DATE in self._by_field else "date_column_missing"
            reasons.append(Finding(code, label, mask_text(_shown(cell), LONGEST_DATE)))
            return None
        separate = self._cell(cells, Field.TIME)
        if found.at is None and not is_empty(separate):
            found = Moment(found.day, read_time(separate))
            if found.at is None:
                notes.append(Finding("time_unreadable", self._label(Field.TIME), _shown(separate)))
        return found

    def _text(self, name: Field, cells: Sequence[Cell], reasons: list[Finding]) -> str:
        read, join = _TEXTS[name]
        columns = self._by_field[name]
        if len(columns) == 1:
            text = self._once(name, read, cells[columns[0].index]) if columns[0].index < len(cells) else ""
        else:
            found = [read(cells[column.index]) for column in columns if column.index < len(cells)]
            text = join.join(part for part in found if part)
        limit = self._context.lengths.get(name, EXTRA_LENGTH)
        if len(text) > limit:
            reasons.append(Finding("too_long", columns[0].label, mask_text(_shown(text)), limit))
        return text

    def _once(self, name: Field, read: Callable[[Cell], str], cell: Cell) -> str:
        """Most text columns hold the same few words again and again; those are cleaned once."""
        if not isinstance(cell, str):
            return read(cell)
        if not cell:
            return ""
        text = self._words.get((name, cell))
        if text is None:
            text = read(cell)
            if len(self._words) < KNOWN_WORDS:
                self._words[name, cell] = text
        return text

    def _extra(self, cells: Sequence[Cell], reasons: list[Finding]) -> tuple[tuple[str, str], ...]:
        """The text of columns that mean nothing to us, trailing ones without header included."""
        if not self._others and len(cells) <= self._width:
            return ()
        found = [(column.label, cells[column.index]) for column in self._others if column.index < len(cells)]
        found += [(column_letters(i), cells[i]) for i in range(self._width, len(cells))]
        extra = tuple((label, text) for label, cell in found if not is_empty(cell) and (text := clean(cell)))
        for label, text in extra:
            if len(text) > EXTRA_LENGTH:
                reasons.append(Finding("too_long", label, mask_text(_shown(text)), EXTRA_LENGTH))
        return extra

    def _register(self, cells: Sequence[Cell], notes: list[Finding]) -> Register:
        word = clean_line(self._cell(cells, Field.KIND)).casefold()
        if word:
            if any(sign in word for sign in _VISIT_WORDS):
                return Register.VISITS
            if any(sign in word for sign in _CALL_WORDS):
                return Register.CALLS
            notes.append(Finding("register_unknown", self._label(Field.KIND), _shown(word)))
        return self._context.register

    def _person(self, cells: Sequence[Cell], raw: str, notes: list[Finding]) -> tuple[str, Salutation]:
        name, salutation = split_name(raw)
        if not is_name(name):  # a dash or dots stand for nobody
            name = ""
            notes.append(Finding("name_missing", self._label(Field.NAME), raw))
        cell = self._cell(cells, Field.GENDER)
        if is_empty(cell):
            return name, salutation
        gender, understood = read_gender(to_text(cell))
        if not understood:
            notes.append(Finding("gender_unknown", self._label(Field.GENDER), _shown(cell)))
        if gender is Salutation.UNKNOWN:
            return name, salutation
        if salutation not in (Salutation.UNKNOWN, gender):
            notes.append(Finding("gender_conflict", self._label(Field.GENDER), mask_text(_shown(raw))))
        return name, gender

    def _standing(self, cells: Sequence[Cell], stage_text: str, notes: list[Finding]) -> tuple[str, str, str]:
        """(grade, stage, the word that says the stage)."""
        cell = to_text(self._cell(cells, Field.GRADE))
        graded = self._grades.get(cell)
        if graded is None:
            graded = read_grade(cell, self._context.grade_words)
            if len(self._grades) < KNOWN_WORDS:
                self._grades[cell] = graded
        if graded.note:
            notes.append(Finding(graded.note, self._label(Field.GRADE), mask_text(_shown(cell))))
        stage = read_stage(stage_text) if stage_text else ""
        if not stage and graded.note == "grade_is_stage":
            text = clean_line(cell)
            return graded.grade, read_stage(text), text
        return graded.grade, stage, stage_text

    def _visits(self, cells: Sequence[Cell], notes: list[Finding]) -> Visits:
        cell = self._cell(cells, Field.VISITS)
        if is_empty(cell):
            return NO_VISITS
        visits = read_visits(cell)
        if visits.note:
            notes.append(Finding(visits.note, self._label(Field.VISITS), _shown(cell)))
        return visits

    def _party_size(self, cells: Sequence[Cell], notes: list[Finding]) -> int | None:
        cell = self._cell(cells, Field.PARTY_SIZE)
        if is_empty(cell):
            return None
        size = read_count(cell)
        if size is None or not 0 < size <= MAX_PARTY:
            notes.append(Finding("party_size_unknown", self._label(Field.PARTY_SIZE), _shown(cell)))
            return None
        return size


def _shown(cell: Cell) -> str:
    text = clean_line(cell)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _staff(cell: Cell) -> str:
    """A name of staff as it is matched to users; a dash or 无 is nobody."""
    name = clean_name(cell)
    return "" if name.strip("-/_. ") in ("", "无", "無") else name


def _word(cell: Cell) -> str:
    text = clean_line(cell)
    return "" if not text.strip("-/_ ") else text


_TEXTS: Mapping[Field, tuple[Callable[[Cell], str], str]] = {
    Field.NAME: (clean_name, " "),
    Field.STAGE: (_word, " "),
    Field.CONSULTANT: (_staff, "/"),
    Field.SOURCE: (_word, "、"),
    Field.REMARK: (clean, "\n"),
    Field.OBJECTIONS: (_word, "、"),
    Field.INTERESTS: (_word, "、"),
    Field.WANTED: (_word, " "),
    Field.BUDGET: (_word, " "),
    Field.PURPOSE: (_word, " "),
    Field.TIME_TO_BUY: (_word, " "),
    Field.RESIDENCE: (_word, " "),
}

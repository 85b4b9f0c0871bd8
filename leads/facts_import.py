"""Reading an uploaded register: its columns, whose names stand in it, its refused rows. Writes nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.access import colleagues, scope
from crm.models import Project, User
from crm.roles import Action, Limit, Role
from leads.facts_grades import register_words
from leads.models import ImportBatch, RegisterMapping, StaffName
from leads.registers.cells import DEFAULT_GRADE_WORDS
from leads.registers.columns import RawRow, column_keys, recall, remember
from leads.registers.errors import RegisterError
from leads.registers.limits import Limits
from leads.registers.messages import ROW_TEXTS
from leads.registers.messages import text as text_of
from leads.registers.reading import Plan, SheetPlan, analyse
from leads.registers.results import Register
from leads.registers.sniffing import Book, Sheet, open_register

LIMITS = Limits(max_bytes=20 * 2**20)
NOT_A_REGISTER = (Limit.OWNERS_ONLY,)
"""Grants of `import` that are about owners of flats, not about sales."""
SALES_STAFF = (
    Role.CONSULTANT, Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.FRONT_DESK, Role.CONTRACTS_CLERK
)  # fmt: skip

TWO_PARTIES = "two_parties"
"""The one reason to refuse a row that the file alone cannot know."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A batch's file, and how it will be read."""

    book: Book
    plan: Plan


def batches_of(user: User) -> QuerySet[ImportBatch]:
    """The imports a user may see: those of the projects they may import into. The files stay in the database."""
    allowed = scope(user, Action.IMPORT, without=NOT_A_REGISTER).all_projects()
    rows = ImportBatch.objects.defer("content").select_related("project", "uploaded_by")
    return rows if allowed is None else rows.filter(project__in=allowed)


def open_batch(batch: ImportBatch, *, today: dt.date) -> Opened:
    """Open the file and lay the chosen mapping over the guesses. Raises `RegisterError`."""
    return open_file(
        bytes(batch.content),
        project=batch.project,
        filename=batch.filename,
        mapping=batch.mapping,
        register=batch.register,
        today=today,
    )


def open_file(
    content: bytes,
    *,
    project: Project,
    filename: str,
    mapping: Mapping[str, object],
    register: str,
    today: dt.date,
) -> Opened:
    """As `open_batch`, for a file that is not stored yet. An empty `mapping` means: guess everything.

    `mapping` is {"sheets": {sheet name: {column number from 0: field or ""}}, "unused": [sheet name, …],
    "grades": {word: grade}}; the project's own words for its grades (PX-11) come before it.
    """
    book = open_register(content, LIMITS)
    sheets = mapping.get("sheets") or {}
    assert isinstance(sheets, dict)
    chosen = {
        name: {int(index): field for index, field in columns.items()} for name, columns in sheets.items()
    }
    plan = analyse(
        book,
        today=today,
        region=project.region,
        zone=project.time_zone,
        file_name=filename,
        chosen=chosen,
    )
    unused = mapping.get("unused") or ()
    assert isinstance(unused, list | tuple)
    if unused:
        kept = tuple(replace(sheet, used=sheet.used and sheet.name not in unused) for sheet in plan.sheets)
        plan = replace(plan, sheets=kept)
    grades = mapping.get("grades") or {}
    assert isinstance(grades, dict)
    own = {**register_words(project.pk), **grades}
    if own:
        plan = replace(plan, grade_words={**DEFAULT_GRADE_WORDS, **own})
    if register:
        plan = replace(plan, register=Register(register))
    return Opened(book, plan)


def after(book: Book, sheet: str, row: int) -> Book:
    """The same book without what stands up to that row: where a run that was interrupted goes on."""
    names = [found.name for found in book.sheets]
    if sheet not in names:
        return book
    position = names.index(sheet)
    sheets = [replace(found, rows=_no_rows) for found in book.sheets[:position]]
    sheets.append(replace(book.sheets[position], rows=partial(_rows_after, book.sheets[position], row)))
    return replace(book, sheets=(*sheets, *book.sheets[position + 1 :]))


def _no_rows() -> Iterator[RawRow]:
    return iter(())


def _rows_after(sheet: Sheet, row: int) -> Iterator[RawRow]:
    return (found for found in sheet.rows() if found[0] > row)


def fingerprint(sheet: SheetPlan) -> str:
    """Equal for sheets with the same headers, whatever their order, their rows and the sheet's name."""
    keys = sorted(key for key in column_keys(sheet.columns) if key)
    return hashlib.sha256("\x1f".join(keys).encode()).hexdigest()


def remembered(project: Project, plan: Plan) -> dict[str, Any] | None:
    """The mapping of this file as the project answered the last time for sheets with such headers; None for new ones.

    As `mapping_of`, with the kind of "register" and the policy for "known" customers.
    """
    prints = {fingerprint(sheet): sheet for sheet in plan.sheets}
    rows = RegisterMapping.objects.filter(project=project, fingerprint__in=prints, mapping__has_key="columns")
    found = {row.fingerprint: row.mapping for row in rows}
    if not any(mapping["used"] for mapping in found.values()):
        return None
    merged: dict[str, Any] = mapping_of(plan)
    for sheet in plan.sheets:
        mapping = found.get(fingerprint(sheet))
        if mapping is None:
            continue
        merged |= {"register": mapping["register"], "known": mapping["known"]}
        if mapping["used"]:
            chosen = {str(index): field for index, field in recall(sheet.columns, mapping["columns"]).items()}
            merged["sheets"][sheet.name] = {**_by_index(sheet), **chosen}
            merged["unused"] = [name for name in merged["unused"] if name != sheet.name]
        elif sheet.used:
            merged["sheets"].pop(sheet.name)
            merged["unused"].append(sheet.name)
    return merged


def to_remember(plan: Plan) -> dict[str, dict[str, Any]]:
    """What to keep of a plan for the next file, by fingerprint of the sheet."""
    return {
        fingerprint(sheet): {"columns": remember(sheet.columns), "used": sheet.used} for sheet in plan.sheets
    }


def _by_index(sheet: SheetPlan) -> dict[str, str]:
    return {str(column.index): column.field or "" for column in sheet.columns}


def mapping_of(plan: Plan) -> dict[str, Any]:
    """The plan's columns as they are stored; see `open_file`."""
    return {
        "sheets": {sheet.name: _by_index(sheet) for sheet in plan.sheets if sheet.used},
        "unused": [sheet.name for sheet in plan.sheets if not sheet.used],
        "grades": {},
    }


def explain(error: RegisterError) -> str:
    """Why a file cannot be read, and what to do."""
    return explain_code(error.code, error.params)


def explain_code(code: str, params: Mapping[str, object]) -> str:
    if code == "not_allowed":
        return _("The person who started this import may not import into this project any more.")
    return _(text_of(code)) % {"sheet": "", "row": "", "limit": "", "kind": "", **params}


def reason_text(reason: Mapping[str, object]) -> str:
    """One reason of a refused row as stored: {"code", "column", "value", "limit"}."""
    code = str(reason["code"])
    if code == TWO_PARTIES:
        return _("The numbers belong to two customers; merge them first, then load the row again")
    text = _(text_of(code)) % {"limit": reason.get("limit") or ""}
    value, column = reason.get("value"), reason.get("column")
    where = ": ".join(str(part) for part in (column, value) if part)
    return f"{text} ({where})" if where else text


def note_text(code: str) -> str:
    """What a code of an accepted row's note says."""
    return _(ROW_TEXTS[code]) if code in ROW_TEXTS else code


def match_staff(project: Project, names: Collection[str]) -> dict[str, int | None]:
    """Names of a register → the consultant they mean, or None for the pool; names nobody has settled are left out.

    What a manager answered before goes first, as long as that person is still a consultant of the project; then
    consultants by name or by "also called", when exactly one fits.
    """
    consultants = list(colleagues(project.pk, Role.CONSULTANT))
    present = {user.pk for user in consultants}
    answered = dict(StaffName.objects.filter(project=project, name__in=names).values_list("name", "user_id"))
    called = _by_name(consultants)
    found: dict[str, int | None] = {}
    for name in names:
        if name in answered and (answered[name] is None or answered[name] in present):
            found[name] = answered[name]
        elif len(called.get(_folded(name), ())) == 1:
            found[name] = next(iter(called[_folded(name)]))
    return found


def receptionists(project: Project, names: Collection[str]) -> dict[str, int]:
    """Names of a register → the member of the sales staff they mean, consultants or not."""
    called = _by_name(colleagues(project.pk, *SALES_STAFF))
    return {name: next(iter(ids)) for name in names if len(ids := called.get(_folded(name), set())) == 1}


def _by_name(users: Collection[User] | QuerySet[User]) -> dict[str, set[int]]:
    called: dict[str, set[int]] = {}
    for user in users:
        for name in (user.name, *user.aliases):
            called.setdefault(_folded(name), set()).add(user.pk)
    return called


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()

"""Running the load of a register in slices: each commits its rows together with its place in the file.

So a worker that is killed, doubled or late changes nothing about the end state: 1. a slice takes the batch's row lock
(who does not get it leaves); 2. it compares where it stands with where the batch stands; 3. it writes its rows and the
new place in one transaction. A row that was written once is known by its event id as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from django.db import IntegrityError, transaction

from crm.access import colleagues
from crm.actions import audit
from crm.actions.notices import Telling, tell
from crm.roles import Role
from leads import facts_import
from leads.actions.assigning import spread_overdue
from leads.actions.importing import may_import
from leads.actions.importing_notes import Answers
from leads.actions.importing_rows import SliceWriter, Written
from leads.facts_dry_run import stored_reason
from leads.facts_known import Past, past_of
from leads.models import ImportBatch, Lead, LeadEvent, RefusedRow
from leads.registers.columns import RawRow
from leads.registers.errors import RegisterError
from leads.registers.reading import read
from leads.registers.results import ParsedRow, Place, Refusal
from leads.registers.sniffing import Sheet
from leads.registers.texts import Cell, to_text

State = ImportBatch.State
Row = tuple[ParsedRow | Refusal, Sequence[Cell]]
SLICE = 1000
SLICES_A_JOB = 5
PATIENCE = dt.timedelta(minutes=2)
"""A running batch that has not moved for so long has lost its worker."""
TRIES = 3


@dataclass(slots=True)
class _Reading:
    """The rows from where the batch stands, with the cells each was read from."""

    place: Place
    answers: Answers
    past: Past
    outcomes: Iterator[ParsedRow | Refusal]
    cells: list[Sequence[Cell]]

    def take(self, count: int) -> list[Row]:
        return [(outcome, self.cells[-1]) for outcome in islice(self.outcomes, count)]


def waiting(*, at: dt.datetime) -> list[int]:
    """Running batches whose worker was lost."""
    rows = ImportBatch.objects.filter(state=State.RUNNING).values_list("pk", "report__run__at")
    return [pk for pk, moved in rows if dt.datetime.fromisoformat(moved) + PATIENCE < at]


def advance(*, batch_id: int, at: dt.datetime) -> bool:
    """Write the next rows, or finish. Returns whether there is more to do (as a job of its own)."""
    batch = ImportBatch.objects.select_related("project", "uploaded_by").get(pk=batch_id)
    if batch.state != State.RUNNING:
        return False
    if not may_import(batch.uploaded_by, batch.project):
        _fail(batch_id, "not_allowed", {})
        return False
    if batch.report["run"]["read"]:
        _finish(batch_id, at)
        return False
    try:
        reading = _open(batch)
        for _slice in range(SLICES_A_JOB):
            rows = reading.take(SLICE)
            if not _write_slice(batch_id, reading, rows, at):
                return False
            if len(rows) < SLICE:
                break
    except RegisterError as error:
        _fail(batch_id, error.code, error.params)
        return False
    return True


def _open(batch: ImportBatch) -> _Reading:
    report = batch.report
    opened = facts_import.open_batch(batch, today=dt.date.fromisoformat(report["today"]))
    place = Place(report["run"]["sheet"], report["run"]["row"])
    book = facts_import.after(opened.book, place.sheet, place.row) if place.row else opened.book
    cells: list[Sequence[Cell]] = [()]
    heard = replace(book, sheets=tuple(replace(s, rows=partial(_listened, s, cells)) for s in book.sheets))
    names = report["check"]["staff"]
    answers = Answers(
        owners=_present(batch),
        receptionists=facts_import.receptionists(batch.project, names),
        links=report["parties"]["links"],
        first_named=report["parties"]["first_named"],
    )
    return _Reading(place, answers, past_of(batch), read(heard, opened.plan), cells)


def _listened(sheet: Sheet, cells: list[Sequence[Cell]]) -> Iterator[RawRow]:
    """The rows of a sheet; the newest one's cells stay at hand, for a row that only the database refuses."""
    for number, row in sheet.rows():
        cells[-1] = row
        yield number, row


def _present(batch: ImportBatch) -> dict[str, int | None]:
    """The answers of the batch, without consultants who have left meanwhile: their leads go to the pool."""
    present = set(colleagues(batch.project_id, Role.CONSULTANT).values_list("pk", flat=True))
    return {name: user if user in present else None for name, user in batch.staff.items()}


def _write_slice(batch_id: int, reading: _Reading, rows: list[Row], at: dt.datetime) -> bool:
    """One slice, tried again when a desk was faster with the same party. False: somebody else works on the batch."""
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                written = _write_locked(batch_id, reading, rows, at)
        except IntegrityError:
            if attempt == TRIES - 1:
                raise
        else:
            if written is None:
                return False
            if written.trace is not None:
                reading.past.add(written.trace)
            if rows:
                reading.place = rows[-1][0].place
            return True
    return False


def _write_locked(batch_id: int, reading: _Reading, rows: list[Row], at: dt.datetime) -> Written | None:
    batch = (
        ImportBatch.objects.select_for_update(of=("self",), skip_locked=True)
        .defer("content")
        .select_related("project", "uploaded_by")
        .filter(pk=batch_id, state=State.RUNNING)
        .first()
    )
    if batch is None or batch.uploaded_by is None:
        return None
    run = batch.report["run"]
    if Place(run["sheet"], run["row"]) != reading.place or run["read"]:
        return None
    accepted = [row for row, _cells in rows if isinstance(row, ParsedRow)]
    written = SliceWriter(batch, reading.answers, reading.past, batch.uploaded_by, at).write(accepted)
    refused = _keep_refused(batch, rows, written)
    place = rows[-1][0].place if rows else reading.place
    counts = {key: run["counts"].get(key, 0) + number for key, number in written.counts.items()}
    batch.report["run"] = {
        "at": at.isoformat(),
        "sheet": place.sheet,
        "row": place.row,
        "read": len(rows) < SLICE,
        "counts": {**run["counts"], **counts},
    }
    batch.progress += len(rows)
    batch.refused += refused
    batch.accepted += len(rows) - refused
    batch.save(update_fields=["report", "progress", "refused", "accepted"])
    return written


def _keep_refused(batch: ImportBatch, rows: list[Row], written: Written) -> int:
    late = {refusal.place: refusal for refusal in written.refused}
    kept = []
    for row, cells in rows:
        refusal = row if isinstance(row, Refusal) else late.get(row.place)
        if refusal is not None:
            kept.append(
                RefusedRow(
                    batch=batch,
                    sheet=refusal.place.sheet[:60],
                    row=refusal.place.row,
                    reasons=[stored_reason(reason) for reason in refusal.reasons],
                    cells=list(refusal.cells) or [to_text(cell) for cell in cells],
                )
            )
    RefusedRow.objects.bulk_create(kept)
    return len(kept)


@transaction.atomic
def _finish(batch_id: int, at: dt.datetime) -> None:
    """PX-15: what is due anyway is spread within everybody's capacity, A first; then the batch is done."""
    batch = (
        ImportBatch.objects.select_for_update(of=("self",), skip_locked=True)
        .defer("content")
        .select_related("project", "uploaded_by")
        .filter(pk=batch_id, state=State.RUNNING)
        .first()
    )
    if batch is None or batch.uploaded_by is None:
        return
    touched = LeadEvent.objects.filter(batch=batch).values_list("lead_id", flat=True).distinct()
    ids = list(touched.order_by())
    spread = spread_overdue(project=batch.project, lead_ids=ids, by=batch.uploaded_by, at=at, batch=batch)
    run = batch.report["run"]
    run["counts"]["spread"] = spread
    run["counts"]["touched"] = len(ids)
    run["counts"]["pool"] = Lead.objects.filter(pk__in=ids, consultant=None, state=Lead.State.LIVE).count()
    batch.report.pop("parties", None)
    batch.state, batch.finished_at, batch.total = State.DONE, at, batch.accepted + batch.refused
    batch.save(update_fields=["report", "state", "finished_at", "total"])
    params = {"file": batch.filename, "accepted": batch.accepted, "refused": batch.refused}
    telling = Telling(
        batch.uploaded_by.pk,
        batch.project_id,
        "import_done",
        f"import {batch.pk}",
        params,
        f"/imports/{batch.pk}/",
    )
    tell([telling], at=at)
    audit.record(
        "register.imported",
        by=batch.uploaded_by,
        at=at,
        project=batch.project,
        target="import",
        target_id=batch.pk,
        accepted=batch.accepted,
        refused=batch.refused,
    )


def _fail(batch_id: int, code: str, params: dict[str, object]) -> None:
    """What was written stays; the reason is shown, and the run can be taken up again."""
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update(of=("self",)).defer("content").get(pk=batch_id)
        if batch.state != State.RUNNING:
            return
        batch.state, batch.error = State.FAILED, code
        batch.report["error"] = {"code": code, "params": params}
        batch.save(update_fields=["state", "error", "report"])

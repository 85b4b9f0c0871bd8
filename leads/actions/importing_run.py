"""Running the load of a register in slices: first an outlook on each, then each is written, in one transaction.

Slices hold whole parties (`facts_slices`), so several workers write them side by side. A slice is taken by its row lock
and is done with the transaction that writes its rows: a worker that is killed, doubled or late changes nothing about
the end state. A row that was written once is known by its event id as well.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q

from crm.access import colleagues
from crm.actions import audit
from crm.actions.notices import Telling, tell
from crm.models.bulk import no_collecting
from crm.roles import Role
from leads import facts, facts_import
from leads.actions.importing import keep_slices, may_import, tell_worker
from leads.actions.importing_notes import Answers
from leads.actions.importing_outlook import give_days, look
from leads.actions.importing_rows import SliceWriter, Written
from leads.actions.spreading import spread_overdue
from leads.facts_dry_run import stored_reason
from leads.models import ImportBatch, ImportSlice, Lead, LeadEvent, RefusedRow
from leads.registers.errors import RegisterError
from leads.registers.kept import Kept, unpack
from leads.registers.results import Place
from leads.registers.texts import to_text

State = ImportBatch.State
LOOKING, WRITING = "looking", "writing"
SLICES_A_JOB = 10
PATIENCE = dt.timedelta(minutes=2)
"""A running batch that has not moved for so long has lost its worker."""
TRIES = 3


@dataclass(frozen=True, slots=True)
class _Job:
    """What the slices of one job have in common."""

    batch: ImportBatch
    owners: dict[str, int | None]
    receptionists: dict[str, int]
    frame: facts.Frame
    at: dt.datetime

    def answers(self, kept: Kept) -> Answers:
        return Answers(self.owners, self.receptionists, kept.first_named)


def waiting(*, at: dt.datetime) -> list[int]:
    """Running batches whose worker was lost."""
    rows = ImportBatch.objects.filter(state=State.RUNNING).values_list("pk", "report__run__at")
    return [pk for pk, moved in rows if dt.datetime.fromisoformat(moved) + PATIENCE < at]


def advance(*, batch_id: int, at: dt.datetime) -> bool:
    """Do some slices of the stage the load is in, or end the stage. Returns whether there is more to do (as a job of
    its own); False also when other jobs have the rest in hand.
    """
    batch = (
        ImportBatch.objects.defer("content")
        .select_related("project", "uploaded_by", "taken_up_by")
        .get(pk=batch_id)
    )
    if batch.state != State.RUNNING:
        return False
    if not may_import(batch.loaded_by, batch.project):
        _fail(batch_id, "not_allowed", {})
        return False
    try:
        stage = _stage(batch, at)
        job = _job(batch, at)
        for _slice in range(SLICES_A_JOB):
            with no_collecting():
                if not (_look_at_next(job) if stage == LOOKING else _write_next(job)):
                    return _end_stage(batch_id, stage, at)
            _note(batch_id, at)
    except RegisterError as error:
        _fail(batch_id, error.code, error.params)
        return False
    return True


def _stage(batch: ImportBatch, at: dt.datetime) -> str:
    """The stage the load is in. A batch that an earlier version of the product began is read anew first."""
    run = batch.report["run"]
    if "stage" not in run:
        with transaction.atomic():
            ImportBatch.objects.select_for_update(of=("self",)).defer("content").get(pk=batch.pk)
            batch.refresh_from_db(fields=["report"])
            run = batch.report["run"]
            if "stage" not in run:
                if not batch.slices.exists():
                    keep_slices(batch)
                run |= {"stage": LOOKING, "at": at.isoformat()}
                batch.save(update_fields=["report"])
    return str(run["stage"])


def _job(batch: ImportBatch, at: dt.datetime) -> _Job:
    """The answers of the batch, without consultants who have left meanwhile: their leads go to the pool."""
    present = set(colleagues(batch.project_id, Role.CONSULTANT).values_list("pk", flat=True))
    owners = {name: user if user in present else None for name, user in batch.staff.items()}
    names = batch.report["check"]["staff"]
    receptionists = facts_import.receptionists(batch.project, names)
    frame = facts.frame(batch.project_id, at)
    return _Job(batch, owners, receptionists, frame, at)


@transaction.atomic
def _look_at_next(job: _Job) -> bool:
    """An outlook on the next slice that nobody has looked at. False: there is none, or others have them."""
    found = _next(job.batch, "outlook")
    if found is None:
        return False
    kept = unpack(bytes(found.content))
    found.outlook = look(job.batch, kept, job.answers(kept), frame=job.frame, at=job.at)
    found.save(update_fields=["outlook"])
    return True


def _next(batch: ImportBatch, undone: str) -> ImportSlice | None:
    """The first slice without an "outlook" or "counts" that no other job has in hand."""
    rows = ImportSlice.objects.select_for_update(skip_locked=True).filter(batch=batch)
    rows = rows.filter(**{f"{undone}__isnull": True}).defer("outlook", "counts")
    return rows.order_by("number").first()


def _write_next(job: _Job) -> bool:
    """Write the next slice, tried again when a desk was faster with the same party. False as in `_look_at_next`."""
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                return _write_locked(job)
        except (IntegrityError, OperationalError):
            if attempt == TRIES - 1:
                raise
    return False


def _write_locked(job: _Job) -> bool:
    found = _next(job.batch, "counts")
    if found is None or not _still_runs(job.batch):
        return False
    kept, by = unpack(bytes(found.content)), job.batch.loaded_by
    assert by is not None
    writer = SliceWriter(job.batch, job.answers(kept), found.days, job.frame, by, job.at)
    written = writer.write(kept)
    found.refused = _keep_refused(job.batch, kept, written)
    found.counts = dict(written.counts)
    found.save(update_fields=["refused", "counts"])
    return True


def _still_runs(batch: ImportBatch) -> bool:
    """Whether the load is still on, and until this transaction ends nobody may stop it or begin to undo it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM leads_importbatch WHERE id = %s FOR KEY SHARE",
            [batch.pk],
        )
        row = cursor.fetchone()
    return row is not None and row[0] == State.RUNNING


def _keep_refused(batch: ImportBatch, kept: Kept, written: Written) -> int:
    """What reading refused, and what only the database could; of those the cells are read again from the file."""
    refused = [*kept.refused, *written.refused]
    late = {each.refusal.place for each in written.refused}
    cells = _cells(batch, late) if late else {}
    RefusedRow.objects.bulk_create(
        [
            RefusedRow(
                batch=batch,
                sheet=refusal.place.sheet[:60],
                row=refusal.place.row,
                position=position,
                reasons=[stored_reason(reason) for reason in refusal.reasons],
                cells=cells.get(refusal.place) or list(refusal.cells),
            )
            for position, refusal in refused
        ],
        ignore_conflicts=True,
    )
    return len(refused)


def _cells(batch: ImportBatch, places: set[Place]) -> dict[Place, list[str]]:
    opened = facts_import.open_batch(batch, today=dt.date.fromisoformat(batch.report["today"]))
    return {
        Place(sheet.name, number): [to_text(cell) for cell in cells]
        for sheet in opened.book.sheets
        if any(place.sheet == sheet.name for place in places)
        for number, cells in sheet.rows()
        if Place(sheet.name, number) in places
    }


def _note(batch_id: int, at: dt.datetime) -> None:
    """Write onto the batch how far its slices are. Lost with its worker, it is made up for by the next."""
    with transaction.atomic():
        rows = ImportBatch.objects.select_for_update(of=("self",), no_key=True).only("state", "report")
        batch = rows.get(pk=batch_id)
        if batch.state == State.RUNNING:
            _count(batch)
            batch.report["run"]["at"] = at.isoformat()
            batch.save(update_fields=["report", "progress", "refused", "accepted"])


def _count(batch: ImportBatch) -> None:
    counts: Counter[str] = Counter()
    looked_at = written = refused = 0
    rows = batch.slices.annotate(seen=Q(outlook__isnull=False))
    for number, done, late, seen in rows.values_list("rows", "counts", "refused", "seen"):
        looked_at += number if seen else 0
        if done is not None:
            written, refused = written + number, refused + late
            counts.update(done)
    batch.progress, batch.refused, batch.accepted = written, refused, written - refused
    batch.report["run"] |= {"counts": dict(counts), "looked_at": looked_at}


@transaction.atomic
def _end_stage(batch_id: int, stage: str, at: dt.datetime) -> bool:
    """Nothing is left to take: go over to the next stage, unless another job still has a slice in hand."""
    batch = (
        ImportBatch.objects.select_for_update(of=("self",), no_key=True)
        .defer("content")
        .select_related("project", "uploaded_by", "taken_up_by")
        .get(pk=batch_id)
    )
    run = batch.report["run"]
    undone = batch.slices.filter(**{"outlook__isnull" if stage == LOOKING else "counts__isnull": True})
    if batch.state != State.RUNNING or run.get("stage") != stage or undone.exists():
        return False
    if stage == WRITING:
        _finish(batch, at)
        return False
    give_days(batch, at=at)
    run |= {"stage": WRITING, "at": at.isoformat()}
    batch.save(update_fields=["report"])
    for _other in range(run.get("lanes", 1) - 1):
        tell_worker(batch.pk)
    return True


def _finish(batch: ImportBatch, at: dt.datetime) -> None:
    """PX-15: what is due anyway and got no day beforehand is spread now; then the batch is done."""
    by = batch.loaded_by
    assert by is not None
    _count(batch)
    touched = LeadEvent.objects.filter(batch=batch).order_by()
    ids = list(touched.values_list("lead_id", flat=True).distinct())
    spread = spread_overdue(project=batch.project, lead_ids=ids, by=by, at=at, batch=batch)
    counts = batch.report["run"]["counts"]
    counts["spread"] = counts.get("spread", 0) + spread
    counts["touched"] = len(ids)
    pool = Lead.objects.filter(consultant=None, state=Lead.State.LIVE, pk__in=touched.values("lead_id"))
    counts["pool"] = pool.count()
    batch.state, batch.finished_at, batch.total = State.DONE, at, batch.accepted + batch.refused
    batch.save(update_fields=["report", "state", "finished_at", "total", "progress", "accepted", "refused"])
    batch.slices.all().delete()
    params = {"file": batch.filename, "accepted": batch.accepted, "refused": batch.refused}
    url = f"/imports/{batch.pk}/"
    telling = Telling(by.pk, batch.project_id, "import_done", f"import {batch.pk}", params, url)
    tell([telling], at=at)
    audit.record(
        "register.imported",
        by=by,
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

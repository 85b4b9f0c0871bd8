"""Preparing the load of a register: the file, its columns, the dry run, whose names stand in it, the start."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.access import colleagues, may
from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Project, User
from crm.roles import Action, Role
from leads import facts_import
from leads.facts_dry_run import dry_run
from leads.models import ImportBatch, ImportSlice, RegisterMapping, StaffName
from leads.registers.errors import RegisterError
from leads.registers.fields import Field
from leads.registers.reading import Plan

State = ImportBatch.State
RUN_TASK = "leads.tasks.run_import"
LONGEST_NAME = 120
LANES = 2
"""Jobs that write one register side by side: one for each process of the worker."""


def may_import(user: User | None, project: Project) -> bool:
    """Whether somebody may load registers into a project; asked again by every slice."""
    return user is not None and may(user, Action.IMPORT, project, without=facts_import.NOT_A_REGISTER)


def _require(by: User, project: Project) -> None:
    if not may_import(by, project):
        raise RuleViolation(_("You may not import into this project."), code="not_allowed")


@transaction.atomic
def upload(*, project: Project, filename: str, content: bytes, by: User, at: dt.datetime) -> ImportBatch:
    """Take a file in. It is opened before it is kept, so that an unreadable one is refused with the reason."""
    _require(by, project)
    name = filename.replace("\\", "/").rpartition("/")[2][-LONGEST_NAME:] or "register"
    try:
        opened = facts_import.open_file(
            content, project=project, filename=name, mapping={}, register="", today=_today(project, at)
        )
    except RegisterError as error:
        raise RuleViolation(facts_import.explain(error), field="file", code=error.code) from error
    known = facts_import.remembered(project, opened.plan)
    mapping: dict[str, Any] = known or facts_import.mapping_of(opened.plan)
    batch = ImportBatch.objects.create(
        project=project,
        register=mapping.get("register") or opened.plan.register.value,
        filename=name,
        content=content,
        digest=hashlib.sha256(content).hexdigest(),
        encoding=opened.book.encoding or opened.book.kind,
        mapping={key: mapping[key] for key in ("sheets", "unused", "grades")},
        known=mapping.get("known", ImportBatch.Known.FILL),
        report={"remembered": known is not None, "sure": opened.plan.confidence >= 60},
        uploaded_by=by,
        uploaded_at=at,
    )
    audit.record("register.uploaded", by=by, at=at, project=project, target="import", target_id=batch.pk)
    return batch


def _today(project: Project, at: dt.datetime) -> dt.date:
    return at.astimezone(project.zone).date()


def _locked(batch_id: int, *states: str) -> ImportBatch:
    batch = ImportBatch.objects.select_for_update(of=("self",)).select_related("project").get(pk=batch_id)
    if batch.state not in states:
        raise RuleViolation(_("This import has been started already."), code="started")
    return batch


@transaction.atomic
def set_columns(
    *, batch_id: int, register: str, mapping: Mapping[str, Any], by: User, at: dt.datetime
) -> ImportBatch:
    """Correct what the columns mean, then check the file anew; `mapping` as in `facts_import.open_file`."""
    batch = _locked(batch_id, State.UPLOADED, State.CHECKED)
    _require(by, batch.project)
    if register not in ImportBatch.Register.values:
        raise RuleViolation(_("Say whether these are calls or visits."), field="register")
    batch.register, batch.mapping, batch.state = register, dict(mapping), State.UPLOADED
    batch.save(update_fields=["register", "mapping", "state"])
    return check(batch_id=batch_id, by=by, at=at)


@transaction.atomic
def check(*, batch_id: int, by: User, at: dt.datetime) -> ImportBatch:
    """The dry run: what would happen, with the reason for each refused row. Only the report and the rows that were
    read are kept.
    """
    batch = _locked(batch_id, State.UPLOADED, State.CHECKED)
    _require(by, batch.project)
    batch.report["today"] = _today(batch.project, at).isoformat()
    try:
        keep_slices(batch)
    except RegisterError as error:
        raise RuleViolation(facts_import.explain(error), code=error.code) from error
    check = batch.report["check"]
    batch.report["checked_at"] = at.isoformat()
    batch.staff = facts_import.match_staff(batch.project, check["staff"].keys())
    batch.accepted = batch.refused = 0
    batch.state = State.CHECKED
    batch.save(update_fields=["report", "staff", "total", "accepted", "refused", "state"])
    return batch


def keep_slices(batch: ImportBatch) -> None:
    """Read the file: the report goes onto the batch (unsaved), the rows are kept in slices for the run.

    The caller holds the batch's row lock.
    """
    opened = facts_import.open_batch(batch, today=dt.date.fromisoformat(batch.report["today"]))
    _refuse_incomplete(opened.plan)
    report, slices = dry_run(batch.project_id, opened)
    batch.slices.all().delete()
    for number, (rows, content) in enumerate(slices):
        ImportSlice.objects.create(batch=batch, number=number, rows=rows, content=content)
    batch.report["check"], batch.total = report, report["rows"]


def _refuse_incomplete(plan: Plan) -> None:
    used = [sheet for sheet in plan.sheets if sheet.used]
    if not used:
        raise RuleViolation(_("Choose at least one sheet to read."), code="no_sheet")
    for sheet in used:
        if Field.PHONE in sheet.missing:
            raise RuleViolation(
                _("Say which column holds the phone numbers."), "PX-3", code="no_phone_column"
            )
        if Field.DATE in sheet.missing:
            raise RuleViolation(_("Say which column holds the date."), code="no_date_column")


@transaction.atomic
def start(
    *,
    batch_id: int,
    staff: Mapping[str, int | None],
    known: str = ImportBatch.Known.FILL,
    by: User,
    at: dt.datetime,
    in_worker: bool = True,
) -> ImportBatch:
    """Start the run in the worker. `staff`: for every name of the register a consultant's id, or None for the pool.

    `known` says what becomes of rows about customers whom the database knows (see `facts_known`). The mapping and the
    answers are remembered for the next file. The worker is told once this is committed (a lost message is made up for
    by the scheduler), unless the caller does the work itself: `in_worker` False.
    """
    batch = _locked(batch_id, State.CHECKED)
    _require(by, batch.project)
    _recount(batch, at)
    names = batch.report["check"]["staff"]
    if unknown := [name for name in names if name not in staff]:
        raise RuleViolation(
            _("Say who this is: %(names)s.") % {"names": "、".join(unknown)},
            field="staff",
            code="staff_unknown",
        )
    present = set(colleagues(batch.project_id, Role.CONSULTANT).values_list("pk", flat=True))
    if any(user is not None and user not in present for user in staff.values()):
        raise RuleViolation(_("Choose a consultant of this project, or the pool."), field="staff")
    if known not in ImportBatch.Known.values:
        raise RuleViolation(_("Say what becomes of customers who are known already."), "PX-3", "known")
    batch.staff, batch.known = {name: staff[name] for name in names}, known
    _remember(batch, at)
    batch.state, batch.started_at, batch.error = State.RUNNING, at, ""
    batch.progress = batch.accepted = batch.refused = 0
    lanes = LANES if in_worker else 1
    batch.report["run"] = {"at": at.isoformat(), "counts": {}, "looked_at": 0, "lanes": lanes}
    batch.save()
    audit.record(
        "register.import_started", by=by, at=at, project=batch.project, target="import", target_id=batch.pk
    )
    for _lane in range(lanes if in_worker else 0):
        tell_worker(batch.pk)
    return batch


def _recount(batch: ImportBatch, at: dt.datetime) -> None:
    """Read the file again when another load has come between: what the dry run counted as new may be known by now."""
    since = batch.report.get("checked_at")
    others = ImportBatch.objects.exclude(pk=batch.pk)
    moved = Q(started_at__gt=since) | Q(finished_at__gt=since) | Q(undone_at__gt=since)
    if since is None or not batch.slices.exists() or others.filter(moved).exists():
        keep_slices(batch)
        batch.report["checked_at"] = at.isoformat()


def tell_worker(batch_id: int) -> None:
    """Send the job once the transaction is committed."""
    transaction.on_commit(lambda: current_app.send_task(RUN_TASK, args=[batch_id]), robust=True)


def _remember(batch: ImportBatch, at: dt.datetime) -> None:
    opened = facts_import.open_batch(batch, today=dt.date.fromisoformat(batch.report["today"]))
    answers = {"register": batch.register, "known": batch.known}
    for print_, mapping in facts_import.to_remember(opened.plan).items():
        RegisterMapping.objects.update_or_create(
            project=batch.project,
            fingerprint=print_,
            defaults={"mapping": mapping | answers, "used_at": at},
        )
    StaffName.objects.bulk_create(
        [StaffName(project=batch.project, name=name, user_id=user) for name, user in batch.staff.items()],
        update_conflicts=True,
        unique_fields=["project", "name"],
        update_fields=["user"],
    )


@transaction.atomic
def go_on(*, batch_id: int, by: User, at: dt.datetime) -> ImportBatch:
    """Take up a failed run where it stopped: rows that were written stay as they are."""
    batch = _locked(batch_id, State.FAILED)
    _require(by, batch.project)
    batch.state, batch.error, batch.taken_up_by = State.RUNNING, "", by
    batch.report["run"]["at"] = at.isoformat()
    batch.save(update_fields=["state", "error", "taken_up_by", "report"])
    for _lane in range(batch.report["run"].get("lanes", 1)):
        tell_worker(batch.pk)
    return batch


@transaction.atomic
def discard(*, batch_id: int, by: User, at: dt.datetime) -> None:
    """Throw away a file that was never loaded."""
    batch = _locked(batch_id, State.UPLOADED, State.CHECKED)
    _require(by, batch.project)
    audit.record(
        "register.discarded", by=by, at=at, project=batch.project, target="import", target_id=batch.pk
    )
    batch.delete()

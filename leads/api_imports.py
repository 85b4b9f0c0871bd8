"""Loading registers (PX-15) and lists of units: the pages' steps one by one."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible, may, require
from crm.actions.units import compare_units, import_units
from crm.api_account import Named
from crm.api_fields import Id, Input, Output
from crm.api_frame import ApiView, operation
from crm.errors import RuleViolation
from crm.gates import administrator_of, project_in_reach
from crm.models import Project
from crm.roles import Action
from leads import facts_import
from leads.actions import importing
from leads.facts_dry_run import hidden
from leads.forms_import import POOL, ColumnsForm, StartForm, UploadForm
from leads.forms_units import UnitFileForm
from leads.gates import NO_ROWS
from leads.import_report import report_of
from leads.models import ImportBatch, RefusedRow
from leads.registers.errors import RegisterError
from leads.registers.fields import Field
from leads.registers.reading import Plan

State = ImportBatch.State
FIGURES = (
    "rows", "accepted", "refused", "empty", "repeated_headers", "customers", "same_file", "database",
    "known_customers", "fills", "changes", "repeated",
)  # fmt: skip
"""The figures of a dry run that are shown, by their names in the report."""


class Counted(serializers.Serializer):
    text = serializers.CharField()
    rows = serializers.IntegerField()


class ReportShown(serializers.Serializer):
    """What a dry run found; `counts` is what the run did so far."""

    figures = serializers.DictField(child=serializers.IntegerField())
    reasons = Counted(many=True, help_text="Why rows are refused.")
    notes = Counted(many=True)
    staff = serializers.DictField(
        child=serializers.IntegerField(), help_text="Names of staff, and their rows."
    )
    first_day = serializers.CharField(allow_blank=True)
    last_day = serializers.CharField(allow_blank=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    percent = serializers.IntegerField()


class BatchRow(Output):
    uploaded_by = Named(allow_null=True)

    class Meta:
        model = ImportBatch
        fields = (
            "id", "project", "register", "filename", "state", "total", "accepted", "refused", "progress",
            "uploaded_by", "uploaded_at", "started_at", "finished_at",
        )  # fmt: skip


class BatchShown(BatchRow):
    staff = serializers.DictField(
        child=serializers.IntegerField(allow_null=True), help_text="Who each name is; null is the pool."
    )
    report = serializers.SerializerMethodField()

    class Meta:
        model = ImportBatch
        fields = (*BatchRow.Meta.fields, "known", "staff", "report")

    def get_report(self, batch: ImportBatch) -> ReportShown(allow_null=True):  # type: ignore[valid-type]
        if "check" not in batch.report:
            return None
        found = report_of(batch)
        return {
            "figures": {name: found.check[name] for name in FIGURES if name in found.check},
            "reasons": [{"text": text, "rows": rows} for text, rows in found.reasons],
            "notes": [{"text": text, "rows": rows} for text, rows in found.notes],
            "staff": found.check["staff"],
            "first_day": found.check["first_day"],
            "last_day": found.check["last_day"],
            "counts": found.counts,
            "percent": found.percent,
        }


class FileIn(Input):
    file = serializers.FileField(max_length=200, help_text="CSV, XLSX or XLS, at most 20 MB.")


class ImportView(ApiView):
    group = "imports"

    def importing_into(self, request: Request, pk: int) -> Project:
        """404 for a project that is not one's own, 403 where one loads no registers."""
        project = project_in_reach(request, pk)
        require(self.by, Action.IMPORT, project, without=facts_import.NOT_A_REGISTER)
        return project

    def batch(self, pk: int, *, with_file: bool = False) -> ImportBatch:
        rows = facts_import.batches_of(self.by)
        return get_visible(rows.defer(None).select_related("project") if with_file else rows, pk=pk)


class Imports(ImportView):
    parser_classes = (MultiPartParser,)

    @operation(answers=BatchRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """What was loaded into a project, the newest first."""
        where = self.importing_into(request, project)
        rows = facts_import.batches_of(self.by).filter(project=where)
        return self.page(rows.defer("content", "report"), "-id")

    @operation(takes=FileIn, answers=BatchShown, status=201)
    def post(self, request: Request, project: int) -> Any:
        """Upload a register. It is opened at once, and refused with the reason when it cannot be read."""
        where = self.importing_into(request, project)
        files = {"file": self.said()["file"]}
        file = self.accepted(UploadForm({}, files)).cleaned_data["file"]
        return importing.upload(
            project=where, filename=file.name, content=file.read(), by=self.by, at=clock.now()
        )


class OneImport(ImportView):
    @operation(answers=BatchShown)
    def get(self, request: Request, batch: int) -> Any:
        """One import: state, progress, and the report of its dry run."""
        return self.batch(batch)

    @operation()
    def delete(self, request: Request, batch: int) -> None:
        """Throw a file away that was not loaded."""
        importing.discard(batch_id=self.batch(batch).pk, by=self.by, at=clock.now())


class ColumnShown(serializers.Serializer):
    index = serializers.IntegerField(help_text="From 0.")
    header = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True, help_text="What it means; empty: kept as a note.")
    samples = serializers.ListField(child=serializers.CharField(allow_blank=True), help_text="Masked.")


class RegisterSheet(serializers.Serializer):
    name = serializers.CharField(allow_blank=True)
    used = serializers.BooleanField()
    columns = ColumnShown(many=True)


class ColumnsShown(serializers.Serializer):
    register = serializers.CharField(allow_blank=True)
    sheets = RegisterSheet(many=True)


class RegisterSheetIn(Input):
    name = serializers.CharField(allow_blank=True, max_length=200)
    used = serializers.BooleanField(default=True)
    columns = serializers.DictField(
        child=serializers.ChoiceField(choices=[field.value for field in Field], allow_blank=True),
        required=False,
        help_text="By index: what the column means; a column left out keeps its guess.",
    )


class ColumnsIn(Input):
    register = serializers.ChoiceField(choices=ImportBatch.Register.values)
    sheets = RegisterSheetIn(many=True)


class ImportColumns(ImportView):
    @operation(answers=ColumnsShown)
    def get(self, request: Request, batch: int) -> Any:
        """What each column means: guessed or remembered."""
        row = self.batch(batch, with_file=True)
        return {"register": row.register, "sheets": [_sheet(sheet) for sheet in self._plan(row).sheets]}

    @operation(takes=ColumnsIn, answers=BatchShown)
    def put(self, request: Request, batch: int) -> Any:
        """Say what the columns mean; this makes the dry run."""
        row = self.batch(batch, with_file=True)
        plan, said = self._plan(row), self.said()
        given = {sheet["name"]: sheet for sheet in said["sheets"]}
        unknown = set(given) - {sheet.name for sheet in plan.sheets}
        if unknown:
            raise ValidationError({"sheets": [ErrorDetail(_("There is no such sheet."), code="unknown")]})
        data: dict[str, Any] = {"register": said["register"]}
        for i, sheet in enumerate(plan.sheets):
            chosen = given.get(sheet.name, {})
            data[f"use_{i}"] = chosen.get("used", sheet.used)
            columns = chosen.get("columns", {})
            for column in sheet.columns:
                guess = column.field.value if column.field else ""
                data[f"column_{i}_{column.index}"] = columns.get(str(column.index), guess)
        form = self.accepted(ColumnsForm(plan, data, samples={}))
        return importing.set_columns(
            batch_id=row.pk, register=said["register"], mapping=form.mapping, by=self.by, at=clock.now()
        )

    def _plan(self, row: ImportBatch) -> Plan:
        if row.state not in (State.UPLOADED, State.CHECKED):
            raise Http404
        try:
            return facts_import.open_batch(row, today=clock.today(row.project.zone)).plan
        except RegisterError as error:
            raise RuleViolation(facts_import.explain(error), code=error.code) from error


def _sheet(sheet: Any) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "used": sheet.used,
        "columns": [
            {
                "index": column.index,
                "header": column.header,
                "field": column.field.value if column.field else "",
                "samples": [hidden(value) for value in values[:3]],
            }
            for column, values in zip(sheet.columns, sheet.samples, strict=True)
        ],
    }


class StartIn(Input):
    known = serializers.ChoiceField(
        choices=ImportBatch.Known.values, required=False, help_text="What becomes of known customers (PX-3)."
    )
    staff = serializers.DictField(
        child=Id(allow_null=True),
        required=False,
        help_text="For every name a consultant, or null for the pool.",
    )


class ImportStart(ImportView):
    @operation(takes=StartIn, answers=BatchShown)
    def post(self, request: Request, batch: int) -> Any:
        """Run it, once every name of staff is settled."""
        row = self.batch(batch)
        if row.state != State.CHECKED:
            raise RuleViolation(_("This import has been started already."), code="started")
        said = self.said()
        answers = {**row.staff, **said.get("staff", {})}
        form = StartForm(row)
        names = {bound.label: bound.name for bound in form.staff_fields}
        unknown = [name for name in said.get("staff", {}) if name not in names]
        if unknown:
            raise ValidationError(
                {"staff": [ErrorDetail(_("This name is not in the register."), code="unknown")]}
            )
        data = {"known": said.get("known", row.known)}
        data |= {
            names[name]: POOL if user is None else str(user)
            for name, user in answers.items()
            if name in names
        }
        form = self.accepted(StartForm(row, data))
        known = form.cleaned_data["known"]
        return importing.start(batch_id=row.pk, staff=form.staff, known=known, by=self.by, at=clock.now())


class ImportGoOn(ImportView):
    @operation(answers=BatchShown)
    def post(self, request: Request, batch: int) -> Any:
        """Take up a run that failed."""
        return importing.go_on(batch_id=self.batch(batch).pk, by=self.by, at=clock.now())


class RefusedShown(Output):
    reasons = serializers.SerializerMethodField()
    cells = serializers.SerializerMethodField(
        help_text="As the file had them; masked for who sees no customers."
    )

    class Meta:
        model = RefusedRow
        fields = ("id", "sheet", "row", "reasons", "cells")

    def get_reasons(self, row: RefusedRow) -> list[str]:
        return [facts_import.reason_text(reason) for reason in row.reasons]

    def get_cells(self, row: RefusedRow) -> list[str]:
        return row.cells if getattr(row, "plain", False) else [hidden(cell) for cell in row.cells]


class ImportRefused(ImportView):
    @operation(answers=RefusedShown, paged=True)
    def get(self, request: Request, batch: int) -> Any:
        """The refused rows with their reasons."""
        found = self.batch(batch)
        plain = may(self.by, Action.SEE_LEADS, found.project_id, without=NO_ROWS)
        page = self.page(found.refused_rows.all(), "row", "id")
        for row in page["results"]:
            row.plain = plain
        return page


class UnitsIn(FileIn):
    dry_run = serializers.BooleanField(default=True, help_text="Only say what would happen.")


class UnitsDone(serializers.Serializer):
    stored = serializers.BooleanField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    same = serializers.IntegerField()


class UnitFiles(ApiView):
    group = "imports"
    parser_classes = (MultiPartParser,)

    @operation(takes=UnitsIn, answers=UnitsDone)
    def post(self, request: Request, project: int) -> Any:
        """Load a list of units (administrator), or say what it would do."""
        administrator_of(request)
        where, said = project_in_reach(request, project), self.said()
        found = self.accepted(UnitFileForm({}, {"file": said["file"]})).cleaned_data["file"]
        if said["dry_run"]:
            return {"stored": False, **compare_units(where, found.units)._asdict()}
        done = import_units(project=where, rows=found.units, by=self.by, at=clock.now())
        return {"stored": True, **done._asdict()}

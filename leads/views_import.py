"""Loading registers: upload, columns, dry run, staff names, progress, result, and the refused rows to correct."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any, TextIO, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible, may, require, require_somewhere
from crm.errors import RuleViolation
from crm.pages import page
from crm.roles import Action
from crm.seek import seek
from leads import facts_import, refused_file
from leads.actions import importing, undoing
from leads.facts_dry_run import hidden
from leads.forms_import import ColumnsForm, StartForm, UploadForm
from leads.gates import NO_ROWS, project_of, user_of
from leads.import_report import report_of, undo_of
from leads.models import ImportBatch
from leads.registers.errors import RegisterError
from leads.registers.reading import Plan

State = ImportBatch.State
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _batch(request: HttpRequest, pk: int, *, with_file: bool = False) -> ImportBatch:
    rows = facts_import.batches_of(user_of(request))
    return get_visible(rows.defer(None).select_related("project") if with_file else rows, pk=pk)


@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    """What was loaded into the current project."""
    require_somewhere(user_of(request), Action.IMPORT, without=facts_import.NOT_A_REGISTER)
    rows = (
        facts_import.batches_of(user_of(request))
        .filter(project=project_of(request))
        .defer("content", "report")
    )
    return page(request, "leads/imports.html", {"page": seek(rows, request.GET, order=("-id",))})


@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Choose a file; it is opened at once and refused with the reason when it cannot be read."""
    user, project = user_of(request), project_of(request)
    require(user, Action.IMPORT, project, without=facts_import.NOT_A_REGISTER)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = importing.upload(
                project=project, filename=file.name, content=file.read(), by=user, at=clock.now()
            )
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            return redirect("leads:import_columns", batch.pk)
    context = {"form": form, "project": project}
    return page(request, "leads/import_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """What each column means: guessed or remembered, open to correction. Saving it makes the dry run."""
    batch = _batch(request, pk, with_file=True)
    if batch.state not in (State.UPLOADED, State.CHECKED):
        return redirect("leads:import", pk)
    try:
        plan = facts_import.open_batch(batch, today=clock.today(batch.project.zone)).plan
    except RegisterError as error:
        messages.error(request, facts_import.explain(error))
        return redirect("leads:imports")
    form = ColumnsForm(
        plan, request.POST or None, samples=_samples(plan), initial={"register": batch.register}
    )
    if request.method == "POST" and form.is_valid() and _save_columns(request, pk, form):
        return redirect("leads:import", pk)
    context = {"form": form, "batch": batch, "groups": _groups(form)}
    return page(request, "leads/import_columns.html", context, status=422 if form.errors else 200)


def _save_columns(request: HttpRequest, pk: int, form: ColumnsForm) -> bool:
    register, by = form.cleaned_data["register"], user_of(request)
    try:
        importing.set_columns(batch_id=pk, register=register, mapping=form.mapping, by=by, at=clock.now())
    except RuleViolation as violation:
        form.refuse(violation)
        return False
    return True


def _samples(plan: Plan) -> dict[tuple[int, int], str]:
    """Some values of each column, numbers masked (PX-12)."""
    return {
        (i, j): " · ".join(hidden(value) for value in values[:3])
        for i, sheet in enumerate(plan.sheets)
        for j, values in enumerate(sheet.samples)
    }


def _groups(form: ColumnsForm) -> list[dict[str, Any]]:
    return [
        {
            "sheet": sheet,
            "use": form[use] if use else None,
            "rows": [(form[name], label, sample) for name, label, sample in rows],
        }
        for sheet, use, rows in form.groups
    ]


@require_safe
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: the dry run's report and what to answer, the progress, or the result."""
    found = _batch(request, pk)
    if found.state == State.UPLOADED:
        return redirect("leads:import_columns", pk)
    return page(request, "leads/import.html", _context(request, found))


def _context(request: HttpRequest, found: ImportBatch, form: StartForm | None = None) -> dict[str, Any]:
    context: dict[str, Any] = {
        "batch": found,
        "report": report_of(found),
        "same": _same_file(found),
        "several_sheets": len(found.mapping["sheets"]) > 1,
    }
    if found.state == State.CHECKED:
        context["form"] = form or StartForm(found)
    if found.state == State.DONE:
        context["refused"] = [
            (
                row,
                [facts_import.reason_text(reason) for reason in row.reasons],
                [hidden(cell) for cell in row.cells],
            )
            for row in found.refused_rows.all()[:50]
        ]
        context["sees_leads"] = may(user_of(request), Action.SEE_LEADS, found.project_id, without=NO_ROWS)
    if found.state in (State.DONE, State.FAILED, State.UNDOING, State.UNDONE):
        context["undo"] = undo_of(found, user_of(request))
    if found.state == State.FAILED:
        error = found.report.get("error", {})
        context["error"] = facts_import.explain_code(error.get("code", ""), error.get("params", {}))
    return context


def _same_file(found: ImportBatch) -> ImportBatch | None:
    """An earlier load of exactly this file."""
    rows = ImportBatch.objects.filter(project=found.project_id, digest=found.digest, state=State.DONE)
    return rows.exclude(pk=found.pk).defer("content", "report").order_by("-id").first()


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Run it, once every name of staff is settled."""
    found = _batch(request, pk)
    if found.state != State.CHECKED:
        return redirect("leads:import", pk)
    form = StartForm(found, request.POST)
    if form.is_valid():
        try:
            known = form.cleaned_data["known"]
            importing.start(batch_id=pk, staff=form.staff, known=known, by=user_of(request), at=clock.now())
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            return redirect("leads:import", pk)
    return page(request, "leads/import.html", _context(request, found, form), status=422)


@require_POST
def go_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Take up a run that failed."""
    _batch(request, pk)
    try:
        importing.go_on(batch_id=pk, by=user_of(request), at=clock.now())
    except RuleViolation as violation:
        messages.error(request, violation.text)
    return redirect("leads:import", pk)


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a file away that was not loaded."""
    _batch(request, pk)
    try:
        importing.discard(batch_id=pk, by=user_of(request), at=clock.now())
    except RuleViolation as violation:
        messages.error(request, violation.text)
        return redirect("leads:import", pk)
    messages.success(request, _("The file was thrown away; nothing of it was loaded."))
    return redirect("leads:imports")


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part that is asked for every second while the worker runs; the whole page once it is done."""
    found = _batch(request, pk)
    if found.state == State.RUNNING:
        return page(request, "leads/_import_progress.html", {"batch": found, "report": report_of(found)})
    if found.state == State.UNDOING:
        undo_state = undo_of(found, user_of(request))
        return page(request, "leads/_import_undoing.html", {"batch": found, "undo": undo_state})
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


@require_safe
def refused(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The refused rows with their reasons, to be corrected and loaded again: Excel, or `?as=csv`.

    Whoever may not see customers (a system administrator) gets the numbers masked.
    """
    found = _batch(request, pk)
    plain = may(user_of(request), Action.SEE_LEADS, found.project_id, without=NO_ROWS)
    if request.GET.get("as") == "csv":
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="refused-{found.pk}.csv"'
        refused_file.write_csv(found, cast(TextIO, response), plain=plain)
        return response
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    refused_file.write_xlsx(found, file, plain=plain)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"refused-{found.pk}.xlsx", content_type=XLSX)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a load back: the worker removes what it brought, unless somebody built on it."""
    _batch(request, pk)
    try:
        undoing.start(batch_id=pk, by=user_of(request), at=clock.now())
    except RuleViolation as violation:
        messages.error(request, violation.text)
    return redirect("leads:import", pk)

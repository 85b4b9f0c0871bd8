"""Importing a list of units. It stands here because the reader of files does; the rest is the kernel's."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.actions.units import compare_units, import_units
from crm.gates import administrator_of, chosen_project
from crm.pages import page
from crm.rules_units import from_csv, to_csv
from leads.forms_units import UnitFileForm


@require_http_methods(["GET", "HEAD", "POST"])
def units_import(request: HttpRequest) -> HttpResponse:
    """Take a file and show what it would do, row by row; nothing is stored yet."""
    administrator_of(request)
    project = chosen_project(request)
    form = UnitFileForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    context = {"form": form, "project": project}
    if form.is_valid():
        found = form.cleaned_data["file"]
        context |= {
            "found": found,
            "would": compare_units(project, found.units),
            "sheet": to_csv(found.units),
        }
    return page(request, "crm/units_import.html", context, status=422 if form.errors else 200)


@require_POST
def units_store(request: HttpRequest) -> HttpResponse:
    """Store the accepted rows of a dry run; they are read again as if they came from a stranger."""
    by, project = administrator_of(request), chosen_project(request)
    found = from_csv(request.POST.get("sheet", ""))
    if found.problem or str(project.pk) != request.POST.get("project"):
        raise BadRequest
    done = import_units(project=project, rows=found.units, by=by, at=clock.now())
    messages.success(
        request,
        _("Units: %(new)s new, %(changed)s changed, %(same)s the same as before.") % done._asdict(),
    )
    return redirect("crm:units")

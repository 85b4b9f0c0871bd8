"""Buildings, unit types and units of the current project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible
from crm.actions import places
from crm.asked import number, words
from crm.deeds import attempt, posted, press
from crm.forms_places import BuildingForm, UnitForm, UnitTypeForm
from crm.gates import administrator_of
from crm.models import Building, Project, Unit, UnitType, User
from crm.pages import page
from crm.project_context import current_project, projects_of
from crm.seek import seek
from crm.views_projects import FORM, show_form


@require_safe
def units(request: HttpRequest) -> HttpResponse:
    """The units, by building (`building`) or number (`q`)."""
    administrator_of(request)
    found, asked = current_project(request), words(request.GET, "q", 20)
    wanted = request.GET.get("building", "")
    rows = Unit.objects.filter(project=found).select_related("building", "unit_type")
    if asked:
        rows = rows.filter(number__icontains=asked)
    if (building := number(wanted)) is not None:
        rows = rows.filter(building=building)
    context = {
        "page": seek(rows, request.GET, order=("building_id", "number", "id"), size=50),
        "found": found,
        "q": asked,
        "wanted": wanted,
        "buildings": Building.objects.filter(project=found).annotate(unit_count=Count("units")),
        "unit_types": UnitType.objects.filter(project=found).annotate(unit_count=Count("units")),
    }
    return page(request, "crm/units.html", context, fragment="crm/_units.html")


def _save_building(project: Project, row: Any, values: dict[str, Any], by: User) -> object:
    return places.save_building(project=project, building=row, by=by, at=clock.now(), **values)


def _save_unit_type(project: Project, row: Any, values: dict[str, Any], by: User) -> object:
    return places.save_unit_type(project=project, unit_type=row, by=by, at=clock.now(), **values)


def _save_unit(project: Project, row: Any, values: dict[str, Any], by: User) -> object:
    return places.save_unit(unit=row, by=by, at=clock.now(), **values)


class Kind(NamedTuple):
    """One of the three kinds of places below a project: its rows, its form, its action, its titles."""

    rows: QuerySet[Any]
    form: Callable[..., Any]
    store: Callable[[Project, Any, dict[str, Any], User], object]
    new: str | Promise
    edit: str | Promise


KINDS = {
    "building": Kind(
        Building.objects.all(),
        lambda data, project, row: BuildingForm(data, instance=row),
        _save_building,
        gettext_lazy("New building"),
        gettext_lazy("Edit building"),
    ),
    "unit_type": Kind(
        UnitType.objects.all(),
        lambda data, project, row: UnitTypeForm(data, instance=row),
        _save_unit_type,
        gettext_lazy("New unit type"),
        gettext_lazy("Edit unit type"),
    ),
    "unit": Kind(
        Unit.objects.all(),
        lambda data, project, row: UnitForm(data, instance=row, project=project),
        _save_unit,
        gettext_lazy("New unit"),
        gettext_lazy("Edit unit"),
    ),
}


@require_http_methods(FORM)
def place(request: HttpRequest, kind: str, pk: int | None = None) -> HttpResponse:
    """Make a building, unit type or unit in the current project, or change one."""
    by, what = administrator_of(request), KINDS[kind]
    row = get_visible(what.rows.filter(project__in=projects_of(request)), pk=pk) if pk else None
    where = row.project if row else current_project(request)
    if where is None:
        return redirect("crm:project_new")
    form = what.form(posted(request), where, row)
    if request.method == "POST" and attempt(form, lambda: what.store(where, row, form.cleaned_data, by)):
        messages.success(request, _("Saved."))
        return redirect("crm:units")
    context = {"place": row, "delete_url": reverse(f"crm:{kind}_delete", args=[pk]) if pk else ""}
    return show_form(request, form, str(what.edit if row else what.new), reverse("crm:units"), **context)


@require_POST
def place_delete(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Delete a place that nothing refers to."""
    by = administrator_of(request)
    row = get_visible(KINDS[kind].rows.filter(project__in=projects_of(request)), pk=pk)
    press(request, lambda: places.delete_place(place=row, by=by, at=clock.now()), _("Deleted."))
    return redirect("crm:units")

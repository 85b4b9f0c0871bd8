"""Projects and what stands in them: areas, buildings, unit types, units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible, may
from crm.actions import places
from crm.api_fields import Id, Input, Lines, Output, Windows
from crm.api_forms import input_of, present_of
from crm.api_frame import ApiView, operation
from crm.api_people import ActiveIn
from crm.forms_places import AreaForm, BuildingForm, ProjectForm, UnitForm, UnitTypeForm
from crm.gates import administrator_of, is_administrator, project_in_reach
from crm.models import Area, Building, Project, Unit, UnitType
from crm.project_context import projects_of
from crm.roles import Action

CHOOSERS = (Action.REGISTER, Action.HOLD_UNIT, Action.RECORD_DEAL)
"""Who is offered the units of a project in a form of theirs may read them here."""


class ProjectRow(Output):
    windows = Windows()

    class Meta:
        model = Project
        fields = (
            "id", "name", "short_name", "signature", "hotline", "time_zone", "region", "windows", "opens_at",
            "closes_at", "sms_opens_at", "sms_closes_at", "active",
        )  # fmt: skip


class AreaRow(Output):
    class Meta:
        model = Area
        fields = ("id", "project", "name", "buildings")


class BuildingRow(Output):
    class Meta:
        model = Building
        fields = ("id", "project", "name")


class UnitTypeRow(Output):
    class Meta:
        model = UnitType
        fields = ("id", "project", "name", "rooms", "area_sqm")


class UnitRow(Output):
    class Meta:
        model = Unit
        fields = ("id", "project", "building", "number", "unit_type", "floor", "area_sqm", "list_price")


ProjectIn = input_of("ProjectIn", ProjectForm, windows=Lines(help_text="Such as 10:00-11:30 (SC-8)."))
ProjectChange = input_of("ProjectChange", ProjectForm, partial=True, windows=Lines(required=False))
AreaIn = input_of("AreaIn", AreaForm)
AreaChange = input_of("AreaChange", AreaForm, partial=True)
BuildingIn = input_of("BuildingIn", BuildingForm)
BuildingChange = input_of("BuildingChange", BuildingForm, partial=True)
UnitTypeIn = input_of("UnitTypeIn", UnitTypeForm)
UnitTypeChange = input_of("UnitTypeChange", UnitTypeForm, partial=True)
UnitIn = input_of("UnitIn", UnitForm)
UnitChange = input_of("UnitChange", UnitForm, partial=True)


class UnitsAsked(Input):
    q = serializers.CharField(required=False, max_length=20, help_text="Part of the number.")
    building = Id(required=False)


def _projects(request: Request) -> QuerySet[Project]:
    """Every project for whoever administers them, one's own for everybody else."""
    if is_administrator(request.user):  # type: ignore[arg-type]
        return Project.objects.all()
    return Project.objects.filter(pk__in=[project.pk for project in projects_of(request)])


class Projects(ApiView):
    group = "places"

    @operation(answers=ProjectRow, paged=True)
    def get(self, request: Request) -> Any:
        """One's projects; for the administrator every project, closed ones too."""
        return self.page(_projects(request), "name", "id")

    @operation(takes=ProjectIn, answers=ProjectRow, status=201)
    def post(self, request: Request) -> Any:
        """Make a project; it starts with the written procedure as its first policy (SC-13)."""
        by = administrator_of(request)
        return places.create_project(by=by, at=clock.now(), **self.filled(ProjectForm).cleaned_data)


class OneProject(ApiView):
    group = "places"

    @operation(answers=ProjectRow)
    def get(self, request: Request, project: int) -> Any:
        """One project."""
        return get_visible(_projects(request), pk=project)

    @operation(takes=ProjectChange, answers=ProjectRow)
    def patch(self, request: Request, project: int) -> Any:
        """Correct a project."""
        by = administrator_of(request)
        row = get_visible(Project.objects.all(), pk=project)
        present = present_of(ProjectForm, row)
        form = self.filled(lambda data: ProjectForm(data, instance=row), present)
        places.edit_project(project=row, by=by, at=clock.now(), **form.cleaned_data)
        return row


class ProjectActive(ApiView):
    group = "places"

    @operation(takes=ActiveIn, answers=ProjectRow)
    def post(self, request: Request, project: int) -> Any:
        """Close a project or open it again."""
        by = administrator_of(request)
        row = get_visible(Project.objects.all(), pk=project)
        places.set_project_active(project=row, active=self.said()["active"], by=by, at=clock.now())
        return row


class PlaceView(ApiView):
    """The parent of what stands in a project: one kind of rows, one form, one action."""

    group = "places"
    rows: ClassVar[QuerySet[Any]]

    def project_to_read(self, request: Request, pk: int) -> Project:
        """A project whose places one administers, or chooses from in a form."""
        project = project_in_reach(request, pk)
        if not is_administrator(self.by) and not any(
            may(self.by, action, project, own=True) for action in CHOOSERS
        ):
            raise PermissionDenied
        return project

    def project_to_write(self, request: Request, pk: int) -> Project:
        administrator_of(request)
        return project_in_reach(request, pk)

    def place(self, request: Request, pk: int) -> Any:
        """A row in one of one's projects, or 404."""
        return get_visible(self.rows.filter(project__in=projects_of(request)), pk=pk)

    def place_to_read(self, request: Request, pk: int) -> Any:
        row = self.place(request, pk)
        self.project_to_read(request, row.project_id)
        return row

    def place_to_write(self, request: Request, pk: int) -> Any:
        administrator_of(request)
        return self.place(request, pk)

    def drop(self, request: Request, pk: int) -> None:
        places.delete_place(place=self.place_to_write(request, pk), by=self.by, at=clock.now())


class Areas(PlaceView):
    @operation(answers=AreaRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The areas of a project (administrator)."""
        rows = Area.objects.filter(project=self.project_to_write(request, project))
        return self.page(rows.prefetch_related("buildings"), "name", "id")

    @operation(takes=AreaIn, answers=AreaRow, status=201)
    def post(self, request: Request, project: int) -> Any:
        """Make an area."""
        where = self.project_to_write(request, project)
        form = self.filled(lambda data: AreaForm(data, project=where))
        return places.save_area(project=where, by=self.by, at=clock.now(), **form.cleaned_data)


class OneArea(PlaceView):
    rows = Area.objects.all()

    @operation(answers=AreaRow)
    def get(self, request: Request, area: int) -> Any:
        """One area (administrator)."""
        return self.place_to_write(request, area)

    @operation(takes=AreaChange, answers=AreaRow)
    def patch(self, request: Request, area: int) -> Any:
        """Change an area."""
        row: Area = self.place_to_write(request, area)
        present = {"name": row.name, "buildings": list(row.buildings.values_list("pk", flat=True))}
        form = self.filled(lambda data: AreaForm(data, project=row.project), present)
        return places.save_area(
            project=row.project, area=row, by=self.by, at=clock.now(), **form.cleaned_data
        )

    @operation()
    def delete(self, request: Request, area: int) -> None:
        """Delete an area that nobody administers."""
        self.drop(request, area)


class Buildings(PlaceView):
    @operation(answers=BuildingRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The buildings of a project."""
        return self.page(
            Building.objects.filter(project=self.project_to_read(request, project)), "name", "id"
        )

    @operation(takes=BuildingIn, answers=BuildingRow, status=201)
    def post(self, request: Request, project: int) -> Any:
        """Make a building."""
        where = self.project_to_write(request, project)
        form = self.filled(BuildingForm)
        return places.save_building(project=where, by=self.by, at=clock.now(), **form.cleaned_data)


class UnitTypes(PlaceView):
    @operation(answers=UnitTypeRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The unit types of a project."""
        return self.page(
            UnitType.objects.filter(project=self.project_to_read(request, project)), "name", "id"
        )

    @operation(takes=UnitTypeIn, answers=UnitTypeRow, status=201)
    def post(self, request: Request, project: int) -> Any:
        """Make a unit type."""
        where = self.project_to_write(request, project)
        form = self.filled(UnitTypeForm)
        return places.save_unit_type(project=where, by=self.by, at=clock.now(), **form.cleaned_data)


class Units(PlaceView):
    @operation(asks=UnitsAsked, answers=UnitRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The units of a project, by building or number."""
        rows = Unit.objects.filter(project=self.project_to_read(request, project))
        asked = self.asked()
        if "q" in asked:
            rows = rows.filter(number__icontains=asked["q"])
        if "building" in asked:
            rows = rows.filter(building=asked["building"])
        return self.page(rows, "building_id", "number", "id")

    @operation(takes=UnitIn, answers=UnitRow, status=201)
    def post(self, request: Request, project: int) -> Any:
        """Make a unit."""
        where = self.project_to_write(request, project)
        form = self.filled(lambda data: UnitForm(data, project=where))
        return places.save_unit(by=self.by, at=clock.now(), **form.cleaned_data)


class OneBuilding(PlaceView):
    rows = Building.objects.all()

    @operation(answers=BuildingRow)
    def get(self, request: Request, building: int) -> Any:
        """One building."""
        return self.place_to_read(request, building)

    @operation(takes=BuildingChange, answers=BuildingRow)
    def patch(self, request: Request, building: int) -> Any:
        """Rename a building."""
        row = self.place_to_write(request, building)
        values = changed(self, BuildingForm, row)
        return places.save_building(project=row.project, building=row, by=self.by, at=clock.now(), **values)

    @operation()
    def delete(self, request: Request, building: int) -> None:
        """Delete a building that nothing refers to."""
        self.drop(request, building)


class OneUnitType(PlaceView):
    rows = UnitType.objects.all()

    @operation(answers=UnitTypeRow)
    def get(self, request: Request, unit_type: int) -> Any:
        """One unit type."""
        return self.place_to_read(request, unit_type)

    @operation(takes=UnitTypeChange, answers=UnitTypeRow)
    def patch(self, request: Request, unit_type: int) -> Any:
        """Change a unit type."""
        row = self.place_to_write(request, unit_type)
        values = changed(self, UnitTypeForm, row)
        return places.save_unit_type(project=row.project, unit_type=row, by=self.by, at=clock.now(), **values)

    @operation()
    def delete(self, request: Request, unit_type: int) -> None:
        """Delete a unit type that nothing refers to."""
        self.drop(request, unit_type)


class OneUnit(PlaceView):
    rows = Unit.objects.select_related("building", "project")

    @operation(answers=UnitRow)
    def get(self, request: Request, unit: int) -> Any:
        """One unit."""
        return self.place_to_read(request, unit)

    @operation(takes=UnitChange, answers=UnitRow)
    def patch(self, request: Request, unit: int) -> Any:
        """Change a unit."""
        row = self.place_to_write(request, unit)
        values = changed(self, UnitForm, row, project=row.project)
        return places.save_unit(unit=row, by=self.by, at=clock.now(), **values)

    @operation()
    def delete(self, request: Request, unit: int) -> None:
        """Delete a unit that nothing refers to."""
        self.drop(request, unit)


def changed(view: ApiView, form: Callable[..., Any], row: Any, **given: Any) -> dict[str, Any]:
    """The cleaned values of a model's form over what the row holds now."""
    present = present_of(form, row)
    values: dict[str, Any] = view.filled(lambda data: form(data, instance=row, **given), present).cleaned_data
    return values

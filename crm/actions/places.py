"""Writing projects, areas, buildings, unit types and units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Model, ProtectedError
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Area, Building, PolicyVersion, Project, Unit, UnitType, User
from crm.rules_hours import EARLIEST, LATEST

FROM_THE_START = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""The first policy of a project holds for all of its history, imported registers included."""

PROJECT_FIELDS = (
    "name",
    "short_name",
    "signature",
    "hotline",
    "time_zone",
    "region",
    "windows",
    "opens_at",
    "closes_at",
    "sms_opens_at",
    "sms_closes_at",
)
UNIT_FIELDS = ("unit_type", "number", "floor", "area_sqm", "list_price")
Place = Area | Building | UnitType | Unit


def _fill(row: Model, allowed: Collection[str], values: dict[str, Any]) -> None:
    """Set named fields and no other: what an action does not list, nobody sets."""
    unknown = set(values) - set(allowed)
    if unknown:
        raise TypeError(f"not a field of this action: {', '.join(sorted(unknown))}")
    for name, value in values.items():
        setattr(row, name, value)


def _save(row: Model, verb: str, project: Project, by: User, at: dt.datetime) -> None:
    row.save()
    target = row._meta.model_name or ""
    audit.record(f"{target}.{verb}", by=by, at=at, project=project, target=target, target_id=row.pk)


def _refuse_opening(row: Project) -> None:
    if row.opens_at >= row.closes_at:
        raise RuleViolation(_("The sales centre must open before it closes."), field="closes_at")
    if not EARLIEST <= row.sms_opens_at < row.sms_closes_at <= LATEST:
        raise RuleViolation(
            _("Marketing messages go out by day, from 8:00 to 21:00 at most."), field="sms_closes_at"
        )


@transaction.atomic
def create_project(*, by: User, at: dt.datetime, **values: Any) -> Project:
    """A new project with its first cadence policy: the written procedure, from the start of time (SC-13)."""
    project = Project()
    _fill(project, PROJECT_FIELDS, values)
    _refuse_opening(project)
    _save(project, "created", project, by, at)
    PolicyVersion.objects.create(
        project=project,
        kind="cadence",
        number=1,
        values={"closing_time": f"{project.closes_at:%H:%M}"},
        reason=_("The written procedure."),
        state=PolicyVersion.State.APPROVED,
        prepared_at=at,
        approved_at=at,
        effective_from=FROM_THE_START,
    )
    return project


@transaction.atomic
def edit_project(*, project: Project, by: User, at: dt.datetime, **values: Any) -> None:
    """Correct a project. The closing time that duties are due at is the policy's and changes there (SC-13)."""
    _fill(project, PROJECT_FIELDS, values)
    _refuse_opening(project)
    _save(project, "edited", project, by, at)


@transaction.atomic
def set_project_active(*, project: Project, active: bool, by: User, at: dt.datetime) -> None:
    """Close a project or open it again: a closed one is out of everybody's sight, nothing of it is deleted."""
    project.active = active
    project.save(update_fields=["active"])
    verb = "project.opened" if active else "project.closed"
    audit.record(verb, by=by, at=at, project=project, target="project", target_id=project.pk)


@transaction.atomic
def save_area(
    *,
    project: Project,
    name: str,
    buildings: Collection[Building],
    by: User,
    at: dt.datetime,
    area: Area | None = None,
) -> Area:
    """Make an area, or change the given one of this project."""
    if any(building.project_id != project.pk for building in buildings):
        raise RuleViolation(_("Choose buildings of this project."), field="buildings")
    row = area or Area(project=project)
    row.name = _fresh_name(row, project, name)
    _save(row, "saved", project, by, at)
    row.buildings.set(buildings)
    return row


@transaction.atomic
def save_building(
    *, project: Project, name: str, by: User, at: dt.datetime, building: Building | None = None
) -> Building:
    """Make a building, or rename the given one of this project."""
    row = building or Building(project=project)
    row.name = _fresh_name(row, project, name)
    _save(row, "saved", project, by, at)
    return row


@transaction.atomic
def save_unit_type(
    *,
    project: Project,
    name: str,
    rooms: str,
    area_sqm: Any,
    by: User,
    at: dt.datetime,
    unit_type: UnitType | None = None,
) -> UnitType:
    """Make a unit type, or change the given one of this project. `area_sqm`: Decimal m² or None."""
    row = unit_type or UnitType(project=project)
    row.name, row.rooms, row.area_sqm = _fresh_name(row, project, name), rooms.strip(), area_sqm
    _save(row, "saved", project, by, at)
    return row


@transaction.atomic
def save_unit(
    *, building: Building, by: User, at: dt.datetime, unit: Unit | None = None, **values: Any
) -> Unit:
    """Make a unit in a building, or change the given one; it moves only inside its own project."""
    if unit is not None and unit.project_id != building.project_id:
        raise RuleViolation(_("Choose a building of this project."), field="building")
    row = unit or Unit(project=building.project)
    row.building = building
    _fill(row, UNIT_FIELDS, values)
    if row.unit_type is not None and row.unit_type.project_id != building.project_id:
        raise RuleViolation(_("Choose a unit type of this project."), field="unit_type")
    row.number = row.number.strip()
    if Unit.objects.filter(building=building, number=row.number).exclude(pk=row.pk).exists():
        raise RuleViolation(_("This building has a unit with this number already."), field="number")
    _save(row, "saved", building.project, by, at)
    return row


@transaction.atomic
def delete_place(*, place: Place, by: User, at: dt.datetime) -> None:
    """Delete an area, building, unit type or unit that nothing refers to; anything else is refused."""
    project, target, key, name = place.project, place._meta.model_name or "", place.pk, str(place)
    try:
        place.delete()
    except ProtectedError:
        raise RuleViolation(
            _("%(name)s is in use and cannot be deleted. Rename it instead.") % {"name": name}, code="in_use"
        ) from None
    audit.record(f"{target}.deleted", by=by, at=at, project=project, target=target, target_id=key, name=name)


def _fresh_name(row: Area | Building | UnitType, project: Project, name: str) -> str:
    name = name.strip()
    if not name:
        raise RuleViolation(_("Write a name."), field="name")
    if type(row)._default_manager.filter(project=project, name=name).exclude(pk=row.pk).exists():
        raise RuleViolation(_("This project has one of this name already."), field="name", code="double")
    return name

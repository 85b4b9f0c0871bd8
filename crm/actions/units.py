"""Writing the units of a file (crm.rules_units): new ones are made, known ones brought up to date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

from crm.actions import audit
from crm.models import Building, Project, Unit, UnitType, User
from crm.rules_units import UnitRow

VALUES = ("floor", "area_sqm", "list_price")


class UnitImport(NamedTuple):
    """How many units of a file are new, changed, the same; they add up to its accepted rows."""

    new: int
    changed: int
    same: int


def compare_units(project: Project, rows: Sequence[UnitRow]) -> UnitImport:
    """What `import_units` would do, without doing it."""
    known = _known(project)
    changed = new = 0
    for row in rows:
        unit = known.get((row.building, row.number))
        if unit is None:
            new += 1
        elif _differs(unit, row):
            changed += 1
    return UnitImport(new, changed, len(rows) - new - changed)


@transaction.atomic
def import_units(*, project: Project, rows: Sequence[UnitRow], by: User, at: dt.datetime) -> UnitImport:
    """Store the units, their buildings and types. An empty cell leaves what is known. Safe to repeat."""
    Project.objects.select_for_update().get(pk=project.pk)
    buildings = _named(Building, project, {row.building for row in rows})
    types = _named(UnitType, project, {row.unit_type for row in rows if row.unit_type})
    known, new, changed = _known(project), list[Unit](), list[Unit]()
    for row in rows:
        unit = known.get((row.building, row.number))
        if unit is not None and not _differs(unit, row):
            continue
        (changed if unit else new).append(unit := unit or Unit(project=project, number=row.number))
        unit.building = buildings[row.building]
        if row.unit_type:
            unit.unit_type = types[row.unit_type]
        for name in VALUES:
            if getattr(row, name) is not None:
                setattr(unit, name, getattr(row, name))
    Unit.objects.bulk_create(new, batch_size=500)
    Unit.objects.bulk_update(changed, ["unit_type", *VALUES], batch_size=500)
    audit.record("units.imported", by=by, at=at, project=project, new=len(new), changed=len(changed))
    return UnitImport(len(new), len(changed), len(rows) - len(new) - len(changed))


def _known(project: Project) -> dict[tuple[str, str], Unit]:
    rows = Unit.objects.filter(project=project).select_related("building", "unit_type")
    return {(unit.building.name, unit.number): unit for unit in rows}


def _differs(unit: Unit, row: UnitRow) -> bool:
    kind = unit.unit_type.name if unit.unit_type else ""
    if row.unit_type and row.unit_type != kind:
        return True
    return any(getattr(row, name) not in (None, getattr(unit, name)) for name in VALUES)


def _named(model: type[Building] | type[UnitType], project: Project, names: set[str]) -> dict[str, Any]:
    """The project's rows of these names, made where they are missing."""
    held = {row.name: row for row in model._default_manager.filter(project=project, name__in=names)}
    for name in sorted(names - set(held)):
        held[name] = model._default_manager.create(project=project, name=name)
    return dict(held)

"""Projects and what stands in them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.actions import places
from crm.errors import RuleViolation
from crm.models import Building, PolicyVersion, Project, Unit, User
from crm.roles import Role
from tests.factories import AT, make_building, make_project, make_unit, make_unit_type, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(Role.SYSTEM_ADMINISTRATOR)


def create(by: User, **values: Any) -> Project:
    filled = {
        "name": "Lakeside",
        "short_name": "Lake",
        "signature": "Lakeside",
        "hotline": "0571-1",
        **values,
    }
    return places.create_project(by=by, at=AT, **filled)


def test_sc_13_a_new_project_starts_with_the_written_procedure(admin: User) -> None:
    project = create(admin, closes_at=dt.time(18, 5))
    first = PolicyVersion.objects.get(project=project)
    assert (first.number, first.kind, first.state, first.prepared_by) == (1, "cadence", "approved", None)
    assert first.values == {"closing_time": "18:05"}
    assert first.effective_from == dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def test_a_centre_opens_before_it_closes(admin: User) -> None:
    with pytest.raises(RuleViolation) as refused:
        create(admin, opens_at=dt.time(20), closes_at=dt.time(9))
    assert refused.value.field == "closes_at"
    assert not Project.objects.exists()


@pytest.mark.parametrize("field", ["active", "id", "pk"])
def test_fields_that_are_nobodys_to_set_are_a_bug(admin: User, field: str) -> None:
    with pytest.raises(TypeError):
        create(admin, **{field: 5})


def test_editing_and_closing_a_project(admin: User) -> None:
    project = create(admin)
    places.edit_project(project=project, by=admin, at=AT, hotline="0571-2")
    places.set_project_active(project=project, active=False, by=admin, at=AT)
    row = Project.objects.get()
    assert (row.hotline, row.active, PolicyVersion.objects.count()) == ("0571-2", False, 1)


def test_an_area_holds_buildings_of_its_own_project(admin: User) -> None:
    project, other = make_project("A"), make_project("B")
    mine, foreign = make_building(project), make_building(other)
    area = places.save_area(project=project, name="East", buildings=[mine], by=admin, at=AT)
    assert list(area.buildings.all()) == [mine]
    with pytest.raises(RuleViolation):
        places.save_area(project=project, name="East", buildings=[foreign], by=admin, at=AT, area=area)
    with pytest.raises(RuleViolation) as refused:
        places.save_area(project=project, name="East ", buildings=[], by=admin, at=AT)
    assert refused.value.field == "name"


def test_names_are_unique_inside_a_project_only(admin: User) -> None:
    project, other = make_project("A"), make_project("B")
    building = places.save_building(project=project, name="1#", by=admin, at=AT)
    places.save_building(project=project, name="1#", by=admin, at=AT, building=building)
    places.save_building(project=other, name="1#", by=admin, at=AT)
    for name in ("1#", "  "):
        with pytest.raises(RuleViolation):
            places.save_building(project=project, name=name, by=admin, at=AT)
    places.save_unit_type(project=project, name="A1", rooms="3", area_sqm=Decimal("89.5"), by=admin, at=AT)
    with pytest.raises(RuleViolation):
        places.save_unit_type(project=project, name="A1", rooms="", area_sqm=None, by=admin, at=AT)


def test_a_unit_stays_in_its_project(admin: User) -> None:
    project, other = make_project("A"), make_project("B")
    building = make_building(project)
    kind = make_unit_type(project)
    unit = places.save_unit(building=building, by=admin, at=AT, number=" 101 ", unit_type=kind)
    assert (unit.project, unit.number) == (project, "101")
    with pytest.raises(RuleViolation) as refused:
        places.save_unit(building=make_building(other), by=admin, at=AT, unit=unit)
    assert refused.value.field == "building"
    with pytest.raises(RuleViolation) as refused:
        places.save_unit(building=building, by=admin, at=AT, number="102", unit_type=make_unit_type(other))
    assert refused.value.field == "unit_type"
    with pytest.raises(RuleViolation) as refused:
        places.save_unit(building=building, by=admin, at=AT, number="101")
    assert refused.value.field == "number"


def test_what_is_in_use_is_not_deleted(admin: User) -> None:
    building = make_building(make_project())
    unit = make_unit(building)
    with pytest.raises(RuleViolation, match="in use"):
        places.delete_place(place=building, by=admin, at=AT)
    places.delete_place(place=unit, by=admin, at=AT)
    places.delete_place(place=building, by=admin, at=AT)
    assert not Unit.objects.exists()
    assert not Building.objects.exists()

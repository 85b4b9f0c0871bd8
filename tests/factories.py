"""What tests are made of: plain functions, each making one thing with everything it must have.

The cast: Lin (consultant, project A), Mei (her colleague), Wu (manager, project B), Zhao (director).
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from crm.actions.customers import create_customer
from crm.models import Building, Customer, Membership, PolicyVersion, Project, Unit, UnitType, User
from crm.phones import parse
from crm.roles import Role
from crm.states import Salutation

PASSWORD = "only-for-tests-42"
AT = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
"""Monday 2 March 2026, 10:00 in Shanghai: the moment of a test that does not care."""
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

_numbers = itertools.count(1)


def make_project(name: str = "", **values: Any) -> Project:
    """A project with the first version of its cadence policy, as `crm.actions.places` makes it."""
    # A made-up name grows with the session; the signature of every message must not grow with it.
    signature = name[:20] or "云栖里"
    name = name or f"Project {next(_numbers)}"
    project = Project.objects.create(
        **{
            "name": name,
            "short_name": name[:20],
            "signature": signature,
            "hotline": "0571-88880000",
            **values,
        }
    )
    PolicyVersion.objects.create(
        project=project,
        number=1,
        values={"closing_time": f"{project.closes_at:%H:%M}"},
        state=PolicyVersion.State.APPROVED,
        prepared_at=AT,
        approved_at=AT,
        effective_from=LONG_AGO,
    )
    return project


def make_user(
    role: Role | str | None = Role.CONSULTANT,
    project: Project | None = None,
    name: str = "",
    *,
    active: bool = True,
    **membership: Any,
) -> User:
    """A user who holds `role` in `project` (None: everywhere), or no role at all when `role` is None."""
    number = next(_numbers)
    user = User(username=f"user{number}", name=name or f"User {number}", is_active=active)
    user.set_password(PASSWORD)
    user.save()
    if role is not None:
        Membership.objects.create(user=user, project=project, role=str(role), **membership)
    return user


def add_role(user: User, role: Role | str, project: Project | None = None, **values: Any) -> Membership:
    """One more role for a user."""
    return Membership.objects.create(user=user, project=project, role=str(role), **values)


def make_customer(
    name: str = "", phone: str = "", *, by: User | None = None, at: dt.datetime = AT
) -> Customer:
    """A customer with one number, in a party of their own."""
    number = next(_numbers)
    parsed = parse(phone or f"138{number:08d}", "CN")
    assert not parsed.problems
    return create_customer(
        name=name or f"客户{number}",
        salutation=Salutation.UNKNOWN.value,
        numbers=parsed.numbers,
        by=by,
        at=at,
    )


def make_building(project: Project, name: str = "") -> Building:
    return Building.objects.create(project=project, name=name or f"{next(_numbers)}#")


def make_unit_type(project: Project, name: str = "") -> UnitType:
    return UnitType.objects.create(project=project, name=name or f"T{next(_numbers)}")


def make_unit(building: Building, number: str = "", **values: Any) -> Unit:
    return Unit.objects.create(
        project=building.project, building=building, number=number or str(next(_numbers)), **values
    )

"""Accounts and roles: nobody raises their own rights, nobody leaves with live leads, one administrator stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from crm.access import holdings
from crm.actions import members, passwords, people
from crm.errors import RuleViolation
from crm.models import AuditEvent, Membership, Project, ShiftDay, User, WeeklyRest
from crm.roles import Role
from crm.rules_members import EVERYWHERE, grantable
from tests.factories import AT, PASSWORD, add_role, make_project, make_user

pytestmark = pytest.mark.django_db

TEAM = {Role.CONSULTANT, Role.FRONT_DESK, Role.CONTRACTS_CLERK, Role.MARKETING}


@pytest.fixture
def project() -> Project:
    return make_project("A")


@pytest.fixture
def admin() -> User:
    return make_user(Role.SYSTEM_ADMINISTRATOR, name="Root")


def test_a_manager_gives_the_roles_of_the_team_in_own_projects_only() -> None:
    held = [(Role.SALES_MANAGER.value, 1)]
    assert grantable(held, 1) == TEAM
    assert grantable(held, 2) == frozenset()
    assert grantable(held, None) == frozenset()


def test_a_manager_of_every_project_gives_them_in_each_but_not_everywhere() -> None:
    held = [(Role.SALES_MANAGER.value, None)]
    assert grantable(held, 7) == TEAM
    assert grantable(held, None) == frozenset()


def test_directors_give_up_to_the_level_below_theirs() -> None:
    assert grantable([(Role.SALES_DIRECTOR.value, None)], 1) == TEAM | {Role.SALES_MANAGER}
    assert not grantable([(Role.DIRECTOR.value, None)], 1) & (EVERYWHERE | TEAM)


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in EVERYWHERE and role is not Role.SALES_MANAGER]
)
def test_the_other_roles_give_nothing(role: Role) -> None:
    assert grantable([(role.value, 1)], 1) == frozenset()
    assert grantable([("no such role", None)], 1) == frozenset()


def test_a_new_account_has_a_hashed_password_and_no_role(admin: User) -> None:
    user = people.create_user(
        username=" lin ", name=" 林 ", password="a-long-pass-77", by=admin, at=AT, aliases=["小林"]
    )
    user = User.objects.get(pk=user.pk)
    assert (user.username, user.name, user.aliases) == ("lin", "林", ["小林"])
    assert user.check_password("a-long-pass-77")
    assert not user.is_staff
    assert not user.is_superuser
    assert holdings(user) == ()
    assert AuditEvent.objects.filter(verb="user.created", target_id=user.pk, by=admin).count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": "LIN"}, "username"),
        ({"password": "12345678901"}, "password"),
        ({"password": "short"}, "password"),
    ],
)
def test_a_taken_login_name_and_a_weak_password_are_refused(
    admin: User, values: dict[str, str], field: str
) -> None:
    people.create_user(username="lin", name="Lin", password="a-long-pass-77", by=admin, at=AT)
    with pytest.raises(RuleViolation) as refused:
        people.create_user(
            **{"username": "mei", "name": "Mei", "password": "a-long-pass-77", **values}, by=admin, at=AT
        )
    assert refused.value.field == field
    assert User.objects.exclude(pk=admin.pk).count() == 1


def test_a_password_is_never_in_the_log(admin: User) -> None:
    user = people.create_user(username="lin", name="Lin", password="a-long-pass-77", by=admin, at=AT)
    passwords.reset(user=user, password="another-pass-88", by=admin, at=AT)
    assert user.check_password("another-pass-88")
    assert all("pass" not in str(event.details) for event in AuditEvent.objects.all())


def test_editing_keeps_the_password_and_refuses_a_taken_login_name(admin: User) -> None:
    lin, mei = make_user(None), make_user(None)
    people.edit_user(
        user=lin, username="lin", name="Lin", mobile="", aliases=[], language="en", by=admin, at=AT
    )
    assert User.objects.get(pk=lin.pk).check_password(PASSWORD)
    with pytest.raises(RuleViolation):
        people.edit_user(
            user=mei, username="Lin", name="M", mobile="", aliases=[], language="", by=admin, at=AT
        )


def test_px_7_nobody_is_switched_off_with_live_leads(
    admin: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin = make_user(project=project)
    monkeypatch.setattr(people, "live_duties", lambda user_id, project_id: 3 if user_id == lin.pk else 0)
    with pytest.raises(RuleViolation, match="3 leads") as refused:
        people.deactivate_user(user=lin, by=admin, at=AT)
    assert refused.value.clause == "PX-7"
    assert User.objects.get(pk=lin.pk).is_active
    with pytest.raises(RuleViolation, match="Hand them over"):
        members.end_membership(membership=lin.memberships.get(), by=admin, at=AT)
    assert lin.memberships.get().active


def test_switching_off_takes_the_person_off_every_stand_in(admin: User, project: Project) -> None:
    lin, mei = make_user(project=project), make_user(project=project)
    WeeklyRest.objects.create(user=mei, weekday=2, stand_in=lin)
    past = ShiftDay.objects.create(user=mei, day="2026-03-01", kind="leave", stand_in=lin, approved_by=admin)
    future = ShiftDay.objects.create(
        user=mei, day="2026-03-05", kind="leave", stand_in=lin, approved_by=admin
    )
    people.deactivate_user(user=lin, by=admin, at=AT)
    assert mei.weekly_rests.get().stand_in is None
    past.refresh_from_db()
    future.refresh_from_db()
    assert (past.stand_in, future.stand_in) == (lin, None)
    people.reactivate_user(user=lin, by=admin, at=AT)
    assert User.objects.get(pk=lin.pk).is_active


def test_nobody_switches_themselves_off(admin: User) -> None:
    make_user(Role.SYSTEM_ADMINISTRATOR)
    with pytest.raises(RuleViolation):
        people.deactivate_user(user=admin, by=admin, at=AT)
    assert User.objects.get(pk=admin.pk).is_active


def test_the_last_active_administrator_stays(admin: User) -> None:
    other = make_user(Role.SYSTEM_ADMINISTRATOR)
    asleep = make_user(Role.SYSTEM_ADMINISTRATOR, active=False)
    people.deactivate_user(user=admin, by=other, at=AT)
    with pytest.raises(RuleViolation, match="last active"):
        people.deactivate_user(user=other, by=asleep, at=AT)
    with pytest.raises(RuleViolation, match="last active"):
        members.end_membership(membership=other.memberships.get(), by=make_acting_administrator(), at=AT)
    assert other.memberships.get().active


def make_acting_administrator() -> User:
    """Somebody who may give the role but does not count as an active holder: switched off a moment ago."""
    user = make_user(Role.SYSTEM_ADMINISTRATOR)
    holdings(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return user


def test_the_check_for_the_last_administrator_locks_the_rows(admin: User) -> None:
    other = make_user(Role.SYSTEM_ADMINISTRATOR)
    seen: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        people.deactivate_user(user=other, by=admin, at=AT)
    assert any("FOR UPDATE" in sql and "membership" in sql for sql in seen)


def test_nobody_changes_their_own_roles(admin: User, project: Project) -> None:
    wu = make_user(Role.SALES_MANAGER, project)
    for by in (admin, wu):
        with pytest.raises(RuleViolation, match="own roles"):
            members.grant_role(user=by, role=Role.CONSULTANT, project=project, by=by, at=AT)
        with pytest.raises(RuleViolation, match="own roles"):
            members.end_membership(membership=by.memberships.get(), by=by, at=AT)
        with pytest.raises(RuleViolation, match="own roles"):
            members.set_capacity(membership=by.memberships.get(), capacity=1, by=by, at=AT)
    assert Membership.objects.filter(active=True).count() == 2


@pytest.mark.parametrize(
    "role", [Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.SYSTEM_ADMINISTRATOR, Role.ASSISTANT]
)
def test_a_manager_gives_no_role_above_the_team(project: Project, role: Role) -> None:
    wu, lin = make_user(Role.SALES_MANAGER, project), make_user(None)
    with pytest.raises(PermissionDenied):
        members.grant_role(user=lin, role=role, project=None if role in EVERYWHERE else project, by=wu, at=AT)
    assert not lin.memberships.exists()


def test_a_manager_reaches_no_other_project(project: Project) -> None:
    other = make_project("B")
    wu, lin = make_user(Role.SALES_MANAGER, project), make_user(project=other)
    with pytest.raises(PermissionDenied):
        members.grant_role(user=lin, role=Role.FRONT_DESK, project=other, by=wu, at=AT)
    with pytest.raises(PermissionDenied):
        members.end_membership(membership=lin.memberships.get(), by=wu, at=AT)


def test_a_manager_takes_no_role_from_another_manager(project: Project) -> None:
    wu, peer = make_user(Role.SALES_MANAGER, project), make_user(Role.SALES_MANAGER, project)
    with pytest.raises(PermissionDenied):
        members.end_membership(membership=peer.memberships.get(), by=wu, at=AT)


def test_an_ended_role_comes_back_as_the_same_row(project: Project) -> None:
    wu, desk = make_user(Role.SALES_MANAGER, project), make_user(Role.FRONT_DESK, project)
    row = desk.memberships.get()
    members.end_membership(membership=row, by=wu, at=AT)
    assert not desk.memberships.get().active
    members.grant_role(user=desk, role=Role.FRONT_DESK, project=project, by=wu, at=AT, capacity=5)
    assert [(held.pk, held.active, held.capacity) for held in desk.memberships.all()] == [(row.pk, True, 5)]
    assert list(AuditEvent.objects.values_list("verb", flat=True)) == [
        "membership.granted",
        "membership.ended",
    ]


@pytest.mark.parametrize(
    ("role", "with_project", "field"),
    [
        (Role.CONSULTANT, False, "project"),
        (Role.SALES_DIRECTOR, True, "project"),
        (Role.AREA_ADMINISTRATOR, True, "area"),
    ],
)
def test_a_role_is_held_where_it_belongs(
    admin: User, project: Project, role: Role, with_project: bool, field: str
) -> None:
    with pytest.raises(RuleViolation) as refused:
        members.grant_role(
            user=make_user(None), role=role, project=project if with_project else None, by=admin, at=AT
        )
    assert refused.value.field == field


def test_an_area_of_another_project_is_refused(admin: User, project: Project) -> None:
    area = make_project("B").areas.create(name="East")
    for role in (Role.AREA_ADMINISTRATOR, Role.CONSULTANT):
        with pytest.raises(RuleViolation) as refused:
            members.grant_role(user=make_user(None), role=role, project=project, area=area, by=admin, at=AT)
        assert refused.value.field == "area"


def test_a_switched_off_account_gets_no_role(admin: User, project: Project) -> None:
    with pytest.raises(RuleViolation):
        members.grant_role(
            user=make_user(None, active=False), role=Role.CONSULTANT, project=project, by=admin, at=AT
        )


def test_px_13_capacity_is_the_managers_to_set(project: Project) -> None:
    wu, lin = make_user(Role.SALES_MANAGER, project), make_user(project=project)
    members.set_capacity(membership=lin.memberships.get(), capacity=25, by=wu, at=AT)
    assert lin.memberships.get().capacity == 25
    with pytest.raises(PermissionDenied):
        members.set_capacity(membership=add_role(lin, Role.ASSISTANT, project), capacity=1, by=wu, at=AT)

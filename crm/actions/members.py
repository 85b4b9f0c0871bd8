"""Writing memberships: who holds which role where. What each role may give stands in `crm.rules_members`."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from crm.access import holdings
from crm.actions import audit
from crm.actions.people import keep_an_administrator, refuse_while_on_duty
from crm.errors import RuleViolation
from crm.models import Area, Membership, Project, User
from crm.roles import Role
from crm.rules_members import EVERYWHERE, IN_AN_AREA, grantable

NEEDS_HAND_OVER = frozenset({Role.CONSULTANT.value})


def roles_to_give(by: User, project_id: int | None) -> frozenset[Role]:
    """The roles that `by` may give and take in a project (None: roles held everywhere)."""
    return grantable(((held.role, held.project_id) for held in holdings(by)), project_id)


def may_change(by: User, membership: Membership) -> bool:
    """Whether `by` may end or change this membership: a role they may give, and never one of their own."""
    return membership.user_id != by.pk and membership.role in roles_to_give(by, membership.project_id)


def _require(by: User, user: User, role: str, project_id: int | None) -> None:
    if user.pk == by.pk:
        raise RuleViolation(_("Nobody changes their own roles. Ask another administrator."), code="own_role")
    if role not in roles_to_give(by, project_id):
        raise PermissionDenied


def _check_place(role: str, project: Project | None, area: Area | None) -> None:
    if role in EVERYWHERE and project is not None:
        raise RuleViolation(
            _("This role is held in every project. Leave the project empty."), field="project"
        )
    if role not in EVERYWHERE and project is None:
        raise RuleViolation(_("Choose the project in which the role is held."), field="project")
    if role in IN_AN_AREA and (area is None or project is None or area.project_id != project.pk):
        raise RuleViolation(_("Choose an area of this project."), field="area")
    if role not in IN_AN_AREA and area is not None:
        raise RuleViolation(_("Only an area administrator has an area. Leave it empty."), field="area")


@transaction.atomic
def grant_role(
    *,
    user: User,
    role: str,
    project: Project | None,
    by: User,
    at: dt.datetime,
    area: Area | None = None,
    capacity: int | None = None,
) -> Membership:
    """Give a role. An ended membership of the same kind comes back to life; an active one stays as it is.

    PermissionDenied when `by` may not give this role there.
    """
    _check_place(role, project, area)
    _require(by, user, role, project.pk if project else None)
    if not user.is_active:
        raise RuleViolation(_("This account is switched off. Switch it on first."), code="inactive")
    membership, created = Membership.objects.get_or_create(
        user=user, project=project, area=area, role=role, defaults={"capacity": capacity}
    )
    if not created:
        membership.active, membership.capacity = True, capacity
        membership.save(update_fields=["active", "capacity"])
    _note("membership.granted", membership, by, at)
    return membership


@transaction.atomic
def end_membership(*, membership: Membership, by: User, at: dt.datetime) -> None:
    """Take a role away. Refused for a consultant with live leads there (PX-7), and for the last system
    administrator.
    """
    _require(by, membership.user, membership.role, membership.project_id)
    keep_an_administrator([membership.pk])
    if membership.role in NEEDS_HAND_OVER:
        refuse_while_on_duty(membership.user, membership.project_id)
    membership.active = False
    membership.save(update_fields=["active"])
    _note("membership.ended", membership, by, at)


@transaction.atomic
def set_capacity(*, membership: Membership, capacity: int | None, by: User, at: dt.datetime) -> None:
    """PX-13: how many conversations a day this person can have; None means the project's policy."""
    _require(by, membership.user, membership.role, membership.project_id)
    membership.capacity = capacity
    membership.save(update_fields=["capacity"])
    _note("membership.capacity", membership, by, at)


def _note(verb: str, membership: Membership, by: User, at: dt.datetime) -> None:
    audit.record(
        verb,
        by=by,
        at=at,
        project=membership.project,
        target="user",
        target_id=membership.user_id,
        role=membership.role,
        capacity=membership.capacity,
    )

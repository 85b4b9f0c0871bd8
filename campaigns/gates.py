"""Who is asking for a page of campaigns, and what they may do there (docs/roles.md)."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from campaigns.models import Milestone
from crm.access import may, scope
from crm.gates import chosen_project, is_administrator, user_of
from crm.models import Project, User
from crm.roles import Action, Limit


def may_make(user: User, project: Project | int) -> bool:
    """Marketing of the project: writes texts, milestones, broadcasts."""
    return may(user, Action.MAKE_CAMPAIGN, project)


def may_approve(user: User, project: Project | int) -> bool:
    """The sales manager of the project and the sales director: approve what marketing made."""
    return may(user, Action.APPROVE_CAMPAIGN, project)


def campaign_project(request: HttpRequest, project: Project | None = None) -> Project:
    """The project, or the current one, of somebody who makes or approves its campaigns; 403 for everybody else."""
    project = project or chosen_project(request)
    user = user_of(request)
    if not (may_make(user, project) or may_approve(user, project)):
        raise PermissionDenied
    return project


def festivals_user(request: HttpRequest) -> User:
    """Who sees the table of festivals: marketing, who approves, the administrator; 403 for everybody else."""
    user = user_of(request)
    makes = scope(user, Action.MAKE_CAMPAIGN) or scope(user, Action.APPROVE_CAMPAIGN)
    if not (makes or is_administrator(user)):
        raise PermissionDenied
    return user


def may_review_festivals(user: User) -> bool:
    """The table belongs to every project: the sales director and the administrator correct and review it."""
    return scope(user, Action.APPROVE_CAMPAIGN).everywhere or is_administrator(user)


def festivals_reviewer(request: HttpRequest) -> User:
    """Who corrects and reviews the table; 403 for everybody else."""
    user = user_of(request)
    if not may_review_festivals(user):
        raise PermissionDenied
    return user


def maker_project(request: HttpRequest, project: Project | None = None) -> Project:
    """The project, or the current one, of somebody who writes its campaigns; 403 for everybody else."""
    project = project or chosen_project(request)
    if not may_make(user_of(request), project):
        raise PermissionDenied
    return project


def reader_project(request: HttpRequest, project: Project | None = None) -> Project:
    """The project, or the current one, of whoever may know what its customers are told: who works its leads too."""
    project = project or chosen_project(request)
    user = user_of(request)
    works = may(user, Action.WORK_LEADS, project, own=True)
    if not (works or may_make(user, project) or may_approve(user, project)):
        raise PermissionDenied
    return project


def visible_milestones(user: User, project: Project) -> QuerySet[Milestone]:
    """All milestones of a project for who makes or approves them; the approved and cancelled ones for the others."""
    rows = Milestone.objects.filter(project=project)
    if may_make(user, project) or may_approve(user, project):
        return rows
    return rows.filter(state__in=[Milestone.State.APPROVED, Milestone.State.CANCELLED])


def exports_numbers(user: User, project: Project | int) -> bool:
    """Whether an export may carry numbers: not marketing's."""
    return may(user, Action.EXPORT, project, without=(Limit.WITHOUT_PHONES, Limit.FEW))


def require_export(user: User, project: Project | int) -> None:
    """403 for who exports nothing of the project."""
    if not may(user, Action.EXPORT, project, without=(Limit.FEW,)):
        raise PermissionDenied

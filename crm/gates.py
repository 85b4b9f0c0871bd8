"""The gates of the kernel's own screens: who is asking, and what kind of administration they may do."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

from crm.access import may, require_somewhere, scope
from crm.models import Project, User
from crm.project_context import current_project, projects_of
from crm.roles import Action, Limit

MEMBERS_ONLY = (Limit.MEMBERS_ONLY,)
NOT_A_MANAGER = (Limit.CLAIM_ONLY, Limit.ROTA_BOARD_ONLY)
OCCASION_ACTIONS = (Action.MAKE_CAMPAIGN, Action.APPROVE_CAMPAIGN)
"""Who makes or approves what a centre tells its customers also writes the reasons to call (SC-9): marketing,
the sales manager of the project, the sales director."""


def user_of(request: HttpRequest) -> User:
    """The signed-in user."""
    assert isinstance(request.user, User)
    return request.user


def is_administrator(user: User) -> bool:
    """Whether the user administers accounts, projects and calendars, not only members."""
    return bool(scope(user, Action.ADMINISTER, without=MEMBERS_ONLY))


def administrator_of(request: HttpRequest) -> User:
    """The signed-in system administrator; 403 for everybody else."""
    user = user_of(request)
    require_somewhere(user, Action.ADMINISTER, without=MEMBERS_ONLY)
    return user


def chosen_project(request: HttpRequest) -> Project:
    """The project chosen in the header; 404 while there is none."""
    project = current_project(request)
    if project is None:
        raise Http404
    return project


def visible_users(user: User) -> QuerySet[User]:
    """Accounts whose members or roles the user administers: everybody's, or those of one's own projects."""
    projects = scope(user, Action.ADMINISTER).all_projects()
    if projects is None:
        return User.objects.all()
    return User.objects.filter(Q(pk=user.pk) | Q(memberships__project__in=projects)).distinct()


def shift_project(request: HttpRequest) -> Project:
    """The current project of somebody who runs its shifts; 403 for everybody else."""
    project = chosen_project(request)
    if not may(user_of(request), Action.ASSIGN, project, without=NOT_A_MANAGER):
        raise PermissionDenied
    return project


def may_write_occasions(user: User, project: Project | int) -> bool:
    """Whether the user enters occasions in the project."""
    return any(may(user, action, project) for action in OCCASION_ACTIONS)


def occasion_project(request: HttpRequest) -> Project:
    """The current project of somebody who enters its occasions; 403 for everybody else."""
    project = chosen_project(request)
    if not may_write_occasions(user_of(request), project):
        raise PermissionDenied
    return project


def project_in_reach(request: HttpRequest, pk: int) -> Project:
    """One of the user's own active projects, or 404."""
    found = next((project for project in projects_of(request) if project.pk == pk), None)
    if found is None:
        raise Http404
    return found

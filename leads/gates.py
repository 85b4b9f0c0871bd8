"""The gates of sales screens: who is asking, which project, which lead, and whether they may work it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from crm.access import get_visible, may, scope
from crm.models import Project, User
from crm.project_context import current_project
from crm.roles import Action, Limit
from leads.models import Lead

#: grants that let somebody count leads or know of them, never open one
NO_ROWS = (Limit.COUNTS_ONLY, Limit.EXISTENCE_ONLY)
#: grants of `assign` that are no manager's
NOT_A_MANAGER = (Limit.CLAIM_ONLY, Limit.ROTA_BOARD_ONLY)


def user_of(request: HttpRequest) -> User:
    """The signed-in user."""
    assert isinstance(request.user, User)
    return request.user


def project_of(request: HttpRequest) -> Project:
    """The project the user works in; 404 for a user without any."""
    project = current_project(request)
    if project is None:
        raise Http404
    return project


def is_own(user: User, lead: Lead) -> bool:
    """Whether the lead is the user's own: as its consultant, or standing in for them (PX-7)."""
    return user.pk in (lead.consultant_id, lead.stand_in_id)


def open_lead(request: HttpRequest, pk: int) -> Lead:
    """A lead the user may see, or 404."""
    user = user_of(request)
    rows = Lead.objects.visible_to(user).select_related(
        "customer", "consultant", "project", "heard_via", "stand_in"
    )
    lead: Lead = get_visible(rows, pk=pk)
    return lead


def may_work(user: User, lead: Lead) -> bool:
    """Whether the user may log, grade and edit this lead."""
    return may(user, Action.WORK_LEADS, lead.project_id, own=is_own(user, lead))


def lead_to_work(request: HttpRequest, pk: int) -> Lead:
    """A lead the user may edit: 404 when it is invisible, 403 when it may only be looked at."""
    lead = open_lead(request, pk)
    if not may_work(user_of(request), lead):
        raise PermissionDenied
    return lead


def may_sell(user: User, lead: Lead) -> bool:
    """Whether the user may propose or record a deal on this lead; who only approves may not (PX-9)."""
    own = is_own(user, lead)
    return may(user, Action.RECORD_DEAL, lead.project_id, own=own, without=(Limit.APPROVE_ONLY,))


def foreign(user: User) -> QuerySet[Lead]:
    """Current leads of projects where the user does not decide: whose party has one, the user joins or parts not."""
    where = scope(user, Action.DECIDE_ATTRIBUTION)
    rows = Lead.objects.current()
    return rows.none() if where.everywhere else rows.exclude(project__in=where.projects)


def may_join(user: User, lead: Lead) -> bool:
    """Whether the user may link or merge the lead's customer: the whole party lies where they decide (PX-3)."""
    if not may(user, Action.DECIDE_ATTRIBUTION, lead.project_id):
        return False
    return not foreign(user).filter(household=lead.household_id).exists()


def may_assign(user: User, project: Project | int) -> bool:
    """Whether the user gives out the leads of a project (managers and directors)."""
    return may(user, Action.ASSIGN, project, without=NOT_A_MANAGER)


def manager_project(request: HttpRequest) -> Project:
    """The current project of a manager; 403 for everybody else."""
    project = project_of(request)
    if not may_assign(user_of(request), project):
        raise PermissionDenied
    return project

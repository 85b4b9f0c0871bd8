"""The gates of the kernel's own screens: who is asking, and what kind of administration they may do."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest

from crm.access import colleagues, get_visible, may, require_somewhere, scope
from crm.actions import members, shifts
from crm.models import InboundMessage, Membership, Message, Project, SendRun, User
from crm.project_context import current_project, projects_of
from crm.roles import Action, Limit, Role
from crm.rules_messages import State

MEMBERS_ONLY = (Limit.MEMBERS_ONLY,)
NOT_A_MANAGER = (Limit.CLAIM_ONLY, Limit.ROTA_BOARD_ONLY)
TEAM = (Role.CONSULTANT, Role.SALES_MANAGER, Role.FRONT_DESK, Role.CONTRACTS_CLERK)
"""Whose shifts a project keeps."""
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


def shown_memberships(user: User) -> QuerySet[Membership]:
    """The roles a user may know of: everybody's, or those of one's own projects and those held everywhere."""
    rows = Membership.objects.select_related("project", "area").order_by("-active", "project", "role")
    projects = scope(user, Action.ADMINISTER).all_projects()
    return rows if projects is None else rows.filter(Q(project=None) | Q(project__in=projects))


def users_found(user: User, asked: str, *, active: bool) -> QuerySet[User]:
    """The accounts one administers, by name or login name, each with its roles as `shown`."""
    rows = visible_users(user).filter(is_active=active)
    wanted = asked.replace("\x00", "")
    if wanted:
        rows = rows.filter(
            Q(name__icontains=wanted) | Q(username__icontains=wanted) | Q(aliases__contains=[wanted])
        )
    held = Prefetch("memberships", shown_memberships(user).filter(active=True), to_attr="shown")
    return rows.prefetch_related(held)


def membership_to_change(by: User, pk: int) -> Membership:
    """A role of somebody one sees, in a project of one's own or held everywhere; 403 when it is not one's to change."""
    require_somewhere(by, Action.ADMINISTER)
    rows = Membership.objects.filter(user__in=visible_users(by)).select_related("user", "project", "area")
    projects = scope(by, Action.ADMINISTER).all_projects()
    row = get_visible(rows if projects is None else rows.filter(project__in=projects), pk=pk)
    if not members.may_change(by, row):
        raise PermissionDenied
    return row


def team_member(project: Project, pk: int) -> User:
    """Somebody whose shifts the project keeps, or 404."""
    return get_visible(colleagues(project.pk, *TEAM), pk=pk)


def stand_ins_for(project: Project, user: User) -> QuerySet[User]:
    """Who may stand in for somebody (PX-7)."""
    return colleagues(project.pk, *shifts.STAND_INS).exclude(pk=user.pk)


def shift_project(request: HttpRequest, project: Project | None = None) -> Project:
    """The project, or the current one, of somebody who runs its shifts; 403 for everybody else."""
    project = project or chosen_project(request)
    if not may(user_of(request), Action.ASSIGN, project, without=NOT_A_MANAGER):
        raise PermissionDenied
    return project


def may_write_occasions(user: User, project: Project | int) -> bool:
    """Whether the user enters occasions in the project."""
    return any(may(user, action, project) for action in OCCASION_ACTIONS)


def occasion_project(request: HttpRequest, project: Project | None = None) -> Project:
    """The project, or the current one, of somebody who enters its occasions; 403 for everybody else."""
    project = project or chosen_project(request)
    if not may_write_occasions(user_of(request), project):
        raise PermissionDenied
    return project


def project_in_reach(request: HttpRequest, pk: int) -> Project:
    """One of the user's own active projects, or 404."""
    found = next((project for project in projects_of(request) if project.pk == pk), None)
    if found is None:
        raise Http404
    return found


def visible_replies(user: User) -> QuerySet[InboundMessage]:
    """Replies of the projects where the user sends messages to everybody, and one's own elsewhere."""
    rows = InboundMessage.objects.select_related("customer", "owner", "project")
    return rows.filter(scope(user, Action.SEND_MESSAGE).q(Q(owner=user)))


def _sends_for(user: User, project: str) -> Q:
    """Rows of the projects where the user makes or approves campaigns. Not one scope's Q joined to another's by |:
    "everything" is an empty Q, which | drops.
    """
    reach = [scope(user, action) for action in OCCASION_ACTIONS]
    if any(each.everywhere for each in reach):
        return Q()
    return Q(**{f"{project}__in": frozenset().union(*(each.projects for each in reach))})


def readable_runs(user: User) -> QuerySet[SendRun]:
    """Runs of messages of these projects, whatever ordered them."""
    return SendRun.objects.filter(_sends_for(user, "project_id")).select_related("gateway")


def sent_messages(user: User) -> QuerySet[Message]:
    """Their messages."""
    return Message.objects.filter(_sends_for(user, "run__project_id")).select_related("run__project")


def unknown_messages(user: User) -> QuerySet[Message]:
    """Those with an unknown outcome among them."""
    return sent_messages(user).filter(state=State.UNKNOWN)


def unknown_reader(request: HttpRequest) -> User:
    """Who reads the unknown outcomes of some project; 403 for everybody else."""
    user = user_of(request)
    if not any(scope(user, action) for action in OCCASION_ACTIONS):
        raise PermissionDenied
    return user


def outbox_project(request: HttpRequest, project: Project) -> Project:
    """A project of somebody who makes or approves what it sends; 403 for everybody else."""
    if not any(may(user_of(request), action, project) for action in OCCASION_ACTIONS):
        raise PermissionDenied
    return project


def reads_names(user: User, project: Project | int) -> bool:
    """Whether customers' names may be read there: marketing has counts only, so it sees them masked."""
    return may(user, Action.SEE_LEADS, project, without=(Limit.COUNTS_ONLY, Limit.EXISTENCE_ONLY))

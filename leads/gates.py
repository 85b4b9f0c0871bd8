"""The gates of sales screens: who is asking, which project, which lead, and whether they may work it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest

from crm.access import get_visible, grants_in, may, scope
from crm.asked import number
from crm.models import Project, User
from crm.project_context import current_project, projects_of
from crm.roles import Action, Limit, Reach, Role
from leads.facts_merging import foreign
from leads.models import CallTask, Deal, DealStep, Lead

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


#: what no page of a lead shows of the people named on it
NOT_SHOWN = (
    "customer__bigrams",
    *(f"consultant__{column}" for column in ("password", "aliases", "email", "mobile", "sessions_mark")),
)


def open_lead(request: HttpRequest, pk: int, *, now: dt.datetime | None = None) -> Lead:
    """A lead the user may see, or 404; with what its own page says of it (`for_page`) when `now` is given."""
    user = user_of(request)
    rows = Lead.objects.visible_to(user)
    if now is not None:
        elsewhere = foreign(user).filter(household=OuterRef("household"))
        rows = rows.for_page(now).annotate(lies_elsewhere=Exists(elsewhere))
    lead: Lead = get_visible(
        rows.select_related("customer", "consultant", "heard_via").defer(*NOT_SHOWN), pk=pk
    )
    # The projects of the request are in hand; one that is closed is read when it is asked for.
    known = next((project for project in projects_of(request) if project.pk == lead.project_id), None)
    if known is not None:
        lead.project = known
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


def may_join(user: User, lead: Lead) -> bool:
    """Whether the user may link or merge the lead's customer: the whole party lies where they decide (PX-3)."""
    if not may(user, Action.DECIDE_ATTRIBUTION, lead.project_id):
        return False
    if "lies_elsewhere" in lead.__dict__:  # read with the lead's page
        return not lead.__dict__["lies_elsewhere"]
    return not foreign(user).filter(household=lead.household_id).exists()


def may_assign(user: User, project: Project | int) -> bool:
    """Whether the user gives out the leads of a project (managers and directors)."""
    return may(user, Action.ASSIGN, project, without=NOT_A_MANAGER)


def manager_project(request: HttpRequest, project: Project | None = None) -> Project:
    """The project, or the current one, of a manager; 403 for everybody else."""
    project = project or project_of(request)
    if not may_assign(user_of(request), project):
        raise PermissionDenied
    return project


TASK = (
    "lead__customer",
    "lead__project",
    "lead__consultant",
    "lead__heard_via",
    "base_event",
    "occasion",
    "policy",
    "credit",
)


def task_to_work(user: User, task_id: int) -> CallTask:
    """A task the user may do: invisible ones are a 404, those they may only look at a 403."""
    found: CallTask = get_visible(CallTask.objects.visible_to(user).select_related(*TASK), pk=task_id)
    own = found.assignee_id == user.pk or is_own(user, found.lead)
    if not may(user, Action.WORK_LEADS, found.lead.project_id, own=own):
        raise PermissionDenied
    return found


def opened_task(lead: Lead, now: dt.datetime) -> CallTask | None:
    """The duty that a contact logged now with this lead works on; None while nothing is on the list."""
    open_tasks = CallTask.objects.open().filter(lead=lead, kind__in=["promise", "cadence"])
    nearest = open_tasks.select_related(*TASK).order_by("due_at").first()
    return nearest if nearest is not None and nearest.opens_at <= now else None


def projects_of_list(request: HttpRequest, user: User, mine: bool) -> Sequence[Project]:
    """One's own list goes over all one's projects; somebody else's over those the asker may work in."""
    if mine:
        return projects_of(request)
    reach = scope(user, Action.WORK_LEADS)
    return [row for row in projects_of(request) if reach.everywhere or row.pk in reach.projects]


def consultants_watched(user: User) -> list[User]:
    """The consultants whose list a manager may look at."""
    reach = scope(user, Action.WORK_LEADS)
    where = (
        Q() if reach.everywhere else Q(memberships__project__in=reach.projects) | Q(memberships__project=None)
    )
    rows = User.objects.filter(
        where, memberships__role=Role.CONSULTANT.value, memberships__active=True, is_active=True
    )
    return list(rows.distinct().order_by("name", "pk"))


def whose_list(user: User, wanted: str) -> User:
    """The consultant asked for by number ("" for oneself), if one may look at their list; else 404."""
    if not wanted:
        return user
    key = number(wanted)
    if key is None:
        raise Http404
    found = next((row for row in consultants_watched(user) if row.pk == key), None)
    return found or get_visible(User.objects.filter(pk=user.pk), pk=key)


def pending_steps(user: User) -> QuerySet[DealStep]:
    """Proposed steps in the projects whose deals the user may approve."""
    reach = scope(user, Action.RECORD_DEAL, without=(Limit.PROPOSE_ONLY,)).all_projects()
    rows = DealStep.objects.filter(approved_at=None, declined_at=None, deal__lead__merged_into=None)
    return rows if reach is None else rows.filter(deal__lead__project__in=reach)


def lead_to_sell(request: HttpRequest, pk: int) -> Lead:
    """The lead, if the user may propose or record a deal on it."""
    row, user = open_lead(request, pk), user_of(request)
    if not may_sell(user, row):
        raise PermissionDenied
    return row


def deal_seen(user: User, pk: int) -> Deal:
    """A deal of a lead the user may see, or 404."""
    visible = Deal.objects.filter(lead__in=Lead.objects.visible_to(user).values("pk"))
    return get_visible(visible.select_related("unit__building"), pk=pk)


def figures_gate(user: User, project: Project, *, staff: bool) -> bool:
    """Whether the user sees more than counts and own figures; 403 for those without figures of sales."""
    held = [
        given for given in grants_in(user, Action.SEE_FIGURES, project.pk) if given.reach is not Reach.AREA
    ]
    people = any(given.reach >= Reach.PROJECT and not given.has(Limit.COUNTS_ONLY) for given in held)
    counts = any(given.has(Limit.COUNTS_ONLY) for given in held)
    own = may(user, Action.WORK_LEADS, project, own=True)
    if not (own or people or (counts and not staff)):
        raise PermissionDenied
    return people


def is_clerk_of(user: User, lead: Lead) -> bool:
    """Whether the lead's deal is the user's own work as contracts clerk: a step entered or approved by them."""
    held = grants_in(user, Action.SEND_MESSAGE, lead.project_id)
    if not any(given.has(Limit.WITH_DEAL) for given in held):
        return False
    return DealStep.objects.filter(Q(entered_by=user) | Q(approved_by=user), deal__lead=lead).exists()


def lead_to_message(request: HttpRequest, pk: int) -> tuple[Lead, bool]:
    """A lead whose customer the user may write to, and whether only as contracts clerk: 404 when it is invisible,
    403 when it may only be looked at.
    """
    user, lead = user_of(request), open_lead(request, pk)
    if may_message(user, lead):
        return lead, False
    if is_clerk_of(user, lead):
        return lead, True
    raise PermissionDenied


def may_message(user: User, lead: Lead) -> bool:
    """Whether the user may write to the customer as sales: an own lead, or as manager or director."""
    return may(user, Action.SEND_MESSAGE, lead.project_id, own=is_own(user, lead), without=(Limit.WITH_DEAL,))

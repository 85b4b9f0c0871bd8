"""All permission rules that touch rows: who reaches which projects, and the two gates that views and
actions call.

The table itself is `crm.roles.TABLE` (docs/roles.md for people). Querysets named `visible_to` in the apps
are built on `Scope`;
what is invisible is a 404, what is visible but forbidden a 403, an unknown role sees nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404

from crm.roles import Action, Grant, Limit, Reach, Role, grant

if TYPE_CHECKING:
    from crm.models import Project, User

M = TypeVar("M", bound=Model)


class Holding(NamedTuple):
    """One active membership, as plain data. `project_id` None means every project; `capacity` None: the policy's."""

    role: str
    project_id: int | None
    area_id: int | None
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The projects in which a user may do something, apart by how far: `everywhere` outranks both sets."""

    everywhere: bool
    projects: frozenset[int]
    own: frozenset[int]
    own_everywhere: bool = False

    def __bool__(self) -> bool:
        return self.everywhere or self.own_everywhere or bool(self.projects) or bool(self.own)

    def all_projects(self) -> frozenset[int] | None:
        """Project ids touched by this scope in any way; None for every project."""
        return None if self.everywhere or self.own_everywhere else self.projects | self.own

    def q(self, own: Q, project: str = "project_id") -> Q:
        """The rows of this scope: whole projects by the `project` column, and one's own rows by the
        condition `own`.
        """
        if self.everywhere:
            return Q()
        rows = Q(pk__in=[])
        if self.projects:
            rows |= Q(**{f"{project}__in": self.projects})
        if self.own_everywhere:
            rows |= own
        elif self.own:
            rows |= Q(**{f"{project}__in": self.own}) & own
        return rows


def holdings(user: User) -> tuple[Holding, ...]:
    """The user's active memberships; read once for each user object, so once a request."""
    cached: tuple[Holding, ...] | None = getattr(user, "_holdings", None)
    if cached is None:
        cached = _read(user)[0]
    return cached


def projects_held(user: User) -> tuple[Project, ...] | None:
    """The active projects of the user's memberships by name; None when one stands for every project. Read together
    with `holdings`.
    """
    if not hasattr(user, "_projects_held"):
        _read(user)
    found: tuple[Project, ...] | None = user._projects_held  # type: ignore[attr-defined]
    return found


def _read(user: User) -> tuple[tuple[Holding, ...], tuple[Project, ...] | None]:
    held: tuple[Holding, ...] = ()
    projects: tuple[Project, ...] | None = ()
    if user.is_authenticated and user.is_active:
        rows = user.memberships.filter(active=True).filter(Q(project=None) | Q(project__active=True))
        found = list(rows.select_related("project").order_by("project__name", "role", "pk"))
        held = tuple(Holding(row.role, row.project_id, row.area_id, row.capacity) for row in found)
        each = {row.project_id: row.project for row in found}
        projects = None if None in each else tuple(row for row in each.values() if row is not None)
    user._holdings, user._projects_held = held, projects  # type: ignore[attr-defined]
    return held, projects


def roles_of(user: User) -> frozenset[str]:
    """Every role the user holds somewhere."""
    return frozenset(holding.role for holding in holdings(user))


def scope(user: User, action: Action, *, without: Collection[Limit] = ()) -> Scope:
    """Where `user` may do `action`; grants narrowed by a limit in `without` do not count.

    An area is counted as one's own rows of its project: which row lies in which area is nowhere on record yet.
    """
    everywhere = own_everywhere = False
    projects: set[int] = set()
    own: set[int] = set()
    for holding in holdings(user):
        given = grant(holding.role, action)
        if not given or given.limits & set(without):
            continue
        if given.reach is Reach.ALL or (given.reach is Reach.PROJECT and holding.project_id is None):
            everywhere = True
        elif given.reach is Reach.PROJECT and holding.project_id is not None:
            projects.add(holding.project_id)
        elif holding.project_id is None:
            own_everywhere = True
        else:
            own.add(holding.project_id)
    return Scope(everywhere, frozenset(projects), frozenset(own), own_everywhere)


def grants_in(user: User, action: Action, project_id: int) -> tuple[Grant, ...]:
    """The user's grants of `action` that touch one project, the widest first."""
    found = {
        given
        for holding in holdings(user)
        if (given := grant(holding.role, action))
        and (given.reach is Reach.ALL or holding.project_id in (None, project_id))
    }
    return tuple(sorted(found, key=lambda each: (-each.reach, len(each.limits))))


def may(
    user: User,
    action: Action,
    project: Project | int,
    *,
    own: bool = False,
    without: Collection[Limit] = (),
) -> bool:
    """Whether `user` may do `action` in the project; `own` says that the row concerned is the user's own."""
    project_id = project if isinstance(project, int) else project.pk
    return any(
        not (given.limits & set(without)) and (given.reach >= Reach.PROJECT or own)
        for given in grants_in(user, action, project_id)
    )


def require(
    user: User,
    action: Action,
    project: Project | int,
    *,
    own: bool = False,
    without: Collection[Limit] = (),
) -> None:
    """Raise PermissionDenied (403) unless `may`."""
    if not may(user, action, project, own=own, without=without):
        raise PermissionDenied


def require_somewhere(user: User, action: Action, *, without: Collection[Limit] = ()) -> Scope:
    """The gate of a screen that belongs to no single row: 403 unless the user may do it in some project."""
    found = scope(user, action, without=without)
    if not found:
        raise PermissionDenied
    return found


def get_visible(rows: QuerySet[M], **lookup: Any) -> M:
    """The one row of an already scoped queryset, or 404: what one may not see does not exist."""
    row = rows.filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def projects_for(user: User, action: Action, *, without: Collection[Limit] = ()) -> QuerySet[Project]:
    """The active projects in which the user may do `action` at all (choices of forms, switchers)."""
    from crm.models import Project

    ids = scope(user, action, without=without).all_projects()
    rows = Project.objects.filter(active=True)
    return rows if ids is None else rows.filter(pk__in=ids)


def colleagues(project_id: int, *roles: Role) -> QuerySet[User]:
    """Active users who hold one of `roles` in the project (or in every project)."""
    from crm.models import User

    return (
        User.objects.filter(
            Q(memberships__project_id=project_id) | Q(memberships__project=None),
            memberships__role__in=[role.value for role in roles],
            memberships__active=True,
            is_active=True,
        )
        .distinct()
        .order_by("name", "pk")
    )

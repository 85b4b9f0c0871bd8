"""What the frame of every page needs. All of it is lazy: a fragment that shows no frame asks the database nothing."""

from __future__ import annotations

from functools import cached_property

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from crm.access import roles_of
from crm.labels import ROLES
from crm.models import Notice, Project, User
from crm.navigation import Navigation, navigation_for
from crm.project_context import current_project, projects_of


class Shell:
    """The frame of one signed-in page: navigation, projects, unread notices."""

    def __init__(self, request: HttpRequest, user: User) -> None:
        self._request = request
        self._user = user

    @cached_property
    def nav(self) -> Navigation:
        return navigation_for(self._request)

    @cached_property
    def project(self) -> Project | None:
        return current_project(self._request)

    @cached_property
    def projects(self) -> tuple[Project, ...]:
        return projects_of(self._request)

    @cached_property
    def unread(self) -> int:
        return Notice.objects.filter(user=self._user, read_at=None).count()

    @cached_property
    def roles(self) -> str:
        """The user's roles in words."""
        held = roles_of(self._user)
        return " · ".join(str(label) for role, label in ROLES.items() if role in held)


def shell(request: HttpRequest) -> dict[str, object]:
    """`shell` for base.html; absent for visitors who are not signed in."""

    def make() -> Shell | None:
        user = getattr(request, "user", None)
        return Shell(request, user) if isinstance(user, User) and user.is_authenticated else None

    return {"shell": SimpleLazyObject(make)}

"""Which project the signed-in user is working in: one of their own, remembered in the session."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from crm.access import projects_held
from crm.models import Project

SESSION_KEY = "project_id"


def projects_of(request: HttpRequest) -> tuple[Project, ...]:
    """The active projects of the user's memberships; one without a project stands for all. Read once a request."""
    cached: tuple[Project, ...] | None = getattr(request, "_projects", None)
    if cached is None:
        held = projects_held(request.user) if request.user.is_authenticated else ()
        cached = tuple(Project.objects.filter(active=True)) if held is None else held
        request._projects = cached  # type: ignore[attr-defined]
    return cached


def current_project(request: HttpRequest) -> Project | None:
    """The project chosen in the header, else the oldest of the user's; None for a user without any."""
    projects = projects_of(request)
    wanted = request.session.get(SESSION_KEY)
    oldest = min(projects, key=lambda project: project.pk, default=None)
    return next((project for project in projects if project.pk == wanted), oldest)


def switch_project(request: HttpRequest, project_id: int) -> bool:
    """Remember another of the user's projects; False, and nothing changes, when it is none of theirs."""
    if all(project.pk != project_id for project in projects_of(request)):
        return False
    request.session[SESSION_KEY] = project_id
    return True


def work_in(request: HttpRequest, project: Project) -> None:
    """Go on in a project that was made just now: the list of this request was read before it existed."""
    request.session[SESSION_KEY] = project.pk


class ProjectZoneMiddleware:
    """Shows and reads every time in the zone of the current project."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        project = current_project(request) if request.user.is_authenticated else None
        if project is None:
            return self.get_response(request)
        with timezone.override(project.zone):
            return self.get_response(request)

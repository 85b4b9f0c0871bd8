"""Marketing's home."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from campaigns import facts_home, gates
from crm import clock
from crm.gates import user_of
from crm.pages import page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What comes, what runs, what waits for approval, which outcomes have to be read."""
    project = gates.campaign_project(request)
    context = facts_home.home(project, clock.today(project.zone))
    return page(
        request, "campaigns/home.html", {**context, "may_write": gates.may_make(user_of(request), project)}
    )

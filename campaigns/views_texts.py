"""How a text reads and what it is billed, while it is typed: milestones and greetings. Writes nothing."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import gates
from campaigns.facts_texts import text_sample
from campaigns.rules_greetings import STANDARD, TOGETHER
from campaigns.rules_milestones import values_of
from crm import clock
from crm.asked import words
from crm.models import Project
from crm.pages import page

TWO_FESTIVALS = {"festivals": "国庆节、中秋节"}


@require_POST
def sample(request: HttpRequest) -> HttpResponse:
    """The text typed so far, as a phone shows it."""
    project = gates.maker_project(request)
    code = words(request.POST, "code", 20)
    if code and code not in STANDARD:
        raise Http404
    greeting = TWO_FESTIVALS if code == TOGETHER else {}
    values = greeting if code else _of_milestone(request, project)
    found = text_sample(project, request.POST.get("body", ""), values)
    return page(request, "campaigns/_text_sample.html", {"sample": found})


def _of_milestone(request: HttpRequest, project: Project) -> dict[str, str]:
    try:
        day = dt.date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        day = clock.today(project.zone)
    return values_of(words(request.POST, "title", 40) or _("Title"), day, project.name)

"""A project's greetings: whom they reach, how far they are, and stopping one (SC-5.1)."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from campaigns import facts_greetings, gates
from campaigns.actions import greetings as actions
from campaigns.forms_festivals import StopForm
from campaigns.models import Greeting
from crm import clock
from crm.access import get_visible
from crm.deeds import attempt, posted
from crm.gates import user_of
from crm.models import SendRun
from crm.pages import page

PROGRESS = "campaigns/_progress.html"


@require_safe
def greetings(request: HttpRequest) -> HttpResponse:
    """What comes and what was, the newest day first."""
    project = gates.campaign_project(request)
    context = {"rows": facts_greetings.overview(project), "project": project}
    return page(request, "campaigns/greetings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def greeting(request: HttpRequest, pk: int) -> HttpResponse:
    """One festival of the project: the plan row by reason, the calls, the progress; and stopping it."""
    project, user = gates.campaign_project(request), user_of(request)
    rows = Greeting.objects.filter(project=project).select_related("festival", "run", "stopped_by")
    row = get_visible(rows, pk=pk)
    may_stop = gates.may_approve(user, project)
    if request.method == "POST" and not may_stop:
        raise PermissionDenied
    form = StopForm(posted(request))
    if request.method == "POST" and attempt(
        form, lambda: actions.stop_greeting(greeting_id=pk, by=user, at=clock.now(), **form.cleaned_data)
    ):
        messages.success(request, _("Stopped: nobody is greeted any more on this day."))
        return redirect("campaigns:greeting_run", pk=pk)
    live = request.path if row.run is not None and row.run.state == SendRun.State.RUNNING else ""
    context = {"row": row, "form": form, "may_stop": may_stop, "live": live, **facts_greetings.detail(row)}
    status = 422 if form.errors else 200
    return page(request, "campaigns/greeting_run.html", context, fragment=PROGRESS, status=status)

"""Milestones: the list, the sheet, the page with everything that becomes of one (SC-5.2)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from campaigns import facts_milestones, gates
from campaigns.actions import milestones as actions
from campaigns.actions.photos import TYPES, path_of
from campaigns.actions.telling import body_of
from campaigns.forms_milestones import CancelForm, MilestoneForm, MoveForm, PhotoForm, ReasonForm, initial_of
from campaigns.models import Milestone
from campaigns.rules_milestones import DEFAULTS, Kind
from crm import clock
from crm.access import get_visible
from crm.deeds import attempt, posted
from crm.gates import user_of
from crm.models import SendRun
from crm.pages import page
from crm.plain_text import plain_line
from crm.seek import seek

PROGRESS = "campaigns/_progress.html"


@require_safe
def milestones(request: HttpRequest) -> HttpResponse:
    """The milestones of the project, the latest day first."""
    project = gates.reader_project(request)
    rows = gates.visible_milestones(user_of(request), project).select_related("run")
    found = seek(rows, request.GET, order=("-day", "-id"))
    context = {
        "page": found,
        "today": clock.today(project.zone),
        "may_write": gates.may_make(user_of(request), project),
    }
    return page(request, "campaigns/milestones.html", context, fragment="campaigns/_milestones.html")


@require_http_methods(["GET", "HEAD", "POST"])
def milestone_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a milestone, or change one that is not approved yet."""
    project, by = gates.maker_project(request), user_of(request)
    row = get_visible(Milestone.objects.filter(project=project), pk=pk) if pk else None
    form = MilestoneForm(
        posted(request), project=project, initial=initial_of(row) if row else _usual(request)
    )
    saved: list[Milestone] = []
    if request.method == "POST" and attempt(
        form,
        lambda: saved.append(
            actions.save_milestone(
                project=project,
                sheet=form.sheet(),
                by=by,
                at=clock.now(),
                milestone_id=row.pk if row else None,
            )
        ),
    ):
        messages.success(request, _("Saved. Read it through, then hand it in for approval."))
        return redirect("campaigns:milestone", pk=saved[0].pk)
    context = {"form": form, "row": row}
    return page(request, "campaigns/milestone_form.html", context, status=422 if form.errors else 200)


def _usual(request: HttpRequest) -> dict[str, Any]:
    """What a new milestone of the asked kind begins with."""
    asked = request.GET.get("kind", Kind.OPENING.value)
    kind = asked if asked in DEFAULTS else Kind.OPENING.value
    told = DEFAULTS[kind]
    return {
        "kind": kind,
        "grades": list(told.grades),
        "to_callers": told.callers,
        "to_buyers": told.buyers,
        "referrals": told.referrals.value,
        "key_calls": True,
    }


@require_safe
def milestone(request: HttpRequest, pk: int) -> HttpResponse:
    """One milestone: what is said, to how many, how far it is, what can be done with it."""
    project, user = gates.reader_project(request), user_of(request)
    rows = gates.visible_milestones(user, project)
    row = get_visible(rows.select_related("run", "occasion", "prepared_by", "approved_by", "project"), pk=pk)
    live = request.path if row.run is not None and row.run.state == SendRun.State.RUNNING else ""
    writes, approves = gates.may_make(user, project), gates.may_approve(user, project)
    context = {
        "row": row,
        "text": body_of(row),
        "live": live,
        "counts": facts_milestones.counts(row) if row.run is None and (writes or approves) else None,
        "may_write": writes,
        "may_approve": approves,
        "own": row.writers.filter(pk=user.pk).exists(),
        "guests": facts_milestones.own_guests(row, user),
        **facts_milestones.detail(row),
        **_forms(row),
    }
    return page(request, "campaigns/milestone.html", context, fragment=PROGRESS)


def _forms(row: Milestone) -> dict[str, Any]:
    return {
        "move": MoveForm(initial={"day": row.day, "body": actions.moved_body(row.title)}),
        "cancel": CancelForm(initial={"body": actions.cancelled_body(row.title)}),
        "back": ReasonForm(),
        "photo": PhotoForm(),
    }


@require_safe
def photo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The photo of a milestone, as an attachment."""
    project = gates.reader_project(request)
    row = get_visible(gates.visible_milestones(user_of(request), project), pk=pk)
    path = path_of(row.photo) if row.photo else None
    if path is None or not path.is_file():
        raise Http404
    name = f"{plain_line(row.title)}{path.suffix}"
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=name, content_type=TYPES[path.suffix[1:]]
    )


def approver(request: HttpRequest, pk: int) -> Milestone:
    """A milestone of somebody who approves; 403 for who only makes them."""
    project = gates.campaign_project(request)
    row = get_visible(Milestone.objects.filter(project=project).select_related("project"), pk=pk)
    if not gates.may_approve(user_of(request), project):
        raise PermissionDenied
    return row

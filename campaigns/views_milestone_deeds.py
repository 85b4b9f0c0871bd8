"""What is done with a milestone: handed in, approved, sent back, moved, cancelled, its correction, its photo."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import facts_milestones, gates
from campaigns.actions import milestones as actions
from campaigns.actions import photos, telling
from campaigns.forms_milestones import CancelForm, MoveForm, PhotoForm, ReasonForm
from campaigns.models import Correction, Milestone
from campaigns.views_milestones import approver
from campaigns.worker import plan_soon
from crm import clock
from crm.access import get_visible
from crm.deeds import attempt, press
from crm.forms_base import BaseForm
from crm.gates import user_of
from crm.pages import page


def _own(request: HttpRequest, pk: int) -> Milestone:
    """A milestone of somebody who makes or approves its project's campaigns."""
    project = gates.campaign_project(request)
    return get_visible(Milestone.objects.filter(project=project).select_related("project"), pk=pk)


def _maker(request: HttpRequest, pk: int) -> Milestone:
    row = _own(request, pk)
    if not gates.may_make(user_of(request), row.project):
        raise PermissionDenied
    return row


def _again(request: HttpRequest, row: Milestone, form: BaseForm) -> HttpResponse:
    """The form once more with what was wrong; nothing typed is lost."""
    return page(request, "campaigns/milestone_deed.html", {"row": row, "form": form}, status=422)


@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _maker(request, pk)
    deed = partial(actions.submit, milestone_id=row.pk, by=user_of(request), at=clock.now())
    press(request, deed, _("Handed in. The sales manager approves it."))
    return redirect("campaigns:milestone", pk=pk)


@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    row = approver(request, pk)
    deed = partial(actions.approve, milestone_id=row.pk, by=user_of(request), at=clock.now())
    if press(request, deed, _("Approved. Messages and calls are being planned.")):
        plan_soon(row)
    return redirect("campaigns:milestone", pk=pk)


@require_POST
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = approver(request, pk), ReasonForm(request.POST)
    deed = partial(actions.send_back, milestone_id=row.pk, by=user_of(request), at=clock.now())
    if not attempt(form, lambda: deed(**form.cleaned_data)):
        return _again(request, row, form)
    messages.success(request, _("Sent back with your words."))
    return redirect("campaigns:milestone", pk=pk)


@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _own(request, pk), MoveForm(request.POST)
    deed = partial(actions.move, milestone_id=row.pk, by=user_of(request), at=clock.now())
    if not attempt(form, lambda: deed(**form.cleaned_data)):
        return _again(request, row, form)
    messages.success(
        request, _("Moved and planned anew. Who had the notice gets a correction once it is approved.")
    )
    row.refresh_from_db()
    plan_soon(row)
    return redirect("campaigns:milestone", pk=pk)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _own(request, pk), CancelForm(request.POST)
    deed = partial(actions.cancel, milestone_id=row.pk, by=user_of(request), at=clock.now())
    if not attempt(form, lambda: deed(**form.cleaned_data)):
        return _again(request, row, form)
    messages.success(request, _("Cancelled: nothing more is sent, open calls are taken back."))
    return redirect("campaigns:milestone", pk=pk)


@require_POST
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _maker(request, pk), PhotoForm(request.POST, request.FILES)
    deed = partial(photos.attach_photo, milestone_id=row.pk, by=user_of(request), at=clock.now())
    if not attempt(form, lambda: deed(content=form.cleaned_data["photo"].read(photos.LARGEST + 1))):
        return _again(request, row, form)
    messages.success(request, _("The photo is stored."))
    return redirect("campaigns:milestone", pk=pk)


def _correction(request: HttpRequest, pk: int) -> Correction:
    """A correction that waits, of somebody who approves; 403 for who only makes them."""
    project = gates.campaign_project(request)
    rows = facts_milestones.corrections_of(project)
    row = get_visible(rows, pk=pk)
    if not gates.may_approve(user_of(request), project):
        raise PermissionDenied
    return row


@require_POST
def correction_approve(request: HttpRequest, pk: int) -> HttpResponse:
    row = _correction(request, pk)
    deed = partial(telling.approve_correction, correction_id=row.pk, by=user_of(request), at=clock.now())
    press(request, deed, _("Approved: everybody who had the notice gets it."))
    return redirect("campaigns:milestone", pk=row.milestone_id)


@require_POST
def correction_decline(request: HttpRequest, pk: int) -> HttpResponse:
    row = _correction(request, pk)
    actions.decline_correction(correction_id=row.pk, by=user_of(request), at=clock.now())
    messages.success(request, _("No second message is sent."))
    return redirect("campaigns:milestone", pk=row.milestone_id)

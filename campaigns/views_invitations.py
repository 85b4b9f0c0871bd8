"""The event plan of a milestone (SC-3.2). Managers make it; consultants note what their own guests say."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import facts_milestones, gates
from campaigns.actions import invitations as actions
from campaigns.forms_milestones import AnswerForm, InviteForm
from campaigns.models import Invitation, Milestone
from campaigns.views_milestones import approver
from crm import clock
from crm.access import get_visible
from crm.deeds import attempt, posted, press
from crm.gates import user_of
from crm.pages import page
from leads.gates import may_work


@require_http_methods(["GET", "HEAD", "POST"])
def guests(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan of one milestone, and inviting."""
    row, user = approver(request, pk), user_of(request)
    to_invite = facts_milestones.guests_to_invite(row)
    form = InviteForm(posted(request), guests=to_invite)
    deed = partial(actions.invite, milestone_id=row.pk, by=user, at=clock.now())
    if request.method == "POST" and attempt(
        form,
        lambda: deed(
            lead_ids=[lead.pk for lead in form.cleaned_data["leads"]], means=form.cleaned_data["means"]
        ),
    ):
        messages.success(request, _("Invited. Who is to be called stands on the consultants' lists."))
        return redirect("campaigns:guests", pk=pk)
    context = {
        "row": row,
        "form": form,
        "to_invite": to_invite.exists(),
        **facts_milestones.plan_of(row),
    }
    return page(request, "campaigns/guests.html", context, status=422 if form.errors else 200)


def _guest(request: HttpRequest, pk: int) -> Invitation:
    """A guest of the project, of the manager or of the consultant whose lead it is."""
    project = gates.reader_project(request)
    row = get_visible(
        Invitation.objects.filter(milestone__project=project).select_related("lead", "milestone"), pk=pk
    )
    if not may_work(user_of(request), row.lead):
        raise PermissionDenied
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """What a guest said."""
    row, user = _guest(request, pk), user_of(request)
    initial = {"answer": row.answer, "guests": row.guests, "note": row.note}
    form = AnswerForm(posted(request), initial=initial)
    deed = partial(actions.answer, invitation_id=row.pk, by=user, at=clock.now())
    if request.method == "POST" and attempt(form, lambda: deed(**form.cleaned_data)):
        messages.success(request, _("Noted."))
        return _back(request, row.milestone)
    return page(
        request, "campaigns/answer.html", {"row": row, "form": form}, status=422 if form.errors else 200
    )


@require_POST
def arrive(request: HttpRequest, pk: int) -> HttpResponse:
    """The guest is here."""
    row = _guest(request, pk)
    deed = partial(actions.arrive, invitation_id=row.pk, by=user_of(request), at=clock.now())
    press(request, deed, _("Welcome: the arrival is noted."))
    return _back(request, row.milestone)


def _back(request: HttpRequest, milestone: Milestone) -> HttpResponse:
    whole = gates.may_approve(user_of(request), milestone.project_id)
    return redirect("campaigns:guests" if whole else "campaigns:milestone", pk=milestone.pk)

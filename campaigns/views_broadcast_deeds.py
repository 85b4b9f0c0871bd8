"""What is done with a broadcast: rehearsed, tested, handed in, approved, sent back, started, paused, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import gates
from campaigns.actions import broadcast_runs as runs
from campaigns.actions import broadcasts as actions
from campaigns.forms_broadcasts import ReasonForm
from campaigns.models import Broadcast
from campaigns.views_broadcasts import own_broadcast
from crm import clock
from crm.celery import soon
from crm.deeds import attempt, press
from crm.gates import user_of
from crm.pages import page


def _maker(request: HttpRequest, pk: int) -> Broadcast:
    row = own_broadcast(request, pk)
    if not gates.may_make(user_of(request), row.project):
        raise PermissionDenied
    return row


def _approver(request: HttpRequest, pk: int) -> Broadcast:
    row = own_broadcast(request, pk)
    if not gates.may_approve(user_of(request), row.project):
        raise PermissionDenied
    return row


def _press(request: HttpRequest, row: Broadcast, deed: Callable[..., object], done: str) -> HttpResponse:
    press(request, partial(deed, broadcast_id=row.pk, by=user_of(request), at=clock.now()), done)
    return redirect("campaigns:broadcast", pk=row.pk)


def _with_reason(
    request: HttpRequest, row: Broadcast, deed: Callable[..., object], done: str
) -> HttpResponse:
    """A deed that needs its reason; the form once more when it has none."""
    form = ReasonForm(request.POST)
    ready = partial(deed, broadcast_id=row.pk, by=user_of(request), at=clock.now())
    if not attempt(form, lambda: ready(**form.cleaned_data)):
        return page(request, "campaigns/broadcast_deed.html", {"row": row, "form": form}, status=422)
    messages.success(request, done)
    return redirect("campaigns:broadcast", pk=row.pk)


@require_POST
def rehearse(request: HttpRequest, pk: int) -> HttpResponse:
    row = _maker(request, pk)
    answer = _press(request, row, actions.ask_rehearsal, _("Being rehearsed."))
    soon("campaigns.tasks.rehearse", row.pk)
    return answer


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    row = _maker(request, pk)
    done = _("On its way to your own mobile.")
    press(request, lambda: actions.send_to_self(row=row, by=user_of(request), at=clock.now()), done)
    return redirect("campaigns:broadcast", pk=pk)


@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    done = _("Handed in. The sales manager approves it.")
    return _press(request, _maker(request, pk), actions.submit, done)


@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    done = _("Approved. It starts by itself when its hour comes.")
    answer = _press(request, _approver(request, pk), actions.approve, done)
    soon("campaigns.tasks.broadcasts")  # its hour may have come already
    return answer


@require_POST
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    return _with_reason(request, _approver(request, pk), actions.send_back, _("Sent back with your words."))


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    return _press(request, _approver(request, pk), actions.start_now, _("Started."))


@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _press(request, own_broadcast(request, pk), runs.pause, _("Paused: nothing more leaves."))


@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _press(request, own_broadcast(request, pk), runs.resume, _("Going on."))


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    done = _("What was proven not to have been sent is sent again.")
    return _press(request, _approver(request, pk), runs.resend, done)


@require_POST
def read_unknown(request: HttpRequest, pk: int) -> HttpResponse:
    done = _("Noted: these stay unknown and are not sent again.")
    return _press(request, own_broadcast(request, pk), runs.read_unknown, done)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    done = _("Cancelled: what had not left is taken back.")
    return _with_reason(request, own_broadcast(request, pk), actions.cancel, done)

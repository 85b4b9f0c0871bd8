"""Replies that somebody has to read, and sent messages of which nobody knows whether they arrived."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import clock, outbox
from crm.access import get_visible, require_somewhere, scope
from crm.actions import inbox as actions
from crm.asked import numbers
from crm.deeds import press
from crm.gates import user_of
from crm.models import InboundMessage, Message, User
from crm.pages import page
from crm.roles import Action
from crm.rules_messages import State
from crm.seek import seek


def visible_replies(user: User) -> QuerySet[InboundMessage]:
    """Replies of the projects where the user sends messages to everybody, and one's own elsewhere."""
    rows = InboundMessage.objects.select_related("customer", "owner", "project")
    return rows.filter(scope(user, Action.SEND_MESSAGE).q(Q(owner=user)))


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Open replies, the newest first; `all=1` also what is done."""
    user = user_of(request)
    require_somewhere(user, Action.SEND_MESSAGE)
    everything = request.GET.get("all") == "1"
    rows = visible_replies(user)
    found = seek(rows if everything else rows.filter(handled_at=None), request.GET, order=("-at", "-id"))
    context = {"page": found, "everything": everything, "user_id": user.pk}
    return page(request, "crm/inbox.html", context, fragment="crm/_inbox.html")


@require_POST
def inbox_take(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer for a reply oneself."""
    by = user_of(request)
    require_somewhere(by, Action.SEND_MESSAGE)
    row = get_visible(visible_replies(by), pk=pk)
    press(request, lambda: actions.take(reply=row, by=by, at=clock.now()), _("It is yours now."))
    return redirect("crm:inbox")


@require_POST
def inbox_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Done with a reply."""
    by = user_of(request)
    require_somewhere(by, Action.SEND_MESSAGE)
    row = get_visible(visible_replies(by), pk=pk)
    press(request, lambda: actions.done(reply=row, by=by, at=clock.now()), _("Done."))
    return redirect("crm:inbox")


def unknown_messages(user: User) -> QuerySet[Message]:
    """Messages with an unknown outcome in the projects where the user makes or approves campaigns."""
    rows = Message.objects.filter(state=State.UNKNOWN).select_related("run__project")
    return rows.filter(
        scope(user, Action.MAKE_CAMPAIGN).q(Q(pk__in=[]), "run__project_id")
        | scope(user, Action.APPROVE_CAMPAIGN).q(Q(pk__in=[]), "run__project_id")
    )


def _gate(request: HttpRequest) -> User:
    user = user_of(request)
    if not scope(user, Action.MAKE_CAMPAIGN):
        require_somewhere(user, Action.APPROVE_CAMPAIGN)
    return user


@require_safe
def unknown(request: HttpRequest) -> HttpResponse:
    """What may or may not have been sent: to be read by a person. Numbers show their end only."""
    user = _gate(request)
    found = seek(unknown_messages(user), request.GET, order=("-id",))
    return page(request, "crm/unknown.html", {"page": found}, fragment="crm/_unknown.html")


@require_POST
def unknown_read(request: HttpRequest) -> HttpResponse:
    """Leave the ticked ones at unknown, for good."""
    by = _gate(request)
    ids = numbers(request.POST.getlist("message"))[:500]
    mine = list(unknown_messages(by).filter(pk__in=ids).values_list("pk", flat=True))
    press(request, lambda: outbox.settle_unknown(ids=mine, by=by, at=clock.now()), _("Read and settled."))
    return redirect("crm:unknown")

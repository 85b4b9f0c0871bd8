"""Replies that somebody has to read, and sent messages of which nobody knows whether they arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import clock, outbox
from crm.access import get_visible, require_somewhere
from crm.actions import inbox as actions
from crm.asked import numbers
from crm.customer_pages import pages_of
from crm.deeds import press
from crm.gates import unknown_messages, unknown_reader, user_of, visible_replies
from crm.pages import page
from crm.roles import Action
from crm.seek import seek


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Open replies, the newest first; `all=1` also what is done."""
    user = user_of(request)
    require_somewhere(user, Action.SEND_MESSAGE)
    everything = request.GET.get("all") == "1"
    rows = visible_replies(user)
    found = seek(rows if everything else rows.filter(handled_at=None), request.GET, order=("-at", "-id"))
    whom = [row.customer_id for row in found.rows if row.customer_id is not None]
    context = {
        "page": found,
        "rows": with_pages(found.rows, pages_of(user, whom)),
        "everything": everything,
        "user_id": user.pk,
    }
    return page(request, "crm/inbox.html", context, fragment="crm/_inbox.html")


def with_pages(rows: Sequence[Any], pages: Mapping[int, str]) -> list[tuple[Any, str]]:
    """Each row with the page of its customer, "" where the reader may open none."""
    return [(row, pages.get(row.customer_id or 0, "")) for row in rows]


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


@require_safe
def unknown(request: HttpRequest) -> HttpResponse:
    """What may or may not have been sent: to be read by a person. Numbers show their end only."""
    user = unknown_reader(request)
    found = seek(unknown_messages(user), request.GET, order=("-id",))
    return page(request, "crm/unknown.html", {"page": found}, fragment="crm/_unknown.html")


@require_POST
def unknown_read(request: HttpRequest) -> HttpResponse:
    """Leave the ticked ones at unknown, for good."""
    by = unknown_reader(request)
    ids = numbers(request.POST.getlist("message"))[:500]
    mine = list(unknown_messages(by).filter(pk__in=ids).values_list("pk", flat=True))
    press(request, lambda: outbox.settle_unknown(ids=mine, by=by, at=clock.now()), _("Read and settled."))
    return redirect("crm:unknown")

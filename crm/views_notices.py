"""The bell: a user's own notices, newest first."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.access import get_visible
from crm.actions.notices import mark_read
from crm.models import Notice, User
from crm.notice_text import text_of
from crm.pages import page
from crm.seek import seek

STOP_POLLING = 286  # htmx: take this answer and do not ask again


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """The list; each line is a form, because opening a notice marks it read."""
    assert isinstance(request.user, User)
    found = seek(Notice.objects.filter(user=request.user), request.GET, order=("-created_at", "-id"))
    shown = [(notice, text_of(notice)) for notice in found.rows]
    context = {"page": found, "shown": shown}
    return page(request, "crm/notices.html", context, fragment="crm/_notices.html")


@login_not_required
@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, asked for every minute. A session that ended stops the asking instead of showing a login page."""
    if not isinstance(request.user, User):
        return HttpResponse(status=STOP_POLLING, headers={"HX-Reswap": "none"})
    unread = Notice.objects.filter(user=request.user, read_at=None).count()
    return page(request, "_partials/bell.html", {"unread": unread})


@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one notice read and go where it points."""
    assert isinstance(request.user, User)
    notice = get_visible(Notice.objects.filter(user=request.user), pk=pk)
    mark_read(by=request.user, ids=[notice.pk], at=clock.now())
    local = url_has_allowed_host_and_scheme(notice.url, None)
    return redirect(notice.url if local else "crm:notices")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark every notice read."""
    assert isinstance(request.user, User)
    mark_read(by=request.user, ids=None, at=clock.now())
    return redirect("crm:notices")

"""What an administrator may do for somebody who cannot get in, and the login history of everybody."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import attempts, clock
from crm.access import get_visible
from crm.actions import factors, people
from crm.deeds import press
from crm.gates import administrator_of, visible_users
from crm.models import LoginEvent
from crm.pages import page
from crm.seek import seek


@require_safe
def sign_ins(request: HttpRequest) -> HttpResponse:
    """The login history of everybody, tries at names that are nobody's among them."""
    administrator_of(request)
    rows = LoginEvent.objects.select_related("user", "by")
    context = {"page": seek(rows, request.GET, order=("-at", "-id")), "days": settings.LOGIN_HISTORY_DAYS}
    return page(request, "crm/sign_ins.html", context | {"names": True}, fragment="account/_history.html")


@require_safe
def user_sign_ins(request: HttpRequest, pk: int) -> HttpResponse:
    """The login history of one account."""
    by = administrator_of(request)
    shown = get_visible(visible_users(by), pk=pk)
    rows = LoginEvent.objects.filter(user=shown).select_related("by")
    context = {"page": seek(rows, request.GET, order=("-at", "-id")), "days": settings.LOGIN_HISTORY_DAYS}
    return page(request, "crm/sign_ins.html", context | {"shown": shown}, fragment="account/_history.html")


@require_POST
def factor_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away the second factor of somebody who lost it. What it was nobody sees."""
    by = administrator_of(request)
    shown = get_visible(visible_users(by), pk=pk)
    done = _("The second factor is reset, and %(name)s is signed out everywhere.") % {"name": shown}
    press(request, lambda: factors.reset(user=shown, by=by, at=clock.now()), done)
    return redirect("crm:user", pk=pk)


@require_POST
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody try again who is locked out after too many wrong tries."""
    by = administrator_of(request)
    shown = get_visible(visible_users(by), pk=pk)
    attempts.unlock(request, shown)
    done = _("%(name)s may try again now.") % {"name": shown}
    press(request, lambda: people.note_unlocked(user=shown, by=by, at=clock.now()), done)
    return redirect("crm:user", pk=pk)

"""The first page, and the two choices that follow a user everywhere: language and project."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from crm.actions.preferences import set_language
from crm.asked import number
from crm.models import User
from crm.navigation import home_url
from crm.project_context import switch_project


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send the user to the page of their role."""
    assert isinstance(request.user, User)
    return redirect(home_url(request.user))


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language: kept in a cookie, and on the account of a signed-in user."""
    code = request.POST.get("language", "")
    response = redirect(next_url(request))
    if code in dict(settings.LANGUAGES):
        keep_language(response, code)
        if isinstance(request.user, User):
            set_language(by=request.user, language=code)
    return response


@require_POST
def project(request: HttpRequest) -> HttpResponse:
    """Switch to another of the user's projects; a foreign or unknown id changes nothing."""
    wanted = number(request.POST.get("project", ""))
    if wanted is not None:
        switch_project(request, wanted)
    return redirect(next_url(request))


def keep_language(response: HttpResponse, code: str) -> None:
    """Remember the language in this browser for a year."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def next_url(request: HttpRequest) -> str:
    """The local page named by `next`, else the first page."""
    wanted = request.POST.get("next", "")
    local = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    # Without its slash a word would be taken for the name of a view, and most words name none.
    return wanted if local and wanted.startswith("/") else "/"

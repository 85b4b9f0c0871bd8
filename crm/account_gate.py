"""What must be done before anything else: choosing one's own password, setting up a second factor.

One place for pages, fragments and API; whoever opens a further door (a token) asks `missing_step` too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.access import roles_of
from crm.actions import factors, sessions
from crm.models import User

FACTOR = "factor_of"
"""Session key: the number of the user who proved a second factor in this session."""
ALWAYS = {
    "account_login",
    "account_logout",
    "account_inactive",
    "mfa_authenticate",
    "crm:language",
    "healthz",
}
PASSWORD, SET_UP = "account_change_password", "account_factor"
STEPS = {PASSWORD: {PASSWORD}, SET_UP: {SET_UP, "account_factor_confirm"}}
STOP_POLLING = 286  # htmx: take this answer and do not ask again


def requires_factor(user: User) -> bool:
    """Whether a role that the user holds, in whatever project, or a key to the repair bench asks for it."""
    if not settings.MFA_ROLES:
        return False
    return user.is_staff or user.is_superuser or not settings.MFA_ROLES.isdisjoint(roles_of(user))


def missing_step(user: User, *, proved: bool = False) -> str:
    """The page to be sent to before anything else, or "". `proved`: this session went through the second factor."""
    if user.must_change_password:
        return PASSWORD
    if proved or not requires_factor(user) or factors.has_factor(user):
        return ""
    return SET_UP


class AccountGateMiddleware:
    """Keeps everybody who lacks something from everything but supplying it, the language and the way out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        user, match = request.user, request.resolver_match
        if not isinstance(user, User) or match is None or match.view_name in ALWAYS:
            return None
        proved = request.session.get(FACTOR) == user.pk
        step = missing_step(user, proved=proved)
        if not step and not proved and requires_factor(user):
            # There is a factor, but this session never saw it: it is older than the factor, or than the role.
            sessions.close(key=request.session.session_key or "")
            logout(request)
            return _refuse(request, "account_login")
        if not step or match.view_name in STEPS[step]:
            return None
        return _refuse(request, step)


def _refuse(request: HttpRequest, step: str) -> HttpResponse:
    where = reverse(step)
    if request.path.startswith("/api/"):
        return problem(step)
    if request.path == reverse("crm:bell"):
        return HttpResponse(status=STOP_POLLING, headers={"HX-Reswap": "none"})
    if request.headers.get("HX-Request"):
        # A boosted form too: htmx would put the page without navigation into the frame of the one with it.
        return HttpResponse(status=403, headers={"HX-Redirect": where})
    return redirect(where)


def problem(step: str) -> JsonResponse:
    """The same refusal as the API says it."""
    details = {
        PASSWORD: _("Choose your own password first."),
        SET_UP: _("Your role requires a second factor. Set it up in the browser first."),
    }
    body = {
        "type": "about:blank",
        "title": _("Sign-in not complete"),
        "status": 403,
        "detail": details.get(step, _("Sign in again with your second factor.")),
        "code": {PASSWORD: "password_change_required", SET_UP: "second_factor_required"}.get(
            step, "second_factor_not_shown"
        ),
    }
    return JsonResponse(body, status=403, content_type="application/problem+json")

"""How long a sign-in lasts: a working day at most, and not through hours in which nobody is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from crm import clock
from crm.actions import sessions
from crm.models import User
from crm.whereabouts import place_of

STARTED, SEEN = "signed_in_at", "seen_at"  # seconds since 1970, in the session
TOUCH = 300  # seconds; how often "last seen" is written


def started(sender: Any, request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Django has just signed somebody in, whichever way: stamp the session and note where it is."""
    if request.session.session_key is None:
        request.session.create()
    at = clock.now()
    request.session[STARTED] = request.session[SEEN] = at.timestamp()
    sessions.open_session(user=user, key=request.session.session_key or "", at=at, place=place_of(request))


user_logged_in.connect(started, dispatch_uid="crm.session_watch.started")


class NothingKeptMiddleware:
    """What the product answers is kept by no browser and no proxy: after signing out, Back shows no customer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class SessionLifetimeMiddleware:
    """Ends sessions that are too old or were left alone, and those that were ended elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and not self._goes_on(request):
            sessions.close(key=request.session.session_key or "")
            logout(request)
        return self.get_response(request)

    def _goes_on(self, request: HttpRequest) -> bool:
        at = clock.now()
        age, rest = (at.timestamp() - request.session.get(name, 0) for name in (STARTED, SEEN))
        if age >= settings.SESSION_COOKIE_AGE or rest >= settings.SESSION_IDLE_AGE:
            return False
        # The bell asks by itself: an open page is not a person in front of it.
        if rest < TOUCH or request.path == reverse("crm:bell"):
            return True
        request.session[SEEN] = at.timestamp()
        return sessions.touch(key=request.session.session_key or "", at=at)

"""From where a request comes, as the login history keeps it."""

from __future__ import annotations

import secrets

from allauth.core.internal.httpkit import get_client_ip
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse

from crm.actions import sessions
from crm.actions.sign_ins import Place
from crm.models import User
from crm.rules_devices import device_of, shorten

COOKIE = "crm_device"
"""Tells devices apart that have the same browser. It opens nothing."""
LENGTH = 32
YEAR = 365 * 24 * 3600  # seconds


def place_of(request: HttpRequest) -> Place:
    """Shortened address, device in two words, the device's cookie."""
    cookie = request.COOKIES.get(COOKIE, "")
    return Place(
        address=shorten(get_client_ip(request) or ""),
        device=device_of(request.headers.get("User-Agent", "")),
        cookie=cookie if len(cookie) == LENGTH and cookie.isalnum() else "",
    )


def recognise(response: HttpResponse, place: Place) -> Place:
    """Give the device a cookie to be known by, or renew the one it has."""
    place = place._replace(cookie=place.cookie or secrets.token_hex(LENGTH // 2))
    response.set_cookie(
        COOKIE,
        place.cookie,
        max_age=YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return place


def stay_signed_in(request: HttpRequest, user: User, key: str) -> None:
    """Go on with this session, under a new key, after everything else of the user's was signed out."""
    update_session_auth_hash(request, user)
    sessions.follow(old=key, new=request.session.session_key or "")

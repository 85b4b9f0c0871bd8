"""Who asks: a browser's session with its CSRF token, or a token of the API. And how often they may."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle
from rest_framework.views import APIView

from crm import clock
from crm.account_gate import missing_step, problem
from crm.actions.tokens import token_used
from crm.api_errors import ScopeMissing
from crm.models import ApiToken, User
from crm.rules_tokens import READ, WRITE, covers, digest_of

WRONG_A_MINUTE = 20
"""Wrong tokens a minute from one address; beyond it nothing from there is looked at for the rest of the minute."""


class SignInIncomplete(exceptions.PermissionDenied):
    """The owner has yet to choose a password, or to set up the second factor their role asks for."""

    def __init__(self, step: str) -> None:
        told = json.loads(problem(step).content)
        super().__init__(told["detail"], told["code"])


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer crm_…`. The token opens what its owner may and its scopes name, never more."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _space, secret = header.partition(" ")
        refuse_after_failures(request)
        now = clock.now()
        token = None
        if scheme.lower() == "bearer":
            rows = ApiToken.objects.live(now).select_related("owner")
            token = rows.filter(digest=digest_of(secret.strip())).first()
        if token is None:
            note_failure(request)
            raise exceptions.AuthenticationFailed(_("This token is wrong, expired or revoked."))
        if step := missing_step(token.owner):
            raise SignInIncomplete(step)
        token_used(token=token, at=now)
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionWithCsrf(SessionAuthentication):
    """A browser's session; its writes carry the CSRF token. What is missing is said in the caller's language."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied:
            raise exceptions.PermissionDenied(
                _("Send the CSRF token of the session in X-CSRFToken."), "csrf"
            ) from None


def _failures(request: Request) -> str:
    address = BaseThrottle().get_ident(request)
    return f"api-wrong:{address}:{clock.now():%Y%m%d%H%M}"


def note_failure(request: Request) -> None:
    """Count a wrong token against the address it came from."""
    key = _failures(request)
    cache.add(key, 0, 120)
    with contextlib.suppress(ValueError):  # emptied in between: the count begins anew
        cache.incr(key)


def refuse_after_failures(request: Request) -> None:
    """429 for an address that tried too many wrong tokens this minute, right ones included: no answer to learn from."""
    if cache.get(_failures(request), 0) >= WRONG_A_MINUTE:
        raise exceptions.Throttled(60 - clock.now().second)


class SignedInWithScope(BasePermission):
    """Somebody with an account; a token also needs the scope of the resource's group."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.user, User) or not request.user.is_active:
            return False
        if isinstance(request.auth, ApiToken):
            writes = request.method not in SAFE_METHODS
            group: str = view.group  # type: ignore[attr-defined]
            if not covers(request.auth.scopes, group, writes=writes):
                raise ScopeMissing(f"{group}:{WRITE if writes else READ}")
        return True


class CallerThrottle(SimpleRateThrottle):
    """A token has its own allowance, a session its user's, everybody else their address's."""

    def __init__(self) -> None:
        """The rate depends on who asks, so it is read with the request."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.scope = "user" if isinstance(request.user, User) else "anonymous"
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: APIView) -> str:
        ident: Any = self.get_ident(request)
        if isinstance(request.auth, ApiToken):
            ident = f"token-{request.auth.pk}"
        elif isinstance(request.user, User):
            ident = f"user-{request.user.pk}"
        return self.cache_format % {"scope": self.scope, "ident": ident}

"""How allauth is bent to this product: staff accounts are made by an administrator, nobody signs up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from crm import attempts, clock
from crm.actions import sealing, sessions, sign_ins
from crm.actions.sign_ins import Kind
from crm.models import User
from crm.plain_text import login_name
from crm.views_home import keep_language
from crm.whereabouts import place_of, recognise

PENDING = "login_hash"
"""Where the session keeps what the account was when its password was right: nobody enters a code for an account
that was switched off, or given another password, in between."""
LOCK = 15 * 60  # seconds


class AccountAdapter(DefaultAccountAdapter):
    """Closed sign-up, plain words for a refused login, the login history, the user's own language afterwards."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("The user name or the password is wrong."),
        "too_many_login_attempts": attempts.LOCKED,
        "account_inactive": _("This account is switched off. Ask your administrator."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only pages of this host, without a host in them: what the Host header says is the browser's word."""
        return bool(url) and url_has_allowed_host_and_scheme(url, None)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Under the name as it is stored, however wide its letters were typed."""
        if "username" in credentials:
            credentials["username"] = login_name(str(credentials["username"]))
        return super().authenticate(request, **credentials)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Take a try, or refuse; an unknown name is refused in the same way."""
        self._name = str(credentials.get("username", ""))
        self._user = attempts.find_user(self._name)
        self._try = attempts.Try(request, attempts.key_of(self._user, self._name))
        if not self._try.refused:
            return
        told = f"lock-told:{self._user.pk if self._user else 0}"
        if self._try.locked and self._user and cache.add(told, True, LOCK):
            sign_ins.note(Kind.LOCKED, user=self._user, at=clock.now(), place=place_of(request))
        raise ValidationError(self._try.refused, code="too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        self._try.give_back()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        sign_ins.note(Kind.FAILED, user=self._user, at=clock.now(), place=place_of(request))

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        request.session[PENDING] = user.get_session_auth_hash()
        return response

    def login(self, request: HttpRequest, user: Any) -> None:
        """The last step. The account is read anew: minutes may lie between the password and the code."""
        now = User.objects.get(pk=user.pk)
        if not now.is_active or request.session.pop(PENDING, "") != now.get_session_auth_hash():
            clear_login(request)
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Answer in the language that the user chose last, whatever this browser preferred before."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        place = recognise(response, place_of(request))
        sign_ins.signed_in(user=user, at=clock.now(), place=place)
        if isinstance(user, User) and user.language in dict(settings.LANGUAGES):
            keep_language(response, user.language)
        return response

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            sign_ins.note(Kind.SIGNED_OUT, user=request.user, at=clock.now(), place=place_of(request))
            sessions.close(key=request.session.session_key or "")
        super().logout(request)


class FactorAdapter(DefaultMFAAdapter):
    """The secrets of second factors are sealed, whoever writes or reads them."""

    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text)

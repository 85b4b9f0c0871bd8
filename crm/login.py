"""How allauth is bent to this product: staff accounts are made by an administrator, nobody signs up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from crm.models import User
from crm.views_home import keep_language


class AccountAdapter(DefaultAccountAdapter):
    """Closed sign-up, plain words for a refused login, and the user's own language after it."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("The user name or the password is wrong."),
        "too_many_login_attempts": _(
            "This login is locked for 15 minutes after too many wrong passwords. "
            "Wait, or ask your administrator for a new password."
        ),
        "account_inactive": _("This account is switched off. Ask your administrator."),
        "enter_current_password": _("This is not your present password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Answer in the language that the user chose last, whatever this browser preferred before."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, User) and user.language in dict(settings.LANGUAGES):
            keep_language(response, user.language)
        return response

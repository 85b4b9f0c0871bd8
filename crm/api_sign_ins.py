"""Signing in, seen from the API: one's devices and history; for the administrator everybody's, and letting somebody in
again. Passwords and second factors are given by hand, in the browser: no token reaches them.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from crm import attempts, clock
from crm.access import get_visible
from crm.actions import factors, people, sessions
from crm.api_account import Named
from crm.api_fields import Output
from crm.api_frame import ApiView, operation
from crm.gates import administrator_of, visible_users
from crm.models import AccountSession, LoginEvent, User
from crm.whereabouts import place_of


class SessionRow(Output):
    this = serializers.SerializerMethodField(help_text="It is the session this request came by.")

    class Meta:
        model = AccountSession
        fields = ("id", "address", "device", "signed_in_at", "seen_at", "this")

    def get_this(self, row: AccountSession) -> bool:
        request = self.context["request"]
        return request.auth is None and row.session_key == request.session.session_key


class SignInRow(Output):
    by = Named(allow_null=True, help_text="The administrator who did it.")

    class Meta:
        model = LoginEvent
        fields = ("id", "at", "kind", "address", "device", "by")


class SignInOfRow(SignInRow):
    user = Named(allow_null=True, help_text="Null when the name that was tried is nobody's.")

    class Meta:
        model = LoginEvent
        fields = (*SignInRow.Meta.fields, "user")


class Sessions(ApiView):
    group = "account"

    @operation(answers=SessionRow, paged=True)
    def get(self, request: Request) -> Any:
        """Where one is signed in."""
        rows = sessions.live(at=clock.now()).filter(user=self.by)
        return self.page(rows, "-seen_at", "-id")


class OneSession(ApiView):
    group = "account"

    @operation()
    def delete(self, request: Request, session: int) -> None:
        """Sign another of one's own devices out."""
        others = AccountSession.objects.filter(user=self.by)
        if request.auth is None:
            others = others.exclude(session_key=request.session.session_key)
        found = get_visible(others, pk=session)
        sessions.end(session=found, by=self.by, at=clock.now(), place=place_of(request._request))


class MySignIns(ApiView):
    group = "account"

    @operation(answers=SignInRow, paged=True)
    def get(self, request: Request) -> Any:
        """One's own login history, newest first."""
        return self.page(LoginEvent.objects.filter(user=self.by).select_related("by"), "-at", "-id")


class SignIns(ApiView):
    group = "people"

    @operation(answers=SignInOfRow, paged=True)
    def get(self, request: Request) -> Any:
        """The login history of everybody (administrator), tries at names that are nobody's among them."""
        administrator_of(request)
        return self.page(LoginEvent.objects.select_related("user", "by"), "-at", "-id")


class UserView(ApiView):
    group = "people"

    def shown(self, request: Request, pk: int) -> User:
        return get_visible(visible_users(administrator_of(request)), pk=pk)


class UserSignIns(UserView):
    @operation(answers=SignInRow, paged=True)
    def get(self, request: Request, user: int) -> Any:
        """The login history of one account (administrator)."""
        rows = LoginEvent.objects.filter(user=self.shown(request, user)).select_related("by")
        return self.page(rows, "-at", "-id")


class UserUnlock(UserView):
    @operation()
    def post(self, request: Request, user: int) -> None:
        """Let somebody try again who is locked out after too many wrong tries."""
        shown = self.shown(request, user)
        attempts.unlock(request._request, shown)
        people.note_unlocked(user=shown, by=self.by, at=clock.now())


class UserFactor(UserView):
    @operation()
    def delete(self, request: Request, user: int) -> None:
        """Take away the second factor of somebody who lost it; their sessions and tokens end."""
        factors.reset(user=self.shown(request, user), by=self.by, at=clock.now())

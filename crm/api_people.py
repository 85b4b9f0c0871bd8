"""Accounts and roles, as the screens of users keep them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible, require_somewhere
from crm.actions import members, passwords, people
from crm.api_fields import Input, Instant, Lines, Output
from crm.api_forms import input_of, present_of
from crm.api_frame import ApiView, operation
from crm.forms_people import AccountForm, CapacityForm, MemberForm, RoleForm, offer_of
from crm.gates import administrator_of, membership_to_change, shown_memberships, users_found, visible_users
from crm.models import Membership, User
from crm.roles import Action, Role


class MembershipRow(Output):
    class Meta:
        model = Membership
        fields = ("id", "user", "role", "project", "area", "capacity", "active")


class UserRow(Output):
    username = serializers.CharField()
    memberships = serializers.SerializerMethodField()
    last_login = Instant(allow_null=True)

    class Meta:
        model = User
        fields = (
            "id", "username", "name", "mobile", "aliases", "language", "is_active", "last_login", "memberships",
        )  # fmt: skip

    def get_memberships(self, user: User) -> MembershipRow(many=True):  # type: ignore[valid-type]
        return MembershipRow(user.shown, many=True).data  # type: ignore[attr-defined]


class FirstPassword(serializers.Serializer):
    password = serializers.CharField(help_text="To be changed by its owner at the first sign-in.")


class NewUser(FirstPassword):
    user = UserRow()


class UsersAsked(Input):
    q = serializers.CharField(required=False, max_length=60, help_text="Part of a name or login name.")
    active = serializers.BooleanField(default=True)


class ActiveIn(Input):
    active = serializers.BooleanField()


AccountIn = input_of("AccountIn", AccountForm, aliases=Lines(required=False))
AccountChange = input_of("AccountChange", AccountForm, partial=True, aliases=Lines(required=False))
RoleIn = input_of("RoleIn", RoleForm, role=serializers.ChoiceField(choices=[role.value for role in Role]))
MemberIn = input_of(
    "MemberIn", MemberForm, role=serializers.ChoiceField(choices=[role.value for role in Role])
)
CapacityIn = input_of("CapacityIn", CapacityForm)


def _shown(by: User, pk: int) -> User:
    """An account one administers, with the roles one may know of; 403 for whoever administers none, else 404."""
    require_somewhere(by, Action.ADMINISTER)
    user = get_visible(visible_users(by), pk=pk)
    user.shown = list(shown_memberships(by).filter(user=user))  # type: ignore[attr-defined]
    return user


class Users(ApiView):
    group = "people"

    @operation(asks=UsersAsked, answers=UserRow, paged=True)
    def get(self, request: Request) -> Any:
        """The accounts one administers, with their roles."""
        require_somewhere(self.by, Action.ADMINISTER)
        asked = self.asked()
        return self.page(users_found(self.by, asked.get("q", ""), active=asked["active"]), "name", "id")

    @sensitive_variables("password")
    @operation(takes=AccountIn, answers=NewUser, status=201)
    def post(self, request: Request) -> Any:
        """Make an account; it may do nothing until it gets a role. Its first password is told once, here."""
        by = administrator_of(request)
        form, password = self.filled(AccountForm), passwords.invent()
        user = people.create_user(**form.cleaned_data, password=password, by=by, at=clock.now())
        return {"user": _shown(by, user.pk), "password": password}


class OneUser(ApiView):
    group = "people"

    @operation(answers=UserRow)
    def get(self, request: Request, user: int) -> Any:
        """One account."""
        return _shown(self.by, user)

    @operation(takes=AccountChange, answers=UserRow)
    def patch(self, request: Request, user: int) -> Any:
        """Correct an account's names, mobile and language."""
        by = administrator_of(request)
        row = get_visible(visible_users(by), pk=user)
        form = self.filled(AccountForm, present_of(AccountForm, row))
        people.edit_user(user=row, **form.cleaned_data, by=by, at=clock.now())
        return _shown(by, user)


class UserPassword(ApiView):
    group = "people"

    @sensitive_variables("password")
    @operation(answers=FirstPassword)
    def post(self, request: Request, user: int) -> Any:
        """Give somebody a first password again, told once; all their sessions end."""
        by = administrator_of(request)
        row = get_visible(visible_users(by), pk=user)
        password = passwords.invent()
        passwords.reset(user=row, password=password, by=by, at=clock.now())
        return {"password": password}


class UserActive(ApiView):
    group = "people"

    @operation(takes=ActiveIn, answers=UserRow)
    def post(self, request: Request, user: int) -> Any:
        """Switch an account off or on again."""
        by = administrator_of(request)
        row = get_visible(visible_users(by), pk=user)
        deed = people.reactivate_user if self.said()["active"] else people.deactivate_user
        deed(user=row, by=by, at=clock.now())
        return _shown(by, user)


def _granted(form: RoleForm, user: User, by: User) -> Membership:
    values = form.cleaned_data
    return members.grant_role(
        user=user,
        role=values["role"],
        project=values["project"],
        area=values.get("area"),
        capacity=values["capacity"],
        by=by,
        at=clock.now(),
    )


class UserMemberships(ApiView):
    group = "people"

    @operation(takes=RoleIn, answers=MembershipRow, status=201)
    def post(self, request: Request, user: int) -> Any:
        """Give one more role to somebody one sees; never to oneself."""
        by = self.by
        row = _shown(by, user)
        if row.pk == by.pk:
            raise PermissionDenied
        return _granted(self.filled(lambda data: RoleForm(data, **offer_of(by))), row, by)


class Memberships(ApiView):
    group = "people"

    @operation(takes=MemberIn, answers=MembershipRow, status=201)
    def post(self, request: Request) -> Any:
        """Bring somebody who has an account into one of one's projects, by login name or full name."""
        by = self.by
        require_somewhere(by, Action.ADMINISTER)
        form = self.filled(lambda data: MemberForm(data, **offer_of(by)))
        return _granted(form, form.cleaned_data["person"], by)


class OneMembership(ApiView):
    group = "people"

    @operation(answers=MembershipRow)
    def get(self, request: Request, membership: int) -> Any:
        """A role that one may change."""
        return membership_to_change(self.by, membership)

    @operation(takes=CapacityIn, answers=MembershipRow)
    def patch(self, request: Request, membership: int) -> Any:
        """PX-13: how many conversations a day somebody can have in a project."""
        row = membership_to_change(self.by, membership)
        form = self.filled(CapacityForm, {"capacity": row.capacity})
        members.set_capacity(membership=row, **form.cleaned_data, by=self.by, at=clock.now())
        row.refresh_from_db()
        return row

    @operation()
    def delete(self, request: Request, membership: int) -> None:
        """Take a role away."""
        row = membership_to_change(self.by, membership)
        members.end_membership(membership=row, by=self.by, at=clock.now())

"""Accounts: the list, one account, its password, switching it off."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible, require_somewhere
from crm.actions import factors, members, passwords, people
from crm.asked import words
from crm.deeds import attempt, posted, press
from crm.forms_base import BaseForm
from crm.forms_people import AccountForm
from crm.gates import (
    administrator_of,
    is_administrator,
    shown_memberships,
    user_of,
    users_found,
    visible_users,
)
from crm.labels import ROLES
from crm.models import User
from crm.pages import page
from crm.roles import Action
from crm.seek import seek

FORM = ["GET", "HEAD", "POST"]


@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """The accounts one administers, with their roles; `q` searches names and login names, `off=1` the closed."""
    user, asked = user_of(request), words(request.GET, "q", 60)
    require_somewhere(user, Action.ADMINISTER)
    off = request.GET.get("off") == "1"
    found = seek(users_found(user, asked, active=not off), request.GET, order=("name", "id"))
    context = {"page": found, "q": asked, "off": off, "roles": ROLES, "administers": is_administrator(user)}
    return page(request, "crm/users.html", context, fragment="crm/_users.html")


@require_safe
def user(request: HttpRequest, pk: int) -> HttpResponse:
    """One account: what it is called, which roles it holds where, what one may change."""
    by = user_of(request)
    require_somewhere(by, Action.ADMINISTER)
    shown = get_visible(visible_users(by), pk=pk)
    held = [(row, members.may_change(by, row)) for row in shown_memberships(by).filter(user=shown)]
    context = {"shown": shown, "held": held, "roles": ROLES, "administers": is_administrator(by)}
    context["has_factor"] = context["administers"] and factors.has_factor(shown)
    return page(request, "crm/user.html", context)


@sensitive_variables("password")
@never_cache
@require_http_methods(FORM)
def user_new(request: HttpRequest) -> HttpResponse:
    """Make an account. Its first password is shown once, here; roles are given on its page, which comes next."""
    by = administrator_of(request)
    form, password = AccountForm(posted(request)), passwords.invent()
    made: list[User] = []

    def make() -> None:
        made.append(people.create_user(**form.cleaned_data, password=password, by=by, at=clock.now()))

    if request.method == "POST" and attempt(form, make):
        return page(request, "crm/password_once.html", {"shown": made[0], "password": password, "new": True})
    return _form(request, form, {"title": _("New user")})


@require_http_methods(FORM)
def user_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct an account's names, mobile and language."""
    by = administrator_of(request)
    shown = get_visible(visible_users(by), pk=pk)
    initial = {name: getattr(shown, name) for name in AccountForm.base_fields}
    form = AccountForm(posted(request), initial=initial)
    if request.method == "POST" and attempt(
        form, lambda: people.edit_user(user=shown, **form.cleaned_data, by=by, at=clock.now())
    ):
        messages.success(request, _("Saved."))
        return redirect("crm:user", pk=pk)
    return _form(request, form, {"title": _("Edit user"), "shown": shown})


@sensitive_variables("password")
@never_cache
@require_http_methods(FORM)
def user_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Give somebody a first password again, shown once; all their sessions end."""
    by = administrator_of(request)
    shown = get_visible(visible_users(by), pk=pk)
    form, password = BaseForm(posted(request)), passwords.invent()
    if request.method == "POST" and attempt(
        form, lambda: passwords.reset(user=shown, password=password, by=by, at=clock.now())
    ):
        return page(request, "crm/password_once.html", {"shown": shown, "password": password})
    context = {"form": form, "shown": shown}
    return page(request, "crm/user_password.html", context, status=422 if form.errors else 200)


@require_POST
def user_active(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch an account off (`on` missing) or on again."""
    by = administrator_of(request)
    shown = get_visible(visible_users(by), pk=pk)
    deed, done = people.deactivate_user, _("The account is switched off.")
    if request.POST.get("on"):
        deed, done = people.reactivate_user, _("The account is switched on.")
    press(request, lambda: deed(user=shown, by=by, at=clock.now()), done)
    return redirect("crm:user", pk=pk)


def _form(request: HttpRequest, form: Any, context: dict[str, Any]) -> HttpResponse:
    status = 422 if form.errors else 200
    return page(request, "crm/user_form.html", {"form": form, **context}, status=status)

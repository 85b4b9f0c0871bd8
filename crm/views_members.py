"""Roles: giving one, changing its capacity, taking it away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.access import get_visible, require_somewhere
from crm.actions import members
from crm.deeds import attempt, posted, press
from crm.forms_people import CapacityForm, MemberForm, RoleForm, offer_of
from crm.gates import membership_to_change, user_of, visible_users
from crm.labels import ROLES
from crm.models import User
from crm.pages import page
from crm.project_context import current_project
from crm.roles import Action

FORM = ["GET", "HEAD", "POST"]


def _offer(by: User, request: HttpRequest) -> dict[str, Any]:
    current = current_project(request)
    initial = {"project": current.pk if current else None, "role": request.GET.get("role", "")}
    return {**offer_of(by), "initial": initial}


def _grant(form: RoleForm, user: User, by: User) -> None:
    values = form.cleaned_data
    members.grant_role(
        user=user,
        role=values["role"],
        project=values["project"],
        area=values.get("area"),
        capacity=values["capacity"],
        by=by,
        at=clock.now(),
    )


@require_http_methods(FORM)
def membership_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one more role to somebody one sees."""
    by = user_of(request)
    require_somewhere(by, Action.ADMINISTER)
    shown = get_visible(visible_users(by), pk=pk)
    if shown.pk == by.pk:
        raise PermissionDenied
    form = RoleForm(posted(request), **_offer(by, request))
    if request.method == "POST" and attempt(form, lambda: _grant(form, shown, by)):
        messages.success(request, _("The role is given."))
        return redirect("crm:user", pk=pk)
    status = 422 if form.errors else 200
    return page(
        request,
        "crm/user_form.html",
        {"form": form, "shown": shown, "title": _("Give a role")},
        status=status,
    )


@require_http_methods(FORM)
def member_new(request: HttpRequest) -> HttpResponse:
    """Bring somebody who has an account into one of one's projects."""
    by = user_of(request)
    require_somewhere(by, Action.ADMINISTER)
    form = MemberForm(posted(request), **_offer(by, request))
    if request.method == "POST" and attempt(form, lambda: _grant(form, form.cleaned_data["person"], by)):
        messages.success(request, _("%(name)s is a member now.") % {"name": form.cleaned_data["person"]})
        return redirect("crm:users")
    status = 422 if form.errors else 200
    return page(request, "crm/user_form.html", {"form": form, "title": _("Add a member")}, status=status)


@require_http_methods(FORM)
def membership(request: HttpRequest, pk: int) -> HttpResponse:
    """PX-13: how many conversations a day somebody can have in a project."""
    by = user_of(request)
    row = membership_to_change(by, pk)
    form = CapacityForm(posted(request), initial={"capacity": row.capacity})
    if request.method == "POST" and attempt(
        form, lambda: members.set_capacity(membership=row, **form.cleaned_data, by=by, at=clock.now())
    ):
        messages.success(request, _("Saved."))
        return redirect("crm:user", pk=row.user_id)
    title = f"{ROLES.get(row.role, row.role)} · {row.project or _('every project')}"
    status = 422 if form.errors else 200
    return page(
        request, "crm/user_form.html", {"form": form, "shown": row.user, "title": title}, status=status
    )


@require_POST
def membership_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a role away."""
    by = user_of(request)
    row = membership_to_change(by, pk)
    press(
        request,
        lambda: members.end_membership(membership=row, by=by, at=clock.now()),
        _("The role is taken away."),
    )
    return redirect("crm:user", pk=row.user_id)

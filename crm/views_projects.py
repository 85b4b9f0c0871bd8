"""Projects and their areas."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock, facts_policy
from crm.access import get_visible
from crm.actions import places
from crm.deeds import attempt, posted, press
from crm.forms_places import ProjectForm, area_form, new_project_initial
from crm.gates import administrator_of
from crm.models import Area, Project
from crm.pages import page
from crm.project_context import current_project, projects_of, work_in

FORM = ["GET", "HEAD", "POST"]


def show_form(request: HttpRequest, form: Any, title: str, back: str, **context: Any) -> HttpResponse:
    """The page of one form about a place; 422 when it has errors."""
    status = 422 if form.errors else 200
    return page(
        request, "crm/place_form.html", {"form": form, "title": title, "back": back, **context}, status=status
    )


@require_safe
def projects(request: HttpRequest) -> HttpResponse:
    """Every project, closed ones at the end."""
    administrator_of(request)
    rows = Project.objects.annotate(
        unit_count=Count("units", distinct=True),
        member_count=Count("memberships__user", filter=Q(memberships__active=True), distinct=True),
    ).order_by("-active", "name")
    return page(request, "crm/projects.html", {"rows": rows})


@require_safe
def project(request: HttpRequest, pk: int) -> HttpResponse:
    """One project with all that clauses and messages take from it."""
    administrator_of(request)
    shown = get_visible(Project.objects.all(), pk=pk)
    closing = facts_policy.closing_time(shown.pk, clock.now())
    context = {"shown": shown, "closing": closing, "differs": closing not in (None, shown.closes_at)}
    return page(request, "crm/project.html", context)


@require_http_methods(FORM)
def project_new(request: HttpRequest) -> HttpResponse:
    """Make a project; it starts with the written procedure as its first policy (SC-13)."""
    by = administrator_of(request)
    form = ProjectForm(posted(request), initial=new_project_initial())
    made: list[Project] = []
    if request.method == "POST" and attempt(
        form, lambda: made.append(places.create_project(by=by, at=clock.now(), **form.cleaned_data))
    ):
        work_in(request, made[0])
        messages.success(
            request, _("The project is made and you work in it now. Next: its buildings and its people.")
        )
        return redirect("crm:project_detail", pk=made[0].pk)
    return show_form(request, form, _("New project"), reverse("crm:projects"))


@require_http_methods(FORM)
def project_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a project."""
    by = administrator_of(request)
    shown = get_visible(Project.objects.all(), pk=pk)
    form = ProjectForm(posted(request), instance=shown)
    if request.method == "POST" and attempt(
        form, lambda: places.edit_project(project=shown, by=by, at=clock.now(), **form.cleaned_data)
    ):
        messages.success(request, _("Saved."))
        return redirect("crm:project_detail", pk=pk)
    return show_form(request, form, _("Edit project"), reverse("crm:project_detail", args=[pk]))


@require_POST
def project_active(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a project (`on` missing) or open it again."""
    by = administrator_of(request)
    shown, on = get_visible(Project.objects.all(), pk=pk), bool(request.POST.get("on"))
    done = _("The project is open again.") if on else _("The project is closed.")
    press(request, lambda: places.set_project_active(project=shown, active=on, by=by, at=clock.now()), done)
    return redirect("crm:project_detail", pk=pk)


@require_safe
def areas(request: HttpRequest) -> HttpResponse:
    """The areas of the current project, with their buildings and administrators."""
    administrator_of(request)
    found = current_project(request)
    rows = Area.objects.filter(project=found).prefetch_related("buildings", "memberships__user")
    return page(request, "crm/areas.html", {"rows": rows, "found": found})


@require_http_methods(FORM)
def area(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make an area in the current project, or change one."""
    by = administrator_of(request)
    row = get_visible(Area.objects.filter(project__in=projects_of(request)), pk=pk) if pk else None
    where = row.project if row else current_project(request)
    if where is None:
        return redirect("crm:project_new")
    form = area_form(where, row, posted(request))
    if request.method == "POST" and attempt(
        form, lambda: places.save_area(project=where, area=row, by=by, at=clock.now(), **form.cleaned_data)
    ):
        messages.success(request, _("Saved."))
        return redirect("crm:areas")
    context = {"place": row, "delete_url": reverse("crm:area_delete", args=[pk]) if pk else ""}
    return show_form(request, form, _("Edit area") if row else _("New area"), reverse("crm:areas"), **context)


@require_POST
def area_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an area that nobody administers."""
    by = administrator_of(request)
    row = get_visible(Area.objects.filter(project__in=projects_of(request)), pk=pk)
    press(request, lambda: places.delete_place(place=row, by=by, at=clock.now()), _("Deleted."))
    return redirect("crm:areas")

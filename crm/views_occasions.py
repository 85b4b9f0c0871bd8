"""Occasions: offers and news that a manager or marketing enters, and the festivals (SC-9)."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible
from crm.actions.occasions import BY_HAND, end_occasion, save_occasion
from crm.deeds import attempt, posted, press
from crm.forms_occasions import OccasionForm
from crm.gates import occasion_project, user_of
from crm.models import Occasion, Project
from crm.occasion_titles import title_of
from crm.pages import page
from crm.seek import seek


@require_safe
def occasions(request: HttpRequest) -> HttpResponse:
    """What is current and what comes; `past=1` what is over."""
    project = occasion_project(request)
    today, past = clock.today(project.zone), request.GET.get("past") == "1"
    rows = Occasion.objects.filter(Q(project=project) | Q(project=None)).select_related("building")
    rows = rows.filter(ends_on__lt=today) if past else rows.filter(ends_on__gte=today)
    order = ("-starts_on", "-id") if past else ("starts_on", "id")
    found = seek(rows, request.GET, order=order)
    shown = [(row, title_of(row), row.project_id == project.pk and row.kind in BY_HAND) for row in found.rows]
    context = {"page": found, "shown": shown, "past": past, "today": today}
    return page(request, "crm/occasions.html", context, fragment="crm/_occasions.html")


def _own(project: Project, pk: int) -> Occasion:
    return get_visible(Occasion.objects.filter(project=project, kind__in=BY_HAND), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def occasion(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Enter an occasion in the current project, or correct one."""
    project, by = occasion_project(request), user_of(request)
    row = _own(project, pk) if pk else None
    today = clock.today(project.zone)
    form = OccasionForm(
        posted(request),
        instance=row,
        project=project,
        initial={} if row else {"starts_on": today, "kind": Occasion.Kind.OFFER},
    )
    if request.method == "POST" and attempt(
        form,
        lambda: save_occasion(project=project, occasion=row, by=by, at=clock.now(), **form.cleaned_data),
    ):
        messages.success(request, _("Saved. It stands on the call sheets while it lasts."))
        return redirect("crm:occasions")
    return page(request, "crm/occasion.html", {"form": form, "row": row}, status=422 if form.errors else 200)


@require_POST
def occasion_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an occasion off the call sheets."""
    project, by = occasion_project(request), user_of(request)
    row, today = _own(project, pk), clock.today(project.zone)
    press(
        request,
        lambda: end_occasion(occasion=row, project=project, today=today, by=by, at=clock.now()),
        _("It no longer stands on the call sheets."),
    )
    return redirect("crm:occasions")

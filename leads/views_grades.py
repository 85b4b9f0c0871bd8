"""What the grades mean in this project (PX-11): one page for its manager."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.errors import RuleViolation
from crm.pages import page
from leads import facts_grades
from leads.actions.grades import save_meanings
from leads.forms_grades import GradesForm
from leads.gates import manager_project, user_of


@require_http_methods(["GET", "HEAD", "POST"])
def grades(request: HttpRequest) -> HttpResponse:
    """Label, criteria and register words of the four grades."""
    project, user = manager_project(request), user_of(request)
    form = GradesForm(
        request.POST if request.method == "POST" else None, present=facts_grades.meanings(project.pk)
    )
    if request.method == "POST" and form.is_valid():
        try:
            save_meanings(project=project, meanings=form.meanings(), by=user, at=clock.now())
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            messages.success(request, _("Saved."))
            return redirect("leads:grades")
    return page(request, "leads/grades.html", {"form": form}, status=422 if form.errors else 200)

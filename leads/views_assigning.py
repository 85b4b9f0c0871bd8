"""Who works which lead: the pool, assigning one or many, and handing over what a leaver leaves."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock
from crm.asked import numbers
from crm.celery import settle_lists
from crm.errors import RuleViolation
from crm.models import Project, User
from crm.pages import page
from crm.seek import seek
from leads.actions import assigning as actions
from leads.facts_loads import loads
from leads.filters import LeadFilter
from leads.forms_manage import AssignForm, HandOverForm
from leads.gates import manager_project, user_of
from leads.models import Lead
from leads.models.querysets import LeadQuerySet

MOST = 5000


def _scope(user: User, project: Project) -> LeadQuerySet:
    return Lead.objects.visible_to(user).filter(project=project)


@require_safe
def assigning(request: HttpRequest) -> HttpResponse:
    """The pool, newest first, and what each consultant has."""
    project, user, now = manager_project(request), user_of(request), clock.now()
    pool = _scope(user, project).filter(state=Lead.State.LIVE, consultant=None)
    context = {
        "page": seek(pool.with_bin(now).for_rows(), request.GET, order=("-id",)),
        "waiting": pool.count(),
        "team": loads(project),
        "now": now,
    }
    return page(request, "leads/assigning.html", context)


def chosen(user: User, project: Project, asked: QueryDict) -> LeadQuerySet:
    """The leads named one by one, or all that match a list's filters; never beyond the user's scope."""
    scope = _scope(user, project)
    if "all" in asked:
        found = LeadFilter(QueryDict(str(asked["all"])), scope, project=project, now=clock.now())
        return scope.filter(pk__in=found.qs.values("pk"))
    return scope.filter(pk__in=numbers(asked.getlist("lead"))[:MOST])


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest) -> HttpResponse:
    """Give the chosen leads to one consultant, spread them over several, or take them back into the pool."""
    project, user = manager_project(request), user_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    leads = chosen(user, project, asked)
    ids = list(leads.order_by("pk").values_list("pk", flat=True)[:MOST])
    if not ids:
        messages.warning(request, _("Choose at least one lead."))
        return redirect("leads:assigning")
    form = AssignForm(request.POST if request.method == "POST" else None, project=project)
    if request.method == "POST" and form.is_valid():
        try:
            return _assigned(request, project, ids, form.cleaned_data)
        except RuleViolation as violation:
            form.refuse(violation)
    context = {
        "form": form,
        "ids": ids,
        "all": asked.get("all"),
        "team": loads(project),
        "some": leads.for_rows()[:8],
    }
    return page(request, "leads/assign.html", context, status=422 if form.errors else 200)


def _assigned(request: HttpRequest, project: Project, ids: list[int], said: dict[str, Any]) -> HttpResponse:
    given: dict[str, Any] = {
        "project": project,
        "by": user_of(request),
        "at": clock.now(),
        "reason": said["reason"],
    }
    if said["pool"]:
        count = actions.to_pool(lead_ids=ids, **given)
        text = ngettext("%(n)d lead is back in the pool.", "%(n)d leads are back in the pool.", count)
    else:
        count = actions.assign(lead_ids=ids, to=list(said["to"]), **given).leads
        settle_lists(project.pk)
        text = ngettext("%(n)d lead assigned.", "%(n)d leads assigned.", count)
    messages.success(request, text % {"n": count})
    return redirect("leads:lead", pk=ids[0]) if len(ids) == 1 else redirect("leads:assigning")


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """PX-7: a leaver's leads go to others in one step, A and B first, what is overdue spread as catch-up."""
    project, user = manager_project(request), user_of(request)
    form = HandOverForm(request.POST or None, project=project)
    if request.method == "POST" and form.is_valid():
        try:
            done = actions.hand_over(project=project, by=user, at=clock.now(), **form.cleaned_data)
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            settle_lists(project.pk)
            text = ngettext("%(n)d lead moved.", "%(n)d leads moved.", done.leads)
            messages.success(request, text % {"n": done.leads})
            return redirect("leads:assigning")
    context = {"form": form, "team": loads(project)}
    return page(request, "leads/hand_over.html", context, status=422 if form.errors else 200)

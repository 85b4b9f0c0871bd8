"""One person, one record: link a family, merge doubles, undo for 30 days (PX-3)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible, require_somewhere
from crm.asked import number, words
from crm.errors import RuleViolation
from crm.models import Customer
from crm.pages import page
from crm.roles import Action
from crm.seek import seek
from leads.actions import merging as actions
from leads.facts_merging import candidates, found_for, moving, owed_after, records_of, told_apart
from leads.forms_manage import MergeForm
from leads.gates import user_of
from leads.joining import join, lead_to_join
from leads.views_lead import saved


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Find the other record, see what would move, then link or merge."""
    row, user = lead_to_join(request, pk), user_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    text, other = words(asked, "q", 60), number(asked.get("other", ""))
    context: dict[str, Any] = {"lead": row, "q": text}
    if other is None:
        context["found"] = found_for(user, row, text)
        return page(request, "leads/merge.html", context)
    second = get_visible(told_apart(candidates(user, row)), pk=other)
    form = MergeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            join(row, second, form.cleaned_data, by=user, at=clock.now())
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            return saved(request, pk, _("Done. It can be undone for 30 days."))
    first = told_apart(Customer.objects.all()).get(pk=row.customer_id)
    context |= {"first": first, "other": second, "form": form, "moving": moving(second)}
    context["owed"] = owed_after(first, second, clock.now())
    return page(request, "leads/merge.html", context, status=422 if form.errors else 200)


@require_safe
def merges(request: HttpRequest) -> HttpResponse:
    """What was linked or merged in the days in which it can be undone."""
    user, now = user_of(request), clock.now()
    require_somewhere(user, Action.DECIDE_ATTRIBUTION)
    rows = records_of(user).filter(at__gte=now - dt.timedelta(days=actions.UNDO_DAYS))
    told = rows.select_related("winner", "loser", "by", "undone_by")
    context = {"page": seek(told, request.GET, order=("-at", "-id"))}
    return page(request, "leads/merges.html", context)


@require_POST
def merge_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Put back what a merge moved."""
    user = user_of(request)
    require_somewhere(user, Action.DECIDE_ATTRIBUTION)
    row = get_visible(records_of(user), pk=pk)
    try:
        actions.undo_merge(record_id=row.pk, by=user, at=clock.now())
        messages.success(request, _("Undone: both records are as they were."))
    except RuleViolation as violation:
        messages.error(request, str(violation.text))
    return redirect("leads:merges")

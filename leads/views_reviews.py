"""What a manager looks at again: drawn downgrades, doubtful contacts, overdue grades, leads to judge anew (PX-14)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.access import get_visible
from crm.asked import numbers, words
from crm.errors import RuleViolation
from crm.pages import page
from crm.seek import seek
from leads import facts_manager as facts
from leads.actions import grading
from leads.actions import reviews as actions
from leads.facts_reviews import TABS, drawn, rows_of
from leads.gates import manager_project, user_of


@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """One list at a time; the numbers of the others stand on their tabs."""
    project, now = manager_project(request), clock.now()
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    rows, order = rows_of(tab, project, user_of(request), now)
    counts = facts.waiting(project, now)
    context = {"tab": tab, "counts": counts, "page": seek(rows, request.GET, order=order), "now": now}
    return page(request, "leads/reviews.html", context)


@require_POST
def downgrade_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree with a drawn downgrade or reject it; nobody their own."""
    project, user = manager_project(request), user_of(request)
    row = get_visible(drawn(project), pk=pk)
    verdict, note = request.POST.get("verdict", ""), words(request.POST, "note", 200)
    try:
        grading.decide_downgrade(review_id=row.pk, verdict=verdict, note=note, by=user, at=clock.now())
        messages.success(request, _("Noted."))
    except RuleViolation as violation:
        messages.error(request, str(violation.text))
    return redirect(f"{reverse('leads:reviews')}?tab=downgrades")


@require_POST
def doubtful_accept(request: HttpRequest) -> HttpResponse:
    """Let the chosen doubtful contacts count; one's own stay doubtful."""
    project, user = manager_project(request), user_of(request)
    wanted = numbers(request.POST.getlist("contact"))
    count = actions.accept_contacts(project_id=project.pk, ids=wanted, by=user, at=clock.now())
    text = ngettext("%(n)d contact counts from now on.", "%(n)d contacts count from now on.", count)
    messages.success(request, text % {"n": count})
    return redirect(f"{reverse('leads:reviews')}?tab=doubtful")

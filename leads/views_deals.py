"""Deals: proposed by the consultant, recorded by the clerk, approved by a manager; never by oneself (PX-9)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible, require_somewhere
from crm.asked import words
from crm.errors import RuleViolation
from crm.pages import page
from crm.roles import Action, Limit
from crm.seek import seek
from leads.actions import deals as actions
from leads.forms_manage import DealForm, StepForm
from leads.gates import deal_seen, lead_to_sell, pending_steps, user_of
from leads.views_lead import saved


@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    """Proposals that wait for a decision."""
    user = user_of(request)
    require_somewhere(user, Action.RECORD_DEAL, without=(Limit.PROPOSE_ONLY,))
    rows = pending_steps(user).select_related(
        "entered_by", "deal__unit__building", "deal__lead__customer", "deal__lead__consultant"
    )
    found = seek(rows, request.GET, order=("entered_at", "id"))
    return page(request, "leads/deals.html", {"page": found})


@require_http_methods(["GET", "HEAD", "POST"])
def deal_new(request: HttpRequest, pk: int) -> HttpResponse:
    """The first step of a deal: subscribed or signed."""
    row, user, now = lead_to_sell(request, pk), user_of(request), clock.now()
    initial = {"happened_at": timezone.localtime(now)}
    form = DealForm(request.POST or None, project=row.project, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            step = actions.open_deal(lead_id=row.pk, by=user, at=now, **form.cleaned_data)
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            return saved(request, pk, "" if step.approved_at else _("Proposed: it counts once approved."))
    records = actions.may_record(user, row.project_id)
    context = {"lead": row, "form": form, "records": records}
    return page(request, "leads/deal.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def deal_step(request: HttpRequest, deal: int) -> HttpResponse:
    """The contract, the handover or the cancellation."""
    user, now = user_of(request), clock.now()
    found = deal_seen(user, deal)
    row = lead_to_sell(request, found.lead_id)
    initial = {"happened_at": timezone.localtime(now)}
    form = StepForm(request.POST or None, steps=sorted(actions.FOLLOWS[found.step]), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            step = actions.next_step(deal_id=found.pk, by=user, at=now, **form.cleaned_data)
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            return saved(request, row.pk, "" if step.approved_at else _("Proposed: it counts once approved."))
    context = {"lead": row, "deal": found, "form": form, "records": actions.may_record(user, row.project_id)}
    return page(request, "leads/deal.html", context, status=422 if form.errors else 200)


@require_POST
def deal_decide(request: HttpRequest, step: int) -> HttpResponse:
    """Approve or decline a proposal; nobody their own."""
    user = user_of(request)
    require_somewhere(user, Action.RECORD_DEAL, without=(Limit.PROPOSE_ONLY,))
    row = get_visible(pending_steps(user), pk=step)
    try:
        if request.POST.get("verdict") == "approve":
            actions.approve_step(step_id=row.pk, by=user, at=clock.now())
            messages.success(request, _("Approved. It counts from now on."))
        else:
            actions.decline_step(
                step_id=row.pk, note=words(request.POST, "note", 200), by=user, at=clock.now()
            )
            messages.success(request, _("Declined. The proposal stays on record."))
    except RuleViolation as violation:
        messages.error(request, str(violation.text))
    return redirect("leads:deals")

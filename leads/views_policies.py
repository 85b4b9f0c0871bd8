"""Policy versions on screen: compare, draft, review, approve (SC-13)."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import may, require
from crm.errors import RuleViolation
from crm.models import PolicyVersion
from crm.pages import page
from crm.roles import Action
from leads import facts
from leads import policy as policies
from leads.actions import policies as actions
from leads.forms_manage import ApproveForm
from leads.forms_policy import PolicyForm, compared
from leads.gates import project_of, user_of
from leads.policy_gates import ANY, SALES, approve_from, may_with, version_seen

DONE = {
    "review": gettext_lazy("Reviewed. Now somebody else approves it."),
    "approve": gettext_lazy("Approved. The plans are recomputed when it comes into force."),
    "withdraw": gettext_lazy("Withdrawn."),
}


@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """All versions of the current project, the newest first."""
    project, user, now = project_of(request), user_of(request), clock.now()
    if not any(may(user, action, project, without=SALES) for action in ANY):
        require(user, Action.DRAFT_POLICY, project, without=SALES)
    rows = PolicyVersion.objects.filter(project=project, kind="cadence").order_by("-number")
    context = {
        "versions": rows.select_related("prepared_by", "reviewed_by", "approved_by"),
        "in_force": facts.policy_in_force(project.pk, now).version,
        "drafts": may(user, Action.DRAFT_POLICY, project, without=SALES),
        "now": now,
    }
    return page(request, "leads/policies.html", context)


@require_safe
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: what it changes against the one in force, who signed, what can be done with it, all its values."""
    row, now = version_seen(user_of(request), pk), clock.now()
    current = facts.policy_in_force(row.project_id, now)
    is_current = current.version == row.pk
    against = _before(row) if is_current else current.policy
    values = list(compared(against, policies.parse(row.values)))
    context = {
        "version": row,
        "is_current": is_current,
        "changes": [value for value in values if value.before != value.after],
        "values": values,
        "approve_form": ApproveForm(initial={"effective_on": now.astimezone(row.project.zone).date()}),
        **may_with(user_of(request), row),
    }
    return page(request, "leads/policy.html", context)


def _before(row: PolicyVersion) -> policies.Policy:
    """The values that held before this version came into force; its own, when it is the first."""
    rows = PolicyVersion.objects.filter(
        project=row.project_id, kind="cadence", state=PolicyVersion.State.APPROVED, number__lt=row.number
    )
    before = rows.order_by("-effective_from", "-number").first()
    return policies.parse((before or row).values)


@require_POST
def policy_new(request: HttpRequest) -> HttpResponse:
    """Begin a draft from the values in force."""
    project, user = project_of(request), user_of(request)
    require(user, Action.DRAFT_POLICY, project, without=SALES)
    row = actions.draft(project=project, by=user, at=clock.now())
    return redirect("leads:policy_edit", pk=row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the values of one's own draft."""
    row, user = version_seen(user_of(request), pk), user_of(request)
    require(user, Action.DRAFT_POLICY, row.project_id, without=SALES)
    initial = {"reason": row.reason, **policies.dump(policies.parse(row.values))}
    form = PolicyForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in policies.FIELDS}
        reason = form.cleaned_data["reason"]
        try:
            actions.edit(version_id=pk, values=values, reason=reason, by=user, at=clock.now())
        except policies.PolicyError as wrong:
            for name, error in wrong.errors.items():
                form.add_error(name, _(error.text) % error.params)
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            return redirect("leads:policy", pk=pk)
    return page(
        request, "leads/policy_edit.html", {"version": row, "form": form}, status=422 if form.errors else 200
    )


@require_POST
def policy_decide(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Review, approve or withdraw a version."""
    row, user, now = version_seen(user_of(request), pk), user_of(request), clock.now()
    gate = {"review": Action.REVIEW_POLICY, "approve": Action.APPROVE_POLICY}.get(what)
    if gate is not None:
        require(user, gate, row.project_id, without=SALES)
    try:
        if what == "review":
            actions.review(version_id=pk, by=user, at=now)
        elif what == "approve":
            _approve(request, row, now)
        elif any(may(user, action, row.project_id, without=SALES) for action in ANY):
            actions.withdraw(version_id=pk, by=user, at=now)
    except RuleViolation as violation:
        messages.error(request, str(violation.text))
    else:
        messages.success(request, DONE[what])
    return redirect("leads:policy", pk=pk)


def _approve(request: HttpRequest, row: PolicyVersion, now: dt.datetime) -> None:
    form = ApproveForm(request.POST)
    if not form.is_valid():
        raise RuleViolation(_("Enter the day from which it holds."), "SC-13", "effective_on")
    approve_from(row, form.cleaned_data["effective_on"], by=user_of(request), at=now)

"""Policy versions on screen: compare, draft, review, approve (SC-13)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible, may, require, scope
from crm.celery import soon
from crm.errors import RuleViolation
from crm.forms_base import BaseForm, TimeInput, dress
from crm.models import PolicyVersion, User
from crm.pages import page
from crm.roles import Action, Limit
from leads import facts, policy_labels
from leads import policy as policies
from leads.actions import policies as actions
from leads.forms_manage import ApproveForm
from leads.gates import project_of, user_of

SALES = (Limit.AFTER_SALES_ONLY,)
ANY = (Action.DRAFT_POLICY, Action.REVIEW_POLICY, Action.APPROVE_POLICY)
DONE = {
    "review": gettext_lazy("Reviewed. Now somebody else approves it."),
    "approve": gettext_lazy("Approved. The plans are recomputed when it comes into force."),
    "withdraw": gettext_lazy("Withdrawn."),
}


class Change(NamedTuple):
    """One value that differs between two versions."""

    name: str
    label: Any
    clause: str
    before: Any
    after: Any
    unit: Any


def changes(before: policies.Policy, after: policies.Policy) -> Iterator[Change]:
    """Only what differs, in the order of the clauses."""
    old, new = policies.dump(before), policies.dump(after)
    for name, item in policies.FIELDS.items():
        if old[name] != new[name]:
            unit = policy_labels.UNITS.get(item.metadata["unit"], "")
            words = policy_labels.CHOICES
            before_, after_ = (words.get(str(value), value) for value in (old[name], new[name]))
            label = policy_labels.FIELDS.get(name, name)
            yield Change(name, label, item.metadata["clause"], before_, after_, unit)


class PolicyForm(BaseForm):
    """One field for each value, with its clause, bounds and unit."""

    reason = forms.CharField(
        label=gettext_lazy("Reason of the change"), max_length=1000, widget=forms.Textarea
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, item in policies.FIELDS.items():
            self.fields[name] = self._field(name, item.metadata)
            dress(self.fields[name])

    @staticmethod
    def _field(name: str, meta: Any) -> forms.Field:
        label: Any = policy_labels.FIELDS.get(name, name)
        if meta["unit"] == "time":
            return forms.TimeField(label=label, widget=TimeInput())
        if meta["unit"] == "choice":
            choices = [(code, policy_labels.CHOICES[code]) for code in meta["choices"]]
            return forms.ChoiceField(label=label, choices=choices)
        unit = policy_labels.UNITS.get(meta["unit"], meta["unit"])
        help_text = _("%(low)s to %(high)s %(unit)s") % {
            "low": meta["low"],
            "high": meta["high"],
            "unit": unit,
        }
        return forms.IntegerField(
            label=label, min_value=meta["low"], max_value=meta["high"], help_text=help_text
        )

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields by clause, for the template."""
        found: dict[str, list[forms.BoundField]] = {}
        for name, item in policies.FIELDS.items():
            found.setdefault(item.metadata["clause"], []).append(self[name])
        return list(found.items())


def _version(request: HttpRequest, pk: int) -> PolicyVersion:
    """A version of a project whose policies the user has to do with: 404 otherwise."""
    user = user_of(request)
    rows = PolicyVersion.objects.filter(kind="cadence").select_related(
        "project", "prepared_by", "reviewed_by", "approved_by"
    )
    found = get_visible(rows, pk=pk)
    reach = [scope(user, action, without=SALES) for action in ANY]
    seen = any(each.everywhere or found.project_id in each.projects for each in reach)
    return found if seen else get_visible(rows.none(), pk=pk)


def _may(user: User, row: PolicyVersion) -> dict[str, bool]:
    drafts, reviews, approves = (may(user, action, row.project_id, without=SALES) for action in ANY)
    mine = row.prepared_by_id == user.pk
    return {
        "edits": row.state == "draft" and mine and drafts,
        "reviews": row.state == "draft" and not mine and reviews and bool(row.reason),
        "approves": row.state == "reviewed"
        and approves
        and user.pk not in (row.prepared_by_id, row.reviewed_by_id),
        "withdraws": row.state in ("draft", "reviewed") and (mine or reviews or approves),
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
    """One version: what it changes against the one in force, who signed, what can be done with it."""
    row, now = _version(request, pk), clock.now()
    current = facts.policy_in_force(row.project_id, now)
    is_current = current.version == row.pk
    against = _before(row) if is_current else current.policy
    context = {
        "version": row,
        "is_current": is_current,
        "changes": list(changes(against, policies.parse(row.values))),
        "approve_form": ApproveForm(initial={"effective_on": now.astimezone(row.project.zone).date()}),
        **_may(user_of(request), row),
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
    row, user = _version(request, pk), user_of(request)
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
    row, user, now = _version(request, pk), user_of(request), clock.now()
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
    day = form.cleaned_data["effective_on"]
    begins = dt.datetime.combine(day, dt.time.min, row.project.zone)
    today = now.astimezone(row.project.zone).date()
    actions.approve(
        version_id=row.pk, effective_from=now if day == today else begins, by=user_of(request), at=now
    )
    soon("leads.tasks.replan_project", row.project_id, row.pk)  # else the sweep of policies makes up for it

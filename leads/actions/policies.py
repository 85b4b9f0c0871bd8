"""Versions of the cadence policy: prepared, reviewed and approved by three different people, with dates (SC-13)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import PolicyVersion, Project, User
from leads import facts
from leads import policy as policies

State = PolicyVersion.State


@transaction.atomic
def draft(*, project: Project, by: User, at: dt.datetime) -> PolicyVersion:
    """A new draft with the values in force; one's own open draft is given back instead of a second."""
    Project.objects.select_for_update().get(pk=project.pk)
    rows = PolicyVersion.objects.filter(project=project, kind="cadence")
    mine = rows.filter(state=State.DRAFT, prepared_by=by).first()
    if mine is not None:
        return mine
    newest = rows.order_by("-number").values_list("number", flat=True).first() or 0
    values = policies.dump(facts.policy_in_force(project.pk, at).policy)
    return PolicyVersion.objects.create(
        project=project, number=newest + 1, values=values, prepared_by=by, prepared_at=at
    )


@transaction.atomic
def edit(
    *, version_id: int, values: Mapping[str, Any], reason: str, by: User, at: dt.datetime
) -> PolicyVersion:
    """Change one's own draft. Raises PolicyError naming each value refused, RuleViolation without a reason."""
    row = _locked(version_id)
    if row.state != State.DRAFT or row.prepared_by_id != by.pk:
        raise RuleViolation(
            _("Only your own draft can be changed. Make a new version."), "SC-13", code="frozen"
        )
    if not reason.strip():
        raise RuleViolation(_("Give the reason for the change."), "SC-13", "reason", code="reason_needed")
    row.values = policies.dump(policies.parse(values))
    row.reason, row.prepared_at = reason, at
    row.save(update_fields=["values", "reason", "prepared_at"])
    return row


@transaction.atomic
def review(*, version_id: int, by: User, at: dt.datetime) -> PolicyVersion:
    """A second person has checked the draft."""
    row = _locked(version_id)
    if row.state != State.DRAFT:
        raise RuleViolation(_("Only a draft can be reviewed."), "SC-13", code="state")
    if row.prepared_by_id == by.pk:
        raise RuleViolation(_("Nobody reviews their own draft."), "SC-13", code="own_work")
    if not row.reason.strip():
        raise RuleViolation(_("The draft has no reason yet: it is not finished."), "SC-13", code="unfinished")
    row.state, row.reviewed_by, row.reviewed_at = State.REVIEWED, by, at
    row.save(update_fields=["state", "reviewed_by", "reviewed_at"])
    return row


@transaction.atomic
def approve(*, version_id: int, effective_from: dt.datetime, by: User, at: dt.datetime) -> PolicyVersion:
    """A third person puts the version in force, now or on a later day; from then on it cannot be changed."""
    row = _locked(version_id)
    if row.state != State.REVIEWED:
        raise RuleViolation(_("Only a reviewed version can be approved."), "SC-13", code="state")
    if by.pk in (row.prepared_by_id, row.reviewed_by_id):
        raise RuleViolation(
            _("Prepared, reviewed and approved by three different people: ask another."),
            "SC-13",
            code="own_work",
        )
    if effective_from < at:
        raise RuleViolation(
            _("A version holds from today on or later, never backwards."),
            "SC-13",
            "effective_on",
            code="past",
        )
    row.state, row.approved_by, row.approved_at, row.effective_from = State.APPROVED, by, at, effective_from
    row.save(update_fields=["state", "approved_by", "approved_at", "effective_from"])
    audit.record(
        "policy.approved",
        by=by,
        at=at,
        project=row.project,
        target="policy",
        target_id=row.pk,
        number=row.number,
    )
    return row


@transaction.atomic
def withdraw(*, version_id: int, by: User, at: dt.datetime) -> PolicyVersion:
    """Give a version up before it is approved; it stays on record."""
    row = _locked(version_id)
    if row.state not in (State.DRAFT, State.REVIEWED):
        raise RuleViolation(_("An approved version is only followed by another."), "SC-13", code="frozen")
    row.state = State.WITHDRAWN
    row.save(update_fields=["state"])
    audit.record("policy.withdrawn", by=by, at=at, project=row.project, target="policy", target_id=row.pk)
    return row


def _locked(version_id: int) -> PolicyVersion:
    return PolicyVersion.objects.select_for_update(of=("self",)).select_related("project").get(pk=version_id)

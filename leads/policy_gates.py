"""Who sees a policy version and what they may do with it; approving one (SC-13)."""

from __future__ import annotations

import datetime as dt

from crm.access import get_visible, may, scope
from crm.celery import soon
from crm.models import PolicyVersion, User
from crm.roles import Action, Limit
from leads.actions import policies as actions
from leads.actions import replanning

SALES = (Limit.AFTER_SALES_ONLY,)
ANY = (Action.DRAFT_POLICY, Action.REVIEW_POLICY, Action.APPROVE_POLICY)


def version_seen(user: User, pk: int) -> PolicyVersion:
    """A version of a project whose policies the user has to do with: 404 otherwise."""
    rows = PolicyVersion.objects.filter(kind="cadence").select_related(
        "project", "prepared_by", "reviewed_by", "approved_by"
    )
    found = get_visible(rows, pk=pk)
    reach = [scope(user, action, without=SALES) for action in ANY]
    seen = any(each.everywhere or found.project_id in each.projects for each in reach)
    return found if seen else get_visible(rows.none(), pk=pk)


def may_with(user: User, row: PolicyVersion) -> dict[str, bool]:
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


def approve_from(row: PolicyVersion, day: dt.date, *, by: User, at: dt.datetime) -> PolicyVersion:
    """Approve a version from a day on, today meaning now, and have the plans recomputed."""
    begins = dt.datetime.combine(day, dt.time.min, row.project.zone)
    today = at.astimezone(row.project.zone).date()
    found = actions.approve(version_id=row.pk, effective_from=at if day == today else begins, by=by, at=at)
    for lane in range(replanning.LANES):  # else the sweep of policies makes up for it
        soon("leads.tasks.replan_project", row.project_id, row.pk, lane)
    return found

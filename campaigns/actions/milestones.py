"""Milestones (SC-5.2): written, approved by another person, moved, cancelled. Planning and sending: `telling`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import facts_milestones
from campaigns.actions import approvals
from campaigns.actions.telling import call_guests, clear, place_occasion
from campaigns.models import Correction, Milestone
from campaigns.rules_milestones import FIELDS, Referrals
from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Building, Project, User
from crm.outbox.runs import check_template
from leads import facts

CLAUSE = "SC-5.2"
FARTHEST = dt.timedelta(days=730)
State = Milestone.State


@dataclass(frozen=True, slots=True)
class MilestoneSheet:
    """What marketing writes down about a milestone."""

    kind: str
    title: str
    body: str
    day: dt.date
    notice_day: dt.date
    grades: tuple[str, ...] = ()
    to_callers: bool = True
    to_buyers: bool = True
    key_calls: bool = True
    referrals: str = Referrals.CALL.value
    buildings: tuple[Building, ...] = ()


def _check(sheet: MilestoneSheet, project: Project, today: dt.date) -> None:
    check_template(sheet.body, FIELDS)
    if sheet.kind not in dict(Milestone.KINDS):
        raise RuleViolation(_("Choose one of the listed kinds."), CLAUSE, "kind")
    if not sheet.title.strip():
        raise RuleViolation(_("Give the milestone a title."), CLAUSE, "title")
    if not today <= sheet.day <= today + FARTHEST:
        raise RuleViolation(_("A milestone lies ahead, two years at most."), CLAUSE, "day")
    if not today <= sheet.notice_day <= sheet.day:
        raise RuleViolation(
            _("Customers are told from today on, and by the day itself at the latest."), CLAUSE, "notice_day"
        )
    if any(building.project_id != project.pk for building in sheet.buildings):
        raise RuleViolation(_("Choose buildings of this project."), CLAUSE, "buildings")
    told = sheet.grades or sheet.to_callers or sheet.to_buyers or sheet.referrals != Referrals.NOT
    if not told:
        raise RuleViolation(_("Choose somebody who is told."), CLAUSE, "grades")


@transaction.atomic
def save_milestone(
    *, project: Project, sheet: MilestoneSheet, by: User, at: dt.datetime, milestone_id: int | None = None
) -> Milestone:
    """Write a milestone, or change one that is not approved yet; a change of what waited goes back to draft."""
    _check(sheet, project, at.astimezone(project.zone).date())
    row = Milestone(project=project)
    if milestone_id is not None:
        row = Milestone.objects.select_for_update().get(pk=milestone_id, project=project)
        if row.state not in (State.DRAFT, State.SUBMITTED):
            raise RuleViolation(_("An approved milestone is moved or cancelled, not rewritten."), CLAUSE)
    row.kind, row.title, row.body = sheet.kind, sheet.title.strip(), sheet.body.strip()
    row.day, row.notice_day, row.grades = sheet.day, sheet.notice_day, list(sheet.grades)
    row.to_callers, row.to_buyers = sheet.to_callers, sheet.to_buyers
    row.key_calls, row.referrals = sheet.key_calls, sheet.referrals
    row.state, row.prepared_by, row.prepared_at, row.reason = State.DRAFT, by, at, ""
    row.save()
    row.writers.add(by)
    row.buildings.set(sheet.buildings)
    approvals.decided(row, at)
    _log("milestone.saved", row, by, at)
    return row


@transaction.atomic
def submit(*, milestone_id: int, by: User, at: dt.datetime) -> Milestone:
    """Hand a draft in for approval."""
    row = _locked(milestone_id)
    if row.state != State.DRAFT:
        raise RuleViolation(_("Only a draft is handed in."), CLAUSE)
    if row.notice_day < at.astimezone(row.project.zone).date():
        raise RuleViolation(_("The day of the notice has passed. Correct it first."), CLAUSE, "notice_day")
    row.state, row.reason = State.SUBMITTED, ""
    row.save(update_fields=["state", "reason"])
    _log("milestone.submitted", row, by, at)
    approvals.waits_for_approval(row, row.title, at)
    return row


@transaction.atomic
def approve(*, milestone_id: int, by: User, at: dt.datetime) -> Milestone:
    """Approve what others wrote: it becomes an occasion of the call sheets, and is told from its day on."""
    row = _locked(milestone_id)
    if row.state != State.SUBMITTED:
        raise RuleViolation(_("This milestone does not wait for approval."), CLAUSE)
    approvals.not_own(row, by)
    if row.day < at.astimezone(row.project.zone).date():
        raise RuleViolation(_("The day has passed. It cannot be approved any more."), CLAUSE)
    row.state, row.approved_by, row.approved_at = State.APPROVED, by, at
    row.occasion = place_occasion(row)
    row.save(update_fields=["state", "approved_by", "approved_at", "occasion"])
    _log("milestone.approved", row, by, at)
    approvals.decided(row, at)
    return row


@transaction.atomic
def send_back(*, milestone_id: int, reason: str, by: User, at: dt.datetime) -> Milestone:
    """Give it back to its author with the reason."""
    row = _locked(milestone_id)
    if row.state != State.SUBMITTED:
        raise RuleViolation(_("This milestone does not wait for approval."), CLAUSE)
    if not reason.strip():
        raise RuleViolation(_("Say what is to be changed."), CLAUSE, "reason")
    row.state, row.reason = State.DRAFT, reason.strip()[:200]
    row.save(update_fields=["state", "reason"])
    _log("milestone.sent_back", row, by, at)
    approvals.sent_back(row, row.title, row.reason, at)
    return row


@transaction.atomic
def move(*, milestone_id: int, day: dt.date, body: str, by: User, at: dt.datetime) -> Correction | None:
    """Another day. What was not sent yet is planned anew; who had the notice gets a correction, once it is approved.

    Returns the correction that waits for approval, None when nobody had the notice.
    """
    row = _locked(milestone_id)
    today = at.astimezone(row.project.zone).date()
    if row.state != State.APPROVED:
        raise RuleViolation(_("Only an approved milestone is moved; a draft is changed."), CLAUSE)
    if not today <= day <= today + FARTHEST:
        raise RuleViolation(_("A milestone lies ahead, two years at most."), CLAUSE, "day")
    if day == row.day:
        raise RuleViolation(_("That is the day it has already."), CLAUSE, "day")
    was, told = row.day, facts_milestones.had_the_notice(row).exists()
    correction = _propose(row, was, day, body, by, at) if told else None
    row.day, row.notice_day = day, min(row.notice_day, day)
    clear(row, by=by, at=at, reason="moved")
    row.run = None
    row.occasion, row.planned_at = place_occasion(row), None
    row.save()
    call_guests(row, facts.frame(row.project_id, at), at)
    _log("milestone.moved", row, by, at, was=was.isoformat(), becomes=day.isoformat())
    return correction


@transaction.atomic
def cancel(*, milestone_id: int, reason: str, body: str, by: User, at: dt.datetime) -> Correction | None:
    """It does not take place: nothing more is sent, calls are taken back; who had the notice is told."""
    row = _locked(milestone_id)
    if row.state == State.CANCELLED:
        return None
    if not reason.strip():
        raise RuleViolation(_("Give the reason."), CLAUSE, "reason")
    told = facts_milestones.had_the_notice(row).exists()
    correction = _propose(row, row.day, None, body, by, at) if told else None
    clear(row, by=by, at=at, reason="cancelled")
    if not told:
        row.run = None
    if row.occasion is not None:
        today = at.astimezone(row.project.zone).date()
        row.occasion.ends_on = max(row.occasion.starts_on, today - dt.timedelta(days=1))
        row.occasion.save(update_fields=["ends_on"])
    row.state, row.reason, row.ended_by = State.CANCELLED, reason.strip()[:200], by
    row.save()
    _log("milestone.cancelled", row, by, at)
    approvals.decided(row, at)
    return correction


def _propose(
    row: Milestone, was: dt.date, becomes: dt.date | None, body: str, by: User, at: dt.datetime
) -> Correction:
    check_template(body, FIELDS)
    for older in row.corrections.filter(approved_at=None, declined_at=None):
        _decline(older, at)
    correction = Correction.objects.create(
        milestone=row,
        was=was,
        becomes=becomes,
        body=body.strip(),
        notice=row.run,
        prepared_by=by,
        prepared_at=at,
    )
    approvals.waits_for_approval(correction, row.title, at)
    return correction


def _decline(row: Correction, at: dt.datetime) -> None:
    row.declined_at = at
    row.save(update_fields=["declined_at"])
    approvals.decided(row, at)


@transaction.atomic
def decline_correction(*, correction_id: int, by: User, at: dt.datetime) -> None:
    """No second message: people are told another way."""
    row = (
        Correction.objects.select_for_update(of=("self",))
        .select_related("milestone__project")
        .get(pk=correction_id)
    )
    if row.approved_at is None and row.declined_at is None:
        _decline(row, at)
        _log("correction.declined", row.milestone, by, at)


def _locked(milestone_id: int) -> Milestone:
    rows = Milestone.objects.select_for_update(of=("self",)).select_related("project", "occasion", "run")
    return rows.get(pk=milestone_id)


def _log(verb: str, row: Milestone, by: User, at: dt.datetime, **details: object) -> None:
    audit.record(verb, by=by, at=at, project=row.project, target="milestone", target_id=row.pk, **details)


def moved_body(title: str) -> str:
    """The standard text of a correction."""
    return f"原定的“{title}”改期至{{day}}举行，给您带来不便敬请谅解，期待届时与您见面。"


def cancelled_body(title: str) -> str:
    """The standard text when it does not take place."""
    return f"原定的“{title}”因故取消，给您带来不便敬请谅解，如有新的安排会第一时间告知您。"

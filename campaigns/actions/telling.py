"""Telling customers of a milestone (SC-5.2): planned ahead as a draft, planned once more on the day of notice, sent.

Like a festival's greetings: every step may be repeated. A run is opened once; a plan inserts nobody twice; calls are
planned once a lead. A tick that was missed is made up for until the day itself; after it nothing goes out.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import facts_milestones
from campaigns.actions import approvals
from campaigns.facts_festivals import next_festival
from campaigns.facts_greetings import spokesperson
from campaigns.models import Correction, Invitation, Milestone
from campaigns.rules_milestones import call_days, last_call_day, values_of
from crm import outbox
from crm.actions import audit
from crm.compose import merge
from crm.errors import RuleViolation
from crm.models import Occasion, SendRun, User
from crm.rules_messages import RunKind
from leads import facts
from leads.actions.occasion_calls import plan_calls, withdraw_calls
from leads.facts_cap import caps_of

CLAUSE, GUESTS_CLAUSE = "SC-5.2", "SC-3.2"
CALLS_SHARE = 2
"""Milestone calls take at most a half of a consultant's day; the cadence keeps the other."""
CORRECTION_DAYS = 2


def place_occasion(milestone: Milestone) -> Occasion:
    """The reason to call that the call sheets show from the notice until the day (SC-9)."""
    buildings = list(milestone.buildings.all()[:2])
    occasion = milestone.occasion or Occasion(
        project=milestone.project, kind=Occasion.Kind.MILESTONE, created_by=milestone.prepared_by
    )
    occasion.title, occasion.text = milestone.title, body_of(milestone)
    occasion.starts_on, occasion.ends_on = milestone.notice_day, milestone.day
    occasion.building = buildings[0] if len(buildings) == 1 else None
    twin = Occasion.objects.filter(
        project=milestone.project, kind=occasion.kind, title=occasion.title, starts_on=occasion.starts_on
    ).exclude(pk=occasion.pk)
    if twin.exists():
        raise RuleViolation(
            _("Another milestone of this title is told from the same day."), CLAUSE, "title", code="double"
        )
    occasion.save()
    return occasion


def body_of(milestone: Milestone, template: str = "") -> str:
    """The text with the milestone's own {fields} filled in."""
    return merge(
        template or milestone.body, values_of(milestone.title, milestone.day, milestone.project.name)
    )


def plan_milestone(*, milestone: Milestone, at: dt.datetime, launch: bool = False) -> Milestone:
    """Plan, or plan once more, messages and calls; with `launch` let it go. `problem` says why it could not."""
    if milestone.state != Milestone.State.APPROVED or not _is_draft(milestone):
        return milestone
    try:
        _plan(milestone, at)
        if launch and milestone.run_id is not None:
            milestone.run = outbox.launch(run_id=milestone.run_id, by=milestone.approved_by, at=at)
        problem = ""
    except RuleViolation as violation:
        problem = str(violation.text)[:300]
    milestone.problem = problem
    milestone.save(update_fields=["problem"])
    return milestone


def _is_draft(milestone: Milestone) -> bool:
    return milestone.run is None or milestone.run.state == SendRun.State.DRAFT


def _plan(milestone: Milestone, at: dt.datetime) -> None:
    frame = facts.frame(milestone.project_id, at)
    evenings = _plan_calls(milestone, frame, at)
    milestone.run = milestone.run or _open(milestone, frame, at)
    milestone.calls, milestone.planned_at = len(evenings), at
    milestone.save(update_fields=["run", "calls", "planned_at"])
    outbox.plan(
        run=milestone.run,
        audience=facts_milestones.audience(milestone, evenings),
        at=at,
        kept_free=next_festival(after=max(milestone.notice_day, frame.today(at))),
    )


def _open(milestone: Milestone, frame: facts.Frame, at: dt.datetime) -> SendRun:
    starts_at = frame.clock.moment(milestone.notice_day, frame.policy.greeting_from)
    return outbox.open_run(
        project=milestone.project,
        kind=RunKind.MILESTONE,
        title=milestone.title,
        body=body_of(milestone),
        starts_at=starts_at,
        expires_at=frame.clock.closing(milestone.day),
        clause=CLAUSE,
        consultant=spokesperson(milestone.project),
        caps=caps_of(frame.policy),
        by=milestone.prepared_by,
        at=at,
    )


def _plan_calls(milestone: Milestone, frame: facts.Frame, at: dt.datetime) -> dict[int, dt.datetime]:
    """Calls spread over the days after the notice; returns each called lead's evening, when the message follows."""
    occasion = milestone.occasion
    assert occasion is not None, "an approved milestone has its occasion"
    first = max(milestone.notice_day, frame.today(at))
    last = max(first, last_call_day(milestone.notice_day, milestone.day))
    days = call_days(
        facts_milestones.calls_in_order(milestone), first, last, frame.policy.capacity_day // CALLS_SHARE
    )
    guests = milestone.invitations.filter(means=Invitation.Means.CALL).values_list("lead", flat=True)
    keep = {*days, *guests}
    withdraw_calls(occasion=occasion, project=milestone.project, at=at, reason="not_told", keep=keep)
    of_day: dict[dt.date, list[int]] = defaultdict(list)
    for lead, day in days.items():
        of_day[day].append(lead)
    opens_at = frame.clock.midnight(milestone.notice_day)
    for day, leads in sorted(of_day.items()):
        for start in range(0, len(leads), 1000):
            plan_calls(
                occasion=occasion,
                clause=CLAUSE,
                lead_ids=leads[start : start + 1000],
                opens_at=opens_at,
                due_at=frame.clock.closing(day),
                at=at,
            )
    evening = frame.policy.greeting_unreached_from
    return {lead: frame.clock.moment(day, evening) for lead, day in days.items()}


def call_guests(milestone: Milestone, frame: facts.Frame, at: dt.datetime) -> list[int]:
    """Guests invited by phone are called until the eve of the day; returns their leads."""
    assert milestone.occasion is not None, "an approved milestone has its occasion"
    guests = milestone.invitations.filter(means=Invitation.Means.CALL).exclude(lead__consultant=None)
    leads = list(guests.values_list("lead", flat=True))
    eve = frame.clock.closing(max(frame.today(at), milestone.day - dt.timedelta(days=1)))
    plan_calls(
        occasion=milestone.occasion,
        clause=GUESTS_CLAUSE,
        lead_ids=leads,
        opens_at=at,
        due_at=eve if eve > at else frame.clock.closing(milestone.day),
        at=at,
    )
    return leads


def clear(milestone: Milestone, *, by: User, at: dt.datetime, reason: str) -> None:
    """Take back what was not sent: a draft altogether, a launched run as far as it has not gone out; and the calls."""
    if milestone.occasion is not None:
        withdraw_calls(occasion=milestone.occasion, project=milestone.project, at=at, reason=reason)
    written = milestone.invitations.filter(run__state__in=[SendRun.State.RUNNING, SendRun.State.PAUSED])
    for run_id in written.order_by("run").values_list("run", flat=True).distinct():
        outbox.cancel(run_id=run_id, by=by, at=at)
    if milestone.run is None:
        return
    if _is_draft(milestone):
        outbox.discard_plan(run_id=milestone.run.pk, at=at)
    outbox.cancel(run_id=milestone.run.pk, by=by, at=at)


@transaction.atomic
def approve_correction(*, correction_id: int, by: User, at: dt.datetime) -> Correction:
    """Send the correction to everybody who had the notice: a matter of service, it is not held by the cap."""
    rows = Correction.objects.select_for_update(of=("self",)).select_related(
        "milestone__project", "milestone__run"
    )
    row = rows.get(pk=correction_id)
    if row.approved_at is not None or row.declined_at is not None:
        raise RuleViolation(_("This correction does not wait for approval any more."), CLAUSE)
    approvals.not_own(row, by)
    milestone = row.milestone
    had = facts_milestones.had_the_notice(milestone, row)
    run = outbox.open_run(
        project=milestone.project,
        kind=RunKind.SERVICE,
        title=milestone.title,
        body=body_of(milestone, row.body),
        starts_at=at,
        expires_at=at + dt.timedelta(days=CORRECTION_DAYS),
        clause=CLAUSE,
        consultant=spokesperson(milestone.project),
        by=row.prepared_by,
        at=at,
    )
    outbox.plan(run=run, audience=had.values("pk"), at=at)
    row.run, row.approved_by, row.approved_at = outbox.launch(run_id=run.pk, by=by, at=at), by, at
    row.save(update_fields=["run", "approved_by", "approved_at"])
    approvals.decided(row, at)
    audit.record(
        "correction.approved",
        by=by,
        at=at,
        project=milestone.project,
        target="milestone",
        target_id=milestone.pk,
    )
    return row

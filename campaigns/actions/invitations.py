"""The event plan of a milestone (SC-3.2): VIP guests and leader referrals invited one by one, answers, arrivals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import facts_milestones
from campaigns.actions.telling import body_of, call_guests
from campaigns.facts_festivals import next_festival
from campaigns.facts_greetings import spokesperson
from campaigns.models import Invitation, Milestone
from crm import outbox
from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Customer, SendRun, User
from crm.rules_messages import RunKind
from leads import facts
from leads.facts_cap import caps_of
from leads.models import Lead

CLAUSE = "SC-3.2"
GUESTS = (Lead.Kind.VIP, Lead.Kind.LEADER_REFERRAL)


@transaction.atomic
def invite(
    *, milestone_id: int, lead_ids: Collection[int], means: str, by: User, at: dt.datetime
) -> list[Invitation]:
    """Put guests on the plan; those to be called stand on their consultants' lists until the eve of the day."""
    milestone = (
        Milestone.objects.select_for_update(of=("self",))
        .select_related("project", "occasion")
        .get(pk=milestone_id)
    )
    if milestone.state != Milestone.State.APPROVED or milestone.occasion is None:
        raise RuleViolation(_("Guests are invited once the milestone is approved."), CLAUSE)
    if means not in Invitation.Means.values:
        raise RuleViolation(_("Choose how they are invited."), CLAUSE, "means")
    frame = facts.frame(milestone.project_id, at)
    if frame.clock.closing(milestone.day) <= at:
        raise RuleViolation(_("The day is over."), CLAUSE)
    guests = Lead.objects.current().filter(project=milestone.project, kind__in=GUESTS, state="live")
    leads = list(guests.filter(pk__in=lead_ids))
    if len(leads) != len(set(lead_ids)):
        raise RuleViolation(
            _("Only VIP guests and leader referrals of this project are invited."), CLAUSE, "leads"
        )
    known = set(Invitation.objects.filter(milestone=milestone, lead__in=leads).values_list("lead", flat=True))
    new = [lead for lead in leads if lead.pk not in known]
    run = _write_to(milestone, new, frame, by, at) if means == Invitation.Means.SMS else None
    rows = [
        Invitation(milestone=milestone, lead=lead, means=means, run=run, invited_by=by, invited_at=at)
        for lead in new
    ]
    Invitation.objects.bulk_create(rows, ignore_conflicts=True)
    if means == Invitation.Means.CALL:
        call_guests(milestone, frame, at)
    audit.record("invitation.made", by=by, at=at, project=milestone.project, guests=len(rows))
    return list(Invitation.objects.filter(milestone=milestone, lead__in=leads))


def _write_to(
    milestone: Milestone, leads: Sequence[Lead], frame: facts.Frame, by: User, at: dt.datetime
) -> SendRun | None:
    """The milestone's approved text to these guests, at once; who has the notice already gets no second message."""
    told = facts_milestones.told_already(milestone).values("customer")
    guests = Customer.objects.filter(leads__in=leads).exclude(pk__in=told)
    if not guests.exists():
        return None
    run = outbox.open_run(
        project=milestone.project,
        kind=RunKind.MILESTONE,
        title=milestone.title,
        body=body_of(milestone),
        starts_at=at,
        expires_at=frame.clock.closing(milestone.day),
        clause=CLAUSE,
        consultant=spokesperson(milestone.project),
        caps=caps_of(frame.policy),
        by=by,
        at=at,
    )
    outbox.plan(run=run, audience=guests.values("pk"), at=at, kept_free=next_festival(after=frame.today(at)))
    return outbox.launch(run_id=run.pk, by=by, at=at)


@transaction.atomic
def answer(
    *, invitation_id: int, answer: str, guests: int, note: str, by: User, at: dt.datetime
) -> Invitation:
    """What the guest said, and with how many they come; the newest word counts."""
    row = _locked(invitation_id)
    if answer not in Invitation.Answer.values:
        raise RuleViolation(_("Choose the answer."), CLAUSE, "answer")
    if not 1 <= guests <= 50:
        raise RuleViolation(_("From 1 to 50 people."), CLAUSE, "guests")
    row.answer, row.guests, row.answered_at, row.note = answer, guests, at, note.strip()[:200]
    row.save(update_fields=["answer", "guests", "answered_at", "note"])
    _log("invitation.answered", row, by, at)
    return row


@transaction.atomic
def arrive(*, invitation_id: int, by: User, at: dt.datetime) -> Invitation:
    """The guest is here. Twice changes nothing."""
    row = _locked(invitation_id)
    today = at.astimezone(row.milestone.project.zone).date()
    if today != row.milestone.day:
        raise RuleViolation(_("Guests arrive on the day of the event."), CLAUSE)
    if row.arrived_at is None:
        row.arrived_at = at
        row.save(update_fields=["arrived_at"])
        _log("invitation.arrived", row, by, at)
    return row


def _locked(invitation_id: int) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("milestone__project")
    return rows.get(pk=invitation_id)


def _log(verb: str, row: Invitation, by: User, at: dt.datetime) -> None:
    audit.record(verb, by=by, at=at, project=row.milestone.project, target="invitation", target_id=row.pk)

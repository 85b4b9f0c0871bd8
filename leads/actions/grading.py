"""Grade, verdict, key and weekly flags, kind, put-offs, answers to reviews (SC-1.4, SC-2, SC-3, PX-2, PX-14)."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _

from crm.errors import RuleViolation
from crm.models import User
from leads import facts, facts_lead
from leads.actions import planning
from leads.actions.history import append, lock_lead
from leads.models import DowngradeReview, Lead, LeadEvent, Visit
from leads.rules_types import EventKind


def _draw(event: LeadEvent, lead: Lead, *, at: dt.datetime) -> None:
    """PX-14: a tenth of the downgrades to D or "not of quality", drawn by seed, goes to the manager."""
    percent = facts.policy_in_force(lead.project_id, at).policy.downgrade_sample_percent
    seed = f"{lead.project_id}:{event.pk}"
    ticket = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % 100
    if ticket < percent:
        DowngradeReview.objects.create(event=event, seed=seed, drawn_at=at)


def append_grade(
    lead: Lead, grade: str, *, reason: str, happened_at: dt.datetime, by: User | None, at: dt.datetime
) -> None:
    """Append a grade to the history of a locked lead; the caller recomputes the plan."""
    if grade not in Lead.Grade.values:
        raise RuleViolation(_("A grade is A, B, C or D."), "SC-2.6", "grade")
    if grade == Lead.Grade.D and not reason.strip():
        raise RuleViolation(
            _("Say why: a D customer gets no calls any more."), "SC-2.5", "reason", code="reason_needed"
        )
    note_grade(lead, grade, reason=reason, happened_at=happened_at, by=by, at=at)


def note_grade(
    lead: Lead,
    grade: str,
    *,
    reason: str,
    happened_at: dt.datetime,
    by: User | None,
    at: dt.datetime,
    visit: Visit | None = None,
) -> None:
    """The event alone, as a visit sheet gives it; a downgrade may be drawn."""
    event = append(
        lead,
        EventKind.GRADE,
        happened_at=happened_at,
        by=by,
        at=at,
        value=grade,
        note=reason,
        data={"before": lead.grade},
        visit=visit,
    )
    if grade == Lead.Grade.D and lead.grade != Lead.Grade.D:
        _draw(event, lead, at=at)


def append_quality(
    lead: Lead, quality: str, *, happened_at: dt.datetime, by: User | None, at: dt.datetime, reason: str = ""
) -> None:
    """Append a caller's verdict (SC-1.1) to the history of a locked lead; the caller recomputes the plan."""
    if quality not in Lead.Quality.values:
        raise RuleViolation(_("Choose: of quality, or not."), "SC-1.1", "quality")
    event = append(lead, EventKind.QUALITY, happened_at=happened_at, by=by, at=at, value=quality, note=reason)
    if quality == Lead.Quality.NOT_QUALITY and lead.quality != Lead.Quality.NOT_QUALITY:
        _draw(event, lead, at=at)


@transaction.atomic
def set_grade(*, lead_id: int, grade: str, reason: str, by: User, at: dt.datetime) -> Lead:
    """SC-2.6: an edit without a conversation may bring the next date nearer, never farther away."""
    lead = lock_lead(lead_id)
    append_grade(lead, grade, reason=reason, happened_at=at, by=by, at=at)
    return _replanned(lead, at)


@transaction.atomic
def set_quality(*, lead_id: int, quality: str, reason: str, by: User, at: dt.datetime) -> Lead:
    """SC-1.4: judge or re-judge a caller."""
    lead = lock_lead(lead_id)
    append_quality(lead, quality, happened_at=at, by=by, at=at, reason=reason)
    return _replanned(lead, at)


@transaction.atomic
def set_key(*, lead_id: int, is_key: bool, by: User, at: dt.datetime) -> Lead:
    """SC-2.3a: flag an A or B lead as a key customer, or take the flag back."""
    lead = lock_lead(lead_id)
    append(lead, EventKind.KEY, happened_at=at, by=by, at=at, value="1" if is_key else "0")
    return _replanned(lead, at)


@transaction.atomic
def set_weekly(*, lead_id: int, weekly: bool, reason: str, by: User, at: dt.datetime) -> Lead:
    """SC-2.3b: an A or key customer is called weekly because of an objection, with the reason."""
    lead = lock_lead(lead_id)
    if weekly:
        if lead.grade != Lead.Grade.A and not lead.is_key:
            raise RuleViolation(
                _("Only A and key customers can be set to weekly calls."), "SC-2.3b", "weekly"
            )
        if not reason.strip():
            raise RuleViolation(
                _("Give the reason for weekly calls."), "SC-2.3b", "reason", code="reason_needed"
            )
        if not lead.objections.filter(dissolved_at=None).exists():
            raise RuleViolation(_("Record the objection first."), "SC-2.3b", "weekly")
    append(lead, EventKind.WEEKLY, happened_at=at, by=by, at=at, value="1" if weekly else "0", note=reason)
    return _replanned(lead, at)


@transaction.atomic
def set_kind(*, lead_id: int, kind: str, reason: str, by: User, at: dt.datetime) -> Lead:
    """SC-3: ordinary, leader referral or VIP."""
    lead = lock_lead(lead_id)
    if kind not in Lead.Kind.values:
        raise RuleViolation(_("Choose one of the listed kinds."), "SC-3.1", "kind")
    append(lead, EventKind.KIND, happened_at=at, by=by, at=at, value=kind, note=reason)
    return _replanned(lead, at)


@transaction.atomic
def put_off(*, lead_id: int, until: dt.date, reason: str, by: User, at: dt.datetime) -> Lead:
    """SC-2.4: put a C customer's weekly call off once, with a reason, at most to the policy's day."""
    lead = lock_lead(lead_id)
    frame = facts.frame(lead.project_id, at)
    if lead.clause != "SC-2.4" or lead.due_at is None:
        raise RuleViolation(_("Only the weekly call of a C customer can be put off."), "SC-2.4", "until")
    if not reason.strip():
        raise RuleViolation(
            _("Give the reason for putting it off."), "SC-2.4", "reason", code="reason_needed"
        )
    # Nobody means the year 9999; the policy's limit is far nearer, and a day of that year has no moment everywhere.
    until = min(until, frame.today(at) + dt.timedelta(days=366))
    if until <= frame.clock.local_day(lead.due_at):
        raise RuleViolation(
            _("Choose a day after %(day)s, the present one.") % {"day": _day(lead.due_at, frame)},
            "SC-2.4",
            "until",
        )
    if facts_lead.appointment_ahead(lead, at) is not None:
        raise RuleViolation(
            _("A visit is arranged: the call before it stays."), "SC-2.4", "until", code="appointment"
        )
    before = lead.due_at
    append(lead, EventKind.PUT_OFF, happened_at=at, by=by, at=at, due=frame.clock.closing(until), note=reason)
    lead = _replanned(lead, at)
    if lead.due_at == before:
        raise RuleViolation(
            _("It was put off once already, or the limit is reached. The next call comes first."),
            "SC-2.4",
            "until",
            code="limit",
        )
    if lead.due_at is not None and frame.clock.local_day(lead.due_at) < until:
        raise RuleViolation(
            _("At the latest %(day)s.") % {"day": _day(lead.due_at, frame)}, "SC-2.4", "until", code="limit"
        )
    return lead


def _day(moment: dt.datetime, frame: facts.Frame) -> str:
    return formats.date_format(frame.clock.local_day(moment), "DATE_FORMAT")


@transaction.atomic
def answer_review(*, lead_id: int, reason: str, by: User, at: dt.datetime) -> Lead:
    """Close a grade review (PX-2, PX-14) without a change of grade, with the reason."""
    lead = lock_lead(lead_id)
    if not reason.strip():
        raise RuleViolation(_("Say why the grade stays."), "PX-2", "reason", code="reason_needed")
    append(lead, EventKind.REVIEW_DONE, happened_at=at, by=by, at=at, note=reason)
    return _replanned(lead, at)


@transaction.atomic
def decide_downgrade(
    *, review_id: int, verdict: str, note: str, by: User, at: dt.datetime
) -> DowngradeReview:
    """PX-14: the manager agrees with a drawn downgrade or rejects it; nobody decides on their own."""
    review = DowngradeReview.objects.select_for_update().select_related("event__lead").get(pk=review_id)
    if review.verdict:
        raise RuleViolation(_("This downgrade has been decided already."), "PX-14", code="decided")
    if review.event.by_id == by.pk:
        raise RuleViolation(
            _("Nobody reviews their own work. Ask another manager."), "PX-14", code="own_work"
        )
    if verdict not in ("agreed", "rejected"):
        raise RuleViolation(_("Choose: agree or reject."), "PX-14", "verdict")
    review.verdict, review.note, review.decided_by, review.decided_at = verdict, note, by, at
    review.save()
    if verdict == "rejected":
        lead = lock_lead(review.event.lead_id)
        kind = EventKind(review.event.kind)
        before = Lead.Quality.QUALITY if kind is EventKind.QUALITY else review.event.data.get("before", "")
        append(lead, kind, happened_at=at, by=by, at=at, value=before, note=note)
        _replanned(lead, at)
    return review


def _replanned(lead: Lead, at: dt.datetime) -> Lead:
    planning.replan([lead.pk], at=at)
    lead.refresh_from_db()
    return lead

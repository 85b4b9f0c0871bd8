"""PX-10: each lead is at each moment in exactly one bin, with an end or somebody who answers for it. Pure.

``row_of`` projects a plan onto the few columns that the lead's row keeps; ``bin_of`` reads nothing else, so the same
precedence stands in one SQL CASE (``LeadQuerySet.with_bin``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from leads.rules_types import Duty, Plan, ProjectClock
from leads.states import Bin

#: who answers for a lead in each bin; nobody has to for one that has ended
ANSWERS: dict[Bin, str] = {
    Bin.TASK_OPEN: "consultant",
    Bin.WAITING: "consultant",
    Bin.HELD: "consultant",
    Bin.MESSAGES_ONLY: "consultant",
    Bin.REVIEW: "consultant",
    Bin.POOL: "manager",
    Bin.CLOSED: "",
    Bin.LOST: "",
    Bin.INVALID: "",
}


class LeadRow(NamedTuple):
    """The plan's part of a lead's row. ``clause``, ``opens_at``, ``due_at`` are those of the lead's one line on Today.

    ``opens_at`` is when it comes on the list: the day it is due, or later that day when nobody is to be called before
    (the call after a broken appointment).
    """

    state: str
    state_reason: str
    consultant: str
    review_clause: str
    review_due_at: datetime | None
    quiet_clause: str
    rejudge_on: date | None
    clause: str
    opens_at: datetime | None
    due_at: datetime | None
    held_reason: str
    held_until: datetime | None


class Place(NamedTuple):
    """A lead's bin, the clause or reason that says so, its end (None: the one who answers ends it), who answers."""

    bin: Bin
    clause: str
    until: datetime | None
    answers: str


def listed_from(duty: Duty, clock: ProjectClock) -> datetime:
    """When a duty comes on the list: the day it is due, but never before its window opens."""
    return max(duty.opens, clock.midnight(clock.local_day(duty.due)))


def row_of(plan: Plan, clock: ProjectClock) -> LeadRow:
    """The columns a plan writes."""
    duty, review = plan.next_duty, plan.review
    held = duty is not None and duty is plan.cadence and plan.held_until is not None
    return LeadRow(
        state=plan.state,
        state_reason=plan.state_reason,
        consultant=plan.consultant,
        review_clause=review.clause if review is not None else "",
        review_due_at=review.due if review is not None else None,
        quiet_clause=plan.quiet_clause,
        rejudge_on=plan.rejudge_on,
        clause=duty.clause if duty is not None else plan.quiet_clause,
        opens_at=listed_from(duty, clock) if duty is not None else None,
        due_at=duty.due if duty is not None else None,
        held_reason=plan.hold if held else "",
        held_until=clock.midnight(plan.held_until) if held and plan.held_until is not None else None,
    )


def bin_of(row: LeadRow, now: datetime, today: date) -> Place:
    """The one bin; ``today`` is the project's local day at ``now``. The order of the questions is the precedence."""
    if row.state != "live":
        return _place(Bin(row.state), row.state_reason, None)
    if not row.consultant:
        return _place(Bin.POOL, "PX-6", None)
    if row.review_due_at is not None:
        return _place(Bin.REVIEW, row.review_clause, row.review_due_at)
    if row.due_at is None or row.opens_at is None:
        if row.rejudge_on is not None and row.rejudge_on <= today:
            return _place(Bin.REVIEW, "PX-14", row.due_at)
        return _place(Bin.MESSAGES_ONLY, row.quiet_clause, None)
    if row.held_until is not None and row.held_until > now:
        return _place(Bin.HELD, row.held_reason, row.held_until)
    if row.opens_at <= now:
        return _place(Bin.TASK_OPEN, row.clause, row.due_at)
    return _place(Bin.WAITING, row.clause, row.opens_at)


def _place(bin_: Bin, clause: str, until: datetime | None) -> Place:
    return Place(bin_, clause, until, ANSWERS[bin_])

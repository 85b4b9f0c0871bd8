"""Edits: what is written down about a lead without talking to the customer. Pure.

These only note the fact; what it makes owed is said in ``leads.rules``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from leads.rules_contacts import reached
from leads.rules_due import SAME_DAY, Terms, close, moved_to
from leads.rules_regular import owe_today
from leads.rules_types import Adjust, Adjustment, Duty, DutyState, Event, Plan


def note_grade(lead: Plan, e: Event, day: date) -> None:
    """SC-2: a visitor's grade. An imported one of a caller is a verdict: A and B of quality, C and D not (PX-15)."""
    lead.judged_day = day
    if e.imported and lead.phase == "caller" and e.value:
        lead.quality = "quality" if e.value in "AB" else "not_quality"
    else:
        lead.grade = e.value


def note_quality(lead: Plan, e: Event, day: date) -> None:
    """SC-1.1, SC-1.4: the verdict on a caller."""
    lead.quality = e.value
    lead.judged_day = day


def note_key(lead: Plan, e: Event, day: date) -> None:
    """SC-2.3a: the key flag."""
    lead.is_key = e.value == "1"


def note_weekly(lead: Plan, e: Event, day: date) -> None:
    """SC-2.3b: an A or key customer whom the consultant sets to weekly because of an objection."""
    lead.weekly = e.value == "1"


def note_preference(lead: Plan, e: Event, day: date) -> None:
    """SC-7. "Messages only" turns the calls that are owed into messages; a promise stays a call."""
    lead.preference = e.value
    channel = "message" if e.value == "messages_only" else "phone"
    if lead.cadence is not None and lead.cadence.channel != channel:
        lead.cadence = lead.cadence._replace(channel=channel)
    if lead.upcoming is not None and lead.upcoming.channel != channel:
        lead.upcoming = lead.upcoming._replace(channel=channel)


def note_kind(lead: Plan, e: Event, day: date) -> None:
    """SC-3: ordinary, leader referral, VIP."""
    lead.kind = e.value


def note_appointment_off(lead: Plan, e: Event, day: date) -> None:
    """The customer called the appointed visit off."""
    lead.appointment_at = None


NOTES: dict[str, Callable[[Plan, Event, date], None]] = {
    "grade": note_grade,
    "quality": note_quality,
    "key": note_key,
    "weekly": note_weekly,
    "preference": note_preference,
    "kind": note_kind,
    "appointment_off": note_appointment_off,
}


def put_off(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """SC-2.4: once after each contact, at most to day 14 (default) after it, and only to a later day.

    What is overdue, not SC-2.4, or the call before an arranged visit is not put off; the action says so to the user,
    the fold leaves it alone.
    """
    duty = lead.cadence
    if duty is None or duty.clause != "SC-2.4" or duty.due < e.at or e.due is None:
        return
    if lead.put_off_day is not None or (lead.appointment_at is not None and lead.appointment_at > e.at):
        return
    factor = terms.policy.fewer_factor if lead.preference == "fewer" else 1
    limit = date.fromordinal(duty.base_day.toordinal() + terms.policy.put_off_limit_days * factor)
    wished = min(terms.clock.local_day(e.due), limit)
    if terms.clock.closing(wished) > duty.due:
        lead.put_off_day, lead.put_off_event = wished, e.id
        lead.cadence = moved_to(duty, Adjust.PUT_OFF, e.id, wished, terms.clock)


def catch_up(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """PX-15: the day a lead that is due anyway was spread to; same-day duties and overdue ones stay."""
    duty = lead.cadence
    if duty is None or e.due is None or duty.clause in SAME_DAY or duty.due < e.at:
        return
    spread_to = max(day, terms.clock.local_day(e.due), terms.clock.local_day(duty.opens))
    lead.cadence = moved_to(duty, Adjust.CATCH_UP, e.id, spread_to, terms.clock)


def assign(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """PX-6: a consultant, or "" for the pool. What passed in the pool is missed, excused, and due today."""
    if e.value and not lead.consultant:
        restart(lead, e, day, Adjust.POOL, terms)
    if not e.value and lead.consultant:
        lead.pooled_at = e.at
    elif e.value:
        lead.pooled_at = None
    lead.consultant = e.value


def repaired(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """PX-1: the number is right again. What passed meanwhile is missed, excused, and due today.

    The tries at the old number say nothing about this one (PX-2): who was given up is called today.
    """
    unreached = lead.unreached
    if unreached:
        reached(lead, e, terms)
    if lead.repair is not None:
        restart(lead, e, day, Adjust.REPAIRED, terms)
        close(lead, lead.repair, DutyState.DONE, e, terms)
        lead.repair = None
    lead.tries = ()
    lead.cadence, lead.upcoming = _untried(lead.cadence), _untried(lead.upcoming)
    lead.promise = _untried(lead.promise)
    lead.shelf = tuple(duty._replace(**_NO_TRIES) for duty in lead.shelf if duty.kind != "repair")
    if unreached and lead.cadence is None:
        lead.base_event, lead.base_day = e.id, day
        owe_today(lead, e, terms)


_NO_TRIES: dict[str, Any] = {"tries": 0, "first_try_at": None, "next_try_at": None}


def _untried(duty: Duty | None) -> Duty | None:
    return duty if duty is None else duty._replace(**_NO_TRIES)


def restart(lead: Plan, e: Event, day: date, why: Adjust, terms: Terms) -> None:
    """Every duty whose due moment passed closes as missed; the same clause opens again, due today."""
    passed = lead.cadence is not None and lead.cadence.due < e.at
    lead.cadence = _restarted(lead, lead.cadence, e, day, why, terms)
    lead.promise = _restarted(lead, lead.promise, e, day, why, terms)
    lead.grading = _restarted(lead, lead.grading, e, day, why, terms)
    if why == Adjust.POOL:
        lead.repair = _restarted(lead, lead.repair, e, day, why, terms)
    if lead.upcoming is not None and lead.upcoming.due < e.at:
        close(lead, lead.upcoming, DutyState.MISSED, e, terms)
        lead.upcoming = None
    if passed:
        lead.base_event, lead.base_day = e.id, day


def _restarted(lead: Plan, duty: Duty | None, e: Event, day: date, why: Adjust, terms: Terms) -> Duty | None:
    if duty is None or duty.due >= e.at:
        return duty
    close(lead, duty, DutyState.MISSED, e, terms)
    return duty._replace(
        opens=e.at,
        due=terms.clock.closing(day),
        base_event=e.id,
        base_day=day,
        interval=0,
        policy_version=terms.version,
        adjustments=(Adjustment(why, e.id, day),),
        **_NO_TRIES,
    )

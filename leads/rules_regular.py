"""The regular calls: SC-1.3, SC-2.3a, SC-2.3b, SC-2.4, SC-4.2, and the clauses that say nobody calls. Pure.

Here stands the general rule of the cadence as well: what an edit, or a new policy version, does to a date.
"""

from __future__ import annotations

from datetime import date

from leads.policy import Policy
from leads.rules_due import (
    SAME_DAY,
    SECOND_CALL,
    Terms,
    drop,
    drop_all,
    due_of,
    edited,
    moved_to,
    owe_repair,
    periodic,
    put_away,
    second_call,
)
from leads.rules_types import Adjust, Duty, Event, Plan, PolicyVersion

_SET_DAYS = frozenset({Adjust.CATCH_UP, Adjust.POOL, Adjust.REPAIRED, Adjust.ENTERED_LATE})


def quiet_clause(lead: Plan) -> str:
    """The clause that says nobody calls this lead regularly, or "": SC-7, SC-3.2, SC-3.1, SC-2.5, SC-1.4."""
    if lead.preference == "do_not_contact":
        return "SC-7"
    if lead.kind != "ordinary":
        return "SC-3.2" if lead.kind == "vip" else "SC-3.1"
    if lead.phase == "visitor":
        return "SC-2.5" if lead.grade == "D" else ""
    return "SC-1.4" if lead.phase != "buyer" and lead.quality == "not_quality" else ""


def owed_regularly(lead: Plan, policy: Policy) -> tuple[str, int]:
    """The clause of the regular call and its interval in days; 0 days: this clause says nobody calls."""
    quiet = quiet_clause(lead)
    if quiet:
        return quiet, 0
    if lead.unreached:
        return "PX-2", policy.unreached_interval_days
    if lead.phase == "buyer":
        return "SC-4.2", policy.buyer_interval_days
    if lead.phase != "visitor":
        return "SC-1.3", policy.caller_interval_days
    if lead.grade == "C":
        return "SC-2.4", policy.c_interval_days
    if (lead.grade == "A" or lead.is_key) and not lead.weekly:
        return "SC-2.3a", policy.key_interval_days
    return "SC-2.3b", policy.ordinary_interval_days


def owe_next(lead: Plan, e: Event, day: date, terms: Terms, floor: date | None = None) -> None:
    """Nobody is forgotten: a live lead without a cadence duty gets the next one, or a clause says why not."""
    if lead.cadence is not None or lead.state != "live":
        return
    if lead.upcoming is not None:
        lead.cadence, lead.upcoming = lead.upcoming, None
        return
    clause, interval = owed_regularly(lead, terms.policy)
    if not interval:
        return
    if clause == "SC-1.3" and lead.second_day is not None:
        second = second_call(
            "SC-1.2", lead.second_event, lead.second_day, terms.policy.caller_second_days, lead, terms
        )
        if second.due >= terms.clock.closing(max(day, terms.clock.business_day(e.recorded_at))):
            lead.cadence = second
            return
    lead.cadence = periodic(lead, clause, interval, terms, floor, e.id)
    if lead.cadence.key in terms.on_record:
        # That call was owed once already and is on record; what is owed now counts from this event.
        lead.base_event, lead.base_day = e.id, day
        owe_today(lead, e, terms, floor)
    over = lead.farewell_day is not None and lead.cadence.due > terms.clock.closing(lead.farewell_day)
    if over and lead.promise is None:
        drop_all(lead, e, terms)
        lead.state, lead.state_reason = "closed", "handed_over"


def owe_today(lead: Plan, e: Event, terms: Terms, floor: date | None = None) -> None:
    """The regular call is owed from this very event, the base, on."""
    clause, interval = owed_regularly(lead, terms.policy)
    if interval:
        lead.cadence = periodic(lead, clause, 0, terms, floor, e.id)._replace(opens=e.at)


def amend(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """The general rule: an edit may bring a date nearer, never farther away, never before its own day.

    On the day of a conversation or visit it belongs to that and may move both ways. A stop that is lifted gives back
    what it put away.
    """
    if lead.shelf or lead.shelf_appointment:
        _take_up(lead, e, day, terms)
    lead.cadence = _amended(lead, lead.cadence, e, day, terms)
    lead.upcoming = _amended(lead, lead.upcoming, e, day, terms)
    owe_next(lead, e, day, terms, day)


def _take_up(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """What a stop had put away is owed again, unless its moment has passed or something else has happened since."""
    clause, interval = owed_regularly(lead, terms.policy)
    if clause == "SC-7":
        return
    shelf = lead.shelf if lead.shelf_base == lead.base_event else ()
    lead.shelf = ()
    coming, lead.shelf_appointment = lead.shelf_appointment, None
    if shelf and coming is not None and coming > e.at:
        lead.appointment_at = lead.appointment_at or coming
    for duty in shelf:
        if duty.kind == "repair" and duty.due < e.at:
            owe_repair(lead, e, day, terms)
        elif duty.due >= e.at and (duty.kind != "cadence" or _stands(lead, duty, clause, interval)):
            _give_back(lead, duty)


def _give_back(lead: Plan, duty: Duty) -> None:
    """One duty into its place, unless that is taken."""
    if duty.kind == "promise":
        lead.promise = lead.promise or duty
    elif duty.kind == "repair":
        lead.repair = lead.repair or duty
    elif duty.kind == "cadence" and lead.cadence is None:
        lead.cadence = duty
    elif duty.kind == "cadence":
        lead.upcoming = lead.upcoming or (duty if duty.clause in SECOND_CALL else None)
    elif lead.kind == "ordinary" and lead.phase == "visitor" and not lead.grade:
        lead.grading = lead.grading or duty


def _amended(lead: Plan, duty: Duty | None, e: Event, day: date, terms: Terms) -> Duty | None:
    if duty is None:
        return None
    clause, interval = owed_regularly(lead, terms.policy)
    if not _stands(lead, duty, clause, interval):
        put_away(lead, e, duty)
        drop(lead, duty, e, terms)
        return None
    if duty.clause in SAME_DAY or duty.due < e.at:
        return duty
    both_ways = day in (lead.last_talk_day, lead.last_visit_day)
    return edited(duty, _afresh(lead, duty, clause, interval, terms), e, day, both_ways, terms)


def _stands(lead: Plan, duty: Duty, clause: str, interval: int) -> bool:
    """Whether a duty is still owed now that ``clause`` rules the regular calls."""
    if interval:
        return duty.clause != "SC-3.1"
    if clause == "SC-7":
        return False
    if duty.clause == "SC-1.1":
        # The verdict comes from a talk (SC-1.1); without one the caller is still called back.
        return clause != "SC-1.4" or lead.last_talk_at is None or lead.last_talk_at < duty.opens
    if duty.clause == "SC-2.2":
        return clause == "SC-2.5" and duty.base_event == lead.returned_event
    return duty.clause == "SC-4.1" or duty.clause == clause


def _afresh(lead: Plan, duty: Duty, clause: str, interval: int, terms: Terms) -> Duty:
    """The duty as the lead's present facts and the policy in force date it."""
    policy = terms.policy
    if duty.clause == "SC-1.2":
        return second_call("SC-1.2", duty.base_event, duty.base_day, policy.caller_second_days, lead, terms)
    if duty.clause == "SC-2.2" and (clause != "SC-2.4" or duty.base_event == lead.returned_event):
        return second_call("SC-2.2", duty.base_event, duty.base_day, policy.visitor_second_days, lead, terms)
    return periodic(lead, clause, interval, terms, None, 0)


def replan(lead: Plan, version: PolicyVersion, terms: Terms) -> None:
    """SC-13: a new version dates the open future duties afresh, farther or nearer; what passed stays passed."""
    terms.follow(version)
    day = terms.clock.business_day(version.effective_from)
    lead.cadence = _replanned(lead, lead.cadence, version, day, terms)
    lead.upcoming = _replanned(lead, lead.upcoming, version, day, terms)


def _replanned(lead: Plan, duty: Duty | None, version: PolicyVersion, day: date, terms: Terms) -> Duty | None:
    if duty is None or duty.clause in SAME_DAY or duty.due < version.effective_from:
        return duty
    clock = terms.clock
    fixed = duty.interval == 0 or any(step.kind in _SET_DAYS for step in duty.adjustments)
    if fixed:
        new = duty._replace(due=due_of(duty.base_day, duty.interval, duty.adjustments, clock))
    else:
        clause, interval = owed_regularly(lead, terms.policy)
        new = _afresh(lead, duty, clause, interval, terms)
    if new.due < clock.closing(day):
        new = moved_to(new, Adjust.NOT_BEFORE, 0, day, clock)
    return new._replace(
        policy_version=terms.version,
        tries=duty.tries,
        first_try_at=duty.first_try_at,
        next_try_at=duty.next_try_at,
    )

"""THE cadence: which clause owes a lead what, and when. Pure.

A lead's plan is a fold over its history; nothing is scheduled, paused or resumed. To find a rule:

========================================  ==============================================================
``_owe_caller``, ``_owe_call_back``       SC-1.1 the same day; SC-1.2 within three days
``_owe_visitor``, ``_owe_grade``          SC-2.1 the same day; SC-2.2 within three days; SC-3.1; SC-2.6
``_owe_buyer``, ``_deal``                 SC-4.1 the same day; PX-9 a cancelled deal; SC-4.2 handover
``rules_regular.owed_regularly``          SC-1.3 SC-1.4 SC-2.3a SC-2.3b SC-2.4 SC-2.5 SC-3 SC-4.2 SC-7
``rules_regular.amend``, ``replan``       the general rule for edits; SC-13 a new policy version
``rules_contacts.conversation``           PX-1, PX-16: what a conversation discharges; promises
``rules_contacts._unanswered``            PX-2: six tries, then a review and a try every 14 days
``rules_edits``                           SC-2.4 put off; PX-6 pool; PX-1 data repair; PX-15 catch-up
``rules_due``                             how base day, interval and adjustments make a due moment
========================================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from leads.rules_contacts import contact, conversation, discharge, note_appointment, reached
from leads.rules_deals import Turn, note_deal, running
from leads.rules_due import (
    SAME_DAY,
    SECOND_CALL,
    Terms,
    close,
    drop,
    drop_all,
    drop_cadence,
    moved_to,
    owe_repair,
    same_day,
    second_call,
)
from leads.rules_edits import NOTES, assign, catch_up, put_off, repaired
from leads.rules_regular import amend, owe_next, owed_regularly, replan
from leads.rules_summary import sum_up
from leads.rules_types import (
    Adjust,
    Calendar,
    Duty,
    DutyState,
    Event,
    History,
    Plan,
    PolicyVersion,
    ProjectClock,
)


def plan(
    history: History, policies: Sequence[PolicyVersion], clock: ProjectClock, calendar: Calendar
) -> Plan:
    """Fold a lead's history into what is owed now and what became of everything owed before.

    ``policies``: the project's approved versions in force so far, at least one, by ``effective_from``; the first
    also rules what happened before it. The answer depends on nothing else, the present moment least of all.
    """
    events = valid_events(history.events)
    ahead = list(policies)
    terms = Terms(ahead.pop(0), clock, calendar)
    while ahead and events and ahead[0].effective_from <= events[0].at:
        terms.follow(ahead.pop(0))
    lead = Plan(kind=history.kind)
    at, day = None, date.min
    for e in events:
        while ahead and ahead[0].effective_from <= e.at:
            replan(lead, ahead.pop(0), terms)
        if e.at != at:
            at, day = e.at, terms.clock.business_day(e.at)
        if e.recorded_at > terms.clock.closing(day):
            _load(lead, e, day, terms)
        else:
            _fold(lead, e, day, terms)
    for version in ahead:
        replan(lead, version, terms)
    sum_up(lead, terms)
    return lead


def valid_events(events: Sequence[Event]) -> Sequence[Event]:
    """The history without what was annulled: as if it had never been. Annulling a ``void`` restores."""
    voids = [e for e in events if e.kind == "void"]
    if not voids:
        return events
    annulled: set[int | None] = set()
    for e in sorted(voids, key=lambda e: -e.id):
        if e.id not in annulled:
            annulled.add(e.ref)
    return [e for e in events if e.id not in annulled]


def _fold(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    _HANDLERS[e.kind](lead, e, day, terms)
    if lead.phase == "new" and lead.state == "live" and e.kind != "void":
        # Registered without a call or visit: invited like a caller from that day (SC-1.2, SC-1.3).
        lead.phase = "caller"
        lead.base_event = lead.second_event = e.id
        lead.base_day = lead.second_day = day
        owe_next(lead, e, day, terms)


def _load(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """PX-15 history, and what was entered on a later day (SC-4.1): nothing it makes owed is due before that day."""
    entered = terms.entered_on(e.recorded_at)
    if entered <= day:
        _fold(lead, e, day, terms)
        return
    if e.imported:
        terms.history[e.id] = e.recorded_at
    before = (lead.cadence, lead.promise, lead.grading, lead.repair, lead.upcoming)
    _fold(lead, e, day, terms)
    earliest = terms.clock.closing(entered)
    for slot in _DATED:
        duty: Duty | None = getattr(lead, slot)
        if duty is not None and duty.due < earliest and not _stood(duty, before):
            kind = Adjust.CATCH_UP if e.imported else Adjust.ENTERED_LATE
            setattr(lead, slot, moved_to(duty, kind, e.id, entered, terms.clock, (entered - day).days))


_DATED = ("cadence", "upcoming", "grading", "repair")


def _stood(duty: Duty, before: Sequence[Duty | None]) -> bool:
    for each in before:  # noqa: SIM110 - a generator for each duty and event was a tenth of the fold
        if each is not None and each.due == duty.due and each.key == duty.key:
            return True
    return False


def _owe_caller(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """SC-1.1: every inbound caller is called back the same day. SC-1.2: again within three days."""
    drop_cadence(lead, e, terms)
    lead.phase = "caller"
    lead.base_event, lead.base_day = lead.second_event, lead.second_day = e.id, day
    lead.put_off_day = None
    if e.id in terms.history:
        owe_next(lead, e, day, terms)
    elif lead.preference != "do_not_contact":
        lead.cadence = same_day("SC-1.1", e.id, e.at, day, lead, terms)
        if owed_regularly(lead, terms.policy)[1]:
            lead.upcoming = second_call("SC-1.2", e.id, day, terms.policy.caller_second_days, lead, terms)


def _owe_call_back(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """SC-1.1 again: a known lead's call that nobody of sales took. A same-day call still open answers it."""
    now = lead.cadence
    if e.id in terms.history or lead.preference == "do_not_contact":
        return
    if now is not None and now.clause in SAME_DAY and now.due >= e.at:
        return
    if now is not None and now.clause in SECOND_CALL and now.due >= e.at:
        lead.upcoming = now
    else:
        drop(lead, now, e, terms)
        if lead.upcoming is not None and lead.upcoming.due < e.at:
            drop(lead, lead.upcoming, e, terms)
            lead.upcoming = None
    lead.cadence = same_day("SC-1.1", e.id, e.at, day, lead, terms)


def _owe_visitor(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """SC-2.1: A and B visitors are called the same day. SC-2.2: a second call within three days.

    Not yet graded counts as B. C visitors begin with SC-2.4, D with SC-2.5. A leader's referral gets one courtesy
    call the same day (SC-3.1). ``e`` is the visit, or the edit of the visit's own day that changes what it earns.
    """
    visit, at = lead.last_visit_event, lead.last_visit_at
    assert at is not None, "a visit was noted before it earns calls"
    called = lead.visit_is_history or lead.called_since_visit
    clause, interval = owed_regularly(lead, terms.policy)
    if clause == "SC-3.1" and not called:
        lead.cadence = same_day("SC-3.1", visit, at, day, lead, terms)
    elif interval and clause != "SC-2.4":
        second = second_call("SC-2.2", visit, day, terms.policy.visitor_second_days, lead, terms)
        if not called:
            lead.cadence = same_day("SC-2.1", visit, at, day, lead, terms)
            lead.upcoming = second
        elif not lead.visit_is_history or second.due >= terms.clock.closing(
            terms.clock.business_day(e.recorded_at)
        ):
            lead.cadence = second
    owe_next(lead, e, day, terms)


def _owe_grade(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """SC-2.6: an ordinary visitor is graded by closing; until then as B. A D who comes again is judged again, and is
    D until then: the visit is the reason (PX-14).
    """
    quiet = lead.kind != "ordinary" or lead.preference == "do_not_contact"
    judged = lead.grade and not (lead.grade == "D" and e.kind == "visit")
    if judged or quiet or e.id in terms.history:
        return
    drop(lead, lead.grading, e, terms)
    due = terms.clock.closing(day)
    lead.grading = Duty("grade", "SC-2.6", e.at, due, e.id, day, 0, terms.version)


def _owe_buyer(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """SC-4.1: the same-day call on closing; afterwards SC-4.2. One call congratulates on two deals of a day."""
    lead.state, lead.state_reason = "live", ""
    if lead.cadence is not None and lead.cadence.clause == "SC-4.1" and lead.cadence.due >= e.at:
        return
    drop_cadence(lead, e, terms)
    drop(lead, lead.grading, e, terms)
    lead.grading = None
    lead.phase = "buyer"
    lead.base_event, lead.base_day = e.id, day
    lead.second_day = lead.put_off_day = lead.appointment_at = None
    lead.tries, lead.unreached, lead.sms_owed = (), False, False
    if e.id not in terms.history and lead.preference != "do_not_contact":
        lead.cadence = same_day("SC-4.1", e.id, e.at, day, lead, terms)
    owe_next(lead, e, day, terms)


def _call_in(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    if lead.state == "closed":
        return
    returning = lead.state != "live"
    if returning:
        _come_back(lead)
    first = (returning and lead.phase != "buyer") or (lead.calls == 0 and lead.phase in ("new", "caller"))
    lead.calls += 1
    if e.value == "talked" and not first:
        conversation(lead, e, day, terms, by_call=True)
        return
    if e.value == "talked":
        lead.last_talk_at, lead.last_talk_day = e.at, day
        note_appointment(lead, e, terms)
    reached(lead, e, terms)
    if first:
        _owe_caller(lead, e, day, terms)
    else:
        _owe_call_back(lead, e, day, terms)


def _visit(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    lead.visits += 1
    if lead.state == "closed":
        return
    returning = lead.state != "live"
    if returning:
        _come_back(lead)
    again_today = lead.phase == "visitor" and lead.last_visit_day == day and not returning
    if not again_today:
        lead.last_visit_event, lead.last_visit_at, lead.last_visit_day = e.id, e.at, day
        lead.visit_is_history, lead.called_since_visit = e.id in terms.history, False
    lead.appointment_at = lead.second_day = None
    note_appointment(lead, e, terms)
    reached(lead, e, terms)
    if lead.promise is not None and lead.promise.opens <= e.at:
        close(lead, lead.promise, DutyState.DONE, e, terms)
        lead.promise = None
    if lead.phase == "buyer":
        discharge(lead, e, terms, by_call=False)
        lead.base_event, lead.base_day = e.id, day
        owe_next(lead, e, day, terms)
    elif not again_today:
        drop_cadence(lead, e, terms)
        lead.phase = "visitor"
        lead.base_event, lead.base_day = e.id, day
        lead.put_off_day = None
        _owe_visitor(lead, e, day, terms)
        _owe_grade(lead, e, day, terms)


def _come_back(lead: Plan) -> None:
    """A lost or invalid lead calls or visits: live again, and judged afresh."""
    lead.state, lead.state_reason = "live", ""
    lead.grade = lead.quality = ""
    lead.weekly = False
    lead.refusals = 0


def _edit(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """Grade, verdict, key, weekly, preference, kind, appointment off: written down without a conversation."""
    NOTES[e.kind](lead, e, day)
    if lead.state != "live" or lead.phase == "new":
        return
    if lead.preference == "do_not_contact":
        if e.kind == "preference":
            drop_all(lead, e, terms)
        return
    _judged(lead, e, day, terms)
    if e.kind in ("grade", "kind") and lead.phase == "visitor" and day == lead.last_visit_day:
        _edit_visit(lead, e, day, terms)
    else:
        amend(lead, e, day, terms)


def _judged(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """A grade, or the verdict on a caller, answers the duty to give one; a grade taken back is owed again."""
    grading = lead.grading
    if grading is not None and (e.kind == "grade" or (e.kind == "quality" and grading.clause == "PX-2")):
        if grading.opens < e.at:
            close(lead, grading, DutyState.DONE, e, terms)
        lead.grading = None
    elif grading is not None and lead.kind != "ordinary" and grading.clause == "SC-2.6":
        drop(lead, grading, e, terms)
        lead.grading = None
    if e.kind in ("grade", "kind") and lead.phase == "visitor" and lead.grading is None:
        _owe_grade(lead, e, day, terms)


def _edit_visit(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """A grade or kind given on the visit's own day is the visit's: it earns what it would have earned at once."""
    clause, interval = owed_regularly(lead, terms.policy)
    now = lead.cadence.clause if lead.cadence is not None else ""
    earns_calls = interval > 0 and clause != "SC-2.4"
    if now == "SC-1.1":
        amend(lead, e, day, terms)
    elif now != clause and not (now in ("SC-2.1", "SC-2.2") and earns_calls):
        drop_cadence(lead, e, terms)
        _owe_visitor(lead, e, day, terms)


def _deal(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """SC-4, PX-9: closing, falling through, handing over."""
    turn = note_deal(lead, e, terms.policy)
    if turn == Turn.CLOSING:
        _owe_buyer(lead, e, day, terms)
    elif turn == Turn.HANDED_OVER:
        lead.phase = "buyer"
        extended = terms.policy.after_handover_days
        if extended and lead.state == "live":
            lead.farewell_day = day + timedelta(days=extended)
            lead.base_event, lead.base_day = lead.base_event or e.id, lead.base_day or day
            owe_next(lead, e, day, terms)
        else:
            drop_all(lead, e, terms)
            lead.state, lead.state_reason = "closed", "handed_over"
    elif turn == Turn.UNDONE:
        lead.phase = "visitor"
        lead.returned_event, lead.farewell_day = e.id, None
        lead.tries, lead.unreached, lead.sms_owed = (), False, False
        if lead.state in ("lost", "invalid"):
            return
        lead.state, lead.state_reason = "live", ""
        drop_cadence(lead, e, terms)
        lead.base_event, lead.base_day = e.id, day
        clause, _ = owed_regularly(lead, terms.policy)
        if e.id not in terms.history and not clause.startswith(("SC-3", "SC-7")):
            days = terms.policy.visitor_second_days
            lead.cadence = second_call("SC-2.2", e.id, day, days, lead, terms)
        owe_next(lead, e, day, terms)
        _owe_grade(lead, e, day, terms)


def _end(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """SC-11: lost or invalid, with the reason; nothing is owed any more."""
    drop_all(lead, e, terms)
    lead.state, lead.state_reason = e.kind, e.value


def _reopen(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """Reopened by a person: as it was, counted from the last contact, never before today."""
    if lead.state == "live":
        return
    lead.state, lead.state_reason = "live", ""
    lead.refusals, lead.farewell_day = 0, None
    if lead.phase == "buyer" and not running(lead, terms.policy):
        lead.phase = "visitor"
    if lead.phase != "new":
        lead.base_event, lead.base_day = lead.base_event or e.id, lead.base_day or day
        amend(lead, e, day, terms)


def _review_done(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """PX-2, PX-14: looked at, nothing changed. It answers a D who came again as well, not a missing grade."""
    lead.judged_day = day
    if lead.grading is not None and (lead.grading.clause == "PX-2" or lead.grade):
        close(lead, lead.grading, DutyState.DONE, e, terms)
        lead.grading = None


def _nothing(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """An objection changes no date (SC-2.3b); a ``void`` was heeded before the fold."""


_HANDLERS: dict[str, Callable[[Plan, Event, date, Terms], None]] = {
    "call_in": _call_in,
    "visit": _visit,
    "contact": contact,
    "deal": _deal,
    "lost": _end,
    "invalid": _end,
    "reopened": _reopen,
    "put_off": put_off,
    "assigned": assign,
    "catch_up": catch_up,
    "phone_repaired": repaired,
    "no_phone": owe_repair,
    "review_done": _review_done,
    "objection": _nothing,
    "void": _nothing,
    **dict.fromkeys(NOTES, _edit),
}

"""Contacts: what a conversation discharges, what nobody answered, what was arranged (PX-1, PX-2, PX-16). Pure."""

from __future__ import annotations

from datetime import date

from crm.states import EFFECTIVE, MESSAGE_CHANNELS, UNANSWERED, WRONG_NUMBER
from leads.rules_due import SECOND_CALL, Terms, close, drop, drop_cadence, owe_repair, working_days
from leads.rules_regular import owe_next
from leads.rules_tries import given_up, note_try
from leads.rules_types import Adjust, Adjustment, Duty, DutyState, Event, Plan

#: duties that a written exchange does not discharge (PX-16)
MUST_BE_A_CALL = frozenset({"SC-1.1", "SC-2.1", "SC-2.2", "SC-4.1"})


def contact(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    outcome = e.value
    if outcome in EFFECTIVE:
        lead.refusals = 0 if outcome in ("talked", "callback_arranged") else lead.refusals
        lead.refusals += outcome == "refused"
        conversation(lead, e, day, terms, by_call=e.channel not in MESSAGE_CHANNELS)
    elif lead.state != "live":
        return
    elif outcome == "sent":
        _message_sent(lead, e, day, terms)
    elif outcome in UNANSWERED and e.channel not in MESSAGE_CHANNELS and e.id not in terms.history:
        _unanswered(lead, e, day, terms)
    elif outcome in WRONG_NUMBER:
        note_try(lead, e, terms)
        owe_repair(lead, e, day, terms)


def _message_sent(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """A message is no contact (PX-1), but for who wants messages only (SC-7), and for SC-4.2: a call or an SMS."""
    lead.sms_owed = False
    by_message = lead.preference == "messages_only"
    if by_message or (lead.cadence is not None and lead.cadence.clause == "SC-4.2"):
        discharge(lead, e, terms, by_message)
        note_appointment(lead, e, terms)
        lead.base_event, lead.base_day = e.id, day
        lead.put_off_day = None
        owe_next(lead, e, day, terms)


def conversation(lead: Plan, e: Event, day: date, terms: Terms, by_call: bool) -> None:
    """A conversation discharges every duty whose window is open; the next regular call counts from its day."""
    lead.last_talk_at, lead.last_talk_day = e.at, day
    if lead.state != "live":
        lead.shelf = ()
        return
    discharge(lead, e, terms, by_call)
    if by_call:
        lead.called_since_visit = True
    if lead.second_day is not None and day > lead.second_day:
        lead.second_day = None
    if lead.promise is not None and lead.promise.opens <= e.at:
        close(lead, lead.promise, DutyState.DONE, e, terms)
        lead.promise = None
    if lead.repair is not None:
        close(lead, lead.repair, DutyState.DONE, e, terms)
        lead.repair = None
    reached(lead, e, terms)
    lead.base_event, lead.base_day = e.id, day
    lead.put_off_day = None
    _arrange(lead, e, day, terms)
    owe_next(lead, e, day, terms)


def discharge(lead: Plan, e: Event, terms: Terms, by_call: bool) -> None:
    """Close as done what a contact discharges; a regular call not yet on the list is counted afresh silently: the
    caller moves the base and asks for what is owed next.
    """
    counts = by_call or lead.preference == "messages_only"
    now, after = lead.cadence, lead.upcoming
    if now is not None and (counts or now.clause not in MUST_BE_A_CALL):
        if now.opens <= e.at:
            close(lead, now, DutyState.DONE, e, terms)
            lead.cadence = None
        elif now.clause not in SECOND_CALL:
            lead.cadence = None
    if after is not None and after.opens <= e.at and (counts or after.clause not in MUST_BE_A_CALL):
        close(lead, after, DutyState.DONE, e, terms)
        lead.upcoming = None


def reached(lead: Plan, e: Event, terms: Terms) -> None:
    """Somebody was reached: the tries of PX-2 begin anew and its review is answered."""
    lead.tries, lead.unreached, lead.sms_owed = (), False, False
    if lead.grading is not None and lead.grading.clause == "PX-2":
        close(lead, lead.grading, DutyState.DONE, e, terms)
        lead.grading = None
    if lead.cadence is not None and lead.cadence.clause == "PX-2":
        drop(lead, lead.cadence, e, terms)
        lead.cadence = None


def note_appointment(lead: Plan, e: Event, terms: Terms) -> None:
    """A visit arranged for in a talk, at the desk or on the phone; what it replaces or leaves behind is over."""
    known_from = e.recorded_at if e.id in terms.history else e.at
    if lead.appointment_at is not None and lead.appointment_at <= e.at:
        lead.appointment_at = None
    if e.appointment is not None and e.appointment > known_from:
        lead.appointment_at, lead.appointment_event = e.appointment, e.id


def _arrange(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """What was arranged in a conversation: a visit (held until then) and a promised callback (PX-1)."""
    note_appointment(lead, e, terms)
    known_from = e.recorded_at if e.id in terms.history else e.at
    if e.value != "callback_arranged" or e.due is None or e.due <= known_from:
        return
    drop(lead, lead.promise, e, terms)
    promised = terms.clock.local_day(e.due)
    opens = max(e.at, terms.clock.midnight(promised))
    step = Adjustment(Adjust.PROMISE, e.id, promised, 0, e.due)
    lead.promise = Duty("promise", "PX-1", opens, e.due, e.id, day, 0, terms.version, (step,))


def _unanswered(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """PX-2: after six tries the duty becomes a grade review and one SMS; then a try every 14 days."""
    if not note_try(lead, e, terms) and not lead.unreached:
        return
    now = lead.cadence
    if lead.unreached:
        if now is not None and now.opens <= e.at:
            close(lead, now, DutyState.DONE, e, terms)
    elif given_up(lead.tries, terms):
        drop_cadence(lead, e, terms)
        if lead.promise is not None and lead.promise.opens <= e.at:
            drop(lead, lead.promise, e, terms)
            lead.promise = None
        drop(lead, lead.grading, e, terms)
        lead.grading = working_days("grade", "PX-2", terms.policy.review_working_days, e, day, terms)
        lead.unreached = lead.sms_owed = True
        lead.second_day = lead.put_off_day = None
        note_appointment(lead, e, terms)
    else:
        return
    lead.cadence = None
    lead.base_event, lead.base_day = e.id, day
    owe_next(lead, e, day, terms)

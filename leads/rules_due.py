"""Due moments: how a duty is made, held, re-dated and closed. Pure.

``due_of`` is the one place that turns a base day, an interval and the adjustments shown by the "why" into a moment;
everything that dates a duty goes through it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from leads.policy import Policy
from leads.rules_types import (
    Adjust,
    Adjustment,
    Calendar,
    ClosedDuty,
    Duty,
    DutyState,
    Event,
    Plan,
    PolicyVersion,
    ProjectClock,
)

ONE_DAY = timedelta(days=1)
SAME_DAY = frozenset({"SC-1.1", "SC-2.1", "SC-3.1", "SC-4.1"})
SECOND_CALL = frozenset({"SC-1.2", "SC-2.2"})

_HOLDS_AT_LEAST = frozenset({Adjust.NOT_BEFORE, Adjust.PROMISE})


class Terms:
    """On what terms the fold goes on: the policy in force, the clock with its closing time, the calendar."""

    __slots__ = (
        "_entered",
        "calendar",
        "clock",
        "history",
        "on_record",
        "policy",
        "superseded",
        "version",
    )

    def __init__(self, in_force: PolicyVersion, clock: ProjectClock, calendar: Calendar) -> None:
        self.calendar = calendar
        self.superseded = False
        #: events loaded as history (PX-15): id to the moment of loading
        self.history: dict[int, datetime] = {}
        #: keys of the duties that ended done or missed
        self.on_record: set[tuple[str, str, int]] = set()
        self.policy: Policy = in_force.policy
        self.version = in_force.version
        self.clock = clock.closing_at(in_force.policy.closing_time)
        self._entered: tuple[datetime, date] | None = None

    def entered_on(self, recorded_at: datetime) -> date:
        """The business day of a moment of entry. What is loaded was all entered at one moment: it is looked up once."""
        if self._entered is None or self._entered[0] is not recorded_at:
            self._entered = recorded_at, self.clock.business_day(recorded_at)
        return self._entered[1]

    def follow(self, version: PolicyVersion) -> None:
        """From now on this version is in force (SC-13)."""
        self.policy = version.policy
        self.version = version.version
        self.clock = self.clock.closing_at(version.policy.closing_time)
        self._entered = None


def due_of(
    base_day: date, interval: int, adjustments: tuple[Adjustment, ...], clock: ProjectClock
) -> datetime:
    """The due moment from what the "why" shows; ``clock`` closes as the duty's policy version says.

    Base day + interval (doubled for "fewer calls"), then each adjustment in turn: a day that was set replaces it,
    a promise or "not before" moves it up to its day, a promise's own moment is final.
    """
    if not adjustments:
        return clock.closing(base_day + timedelta(days=interval))
    for step in adjustments:
        if step.kind == Adjust.FEWER:
            interval *= step.number
    day = base_day + timedelta(days=interval)
    for step in adjustments:
        if step.at is not None:
            return step.at
        if step.day is not None:
            day = max(day, step.day) if step.kind in _HOLDS_AT_LEAST else step.day
    return clock.closing(day)


def why_due(duty: Duty, clock: ProjectClock, policy: Policy) -> datetime:
    """``duty.due`` again, from its recorded gates and the policy version it names (SC-13)."""
    return due_of(duty.base_day, duty.interval, duty.adjustments, clock.closing_at(policy.closing_time))


def same_day(clause: str, event: int, opens: datetime, day: date, lead: Plan, terms: Terms) -> Duty:
    """A call owed before the day closes: SC-1.1, SC-2.1, SC-3.1, SC-4.1."""
    return Duty(
        "cadence", clause, opens, terms.clock.closing(day), event, day, 0, terms.version, (), _channel(lead)
    )


def second_call(clause: str, event: int, day: date, days: int, lead: Plan, terms: Terms) -> Duty:
    """The call within three days: SC-1.2, SC-2.2. Its window opens the day after."""
    steps = _fewer(terms) if lead.preference == "fewer" else ()
    clock = terms.clock
    due = due_of(day, days, steps, clock)
    return Duty(
        "cadence",
        clause,
        clock.midnight(day + ONE_DAY),
        due,
        event,
        day,
        days,
        terms.version,
        steps,
        _channel(lead),
    )


def periodic(lead: Plan, clause: str, interval: int, terms: Terms, floor: date | None, by: int) -> Duty:
    """The next regular call: base day + interval, put off (SC-2.4), held by a promise or an appointment.

    ``floor`` is the day of the edit (event ``by``) that asks, before which nothing is ever due.
    """
    base = lead.base_day
    assert base is not None, "a lead's first event gives it a base day"
    clock = terms.clock
    opens = clock.midnight(base + ONE_DAY)
    steps = _fewer(terms) if lead.preference == "fewer" else ()
    if clause == "SC-2.4" and lead.put_off_day is not None:
        steps += (Adjustment(Adjust.PUT_OFF, lead.put_off_event, lead.put_off_day),)
    due = due_of(base, interval, steps, clock)
    if lead.promise is not None and lead.promise.due > due:
        held = clock.business_day(lead.promise.due)
        steps += (Adjustment(Adjust.PROMISE, lead.promise.base_event, held),)
        due = clock.closing(held)
    if lead.appointment_at is not None:
        opens, step = _appointment(lead, base, clock)
        steps += (step,)
        due = due_of(base, interval, steps, clock)
    if floor is not None and due < clock.closing(floor):
        steps += (Adjustment(Adjust.NOT_BEFORE, by, floor),)
        due = clock.closing(floor)
    return Duty(
        "cadence", clause, opens, due, lead.base_event, base, interval, terms.version, steps, _channel(lead)
    )


def _appointment(lead: Plan, base: date, clock: ProjectClock) -> tuple[datetime, Adjustment]:
    """The confirming call the day before; once talked since then, the call if nobody comes (cadence case 10)."""
    assert lead.appointment_at is not None
    coming = clock.business_day(lead.appointment_at)
    eve = coming - ONE_DAY
    if base < eve:
        return clock.midnight(eve), Adjustment(Adjust.APPOINTMENT, lead.appointment_event, eve)
    return lead.appointment_at, Adjustment(Adjust.APPOINTMENT, lead.appointment_event, coming)


def _fewer(terms: Terms) -> tuple[Adjustment, ...]:
    """SC-7: "fewer calls" doubles the interval."""
    return (Adjustment(Adjust.FEWER, 0, None, terms.policy.fewer_factor),)


def _channel(lead: Plan) -> str:
    """SC-7: "messages only" turns call duties into messages."""
    return "message" if lead.preference == "messages_only" else "phone"


def edited(old: Duty, new: Duty, e: Event, day: date, both_ways: bool, terms: Terms) -> Duty:
    """The general rule: an edit without a conversation brings a date nearer, never farther away.

    Nor before the edit's own day; what is overdue never moves. An edit on the day of a conversation belongs to it
    and may move both ways.
    """
    clock = terms.clock
    if new.due < clock.closing(day):
        steps = (*new.adjustments, Adjustment(Adjust.NOT_BEFORE, e.id, day))
        new = new._replace(adjustments=steps, due=clock.closing(day))
    caught_up = [step for step in old.adjustments if step.kind == Adjust.CATCH_UP]
    if caught_up and not both_ways:
        stays = Adjustment(Adjust.CATCH_UP, caught_up[-1].event, clock.local_day(old.due))
        new = new._replace(adjustments=(stays,), due=clock.closing(clock.local_day(old.due)))
    elif new.due > old.due and not both_ways:
        kept = clock.local_day(old.due)
        steps = (*new.adjustments, Adjustment(Adjust.EDIT_KEPT, e.id, kept))
        new = new._replace(adjustments=steps, due=clock.closing(kept), opens=min(new.opens, old.opens))
    return new._replace(tries=old.tries, first_try_at=old.first_try_at, next_try_at=old.next_try_at)


def moved_to(duty: Duty, kind: Adjust, event: int, day: date, clock: ProjectClock, number: int = 0) -> Duty:
    """The same duty, due at the closing of another day, and why."""
    steps = (*duty.adjustments, Adjustment(kind, event, day, number))
    return duty._replace(adjustments=steps, due=clock.closing(day))


def close(lead: Plan, duty: Duty, state: DutyState, e: Event, terms: Terms) -> None:
    """Put a duty on record as ended by ``e`` (PX-14).

    What only loaded history brought about and ended was never anybody's task and leaves no record (PX-15).
    """
    loaded = terms.history.get(duty.base_event)
    if loaded is not None and e.at < loaded:
        return
    if state == DutyState.SUPERSEDED:
        terms.superseded = True
    else:
        terms.on_record.add(duty.key)
    lead.closed.append(ClosedDuty(duty, state, e.at, e.id, _excuse(lead, duty) if duty.due < e.at else ""))


def _excuse(lead: Plan, duty: Duty) -> str:
    """Why nobody could do it: its moment passed in the pool, or while the number was known to be wrong."""
    if not lead.consultant:
        return "pool" if lead.pooled_at is None or duty.due >= lead.pooled_at else ""
    return "repair" if lead.repair is not None and duty.due >= lead.repair.opens else ""


def drop(lead: Plan, duty: Duty | None, e: Event, terms: Terms) -> None:
    """End a duty that was not done: missed when its due moment has passed, otherwise superseded (PX-14).

    A call whose window had not opened, or opened this very moment, was never on a list and leaves no trace; a
    promise is on record from the moment it was given.
    """
    if duty is not None and (duty.opens < e.at or duty.kind == "promise"):
        close(lead, duty, DutyState.MISSED if duty.due < e.at else DutyState.SUPERSEDED, e, terms)


def drop_cadence(lead: Plan, e: Event, terms: Terms) -> None:
    """End what is owed of the cadence."""
    drop(lead, lead.cadence, e, terms)
    drop(lead, lead.upcoming, e, terms)
    lead.cadence = lead.upcoming = None


def put_away(lead: Plan, e: Event, *duties: Duty | None) -> None:
    """Remember what a stop ends before its moment: lifted in time, it was as if it had never been."""
    kept = tuple(each for each in duties if each is not None and (each.due >= e.at or each.kind == "repair"))
    kept = tuple(each for each in kept if each.clause != "PX-2")
    if kept:
        same = lead.shelf if lead.shelf_base == lead.base_event else ()
        lead.shelf, lead.shelf_base = same + kept, lead.base_event


def drop_all(lead: Plan, e: Event, terms: Terms) -> None:
    """End everything owed to the customer: lost, invalid, handed over, do not contact."""
    put_away(lead, e, lead.cadence, lead.upcoming, lead.promise, lead.grading, lead.repair)
    lead.shelf_appointment = lead.appointment_at or lead.shelf_appointment
    drop_cadence(lead, e, terms)
    drop(lead, lead.promise, e, terms)
    drop(lead, lead.grading, e, terms)
    drop(lead, lead.repair, e, terms)
    lead.promise = lead.grading = lead.repair = None
    lead.appointment_at = None
    lead.tries = ()
    lead.unreached = lead.sms_owed = False


def owe_repair(lead: Plan, e: Event, day: date, terms: Terms) -> None:
    """PX-1: a wrong or missing number is repaired, not tried again."""
    if lead.repair is None and lead.state == "live" and lead.preference != "do_not_contact":
        lead.repair = working_days("repair", "PX-1", terms.policy.repair_working_days, e, day, terms)


def working_days(kind: str, clause: str, count: int, e: Event, day: date, terms: Terms) -> Duty:
    """A duty due so many working days after its event, or after its entry."""
    last = terms.calendar.add_working_days(max(day, terms.clock.business_day(e.recorded_at)), count)
    step = Adjustment(Adjust.WORKING_DAYS, e.id, last, count)
    return Duty(kind, clause, e.at, terms.clock.closing(last), e.id, day, count, terms.version, (step,))

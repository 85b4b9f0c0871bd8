"""The plain data the cadence rules read and answer with. Pure; immutable but for ``Plan``.

A lead's history is one append-only list of events; ``rules.plan`` folds it into a ``Plan``. The small
records are named tuples: built by the hundred thousand, compared by value, never changed. Moments are aware
datetimes in UTC, days are dates in the project's time zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from leads.policy import Policy


class EventKind(StrEnum):
    """What can happen to a lead. The comment of each says what ``Event.value`` (and due, ref) hold."""

    # An appointment (a visit arranged for) may come with a call_in that was talked, a visit or a contact.
    CALL_IN = "call_in"  # talked (the consultant took it) | not_taken (nobody of sales talked)
    VISIT = "visit"  # "" ; its grade follows as an event of its own, with the visit's own ``at``
    CONTACT = "contact"  # Outcome; due = promised callback moment
    APPOINTMENT_OFF = "appointment_off"  # the customer called the appointment off
    GRADE = "grade"  # A | B | C | D | ""
    QUALITY = "quality"  # quality | not_quality
    KEY = "key"  # 1 | 0
    WEEKLY = "weekly"  # 1 | 0 (SC-2.3b: weekly because of an objection)
    OBJECTION = "objection"  # raised | dissolved; never changes a date
    PREFERENCE = "preference"  # Preference
    KIND = "kind"  # LeadKind
    PUT_OFF = "put_off"  # due = the wished date (SC-2.4)
    ASSIGNED = "assigned"  # user id, or "" for the pool
    CATCH_UP = "catch_up"  # due = a moment of the day the lead was spread to (PX-15)
    DEAL = "deal"  # DealStage; ref = deal id
    LOST = "lost"  # reason
    INVALID = "invalid"  # reason
    REOPENED = "reopened"
    PHONE_REPAIRED = "phone_repaired"
    NO_PHONE = "no_phone"
    REVIEW_DONE = "review_done"  # a review (PX-2, PX-14) answered without a change
    VOID = "void"  # ref = id of the event it annuls


class LeadKind(StrEnum):
    """SC-3."""

    ORDINARY = "ordinary"
    LEADER_REFERRAL = "leader_referral"
    VIP = "vip"


class DealStage(StrEnum):
    """PX-9, in the order of progress; the last three undo it."""

    REGISTERED = "registered"
    SUBSCRIBED = "subscribed"
    SIGNED = "signed"
    PAID = "paid"
    HANDED_OVER = "handed_over"
    REFUNDED = "refunded"
    FORFEITED = "forfeited"
    CANCELLED = "cancelled"


class DutyKind(StrEnum):
    """At most one open duty of each kind a lead (SC-2.6)."""

    CADENCE = "cadence"
    PROMISE = "promise"
    GRADE = "grade"
    REPAIR = "repair"


class DutyState(StrEnum):
    """How a duty ended (PX-14). Whether a done one was in time follows from closed_at and due."""

    DONE = "done"
    MISSED = "missed"
    SUPERSEDED = "superseded"


class Adjust(StrEnum):
    """Why a due moment is not just base day + interval. Applied in order by ``rules_due.due_of``."""

    FEWER = "fewer"  # number = factor: interval times factor (SC-7)
    ENTERED_LATE = "entered_late"  # day = day of entry, number = lag in days (SC-4.1)
    CATCH_UP = "catch_up"  # day set (PX-15)
    POOL = "pool"  # day set: the day a consultant got it (PX-6)
    REPAIRED = "repaired"  # day set: the day the number was right again (PX-1)
    PUT_OFF = "put_off"  # day set (SC-2.4)
    NOT_BEFORE = "not_before"  # never before the day of the edit, policy or reopening
    EDIT_KEPT = "edit_kept"  # day set: an edit would have moved it away; the nearer day stands
    PROMISE = "promise"  # held: not before the promised day; on a promise itself: at = the moment
    APPOINTMENT = "appointment"  # day set: the confirming call, or the call when nobody came
    WORKING_DAYS = "working_days"  # day set: number working days after the base


class Event(NamedTuple):
    """One row of the history. Rows are folded in the order of (at, id)."""

    id: int
    kind: str
    at: datetime
    recorded_at: datetime
    value: str = ""
    due: datetime | None = None
    ref: int | None = None
    imported: bool = False
    channel: str = "phone"
    appointment: datetime | None = None


class History(NamedTuple):
    """All events of one lead, sorted by (at, id), and the kind it was registered with."""

    events: Sequence[Event]
    kind: str = "ordinary"


class PolicyVersion(NamedTuple):
    """An approved policy of the project. Only versions already in force are given to the rules."""

    effective_from: datetime
    version: int
    policy: Policy


class Calendar(Protocol):
    """The project's working calendar."""

    def add_working_days(self, day: date, count: int) -> date:
        """The count-th working day after ``day``."""
        ...


class Adjustment(NamedTuple):
    """One step between base day + interval and the due moment; ``event`` is 0 for a policy version."""

    kind: str
    event: int
    day: date | None = None
    number: int = 0
    at: datetime | None = None


class Duty(NamedTuple):
    """Something owed to the customer, from ``opens`` until ``due``.

    ``base_event``/``base_day``/``interval``/``adjustments``/``policy_version`` are the "why" of ``due``.
    ``interval`` is in days (working days for repairs and reviews). The key is unique over a lead's open and
    closed duties; a superseded duty that comes back (graded D by mistake, then B again) is the same duty, open
    again, and leaves the closed ones.
    """

    kind: str
    clause: str
    opens: datetime
    due: datetime
    base_event: int
    base_day: date
    interval: int
    policy_version: int
    adjustments: tuple[Adjustment, ...] = ()
    channel: str = "phone"
    tries: int = 0
    first_try_at: datetime | None = None
    next_try_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """(kind, clause, base event): identifies the duty across recomputations."""
        return (self.kind, self.clause, self.base_event)


class ClosedDuty(NamedTuple):
    """A duty that ended; ``excuse`` is "" or why nobody could do it ("pool", "repair")."""

    duty: Duty
    state: str
    closed_at: datetime
    closed_by: int
    excuse: str = ""

    @property
    def in_time(self) -> bool:
        """Done, and by its due moment."""
        return self.state == "done" and self.closed_at <= self.duty.due

    @property
    def tried_in_time(self) -> bool:
        """Somebody tried by the due moment, reached or not (PX-2)."""
        first = self.duty.first_try_at or (self.closed_at if self.state == "done" else None)
        return first is not None and first <= self.duty.due


@dataclass(slots=True)
class Plan:
    """What a lead's history amounts to. It is the running state of the fold; afterwards read only.

    ``cadence`` is the one open cadence duty; ``upcoming`` is owed after it (SC-1.2 behind SC-1.1, SC-2.2
    behind SC-2.1) and takes its place, or is discharged with it when its window is open too.
    """

    cadence: Duty | None = None
    upcoming: Duty | None = None
    promise: Duty | None = None
    grading: Duty | None = None
    repair: Duty | None = None
    closed: list[ClosedDuty] = field(default_factory=list)

    kind: str = "ordinary"
    state: str = "live"
    state_reason: str = ""
    phase: str = "new"
    consultant: str = ""
    #: in the pool since; None while somebody has it, and for a lead nobody ever had
    pooled_at: datetime | None = None
    grade: str = ""
    quality: str = ""
    preference: str = "welcome"
    is_key: bool = False
    weekly: bool = False
    #: the clause that says why nobody calls: SC-1.4, SC-2.5, SC-3.1, SC-3.2, SC-7; "" when something is owed
    quiet_clause: str = ""
    #: D, not of quality: the day it comes up for re-judging (PX-14)
    rejudge_on: date | None = None
    #: promise, appointment: why the cadence duty waits; it is on the list again from held_until
    hold: str = ""
    held_until: date | None = None
    suggestions: tuple[str, ...] = ()
    sms_owed: bool = False

    visits: int = 0
    first_event_day: date | None = None
    last_visit_day: date | None = None
    last_talk_at: datetime | None = None
    last_talk_day: date | None = None
    refusals: int = 0
    #: local day and slot (0 morning, 1 afternoon, 2 evening) of each try since somebody was reached (PX-2)
    tries: tuple[tuple[date, int], ...] = ()
    appointment_at: datetime | None = None
    appointment_event: int = 0
    put_off_day: date | None = None
    put_off_event: int = 0
    #: what a stop (lost, do not contact, D, VIP) put away before its moment, and the base it counted from; taken up
    #: again when the stop is lifted in time and nothing else has happened
    shelf: tuple[Duty, ...] = ()
    shelf_base: int = 0
    shelf_appointment: datetime | None = None
    #: deal id to the last stage reached, running deals only
    deals: dict[int, str] = field(default_factory=dict)

    #: what the next periodic date counts from: the last conversation, visit, first call or deal
    base_event: int = 0
    base_day: date | None = None
    calls: int = 0
    #: the call from which SC-1.2 is still owed; no day once it was made or is moot
    second_event: int = 0
    second_day: date | None = None
    last_visit_event: int = 0
    last_visit_at: datetime | None = None
    visit_is_history: bool = False
    called_since_visit: bool = False
    #: nobody reached in six tries: a try every 14 days until somebody is (PX-2)
    unreached: bool = False
    judged_day: date | None = None
    #: the cancelled deal that brought the lead back: its SC-2.2 is owed whatever the grade (PX-9)
    returned_event: int = 0
    #: handed over: SC-4.2 goes on until this day, when the policy extends it
    farewell_day: date | None = None

    @property
    def open_duties(self) -> tuple[Duty, ...]:
        """The open duties, at most one of each kind."""
        four = (self.cadence, self.promise, self.grading, self.repair)
        return tuple(duty for duty in four if duty is not None)

    @property
    def next_duty(self) -> Duty | None:
        """The cadence duty or the promise, whichever is due first: the lead's one line on Today."""
        cadence, promise = self.cadence, self.promise
        if cadence is None or (promise is not None and promise.due <= cadence.due):
            return promise
        return cadence

    @property
    def review(self) -> Duty | None:
        """What the lead waits for: the data repair (PX-1), the grade review (PX-2), or the grade of a D who came
        again (SC-2.6) and is owed nothing until somebody has judged.
        """
        if self.repair is not None or self.grading is None:
            return self.repair
        waits = self.grading.clause == "PX-2" or self.next_duty is None
        return self.grading if waits else None


class ProjectClock:
    """Days and moments of one project: its zone and closing time (SC-1.1). Makes no use of "now".

    Get one by ``ProjectClock.of(zone, closes)``: equal clocks are one object and share their look-ups.
    """

    __slots__ = ("_closings", "_midnights", "closes", "zone", "zone_name")

    def __init__(self, zone_name: str, closes: time = time(20, 30)) -> None:
        self.zone_name = zone_name
        self.zone = ZoneInfo(zone_name)
        self.closes = closes
        self._closings: dict[date, datetime] = {}
        self._midnights: dict[date, datetime] = {}

    @staticmethod
    @lru_cache(maxsize=64)
    def of(zone_name: str, closes: time = time(20, 30)) -> ProjectClock:
        """The shared clock of a zone and closing time."""
        return ProjectClock(zone_name, closes)

    def closing_at(self, closes: time) -> ProjectClock:
        """The clock of the same zone with another closing time."""
        return self if closes == self.closes else ProjectClock.of(self.zone_name, closes)

    def local(self, at: datetime) -> datetime:
        """The moment on the project's wall clock."""
        return at.astimezone(self.zone)

    def local_day(self, at: datetime) -> date:
        """The calendar day of the moment."""
        return at.astimezone(self.zone).date()

    def business_day(self, at: datetime) -> date:
        """The day the moment counts for: what happens after closing belongs to the next day (SC-1.1)."""
        local = at.astimezone(self.zone)
        day = local.date()
        return day + timedelta(1) if local.time() > self.closes else day

    def closing(self, day: date) -> datetime:
        """When the day closes: the due moment of everything due on it."""
        found = self._closings.get(day)
        if found is None:
            found = self._closings[day] = self.moment(day, self.closes)
        return found

    def midnight(self, day: date) -> datetime:
        """When the day begins: the opening of every window that opens on it."""
        found = self._midnights.get(day)
        if found is None:
            found = self._midnights[day] = self.moment(day, time.min)
        return found

    def moment(self, day: date, at: time) -> datetime:
        """A wall-clock time of a day, as UTC."""
        return datetime.combine(day, at, self.zone).astimezone(UTC)

"""SC-6, do not become a nuisance: how often one customer is contacted, over every channel and app.

Pure: the ledger's days of one customer in, a decision out. What may not happen now is held until a day,
with a reason on record; nothing is sent silently and nothing is lost silently.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from crm.bilingual import Bilingual

DAY = timedelta(days=1)
WEEK = 7
MONTH = 30


class Kind(StrEnum):
    """Why the customer is to be contacted; in the order of RANK when the cap is short."""

    OWED_BY_LAW = "owed_by_law"  # by law, or promised to the customer: a complaint reply
    SAME_DAY_DUTY = "same_day_duty"  # SC-1.1, SC-2.1, SC-3.1 courtesy, SC-4.1
    PROMISE = "promise"  # a callback arranged with the customer
    SERVICE = "service"
    GREETING = "greeting"
    MILESTONE = "milestone"
    PERIODIC = "periodic"  # the sales cadence
    CLOSED_CARE = "closed_care"  # SC-4.2
    BROADCAST = "broadcast"


class Means(StrEnum):
    CALL = "call"
    SMS = "sms"


class Reason(StrEnum):
    """Why a contact is held."""

    TALKED_TODAY = "talked_today"
    TALKED_TWICE_TODAY = "talked_twice_today"
    TALKED_THIS_WEEK = "talked_this_week"
    TRIED_TODAY = "tried_today"
    SMS_TODAY = "sms_today"
    SMS_THIS_MONTH = "sms_this_month"
    RESERVED = "reserved"


REASONS: Mapping[Reason, Bilingual] = {
    Reason.TALKED_TODAY: Bilingual("Already talked to today", "今天已通过话"),
    Reason.TALKED_TWICE_TODAY: Bilingual("Already talked to twice today", "今天已通过两次话"),
    Reason.TALKED_THIS_WEEK: Bilingual("Talked to often enough in these seven days", "近七天通话已达上限"),
    Reason.TRIED_TODAY: Bilingual("Tried often enough today", "今天拨打次数已达上限"),
    Reason.SMS_TODAY: Bilingual("Already had a message today", "今天已发过短信"),
    Reason.SMS_THIS_MONTH: Bilingual("Had enough messages in these thirty days", "近三十天短信已达上限"),
    Reason.RESERVED: Bilingual("Kept free for the coming festival", "为即将到来的节日问候预留"),
}

RANK: Mapping[Kind, int] = {kind: rank for rank, kind in enumerate(Kind)}
PASSING = frozenset({Kind.SAME_DAY_DUTY, Kind.PROMISE})
# A service message about an open matter, and a duty of the day done by message, are not marketing.
MARKETING = frozenset({Kind.GREETING, Kind.MILESTONE, Kind.PERIODIC, Kind.CLOSED_CARE, Kind.BROADCAST})


@dataclass(frozen=True, slots=True)
class Caps:
    """The numbers of SC-6, for one customer. A manager changes them in a new policy version (SC-13)."""

    conversations_a_day: int = 1
    conversations_a_week: int = 3
    passing_conversations_a_day: int = 2
    tries_a_day: int = 3
    marketing_sms_a_day: int = 1
    marketing_sms_a_month: int = 4


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one customer has had, by business day; one entry for each conversation or message.

    Conversations at least of the last 7 days, marketing SMS at least of the last 30, today included.
    `tries_today`: every number dialled today, reached or not; `tries_on`: which day that is, where it matters.
    """

    conversations: tuple[date, ...] = ()
    marketing_sms: tuple[date, ...] = ()
    tries_today: int = 0
    tries_on: date | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """The contact may take place now."""


@dataclass(frozen=True, slots=True)
class Held:
    """The contact waits: `until` is the first day on which it may take place if nothing else does."""

    until: date
    reason: Reason


Decision = Allowed | Held
ALLOWED = Allowed()


@dataclass(frozen=True, slots=True)
class Request:
    """One contact somebody or something wants to make."""

    kind: Kind
    means: Means = Means.CALL


def decide(
    ledger: Ledger, request: Request, today: date, caps: Caps, reserved: Iterable[date] = ()
) -> Decision:
    """May this contact take place today (SC-6)?

    `reserved`: the coming festival days on which this customer is greeted by the same means; whatever
    ranks below a greeting leaves room for them. A contact owed by law or promised in a complaint is never
    capped; a same-day duty or a promise passes the cap up to `passing_conversations_a_day`.
    """
    if request.kind is Kind.OWED_BY_LAW or (request.means is Means.SMS and request.kind not in MARKETING):
        return ALLOWED
    if request.kind in PASSING:
        if ledger.conversations.count(today) < caps.passing_conversations_a_day:
            return ALLOWED
        return Held(today + DAY, Reason.TALKED_TWICE_TODAY)
    below_greeting = RANK[request.kind] > RANK[Kind.GREETING]
    greetings = tuple(day for day in reserved if day >= today) if below_greeting else ()
    if request.means is Means.SMS:
        limits = (caps.marketing_sms_a_day, caps.marketing_sms_a_month, MONTH)
        return _decide(
            ledger.marketing_sms, today, limits, (Reason.SMS_TODAY, Reason.SMS_THIS_MONTH), greetings
        )
    limits = (caps.conversations_a_day, caps.conversations_a_week, WEEK)
    reasons = (Reason.TALKED_TODAY, Reason.TALKED_THIS_WEEK)
    decision = _decide(ledger.conversations, today, limits, reasons, greetings)
    if isinstance(decision, Held) or ledger.tries_today < caps.tries_a_day:
        return decision
    return Held(_first_free(ledger.conversations, today + DAY, limits, greetings), Reason.TRIED_TODAY)


def first_free_day(conversations: Iterable[date], today: date, caps: Caps) -> date:
    """The first day, today or later, with room for a periodic call if no other conversation comes."""
    return _first_free(
        tuple(conversations), today, (caps.conversations_a_day, caps.conversations_a_week, WEEK), ()
    )


def free_from(ledger: Ledger, day: date, urgent: bool, caps: Caps) -> date:
    """The first day, `day` or later, on which a call of the cadence may be made (SC-6).

    `urgent`: a same-day duty or a promise, which passes the cap up to `passing_conversations_a_day`. The tries in
    the ledger are those of its own day, which matters when `day` is that day.
    """
    if urgent:
        return day + DAY if ledger.conversations.count(day) >= caps.passing_conversations_a_day else day
    tried_enough = ledger.tries_on == day and ledger.tries_today >= caps.tries_a_day
    return first_free_day(ledger.conversations, day + DAY if tried_enough else day, caps)


Limits = tuple[int, int, int]
"""How many a day, how many in a span, and the span in days."""


def _decide(
    had: Sequence[date],
    today: date,
    limits: Limits,
    reasons: tuple[Reason, Reason],
    greetings: tuple[date, ...],
) -> Decision:
    a_day, a_span, span = limits
    if _fits(had, today, limits, greetings):
        return ALLOWED
    if had.count(today) >= a_day:
        reason = reasons[0]
    elif _within(had, today, span) >= a_span:
        reason = reasons[1]
    else:
        reason = Reason.RESERVED
    return Held(_first_free(had, today + DAY, limits, greetings), reason)


def _fits(had: Sequence[date], day: date, limits: Limits, greetings: tuple[date, ...]) -> bool:
    """Whether one more on `day` keeps within the limits and leaves each later greeting its place."""
    a_day, a_span, span = limits
    # A greeting that comes before `day` will have been had by then.
    had = [*had, *(greeting for greeting in greetings if greeting < day)]
    if had.count(day) >= a_day or _within(had, day, span) >= a_span:
        return False
    later = sorted(greeting for greeting in set(greetings) if day <= greeting < day + span * DAY)
    planned = [*had, day]
    for greeting in later:
        if planned.count(greeting) >= a_day or _within(planned, greeting, span) >= a_span:
            return False
        planned.append(greeting)
    return True


def _within(had: Sequence[date], day: date, span: int) -> int:
    """How many of the last `span` days' contacts, `day` included."""
    return sum(1 for each in had if day - (span - 1) * DAY <= each <= day)


def _first_free(had: Sequence[date], start: date, limits: Limits, greetings: tuple[date, ...]) -> date:
    """The first day from `start` on with room; found once all that is known lies a span back."""
    last = max((*had, *greetings, start))
    day = start
    while day <= last + limits[2] * DAY:
        if _fits(had, day, limits, greetings):
            return day
        day += DAY
    return day

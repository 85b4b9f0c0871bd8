"""The states of a message to a customer, and which may follow which. Pure; print it with `print(printable())`.

A move that is not in MOVES is refused, by `check_move` here and by the guard of every UPDATE of the outbox, which
names the states it may leave: `filter(state__in=sources(new)).update(state=new)`.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from crm.contact_cap import Kind


class State(StrEnum):
    HELD = "held"  # quiet hours, the cap, the budget, its own hour
    QUEUED = "queued"
    CLAIMED = "claimed"  # a sender has taken it and checks it again
    SENDING = "sending"  # committed before the socket is touched
    ACCEPTED = "accepted"  # the gateway has it
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    NO_RECEIPT = "no_receipt"  # no word for 72 hours
    REFUSED = "refused"  # a definite no: not sent
    UNKNOWN = "unknown"  # timeout, cut line, lost sender: it may have been sent
    UNKNOWN_FINAL = "unknown_final"  # a person has read it and decided
    SUPPRESSED = "suppressed"  # opted out, not to be contacted, already talked to
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MOVES: Mapping[State, frozenset[State]] = {
    State.HELD: frozenset({State.QUEUED, State.EXPIRED}),
    State.QUEUED: frozenset({State.CLAIMED, State.HELD, State.SUPPRESSED, State.CANCELLED, State.EXPIRED}),
    # back to queued: the reaper, or a sender that will not send after all
    State.CLAIMED: frozenset({State.SENDING, State.HELD, State.SUPPRESSED, State.QUEUED}),
    # back to queued: throttled, or proven not to have reached the socket
    State.SENDING: frozenset({State.ACCEPTED, State.REFUSED, State.UNKNOWN, State.QUEUED}),
    State.ACCEPTED: frozenset({State.DELIVERED, State.UNDELIVERED, State.NO_RECEIPT}),
    State.NO_RECEIPT: frozenset({State.DELIVERED, State.UNDELIVERED}),
    State.UNKNOWN: frozenset({State.ACCEPTED, State.QUEUED, State.UNKNOWN_FINAL}),
    State.REFUSED: frozenset({State.QUEUED}),  # sent again on purpose: it is proven not to have been sent
    State.DELIVERED: frozenset(),
    State.UNDELIVERED: frozenset(),
    State.UNKNOWN_FINAL: frozenset(),
    State.SUPPRESSED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}

#: Planned and not with the gateway yet: it holds its place in the contact cap (SC-6).
RESERVED = frozenset({State.HELD, State.QUEUED, State.CLAIMED, State.SENDING, State.UNKNOWN})
#: Something is still to be done by the product.
PENDING = frozenset({State.HELD, State.QUEUED, State.CLAIMED, State.SENDING})
#: The gateway has it, or had it.
SENT = frozenset({State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.NO_RECEIPT})
#: What few messages of a run come to, and what somebody looks for in its list.
ASIDE = frozenset(
    {
        State.UNDELIVERED,
        State.NO_RECEIPT,
        State.REFUSED,
        State.UNKNOWN_FINAL,
        State.SUPPRESSED,
        State.CANCELLED,
        State.EXPIRED,
    }
)
#: Proven not to have been sent: only these may be sent again, and over another gateway.
PROVEN_NOT_SENT = frozenset({State.REFUSED})


class UnknownMove(ValueError):
    """A move that the table does not know."""


def check_move(old: str, new: str) -> None:
    """Raise UnknownMove unless a message in `old` may go to `new`."""
    if State(new) not in MOVES[State(old)]:
        raise UnknownMove(f"{old} -> {new}")


def sources(new: str) -> frozenset[State]:
    """The states that a message may come to `new` from."""
    return frozenset(old for old, targets in MOVES.items() if State(new) in targets)


def printable() -> str:
    """The table, one state a line."""
    return "\n".join(
        f"{old.value:<14}-> {' | '.join(sorted(new.value for new in targets)) or '(end)'}"
        for old, targets in MOVES.items()
    )


class Refusal(StrEnum):
    """Why a gateway said no, by what follows from it."""

    THROTTLED = "throttled"  # back to queued, the rate is halved
    BAD_NUMBER = "bad_number"  # final; the number is flagged
    BLACKLIST = "blacklist"  # final; the number is suppressed
    SIGNATURE = "signature"  # the run pauses and its people are told
    TEMPLATE = "template"
    KEYWORD = "keyword"
    BALANCE = "balance"
    OTHER = "other"  # final


#: The gateway objects to the whole run, not to this number.
PAUSING = frozenset({Refusal.SIGNATURE, Refusal.TEMPLATE, Refusal.KEYWORD, Refusal.BALANCE})


class Priority(IntEnum):
    """Who goes first when the cap or the line is short: service, festival, milestone, SC-4.2, broadcast."""

    SERVICE = 0
    FESTIVAL = 1
    MILESTONE = 2
    SALES = 3
    CLOSED_CARE = 4
    BROADCAST = 5


class RunKind(StrEnum):
    """What a run of messages is for."""

    SERVICE = "service"
    FESTIVAL = "festival"
    MILESTONE = "milestone"
    SALES = "sales"  # a single message of a consultant
    CLOSED_CARE = "closed_care"  # SC-4.2
    BROADCAST = "broadcast"
    TEST = "test"  # to staff; nobody's cap


PRIORITY: Mapping[str, Priority] = {
    RunKind.SERVICE: Priority.SERVICE,
    RunKind.TEST: Priority.SERVICE,
    RunKind.FESTIVAL: Priority.FESTIVAL,
    RunKind.MILESTONE: Priority.MILESTONE,
    RunKind.SALES: Priority.SALES,
    RunKind.CLOSED_CARE: Priority.CLOSED_CARE,
    RunKind.BROADCAST: Priority.BROADCAST,
}
#: The kind under which the cap of SC-6 counts a run; a kind that is not here is never capped.
CAPPED: Mapping[str, Kind] = {
    RunKind.FESTIVAL: Kind.GREETING,
    RunKind.MILESTONE: Kind.MILESTONE,
    RunKind.SALES: Kind.PERIODIC,
    RunKind.CLOSED_CARE: Kind.CLOSED_CARE,
    RunKind.BROADCAST: Kind.BROADCAST,
}


class Left(StrEnum):
    """Why somebody of the audience gets no message, or not now; shown row by row in the rehearsal."""

    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"  # the number: a carrier's blacklist, a reply from it
    DO_NOT_CONTACT = "do_not_contact"
    CAP = "cap"
    RESERVED = "reserved"  # kept free for the coming festival
    NO_NUMBER = "no_number"
    COMPLAINT_OPEN = "complaint_open"
    DATA_MISSING = "data_missing"
    DUPLICATE_NUMBER = "duplicate_number"
    GREETED = "greeted"  # greeted for this festival by another run
    TOO_LONG = "too_long"
    TALKED = "talked"  # somebody reached them first
    QUIET_HOURS = "quiet_hours"
    BUDGET = "budget"
    HOUR = "hour"  # waits for its own hour

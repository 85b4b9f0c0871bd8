"""States shared by every app: plain string enums, no Django.

Their values are what the database stores and what the rules read; their labels belong to the screens.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one contact ended (PX-1). Whether it was effective is derived from it, never typed."""

    TALKED = "talked"
    CALLBACK_ARRANGED = "callback_arranged"
    REFUSED = "refused"
    HUNG_UP = "hung_up"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    PHONE_OFF = "phone_off"
    SUSPENDED = "suspended"
    MESSAGE_LEFT = "message_left"
    INVALID_NUMBER = "invalid_number"
    WRONG_PERSON = "wrong_person"
    SENT = "sent"


#: A person was spoken with: the conversation that discharges duties (PX-1).
EFFECTIVE: frozenset[str] = frozenset(
    {Outcome.TALKED, Outcome.CALLBACK_ARRANGED, Outcome.REFUSED, Outcome.HUNG_UP}
)
#: A try nobody answered: the duty stays open and is tried again in another slot (PX-2).
UNANSWERED: frozenset[str] = frozenset(
    {Outcome.NO_ANSWER, Outcome.BUSY, Outcome.PHONE_OFF, Outcome.SUSPENDED, Outcome.MESSAGE_LEFT}
)
#: The number is wrong: a data repair opens instead of a retry (PX-1).
WRONG_NUMBER: frozenset[str] = frozenset({Outcome.INVALID_NUMBER, Outcome.WRONG_PERSON})


def is_effective(outcome: str) -> bool:
    """Whether a contact with this outcome was a conversation (PX-1); unknown outcomes are not."""
    return outcome in EFFECTIVE


class Channel(StrEnum):
    """By what means a contact was made (CR-2, UR-4, PX-16)."""

    PHONE = "phone"
    WECHAT = "wechat"
    SMS = "sms"
    LETTER = "letter"
    EMAIL = "email"
    HOME_VISIT = "home_visit"
    IN_PERSON = "in_person"


#: Written exchanges: effective when answered, yet no call (PX-16).
MESSAGE_CHANNELS: frozenset[str] = frozenset({Channel.WECHAT, Channel.SMS, Channel.LETTER, Channel.EMAIL})


class Preference(StrEnum):
    """What the customer wishes (SC-7)."""

    WELCOME = "welcome"
    FEWER = "fewer"
    MESSAGES_ONLY = "messages_only"
    DO_NOT_CONTACT = "do_not_contact"


class Salutation(StrEnum):
    """先生, 女士 or not known (SC-10)."""

    MR = "mr"
    MS = "ms"
    UNKNOWN = "unknown"


class Grade(StrEnum):
    """A visitor's grade (SC-2); its label and criteria are each project's own (PX-11)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    UNGRADED = ""

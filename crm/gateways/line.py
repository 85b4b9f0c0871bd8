"""What every line out of the house can do."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm.models import Gateway
from crm.rules_messages import Refusal

SOCKET_TIMEOUT = 10.0  # seconds; below half of the lease (crm.outbox.draining.LEASE)


class LineDown(Exception):
    """The line cannot be had. `text` is for an administrator and holds neither number nor secret."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Fate(StrEnum):
    """What is known about one message after a try."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # a definite no
    UNKNOWN = "unknown"  # written, and no answer heard
    UNSENT = "unsent"  # proven never to have been written


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to hand over. `reference` is ours, the same whenever this try is asked about."""

    message_id: int
    n: int
    to: str
    text: str
    template: str = ""
    values: Mapping[str, str] | None = None

    @property
    def reference(self) -> str:
        return f"{self.message_id}.{self.n}"

    @property
    def short(self) -> int:
        """The 16 bits of SMPP's user_message_reference."""
        return self.message_id & 0xFFFF


@dataclass(frozen=True, slots=True)
class Answer:
    """`refs`: the gateway's ids, one for each part. `code`: what the gateway literally said."""

    fate: Fate
    refs: tuple[str, ...] = ()
    refusal: Refusal | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery receipt for one part. `hint` is number:short reference where the gateway echoes one."""

    ref: str
    status: str  # delivered, undelivered
    at: dt.datetime
    part: int = 1
    code: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message from outside; `ref` is the gateway's id of it, "" when it gives none."""

    sender: str
    text: str
    at: dt.datetime
    ref: str = ""


class Line(ABC):
    """One open line. Every method may raise LineDown, after which the line is of no more use."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    @abstractmethod
    def send(self, batch: Sequence[Outgoing], *, latest: float) -> dict[int, Answer]:
        """Hand a batch over; one answer for each message id, whatever happens.

        `latest` is a moment of time.monotonic(): nothing is written after it (a frozen process wakes up late).
        """

    def take(self, *, wait: float = 0.0) -> tuple[list[Report], list[Reply]]:
        """What has come in, waiting up to `wait` seconds for the first; the same again until `acknowledge`."""
        return [], []

    def acknowledge(self) -> None:  # noqa: B027 (a line that hears nothing has nothing to acknowledge)
        """What was taken is stored: tell the other side."""

    def query(self, batch: Sequence[Outgoing]) -> dict[int, Answer]:
        """What the gateway knows of messages whose answer was never heard: ACCEPTED, or UNSENT when it proves that it
        never had them. One it cannot tell about is left out.
        """
        return {}

    def balance(self) -> str:
        """What the gateway says is left, "" where it does not tell."""
        return ""

    @property
    def listens(self) -> bool:
        """Whether receipts and replies come in over this line, so that it is worth keeping open."""
        return False

    def close(self) -> None:  # noqa: B027
        """Leave politely."""

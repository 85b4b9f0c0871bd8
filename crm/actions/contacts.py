"""Writing the contact ledger. Whether a contact is effective follows from its outcome, never from a form
(PX-1).
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NamedTuple

from crm.models import Contact, Customer, Occasion, Project, User
from crm.states import Channel, is_effective


class Burst(NamedTuple):
    """PX-14: more than `most` contacts logged within `window` count only once accepted; the policy's numbers."""

    most: int = 5
    window: dt.timedelta = dt.timedelta(minutes=2)


USUAL = Burst()


def _doubt(
    *,
    by: User | None,
    channel: str,
    direction: str,
    tapped_at: dt.datetime | None,
    burst: Burst,
    at: dt.datetime,
) -> str:
    """PX-14: a call without a tapped number, or more than 5 contacts logged within 2 minutes, counts only
    once accepted.
    """
    if by is None:
        return ""
    recent = Contact.objects.filter(
        by=by, recorded_at__gt=at - burst.window, recorded_at__lte=at, imported=False
    )
    if recent.count() >= burst.most:
        return "burst"
    if channel == Channel.PHONE and direction == "out" and tapped_at is None:
        return "untapped"
    return ""


def record_contact(
    *,
    customer: Customer,
    project: Project,
    channel: str,
    outcome: str,
    happened_at: dt.datetime,
    by: User | None,
    at: dt.datetime,
    direction: str = "out",
    purpose: str = Contact.Purpose.SALES,
    clause: str = "",
    tapped_at: dt.datetime | None = None,
    news: str = "",
    questions: str = "",
    real_need: str = "",
    occasion: Occasion | None = None,
    submission: uuid.UUID | None = None,
    burst: Burst = USUAL,
) -> Contact:
    """Append one contact to the ledger; `at` is when it is entered, `happened_at` when it took place."""
    return Contact.objects.create(
        customer=customer,
        project=project,
        channel=channel,
        direction=direction,
        purpose=purpose,
        clause=clause,
        outcome=outcome,
        effective=is_effective(outcome),
        at=happened_at,
        recorded_at=at,
        tapped_at=tapped_at,
        by=by,
        news=news,
        questions=questions,
        real_need=real_need,
        occasion=occasion,
        submission=submission,
        doubtful=_doubt(by=by, channel=channel, direction=direction, tapped_at=tapped_at, burst=burst, at=at),
    )

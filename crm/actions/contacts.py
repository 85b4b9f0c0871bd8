"""Writing the contact ledger. Whether a contact is effective follows from its outcome, never from a form
(PX-1).
"""

from __future__ import annotations

import datetime as dt
import uuid

from crm.models import Contact, Customer, Occasion, Project, User
from crm.states import Channel, is_effective

BURST_COUNT = 5
BURST_WINDOW = dt.timedelta(minutes=2)


def _doubt(
    *, by: User | None, channel: str, direction: str, tapped_at: dt.datetime | None, at: dt.datetime
) -> str:
    """PX-14: a call without a tapped number, or more than 5 contacts logged within 2 minutes, counts only
    once accepted.
    """
    if by is None:
        return ""
    recent = Contact.objects.filter(
        by=by, recorded_at__gt=at - BURST_WINDOW, recorded_at__lte=at, imported=False
    )
    if recent.count() >= BURST_COUNT:
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
        doubtful=_doubt(by=by, channel=channel, direction=direction, tapped_at=tapped_at, at=at),
    )

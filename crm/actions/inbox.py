"""Dealing with replies: taking one over, being done with it."""

from __future__ import annotations

import datetime as dt

from crm.models import InboundMessage, User


def take(*, reply: InboundMessage, by: User, at: dt.datetime) -> bool:
    """`by` answers for it from now on. Whether it was still open."""
    return bool(InboundMessage.objects.filter(pk=reply.pk, handled_at=None).update(owner=by))


def done(*, reply: InboundMessage, by: User, at: dt.datetime) -> bool:
    """It needs nothing more. Whether it was still open; who was first stays on record."""
    return bool(
        InboundMessage.objects.filter(pk=reply.pk, handled_at=None).update(handled_at=at, handled_by=by)
    )

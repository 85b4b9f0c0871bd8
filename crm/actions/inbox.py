"""Dealing with replies: taking one over, being done with it."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from crm.errors import RuleViolation
from crm.models import InboundMessage, User


def take(*, reply: InboundMessage, by: User, at: dt.datetime) -> None:
    """`by` answers for it from now on. RuleViolation when somebody was done with it meanwhile."""
    if not InboundMessage.objects.filter(pk=reply.pk, handled_at=None).update(owner=by):
        raise _handled()


def done(*, reply: InboundMessage, by: User, at: dt.datetime) -> None:
    """It needs nothing more. RuleViolation when somebody else was first: who it was stays on record."""
    if not InboundMessage.objects.filter(pk=reply.pk, handled_at=None).update(handled_at=at, handled_by=by):
        raise _handled()


def _handled() -> RuleViolation:
    return RuleViolation(_("Somebody was done with this reply already."), code="handled")

"""What is done with a launched broadcast: paused, resumed, sent again, its unknown outcomes read."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import Broadcast
from crm import outbox
from crm.errors import RuleViolation
from crm.models import Message, SendRun, User
from crm.rules_messages import State

AT_ONCE = 1000


def _run(broadcast_id: int) -> SendRun:
    row = Broadcast.objects.select_related("run").get(pk=broadcast_id)
    if row.state != Broadcast.State.LAUNCHED or row.run is None:
        raise RuleViolation(_("This broadcast has not started."), code="not_started")
    return row.run


def pause(*, broadcast_id: int, by: User, at: dt.datetime) -> None:
    """Nothing more leaves, at once; what a gateway is writing this moment is written."""
    if not outbox.pause(run_id=_run(broadcast_id).pk, by=by, at=at):
        raise RuleViolation(_("Only a running broadcast is paused."), code="not_running")


def resume(*, broadcast_id: int, by: User, at: dt.datetime) -> None:
    """Go on. RuleViolation once its end has come, or while the gateway or the budget stops it."""
    run = _run(broadcast_id)
    if run.halted == "budget":
        raise RuleViolation(_("The budget is used up. Write another broadcast for the rest."), code="budget")
    if not outbox.resume(run_id=run.pk, by=by, at=at):
        raise RuleViolation(_("Only a paused broadcast goes on."), code="not_paused")


def resend(*, broadcast_id: int, by: User, at: dt.datetime) -> int:
    """Send again what the gateway refused: proven not to have been sent, never what is unknown."""
    sent = outbox.resend_refused(run_id=_run(broadcast_id).pk, by=by, at=at)
    if not sent:
        raise RuleViolation(_("Nothing was refused that could be sent again."), code="nothing")
    return sent


@transaction.atomic
def read_unknown(*, broadcast_id: int, by: User, at: dt.datetime) -> int:
    """A person has read that these outcomes are unknown and leaves it at that; only then can the run be finished."""
    rows = Message.objects.filter(run=_run(broadcast_id), state=State.UNKNOWN).order_by("changed_at")
    found = 0
    while ids := list(rows.values_list("pk", flat=True)[:AT_ONCE]):
        found += outbox.settle_unknown(ids=ids, by=by, at=at)
    return found

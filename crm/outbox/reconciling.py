"""Finding out about `unknown`: the gateway's query, the receipts (crm/outbox/sweeping.py), or a person.

7. A message is asked about only while no sender can still be writing it (its lease is over). `accepted` when the
   gateway has it, `queued` only when the gateway proves that it does not; silence changes nothing.
10. Sending again, over this or another gateway, starts from `refused` or from proven absence, never from `unknown`.
    The one exception is written on the run: `at_least_once` (a handover notice may come twice rather than not at all).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.errors import RuleViolation
from crm.gateways.line import Fate, Line
from crm.models import Attempt, Gateway, Message, SendRun, User
from crm.outbox.recording import accepted
from crm.outbox.wording import outgoing
from crm.rules_messages import State

AT_ONCE = 500
SETTLED = dt.timedelta(seconds=5)


def reconcile(*, gateway: Gateway, line: Line, at: dt.datetime) -> dict[str, int]:
    """Ask the gateway about the messages that are unknown on it. Returns how many were found, absent, sent again."""
    rows = list(
        Message.objects.filter(
            state=State.UNKNOWN, run__gateway=gateway, changed_at__lte=at - SETTLED
        ).order_by("changed_at")[:AT_ONCE]
    )
    done = {"found": 0, "absent": 0, "again": 0}
    if not rows:
        return done
    tries = dict(
        Attempt.objects.filter(message__in=rows, gateway=gateway).order_by("n").values_list("message_id", "n")
    )
    asked = [row for row in rows if row.pk in tries]
    told = line.query(outgoing(asked, tries, gateway)) if asked else {}
    with transaction.atomic():
        for message_id, answer in told.items():
            state = State.ACCEPTED if answer.fate is Fate.ACCEPTED else State.QUEUED
            if answer.fate not in (Fate.ACCEPTED, Fate.UNSENT) or not _leave_unknown(message_id, state, at):
                continue
            if state is State.ACCEPTED:
                accepted(gateway, {message_id: answer.refs}, at)
            done["found" if state is State.ACCEPTED else "absent"] += 1
        silent = [row.pk for row in rows if row.pk not in told]
        again = SendRun.objects.filter(at_least_once=True, pk__in={row.run_id for row in rows})
        done["again"] = Message.objects.filter(pk__in=silent, state=State.UNKNOWN, run__in=again).update(
            state=State.QUEUED, owner=None, changed_at=at
        )
    return done


def _leave_unknown(message_id: int, state: State, at: dt.datetime) -> bool:
    return bool(
        Message.objects.filter(pk=message_id, state=State.UNKNOWN).update(
            state=state, owner=None, lease_until=None, changed_at=at
        )
    )


@transaction.atomic
def settle_unknown(*, ids: Collection[int], by: User, at: dt.datetime) -> int:
    """A person has read that these outcomes are unknown and leaves it at that. Returns how many."""
    rows = Message.objects.filter(pk__in=ids, state=State.UNKNOWN).select_related("run__project")
    for run in {row.run for row in rows}:
        audit.record("unknown.read", by=by, at=at, project=run.project, target="run", target_id=run.pk)
    return rows.update(state=State.UNKNOWN_FINAL, changed_at=at)


@transaction.atomic
def resend_refused(
    *,
    run_id: int,
    by: User,
    at: dt.datetime,
    gateway: Gateway | None = None,
    expires_at: dt.datetime | None = None,
) -> int:
    """Send again what is proven not to have been sent, over another gateway if wanted. Returns how many."""
    run = SendRun.objects.select_for_update().get(pk=run_id)
    if run.state == SendRun.State.CANCELLED:
        raise RuleViolation(_("This run was cancelled."), code="cancelled")
    if (expires_at or run.expires_at) <= at:
        raise RuleViolation(_("The time of this run has passed."), field="expires_at", code="expired")
    if gateway is not None and gateway.project_id != run.project_id:
        raise RuleViolation(
            _("That line belongs to another project."), field="gateway", code="foreign_gateway"
        )
    run.gateway, run.expires_at = gateway or run.gateway, expires_at or run.expires_at
    run.state, run.ended_at = SendRun.State.RUNNING, None
    run.save(update_fields=["gateway", "expires_at", "state", "ended_at"])
    audit.record("run.resent", by=by, at=at, project=run.project, target="run", target_id=run.pk)
    return (
        Message.objects.filter(run=run, state=State.REFUSED)
        .exclude(reason__in=["bad_number", "blacklist"])
        .update(state=State.QUEUED, reason="", changed_at=at)
    )

"""One message to one customer: the same run, plan, cap and line as a broadcast's, in one call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _

from crm.contact_cap import Caps
from crm.errors import RuleViolation
from crm.models import Customer, GatewayTemplate, Message, Project, SendRun, User
from crm.outbox.planning import Row, plan
from crm.outbox.runs import launch, open_run
from crm.rules_messages import Left, RunKind, State

PATIENCE = dt.timedelta(hours=24)
#: how far the plan looks for the day that the cap would let it go; then `PATIENCE` is how long it may wait
LOOK_AHEAD = dt.timedelta(days=90)


def reason_text(reason: str) -> str:
    """Why somebody gets no message, or not now, in the reader's language."""
    return {
        Left.OPTED_OUT: _("The customer has opted out of marketing messages."),
        Left.SUPPRESSED: _("The number is on the list of those who get no messages."),
        Left.DO_NOT_CONTACT: _("The customer does not want to be contacted."),
        Left.CAP: _("The customer has had enough messages for now."),
        Left.RESERVED: _("The last message of these thirty days is kept free for the coming festival."),
        Left.NO_NUMBER: _("There is no number that can receive messages."),
        Left.COMPLAINT_OPEN: _("A complaint of the customer is open."),
        Left.DATA_MISSING: _("A field of the text has no value."),
        Left.DUPLICATE_NUMBER: _("The number is in this run already."),
        Left.GREETED: _("The customer is greeted for this festival already."),
        Left.TOO_LONG: _("The text is longer than 500 characters."),
        Left.TALKED: _("Somebody has talked to the customer."),
        Left.QUIET_HOURS: _("It would not go before its time is over."),
        Left.BUDGET: _("The budget is used up."),
        Left.HOUR: _("It waits for its hour."),
    }[Left(reason)]


@transaction.atomic
def send_one(
    *,
    customer: Customer,
    project: Project,
    body: str,
    by: User | None,
    at: dt.datetime,
    kind: str = RunKind.SALES,
    title: str = "",
    consultant: str = "",
    clause: str = "",
    values: dict[str, str] | None = None,
    fields: Collection[str] = (),
    not_before: dt.datetime | None = None,
    expires_at: dt.datetime | None = None,
    caps: Caps | None = None,
    kept_free: Collection[dt.date] = (),
    at_least_once: bool = False,
    template: GatewayTemplate | None = None,
) -> Message:
    """Plan and launch one message. RuleViolation when it may not go now, with the reason and, where the cap stops it,
    the day it may go; nothing stays then.
    `consultant` signs it (default: `by`). Kind SERVICE is never capped, passes an opt-out and goes at any hour.
    """
    starts = max(at, not_before or at)
    run = open_run(
        project=project,
        kind=kind,
        title=title or customer.name or _("single message"),
        body=body,
        fields=fields,
        consultant=consultant or (str(by) if by else project.short_name),
        clause=clause,
        starts_at=starts,
        expires_at=expires_at or starts + LOOK_AHEAD,
        caps=caps,
        at_least_once=at_least_once,
        template=template,
        by=by,
        at=at,
    )
    plan(run=run, audience=[Row(customer.pk, values=values)], at=at, kept_free=kept_free)
    message = run.messages.first()
    if message is None or message.state == State.HELD:
        raise _stopped(run, message)
    if expires_at is None:
        run.expires_at = max(starts, message.not_before) + PATIENCE
        run.save(update_fields=["expires_at"])
    launch(run_id=run.pk, by=by, at=at)
    return message


def _stopped(run: SendRun, message: Message | None) -> RuleViolation:
    """Why the one message of a run may not go now, and when it may."""
    left = run.exclusions.first()
    reason = message.reason if message is not None else left.reason if left is not None else Left.NO_NUMBER
    text = reason_text(reason)
    if message is not None:
        day = formats.date_format(message.not_before.astimezone(run.project.zone), "DATE_FORMAT")
        text = _("%(why)s It may go on %(day)s.") % {"why": text, "day": day}
    return RuleViolation(text, "SC-6" if reason in (Left.CAP, Left.RESERVED) else "", code=reason)

"""Single messages (SC-10): ordered from a lead, sent by the outbox, and known to the lead's history once they left.

The kernel knows no leads: what has become of a message is read from its row by a sweep, which may come late or twice.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from crm import outbox
from crm.actions.notices import Telling, tell
from crm.errors import RuleViolation
from crm.models import Attempt, Contact, Gateway, Message, User
from crm.models.contacts import MARKETING_SMS
from crm.outbox.singles import reason_text
from crm.rules_hours import next_opening
from crm.rules_messages import SENT, Left, RunKind, State
from crm.states import Channel, Outcome, Preference
from leads import scripts
from leads.actions import planning
from leads.actions.history import append, lock_lead
from leads.facts_cap import kept_free
from leads.facts_messaging import Offer, kind_for, offers, real_line, underway
from leads.facts_sheet import spoken_values
from leads.models import CallTask, Lead, SingleMessage
from leads.rules_messaging import OWN_MATTER
from leads.rules_types import EventKind

AT_ONCE = 500
KNOWN_AHEAD = dt.timedelta(days=1)
#: a refused message may be sent again by hand; after this time nobody waits for its fate any more
FOLLOWED = dt.timedelta(days=60)
#: it will not be sent by itself any more
UNSENT = (State.REFUSED, State.SUPPRESSED, State.CANCELLED, State.EXPIRED, State.UNKNOWN_FINAL)


@transaction.atomic
def send_single(
    *,
    lead_id: int,
    body: str,
    by: User,
    at: dt.datetime,
    task_id: int | None = None,
    clerk: bool = False,
    submission: uuid.UUID | None = None,
) -> Message:
    """Order one message to the customer of a lead; the same form twice orders one.

    RuleViolation when it may not go: with the reason, and the day it may go where the cap stops it. Outside the hours
    for messages it waits for the next opening (`Message.not_before`).
    """
    lead = lock_lead(lead_id)
    before = SingleMessage.objects.filter(submission=submission).first() if submission else None
    if before is not None:
        return before.run.messages.get()
    task = _task(lead, task_id)
    found = offers(lead, task, by=by, at=at)
    kind = kind_for(lead, task, body, found, clerk=clerk)
    _check(lead, task, kind, clerk=clerk)
    line = _line(lead)
    filed = next((row for row in found if row.filed is not None and row.body == body.strip()), None)
    message = outbox.send_one(
        customer=lead.customer,
        project=lead.project,
        kind=kind,
        consultant=str(by),
        clause=_clause(task, kind),
        not_before=next_opening(at, lead.project.sms_hours),
        kept_free=kept_free(lead.project_id, at.astimezone(lead.project.zone).date()),
        by=by,
        at=at,
        **_text(lead, task, body, filed if line.needs_template else None, by, at),
    )
    SingleMessage.objects.create(lead=lead, run=message.run, task=task, by=by, at=at, submission=submission)
    return message


def _task(lead: Lead, task_id: int | None) -> CallTask | None:
    """The duty that the message is for; it is still owed, and no message for it is underway."""
    if task_id is None:
        return None
    task = lead.tasks.select_related("occasion").filter(pk=task_id).first()
    if task is None or task.state != CallTask.State.OPEN:
        raise RuleViolation(
            _("This duty is no longer owed. Open the lead to see what happened."), code="not_owed"
        )
    if underway(task) is not None:
        raise RuleViolation(_("A message for this duty is on its way."), task.clause, code="underway")
    return task


def _line(lead: Lead) -> Gateway:
    line = real_line(lead.project_id)
    if line is None:
        raise RuleViolation(
            _("This project has no line that sends messages. Use your phone's message app and log it."),
            code="no_line",
        )
    return line


def _check(lead: Lead, task: CallTask | None, kind: RunKind, *, clerk: bool) -> None:
    """SC-7: who wishes no contact gets none, whatever it is for; SC-3.1: referred customers hear of milestones."""
    if lead.customer.preference == Preference.DO_NOT_CONTACT and not clerk:
        raise RuleViolation(reason_text(Left.DO_NOT_CONTACT), "SC-7", code=Left.DO_NOT_CONTACT)
    if lead.kind == Lead.Kind.LEADER_REFERRAL and task is None and not clerk:
        raise RuleViolation(
            _("Referred customers are contacted at milestones only, or for a duty that is open."),
            "SC-3.1",
            code="reason_needed",
        )


def _clause(task: CallTask | None, kind: RunKind) -> str:
    """The ledger counts no message of a same-day clause towards the cap: marketing must not pass as one."""
    if task is None or (kind is not RunKind.SERVICE and task.clause in OWN_MATTER):
        return ""
    return task.clause


def _text(
    lead: Lead, task: CallTask | None, body: str, filed: Offer | None, by: User, at: dt.datetime
) -> dict[str, Any]:
    """A line that takes only filed templates gets the template with its fields, any other the plain text."""
    if filed is None or filed.filed is None:
        return {"body": body}
    return {
        "body": filed.filed.body,
        "template": filed.filed,
        "fields": scripts.FIELDS,
        "values": spoken_values(lead, task, by=by, at=at),
    }


def follow(*, at: dt.datetime) -> dict[str, int]:
    """Write what has become of single messages into their leads. May run twice, or twice at once."""
    rows = SingleMessage.objects.filter(event=None, at__gte=at - FOLLOWED)
    left = rows.filter(run__messages__state__in=SENT)
    never = rows.filter(run__messages__state__in=UNSENT, settled_at=None)
    return {
        "sent": sum(_left(pk, at) for pk in left.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]),
        "unsent": sum(_never(pk, at) for pk in never.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]),
    }


def _locked(pk: int) -> SingleMessage | None:
    rows = SingleMessage.objects.select_for_update(of=("self",), skip_locked=True)
    return rows.select_related("lead", "run").filter(pk=pk, event=None).first()


def make_room(*, at: dt.datetime) -> int:
    """Customers who are written to instead of called (SC-7) and got another message since they were planned: their
    duty waits for the day the cap allows (SC-6), before somebody tries and is refused.
    """
    got = Contact.objects.filter(
        MARKETING_SMS, customer=OuterRef("lead__customer"), at__gt=OuterRef("lead__planned_at")
    )
    owed = CallTask.objects.open().filter(
        channel="message", held_until=None, list_day__lte=(at + KNOWN_AHEAD).date()
    )
    leads = owed.filter(Exists(got), lead__merged_into=None).order_by("lead").values_list("lead", flat=True)
    return planning.replan(list(leads[:AT_ONCE]), at=at)


@transaction.atomic
def _left(pk: int, at: dt.datetime) -> bool:
    """The gateway took it: the lead's history says so, and the plan moves as after a message sent by hand."""
    row = _locked(pk)
    if row is None:
        return False
    message = row.run.messages.get()
    attempt = Attempt.objects.filter(message=message, outcome="accepted").order_by("-n").first()
    moment = attempt.ended_at if attempt and attempt.ended_at else message.changed_at
    lead = lock_lead(_standing(row.lead).pk)
    ledger = Contact.objects.filter(
        customer=message.customer_id, channel=Channel.SMS.value, automatic=True, at=moment
    )
    row.event = append(
        lead,
        EventKind.CONTACT,
        happened_at=moment,
        by=row.by,
        at=at,
        value=Outcome.SENT.value,
        channel=Channel.SMS.value,
        contact=ledger.order_by("pk").first(),
    )
    row.settled_at = at
    row.save(update_fields=["event", "settled_at"])
    planning.replan_party(lead, at=at)
    return True


@transaction.atomic
def _never(pk: int, at: dt.datetime) -> bool:
    """It did not leave: whoever ordered it is told, and the duty stays."""
    row = _locked(pk)
    if row is None or row.settled_at is not None:
        return False
    row.settled_at = at
    row.save(update_fields=["settled_at"])
    lead = _standing(row.lead)
    tell(
        [
            Telling(
                row.by_id, lead.project_id, "message_unsent", f"unsent-{row.pk}",
                {"customer": lead.customer.name}, f"/leads/{lead.pk}/",
            )
        ],
        at=at,
    )  # fmt: skip
    return True


def _standing(lead: Lead) -> Lead:
    """The lead itself, or the one it was merged into."""
    while lead.merged_into is not None:
        lead = lead.merged_into
    return lead

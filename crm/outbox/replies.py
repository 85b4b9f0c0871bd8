"""Messages from outside: read once, judged, and what follows from them, at once.

An opt-out stops marketing SMS and sales calls for the whole company: `OptOut` for the customer, `Suppression` for the
number (whoever has it next), queued marketing messages go now, and a running broadcast finds it at its second check.
The customer's leads are replanned by sales' own sweep over `OptOut.applied_at` (leads/actions/stopping.py): the kernel
knows no leads, the table between them is what both read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from django.db import transaction

from crm.access import colleagues
from crm.actions.customers import opt_out
from crm.actions.notices import Telling, tell
from crm.gateways.line import Reply
from crm.models import Customer, CustomerPhone, Gateway, InboundMessage, Message, Suppression, User
from crm.outbox.recording import suppress
from crm.roles import Role
from crm.rules_messages import State
from crm.rules_replies import Meaning, meaning_of, opts_out

SAME = dt.timedelta(minutes=10)  # the same words from the same number within it are the same message
ANSWERS = dt.timedelta(days=30)


def take_replies(*, gateway: Gateway, replies: Sequence[Reply], at: dt.datetime) -> int:
    """Store messages from outside and do what they ask. Returns how many were new."""
    return sum(_take(gateway, reply, at) for reply in replies)


@transaction.atomic
def _take(gateway: Gateway, reply: Reply, at: dt.datetime) -> bool:
    text = reply.text.replace("\x00", "").strip()[:1000]
    if (
        not reply.ref
        and InboundMessage.objects.filter(
            gateway=gateway, sender=reply.sender, text=text, received_at__gt=at - SAME
        ).exists()
    ):
        return False
    meaning = meaning_of(text)
    phone = CustomerPhone.objects.filter(e164=reply.sender, live=True).select_related("customer").first()
    customer = phone.customer if phone else None
    answers = _answered(customer, reply.sender, at)
    row, new = InboundMessage.objects.get_or_create(
        gateway=gateway,
        gateway_ref=(reply.ref or _digest(reply, at))[:64],
        defaults={
            "project_id": answers.run.project_id if answers else gateway.project_id,
            "sender": reply.sender[:32],
            "customer": customer,
            "answers": answers,
            "text": text,
            "meaning": meaning.value,
            "at": reply.at,
            "received_at": at,
            "owner_id": answers.run.created_by_id if answers and answers.run.kind == "sales" else None,
            "handled_at": at if meaning is Meaning.OPT_OUT else None,
        },
    )
    if not new:
        return False
    if opts_out(meaning):
        stop(number=reply.sender, customer=customer, source=f"sms:{meaning.value}", at=at)
    _tell(row, at)
    return True


def _digest(reply: Reply, at: dt.datetime) -> str:
    return hashlib.sha256(f"{reply.sender}|{reply.text}|{at.isoformat()}".encode()).hexdigest()


def _answered(customer: Customer | None, sender: str, at: dt.datetime) -> Message | None:
    """The last message that this number had."""
    if customer is None:
        return None
    had = Message.objects.filter(customer=customer, to=sender, changed_at__gt=at - ANSWERS, attempts__gt=0)
    return had.select_related("run").order_by("-id").first()


def stop(
    *, number: str, customer: Customer | None, source: str, at: dt.datetime, by: User | None = None
) -> None:
    """No more marketing SMS to this number and customer, no more sales calls; messages about a matter go on."""
    suppress([number], source=Suppression.Source.REPLY, at=at)
    if customer is None:
        return
    for scope in ("marketing_sms", "calls"):
        opt_out(customer=customer, scope=scope, source=source, by=by, at=at)
    Message.objects.filter(customer=customer, counts=True, state=State.QUEUED).update(
        state=State.SUPPRESSED, reason="opted_out", changed_at=at
    )


def _tell(row: InboundMessage, at: dt.datetime) -> None:
    """A complaint goes to the manager, everything else that wants reading to its owner."""
    whom = {row.owner_id} if row.owner_id else set()
    if row.meaning == Meaning.COMPLAINT:
        whom |= set(colleagues(row.project_id, Role.SALES_MANAGER).values_list("pk", flat=True))
    if row.meaning == Meaning.OPT_OUT:
        return
    tell(
        [
            Telling(
                user_id,
                row.project_id,
                f"sms_{row.meaning}",
                f"inbound-{row.pk}",
                {"text": row.text[:60]},
                "/inbox/",
            )
            for user_id in sorted(whom)
        ],
        at=at,
    )

"""A single message to the customer of a lead: the texts on offer, how it will read, what stands in its way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import get_language

from crm.compose import Sender, TextRefused, check_fields, compose, merge, pieces, units
from crm.models import Gateway, GatewayTemplate, Message, OptOut, User
from crm.models.gateways import Filing
from crm.rules_hours import next_opening
from crm.rules_messages import RESERVED, SENT, Left, RunKind
from crm.states import Preference
from leads import facts, scripts
from leads.facts_cap import Written, caps_of, kept_free, may_write_from, written_to
from leads.facts_sheet import script_key, spoken_values
from leads.models import CallTask, Lead, SingleMessage
from leads.rules_messaging import kind_of

FILED = "line-"


@dataclass(frozen=True, slots=True)
class Offer:
    """A text to begin with: of a script's key (leads.scripts), or `filed` with the line."""

    key: str
    body: str
    filed: GatewayTemplate | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """How a message will read and what it costs; `refused` says why there is none (SC-10)."""

    text: str = ""
    refused: str = ""
    characters: int = 0
    pieces: int = 0
    marketing: bool = True
    #: when it goes, if not at once
    waits_until: dt.datetime | None = None
    #: a reason of crm.rules_messages.Left that is known already
    barred: str = ""
    #: the first day that the cap leaves for it, if not today (SC-6)
    may_from: dt.date | None = None


def real_line(project_id: int) -> Gateway | None:
    """The project's line, if it really sends: the console only prints."""
    lines = Gateway.objects.filter(project=project_id, is_default=True, state=Gateway.State.ON)
    return lines.exclude(kind=Gateway.Kind.CONSOLE).first()


def offers(lead: Lead, task: CallTask | None, *, by: User, at: dt.datetime) -> list[Offer]:
    """The texts that can be filled in for this lead: the duty's own first, then what the line has on file, then the
    clauses'. A text with a field without value is not offered.
    """
    values = spoken_values(lead, task, by=by, at=at)
    own = script_key(lead, task)
    keys = [own, *(key for key in scripts.KEYS if key != own)] if own in scripts.MESSAGES else scripts.KEYS
    standard = [(key, scripts.MESSAGES[key], None) for key in keys]
    filed = [(f"{FILED}{row.pk}", row.body, row) for row in _filed(lead, at)]
    found = []
    for key, template, row in [*standard[:1], *filed, *standard[1:]]:
        try:
            found.append(Offer(key, merge(template, values), row))
        except TextRefused:
            continue
    return found


def _filed(lead: Lead, at: dt.datetime) -> list[GatewayTemplate]:
    """The project's own texts: approved by its line, and still valid."""
    today = at.astimezone(lead.project.zone).date()
    rows = GatewayTemplate.objects.filter(
        Q(expires_on=None) | Q(expires_on__gte=today),
        gateway__project=lead.project_id,
        gateway__is_default=True,
        state=Filing.State.APPROVED,
    )
    return list(rows.order_by("code"))


def told_for(task: CallTask | None) -> bool:
    """Whether a single message has gone, or is to go, for this duty."""
    if task is None:
        return False
    alive = [*RESERVED, *SENT]
    return SingleMessage.objects.filter(task=task, run__messages__state__in=alive).exists()


def underway(task: CallTask | None) -> Message | None:
    """The message for this duty that is not in the lead's history yet."""
    if task is None:
        return None
    rows = Message.objects.filter(state__in=[*RESERVED, *SENT])
    return rows.filter(
        run__in=SingleMessage.objects.filter(task=task, event=None, settled_at=None).values("run")
    ).first()


def kind_for(lead: Lead, task: CallTask | None, body: str, found: list[Offer], *, clerk: bool) -> RunKind:
    """What a message of this text would be for (leads.rules_messaging)."""
    key = script_key(lead, task) if task is not None else ""
    standard = next((row.body for row in found if row.key == key), None)
    same = standard is not None and body.split() == standard.split()
    return kind_of(key=key, word_for_word=same, first=not told_for(task), clerk=clerk)


def preview(lead: Lead, body: str, kind: RunKind, *, by: User, at: dt.datetime) -> Preview:
    """The message as it would go out now. At most seven queries."""
    marketing = kind is not RunKind.SERVICE
    line = real_line(lead.project_id)
    try:
        check_fields(body, ())
        parts = compose(
            body,
            name=lead.customer.name,
            salutation=lead.customer.salutation,
            sender=Sender(lead.project.signature, lead.project.hotline, str(by)),
            marketing=marketing,
        )
        text = parts.text_for(line.layout if line else Gateway.Layout.HOUSE)
        billed = pieces(text).billed
    except TextRefused as refusal:
        return Preview(refused=refusal.message.in_language(get_language() or "en"), marketing=marketing)
    goes = next_opening(at, lead.project.sms_hours)
    return Preview(
        text,
        characters=units(text),
        pieces=billed,
        marketing=marketing,
        waits_until=goes if goes > at else None,
        barred=barred(lead, kind),
        may_from=capped_until(lead, goes) if marketing else None,
    )


def capped_until(lead: Lead, goes: dt.datetime) -> dt.date | None:
    """The first day on which the cap lets a consultant's message go, None when that is the day it would go."""
    frame = facts.frames([lead.project_id], goes, known=[lead.project])[lead.project_id]
    day = frame.clock.local_day(goes)
    written = written_to([lead.customer_id], frame.clock, goes).get(lead.customer_id, Written())
    first = may_write_from(written, day, caps_of(frame.policy), kept_free(lead.project_id, day))
    return first if first > day else None


def barred(lead: Lead, kind: RunKind) -> str:
    """What is known to stand in the way before anything is planned; the plan judges again."""
    if kind is RunKind.SERVICE:
        return ""
    if lead.customer.preference == Preference.DO_NOT_CONTACT:
        return Left.DO_NOT_CONTACT
    stopped = OptOut.objects.filter(customer=lead.customer_id, scope="marketing_sms", lifted_by=None)
    return Left.OPTED_OUT if stopped.exists() else ""

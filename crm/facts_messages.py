"""Reading the outbox: texts as they go out, progress, who gets what. Always plural."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet, Sum

from crm.compose import Parts, merge
from crm.models import Gateway, InboundMessage, Message, MessageText, RunTally, SendRun
from crm.rules_messages import PENDING, SENT, State


def parts_of(run: SendRun, text: MessageText) -> Parts:
    """One message in its parts."""
    body = merge(run.body, text.values) if text.values else run.body
    consultant = text.consultant or run.consultant
    return Parts(text.opening, body, run.signature, run.hotline, consultant, run.opt_out)


def texts(messages: Collection[Message], gateway: Gateway | None = None) -> dict[int, str]:
    """The text of each message in the layout of `gateway` (its run's own when None). Three queries."""
    rows = {text.message_id: text for text in MessageText.objects.filter(message__in=messages)}
    runs = SendRun.objects.select_related("gateway").in_bulk({message.run_id for message in messages})
    return {
        message.pk: parts_of(run, rows[message.pk]).text_for((gateway or run.gateway).layout)
        for message in messages
        if (run := runs[message.run_id]) and message.pk in rows
    }


@dataclass(frozen=True, slots=True)
class Progress:
    """Messages of a run by state, and billed pieces by state."""

    messages: Mapping[str, int] = field(default_factory=dict)
    pieces: Mapping[str, int] = field(default_factory=dict)

    def of(self, states: Collection[str]) -> int:
        return sum(self.messages.get(state, 0) for state in states)

    @property
    def planned(self) -> int:
        return sum(self.messages.values())

    @property
    def pending(self) -> int:
        return self.of(PENDING)

    @property
    def sent(self) -> int:
        return self.of(SENT)

    @property
    def done(self) -> int:
        """Nothing more is to be done for them."""
        return self.planned - self.pending

    @property
    def unknown(self) -> int:
        return self.messages.get(State.UNKNOWN, 0)

    @property
    def spent(self) -> int:
        """Pieces that are or may be billed."""
        states = {*SENT, State.SENDING, State.UNKNOWN, State.UNKNOWN_FINAL}
        return sum(self.pieces.get(state, 0) for state in states)


def progress(run_ids: Sequence[int]) -> dict[int, Progress]:
    """How far each run is; one query, whatever the size of the runs."""
    rows = (
        RunTally.objects.filter(run_id__in=run_ids)
        .values_list("run_id", "state")
        .annotate(count=Sum("messages"), sum=Sum("pieces"))
    )
    messages: dict[int, dict[str, int]] = defaultdict(dict)
    pieces: dict[int, dict[str, int]] = defaultdict(dict)
    for run_id, state, count, total in rows:
        messages[run_id][state], pieces[run_id][state] = count, total
    return {run_id: Progress(messages[run_id], pieces[run_id]) for run_id in run_ids}


def runs_holding(project_id: int, state: str) -> list[int]:
    """The runs of a project that have messages in a state, by their tallies: no message is looked at. One query."""
    rows = RunTally.objects.filter(run__project=project_id, state=state).values("run")
    return list(rows.annotate(left=Sum("messages")).filter(left__gt=0).values_list("run", flat=True))


@dataclass(frozen=True, slots=True)
class Told:
    """One message of a customer, as staff see it: what it says, and where it stands."""

    message: Message
    text: str
    when: dt.datetime
    coming: bool


def messages_to(customer_ids: Collection[int]) -> QuerySet[Message]:
    """What these customers got and will get; unapproved drafts stay out."""
    rows = Message.objects.filter(customer__in=customer_ids).exclude(run__state=SendRun.State.DRAFT)
    return rows.select_related("run")


def of_customers(customer_ids: Collection[int], *, most: int = 20) -> list[Told]:
    """What these customers got and will get, the newest first. Four queries, none for nobody."""
    return as_told(messages_to(customer_ids).order_by("-id")[:most]) if customer_ids else []


def as_told(messages: Iterable[Message]) -> list[Told]:
    """Messages with their texts, in their order. Three queries."""
    rows = list(messages)
    written = texts(rows)
    return [
        Told(
            row,
            written.get(row.pk, ""),
            row.not_before if row.state in PENDING else row.changed_at,
            row.state in PENDING,
        )
        for row in rows
    ]


def heard_from(customer_ids: Collection[int], *, project_id: int, most: int = 10) -> list[InboundMessage]:
    """What these customers wrote to one project, the newest first. One query."""
    if not customer_ids:
        return []
    rows = InboundMessage.objects.filter(customer__in=customer_ids, project=project_id)
    shown = rows.select_related("owner").defer("owner__password", "owner__aliases")
    return list(shown.order_by("-at", "-id")[:most])

"""Reading the outbox: texts as they go out, progress, who gets what. Always plural."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum

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


def together(parts: Iterable[Progress]) -> Progress:
    """Several runs as one."""
    messages: Counter[str] = Counter()
    pieces: Counter[str] = Counter()
    for part in parts:
        messages.update(part.messages)
        pieces.update(part.pieces)
    return Progress(messages, pieces)


# Lists of messages in order of id. A state that few of a million are in, perhaps the last thousand, would be looked for
# along the whole order; the planner cannot know. The tally does: few are found by the index of their state and sorted.
FEW = 50_000
FEW_RUNS = 500


def _in_order(rows: QuerySet[Message], count: int, state: str) -> tuple[QuerySet[Message], str]:
    """Rows of which there are `count`, and the column that orders them: the id, as an expression where few are."""
    if count > FEW:
        return rows, "id"
    if state in (State.HELD, State.QUEUED):
        # by their ids first: the planner takes the index of a queue for as long as all queues together
        rows = Message.objects.filter(pk__in=rows.values("pk"))
    few = rows.annotate(place=F("pk") + 0)
    return (few if count else few.none()), "place"


def of_run(run_id: int, state: str = "") -> tuple[QuerySet[Message], str]:
    """The messages of a run, one state of them if asked, and the column to order them by. One query."""
    rows = Message.objects.filter(run=run_id)
    if not state:
        return rows, "id"
    count = progress([run_id])[run_id].messages.get(state, 0)
    found, order = _in_order(rows.filter(state=state), count, state)
    # what has arrived lies at the beginning of the order, and no index knows it
    return (rows.filter(state=state), "id") if count and state == State.DELIVERED else (found, order)


def of_project(project_id: int, *, kind: str = "", state: str = "") -> tuple[QuerySet[Message], str]:
    """The messages of a project, of a kind and in a state if asked, and the column to order them by. Two queries."""
    rows = Message.objects.filter(run__project=project_id)
    if not kind and not state:
        return rows, "id"
    asked = {name: value for name, value in (("run__kind", kind), ("state", state)) if value}
    rows = rows.filter(**asked)
    held = (
        RunTally.objects.filter(run__project=project_id, **asked).values("run").annotate(sum=Sum("messages"))
    )
    counts = dict(held.filter(sum__gt=0).order_by().values_list("run", "sum"))
    if len(counts) <= FEW_RUNS:
        rows = rows.filter(run__in=list(counts), pk__lte=_last_of(counts))
    return _in_order(rows, sum(counts.values()), state)


def _last_of(runs: Collection[int]) -> int:
    """The highest id of these runs' messages: what newer runs have is not walked over."""
    mine = Message.objects.filter(run=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    rows = SendRun.objects.filter(pk__in=runs).annotate(last=Subquery(mine))
    return max((last or 0 for last in rows.values_list("last", flat=True)), default=0)


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
    """What these customers will get, the last first, then what they got, the newest first. Four queries, none for
    nobody.
    """
    told = as_told(messages_to(customer_ids).order_by("-id")[:most]) if customer_ids else []
    return sorted(told, key=lambda each: (each.coming, each.when), reverse=True)


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

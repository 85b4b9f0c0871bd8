"""What the pages of a broadcast show: its text as it goes out, its rehearsal, its results, and what waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import get_language

from campaigns import facts_audiences
from campaigns.facts_greetings import spokesperson
from campaigns.models import Broadcast
from campaigns.rules_audiences import Audience
from campaigns.rules_broadcasts import (
    FIELDS,
    common_values,
    cost_of,
    fill_common,
    longest_values,
)
from crm.compose import (
    OPT_OUT,
    Parts,
    Pieces,
    TextRefused,
    check_body,
    check_fields,
    masked_opening,
    pieces,
    units,
)
from crm.contact_cap import MONTH
from crm.facts_messages import Progress, of_run, parts_of, progress
from crm.models import Contact, Exclusion, Gateway, Message, MessageText, Project, SendRun
from crm.models.contacts import MARKETING_SMS
from crm.names import clean_name, masked_name
from crm.phones import mask
from crm.rules_messages import State

PREVIEWS = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """How long the longest text is that the audience could get, and what it costs; `text` as one of them reads it.

    `stopped`: how many more have said no and get nothing. `refused`: why it is not composed, in the reader's language.
    """

    people: int
    stopped: int
    body: str
    text: str = ""
    characters: int = 0
    pieces: Pieces | None = None
    refused: str = ""

    def cost(self, price: Decimal | None) -> Decimal | None:
        """At most, in yuan, for everybody."""
        return cost_of(self.people * self.pieces.billed, price) if self.pieces else None


def sample(project: Project, body: str, audience: Audience, until: dt.datetime) -> Sample:
    """Composed from the longest name, consultant and wanted type among the people of the audience."""
    measured = facts_audiences.measure(project, audience)
    line = Gateway.objects.filter(project=project, is_default=True).first()
    layout = line.layout if line else "house"
    who = measured["people"], measured["stopped"]
    common = common_values(project.name, until.astimezone(project.zone)) | longest_values()

    def parts(name: str, consultant: str) -> Parts:
        filled = fill_common(body.strip(), common | {"consultant": consultant})
        sender = clean_name(project.signature), clean_name(project.hotline)
        return Parts(f"{name}先生您好", filled, *sender, consultant, OPT_OUT)

    longest = parts("宽" * measured["name"], "宽" * measured["consultant"]).text_for(layout)
    shown = parts("王**", spokesperson(project))
    try:
        check_body(body)
        check_fields(body, FIELDS)
        counted = pieces(longest)
    except TextRefused as refused:
        said = refused.message.in_language(get_language() or "")
        said = f"{said} ({refused.detail})" if refused.detail else said
        return Sample(*who, shown.body, characters=units(longest), refused=said)
    return Sample(*who, shown.body, shown.text_for(layout), units(longest), counted)


def last_of_month(run: SendRun) -> int:
    """How many of a run's people have no message of the thirty days left after it (SC-6)."""
    since = run.starts_at - dt.timedelta(days=MONTH)
    had = (
        Contact.objects.filter(
            MARKETING_SMS, at__gte=since, customer__in=Message.objects.filter(run=run).values("customer")
        )
        .order_by()
        .values("customer")
        .annotate(n=Count("pk"))
    )
    return had.filter(n__gte=run.a_month - 1).count()


def strays() -> list[int]:
    """Drafts of broadcasts that none points to any more."""
    rows = SendRun.objects.filter(kind="broadcast", state=SendRun.State.DRAFT, broadcast=None)
    return list(rows.values_list("pk", flat=True))


def to_plan() -> list[int]:
    """Broadcasts whose rehearsal is wanted and not done."""
    rows = Broadcast.objects.filter(state="draft", planned_at=None, asked_at__isnull=False, problem="")
    return list(rows.order_by("asked_at").values_list("pk", flat=True))


def to_start(*, at: dt.datetime) -> list[int]:
    """Approved broadcasts whose hour has come, and missed ones whose end has come."""
    due = Q(state="approved", starts_at__lte=at) | Q(state="overdue", expires_at__lte=at)
    return list(Broadcast.objects.filter(due).order_by("starts_at").values_list("pk", flat=True))


def of_project(project: Project) -> QuerySet[Broadcast]:
    return Broadcast.objects.filter(project=project).select_related("run", "prepared_by", "approved_by")


def with_progress(rows: Collection[Broadcast]) -> list[tuple[Broadcast, Progress]]:
    """Each with how far its messages are. One query."""
    done = progress([row.run_id for row in rows if row.run_id is not None])
    return [(row, done.get(row.run_id or 0, Progress())) for row in rows]


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a run goes, over the time since it was launched or resumed."""

    a_minute: int
    minutes_left: int | None


def rate_of(row: Broadcast, done: Progress, at: dt.datetime) -> Rate | None:
    """Averaged since the launch, so that it costs no query; None while nothing was sent or it does not run."""
    if row.run is None or row.run.state != SendRun.State.RUNNING or row.run.launched_at is None:
        return None
    minutes = (at - max(row.run.launched_at, row.run.starts_at)).total_seconds() / 60
    if minutes <= 0 or not done.sent:
        return None
    a_minute = max(1, round(done.sent / minutes))
    return Rate(a_minute, -(-done.pending // a_minute))


def detail(row: Broadcast, plain: bool, at: dt.datetime) -> dict[str, Any]:
    """What the page of one shows. `plain`: names may be read."""
    run_id = row.run_id or 0
    done = progress([run_id]).get(run_id, Progress())
    planned = int(row.summary.get("pieces", 0))
    context: dict[str, Any] = {
        "progress": done,
        "planned": row.summary,
        "cost": cost_of(planned, row.price),
        "spent": cost_of(done.spent, row.price),
        "rate": rate_of(row, done, at),
        "over_budget": row.budget is not None and planned > row.budget,
        "previews": previews(row, plain) if row.planned_at else [],
        "people_done": 0,
    }
    if row.being_planned:
        left = Exclusion.objects.filter(run=run_id).count()
        context["people_done"] = done.planned + left
    return context


def previews(row: Broadcast, plain: bool) -> list[dict[str, str]]:
    """The first messages of the plan as phones will show them. Four queries."""
    rows = list(Message.objects.filter(run=row.run_id).order_by("pk")[:PREVIEWS])
    said = {text.message_id: text for text in MessageText.objects.filter(message__in=rows)}
    run = SendRun.objects.select_related("gateway").get(pk=row.run_id or 0)
    found = []
    for message in rows:
        parts = parts_of(run, said[message.pk])
        opening = parts.opening if plain else masked_opening(parts.opening)
        shown = Parts(opening, parts.body, parts.signature, parts.hotline, parts.consultant, parts.opt_out)
        found.append({"to": mask(message.to) if plain else "", "text": shown.text_for(run.gateway.layout)})
    return found


@dataclass(frozen=True, slots=True)
class Person:
    """One line of a rehearsal or of the results; `number` only for who may see it, and masked."""

    name: str
    number: str
    state: str
    reason: str
    when: dt.datetime | None
    pieces: int
    detail: str = ""
    url: str = ""


def messages_of(row: Broadcast, state: str = "") -> tuple[QuerySet[Message], str]:
    """Its messages, one state of them if asked, and the column to order them by."""
    rows, order = of_run(row.run_id or 0, state if state in {each.value for each in State} else "")
    return rows.select_related("customer"), order


def left_out_of(row: Broadcast, reason: str = "") -> QuerySet[Exclusion]:
    """Who gets none, for one reason if asked."""
    rows = Exclusion.objects.filter(run=row.run_id or 0).select_related("customer")
    return rows.filter(reason=reason) if reason else rows


def person_of(line: Message | Exclusion, plain: bool, pages: Mapping[int, str]) -> Person:
    """A line as the reader may see it; `pages`: where the customer is worked on, if the reader works there."""
    name = line.customer.name if line.customer is not None else ""
    shown = name if plain else masked_name(name)
    url = pages.get(line.customer_id or 0, "")
    if isinstance(line, Exclusion):
        return Person(shown, "", "", line.reason, None, 0, line.detail, url)
    number = mask(line.to) if plain else ""
    moment = line.not_before if line.state in (State.HELD, State.QUEUED) else line.changed_at
    return Person(shown, number, line.state, line.reason, moment, line.pieces, url=url)


def counts_of(row: Broadcast) -> dict[str, int]:
    """Messages by state, from the tally. One query."""
    run_id = row.run_id or 0
    return {state: n for state, n in progress([run_id])[run_id].messages.items() if n}

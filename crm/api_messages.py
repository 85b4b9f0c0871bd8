"""What the outbox sends and hears: runs with their progress, messages with their tries and receipts, replies.

Whoever makes or approves what a project sends reads it; names stand whole only for those who may read them there, a
number never does (docs/roles.md). The reply inbox belongs to those who write to customers.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm import clock, outbox
from crm.access import get_visible, require_somewhere
from crm.actions import inbox
from crm.api_account import Named
from crm.api_fields import Id, Input, Masked, Output
from crm.api_frame import ApiView, operation
from crm.compose import masked_opening
from crm.facts_messages import Progress, of_project, of_run, parts_of, progress
from crm.gates import (
    outbox_project,
    project_in_reach,
    readable_runs,
    reads_names,
    sent_messages,
    unknown_messages,
    unknown_reader,
    visible_replies,
)
from crm.models import Attempt, InboundMessage, Message, MessageText, Receipt, SendRun
from crm.names import masked_name
from crm.phones import mask
from crm.roles import Action
from crm.rules_messages import RunKind, State

STATES = [state.value for state in State]
KINDS = [kind.value for kind in RunKind]


class ProgressShown(serializers.Serializer):
    """How far the messages of a run are."""

    planned = serializers.IntegerField()
    pending = serializers.IntegerField(help_text="Still to be sent.")
    sent = serializers.IntegerField(help_text="The gateway has them, or had them.")
    unknown = serializers.IntegerField(help_text="They may have been sent; a person reads them.")
    done = serializers.IntegerField(help_text="Nothing more is to be done for them.")
    spent = serializers.IntegerField(help_text="Pieces that are or may be billed.")
    messages = serializers.DictField(child=serializers.IntegerField(), help_text="By state.")
    pieces = serializers.DictField(child=serializers.IntegerField(), help_text="By state.")


class RunShown(Output):
    gateway = Named()
    progress = ProgressShown()

    class Meta:
        model = SendRun
        fields = (
            "id", "project", "kind", "title", "clause", "state", "halted", "marketing", "gateway", "starts_at",
            "expires_at", "budget", "planned_at", "launched_at", "ended_at", "progress",
        )  # fmt: skip


class RunsAsked(Input):
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    state = serializers.ChoiceField(choices=SendRun.State.values, required=False)


class MessagesAsked(Input):
    state = serializers.ChoiceField(choices=STATES, required=False)


class ProjectMessagesAsked(MessagesAsked):
    kind = serializers.ChoiceField(choices=KINDS, required=False)


class MessageRow(Output):
    """`name` is hidden but for its first character, and `number` left out, for who may not read names there."""

    kind = serializers.CharField(source="run.kind")
    project = serializers.IntegerField(source="run.project_id")
    name = serializers.SerializerMethodField()
    number = serializers.SerializerMethodField(help_text="Masked, or empty.")
    reason = serializers.CharField(help_text="Why it is held, or was not sent.")

    class Meta:
        model = Message
        fields = (
            "id", "run", "project", "kind", "name", "number", "state", "reason", "pieces", "attempts", "not_before",
            "changed_at",
        )  # fmt: skip

    def get_name(self, row: Message) -> str:
        name = row.customer.name if row.customer is not None else ""
        return name if self._plain(row) else masked_name(name)

    def get_number(self, row: Message) -> str:
        return mask(row.to) if self._plain(row) else ""

    def _plain(self, row: Message) -> bool:
        return reads_names(self.context["request"].user, row.run.project_id)


class TryRow(Output):
    class Meta:
        model = Attempt
        fields = ("n", "started_at", "ended_at", "outcome", "code")


class ReceiptRow(Output):
    class Meta:
        model = Receipt
        fields = ("id", "part", "status", "code", "at", "received_at")


class MessageDetail(MessageRow):
    text = serializers.SerializerMethodField(help_text="As it goes out.")
    tries = TryRow(many=True, source="tries_made")

    class Meta:
        model = Message
        fields = (*MessageRow.Meta.fields, "text", "tries")

    def get_text(self, row: Message) -> str:
        text = MessageText.objects.filter(message=row).first()
        if text is None:
            return ""
        if not self._plain(row):
            text.opening = masked_opening(text.opening)
        return parts_of(row.run, text).text_for(row.run.gateway.layout)


def with_progress(rows: Any) -> Any:
    """Runs, each with how far it is. One query."""
    done = progress([run.pk for run in rows])
    for run in rows:
        run.progress = done.get(run.pk, Progress())
    return rows


class Outbox(ApiView):
    group = "messages"

    def run(self, pk: int) -> SendRun:
        """A run of a project whose messages one reads, or 404; 403 for who reads none anywhere."""
        unknown_reader(self.request)
        return get_visible(readable_runs(self.by), pk=pk)

    def message(self, pk: int) -> Message:
        unknown_reader(self.request)
        return get_visible(sent_messages(self.by).select_related("run__gateway", "customer"), pk=pk)


class Runs(Outbox):
    @operation(asks=RunsAsked, answers=RunShown, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """Everything that was ordered to be sent in a project, the newest first, with its progress."""
        where = outbox_project(request, project_in_reach(request, project))
        rows = SendRun.objects.filter(project=where, **self.asked()).select_related("gateway")
        page = self.page(rows, "-id")
        with_progress(page["results"])
        return page


class OneRun(Outbox):
    @operation(answers=RunShown)
    def get(self, request: Request, run: int) -> Any:
        """One run with its progress."""
        return with_progress([self.run(run)])[0]


class RunMessages(Outbox):
    @operation(asks=MessagesAsked, answers=MessageRow, paged=True)
    def get(self, request: Request, run: int) -> Any:
        """The messages of a run, one state of them if asked."""
        rows, order = of_run(self.run(run).pk, **self.asked())
        return self.page(rows.select_related("run", "customer"), order)


class Messages(Outbox):
    @operation(asks=ProjectMessagesAsked, answers=MessageRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The messages of a project, whatever ordered them, the newest first."""
        where = outbox_project(request, project_in_reach(request, project))
        rows, order = of_project(where.pk, **self.asked())
        return self.page(rows.select_related("run", "customer"), f"-{order}")


class OneMessage(Outbox):
    @operation(answers=MessageDetail)
    def get(self, request: Request, message: int) -> Any:
        """One message with its text and its tries."""
        row = self.message(message)
        row.tries_made = list(row.tries.order_by("n"))  # type: ignore[attr-defined]
        return row


class Receipts(Outbox):
    @operation(answers=ReceiptRow, paged=True)
    def get(self, request: Request, message: int) -> Any:
        """The carrier's words about one message, part by part, in the order they came."""
        return self.page(Receipt.objects.filter(message=self.message(message)), "id")


class UnknownMessages(Outbox):
    @operation(answers=MessageRow, paged=True)
    def get(self, request: Request) -> Any:
        """What may or may not have been sent, and is to be read by a person."""
        unknown_reader(request)
        rows = unknown_messages(self.by).select_related("customer")
        return self.page(rows, "-id")


class ReadIn(Input):
    messages = serializers.ListField(child=Id(), min_length=1, max_length=500)


class ReadShown(serializers.Serializer):
    settled = serializers.IntegerField(
        help_text="How many stay unknown for good; the others were not unknown."
    )


class UnknownRead(Outbox):
    @operation(takes=ReadIn, answers=ReadShown)
    def post(self, request: Request) -> Any:
        """Leave these at unknown, for good: they are not sent again."""
        by = unknown_reader(request)
        wanted = unknown_messages(by).filter(pk__in=self.said()["messages"])
        ids = list(wanted.values_list("pk", flat=True))
        return {"settled": outbox.settle_unknown(ids=ids, by=by, at=clock.now())}


class ReplyShown(Output):
    customer = Named(allow_null=True)
    owner = Named(allow_null=True)
    handled_by = Named(allow_null=True)
    sender = serializers.SerializerMethodField(help_text="Masked.")
    text = Masked()
    answers = serializers.IntegerField(
        source="answers_id", allow_null=True, help_text="The message it answers."
    )

    class Meta:
        model = InboundMessage
        fields = (
            "id", "project", "sender", "customer", "text", "meaning", "answers", "at", "received_at", "owner",
            "handled_at", "handled_by",
        )  # fmt: skip

    def get_sender(self, row: InboundMessage) -> str:
        return mask(row.sender)


class RepliesAsked(Input):
    project = Id(required=False)
    all = serializers.BooleanField(default=False, help_text="Also what is done.")
    mine = serializers.BooleanField(default=False, help_text="Only those one answers for.")


class ReplyView(ApiView):
    group = "messages"

    def replies(self) -> QuerySet[InboundMessage]:
        require_somewhere(self.by, Action.SEND_MESSAGE)
        return visible_replies(self.by).select_related("handled_by")

    def reply(self, pk: int) -> InboundMessage:
        return get_visible(self.replies(), pk=pk)


class Replies(ReplyView):
    @operation(asks=RepliesAsked, answers=ReplyShown, paged=True)
    def get(self, request: Request) -> Any:
        """What customers wrote back, the newest first."""
        rows, asked = self.replies(), self.asked()
        if "project" in asked:
            rows = rows.filter(project=project_in_reach(request, asked["project"]))
        if not asked["all"]:
            rows = rows.filter(handled_at=None)
        if asked["mine"]:
            rows = rows.filter(owner=self.by)
        return self.page(rows, "-at", "-id")


class OneReply(ReplyView):
    @operation(answers=ReplyShown)
    def get(self, request: Request, reply: int) -> Any:
        """One reply."""
        return self.reply(reply)


class ReplyTake(ReplyView):
    @operation(answers=ReplyShown)
    def post(self, request: Request, reply: int) -> Any:
        """Answer for a reply oneself. 409 when it is done already."""
        inbox.take(reply=self.reply(reply), by=self.by, at=clock.now())
        return self.reply(reply)


class ReplyDone(ReplyView):
    @operation(answers=ReplyShown)
    def post(self, request: Request, reply: int) -> Any:
        """Done with a reply. 409 when somebody was first, who stays on record."""
        inbox.done(reply=self.reply(reply), by=self.by, at=clock.now())
        return self.reply(reply)

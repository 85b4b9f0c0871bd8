"""Messages to the customer of a lead: what they got and will get, and ordering one (SC-10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible
from crm.api_fields import Day, Input, Instant
from crm.api_forms import input_of
from crm.api_frame import ApiView, operation
from crm.facts_messages import as_told, messages_to
from crm.models import Message
from crm.rules_messages import State
from leads import facts_messaging as facts
from leads.actions.messaging import send_single
from leads.forms_message import MessageForm
from leads.gates import TASK, lead_to_message, open_lead, opened_task
from leads.models import CallTask


class MessageShown(serializers.Serializer):
    """One message; `text` only of the lead's own project."""

    id = serializers.IntegerField(source="message.pk")
    kind = serializers.CharField(source="message.run.kind")
    project = serializers.IntegerField(source="message.run.project_id")
    state = serializers.CharField(source="message.state")
    reason = serializers.CharField(
        source="message.reason", allow_blank=True, help_text="Why it is held, or was not sent."
    )
    pieces = serializers.IntegerField(source="message.pieces")
    coming = serializers.BooleanField(help_text="It has still to go.")
    at = Instant(source="when")
    text = serializers.CharField(allow_blank=True)


MessageIn = input_of("MessageIn", MessageForm)


class OrderedShown(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField(source="run.kind", help_text="`service` is no marketing.")
    state = serializers.CharField()
    not_before = Instant(help_text="Outside the hours for messages: the next opening.")
    pieces = serializers.IntegerField()


class MessagesAsked(Input):
    state = serializers.ChoiceField(choices=[state.value for state in State], required=False)


class LeadMessages(ApiView):
    group = "leads"

    @operation(asks=MessagesAsked, answers=MessageShown, paged=True)
    def get(self, request: Request, lead: int) -> Any:
        """What the customer got and will get, from every purpose, newest first."""
        row = open_lead(request, lead)
        page = self.page(messages_to([row.customer_id]).filter(**self.asked()), "-id")
        page["results"] = [
            told if told.message.run.project_id == row.project_id else replace(told, text="")
            for told in as_told(page["results"])
        ]
        return page

    @operation(takes=MessageIn, answers=OrderedShown, status=201, idempotent=True)
    def post(self, request: Request, lead: int) -> Message:
        """Order one message. 409 says why it may not go, and from which day the cap lets it."""
        row, clerk = lead_to_message(request, lead)
        said = self.said()
        form = self.taken(lambda: MessageForm(said), said)
        return send_single(
            lead_id=row.pk,
            body=form.cleaned_data["body"],
            by=self.by,
            at=clock.now(),
            task_id=form.cleaned_data["task"],
            clerk=clerk,
        )


class OfferShown(serializers.Serializer):
    key = serializers.CharField(
        help_text="A clause's script, or `line-` and a number: on file with the carrier."
    )
    body = serializers.CharField()


class OffersShown(serializers.Serializer):
    task = serializers.IntegerField(allow_null=True, help_text="The duty that a message now would be for.")
    offers = OfferShown(many=True)


class MessageOffers(ApiView):
    group = "leads"

    @operation(answers=OffersShown)
    def get(self, request: Request, lead: int) -> Any:
        """Texts to begin with, filled in for this customer; the duty's own first."""
        row, clerk = lead_to_message(request, lead)
        now = clock.now()
        task = None if clerk else opened_task(row, now)
        return {
            "task": task.pk if task else None,
            "offers": facts.offers(row, task, by=self.by, at=now),
        }


class MessagePreviewShown(serializers.Serializer):
    text = serializers.CharField(allow_blank=True, help_text="As it would go out; empty when it is refused.")
    refused = serializers.CharField(allow_blank=True)
    characters = serializers.IntegerField()
    pieces = serializers.IntegerField()
    marketing = serializers.BooleanField(help_text="It counts towards the cap and carries the opt-out.")
    waits_until = Instant(allow_null=True)
    may_from = Day(
        allow_null=True, help_text="The first day that the contact cap leaves for it, if not today."
    )
    barred = serializers.CharField(allow_blank=True, help_text="What stands in its way already.")


class MessagePreview(ApiView):
    group = "leads"

    @operation(takes=MessageIn, answers=MessagePreviewShown)
    def post(self, request: Request, lead: int) -> Any:
        """How a text would read and what it would cost; nothing is ordered."""
        row, clerk = lead_to_message(request, lead)
        said, now = self.said(), clock.now()
        form = self.taken(lambda: MessageForm(said), said)
        body, wanted = form.cleaned_data["body"], form.cleaned_data["task"]
        task = None
        if wanted is not None and not clerk:
            task = get_visible(CallTask.objects.open().filter(lead=row).select_related(*TASK), pk=wanted)
        kind = facts.kind_for(row, task, body, facts.offers(row, task, by=self.by, at=now), clerk=clerk)
        return facts.preview(row, body, kind, by=self.by, at=now)

"""Messages to the customer of a lead: what they got and will get, and ordering one (SC-10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.api_fields import Instant
from crm.api_forms import input_of
from crm.api_frame import ApiView, operation
from crm.facts_messages import of_customers
from crm.models import Message
from leads.actions.messaging import send_single
from leads.forms_message import MessageForm
from leads.gates import lead_to_message, open_lead

MOST = 100


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


class LeadMessages(ApiView):
    group = "leads"

    @operation(answers=MessageShown, listed=True)
    def get(self, request: Request, lead: int) -> Any:
        """What the customer got and will get of late, from every purpose, newest first."""
        row = open_lead(request, lead)
        return [
            told if told.message.run.project_id == row.project_id else replace(told, text="")
            for told in of_customers([row.customer_id], most=MOST)
        ]

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

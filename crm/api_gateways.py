"""The lines that messages leave by, as they are read: settings without the secret, what the carrier has on file, tests.

Making a line and giving it its address and secret is done by a person on the screen.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible
from crm.actions import gateways as actions
from crm.api_account import Named
from crm.api_fields import Output
from crm.api_forms import input_of
from crm.api_frame import ApiView, operation
from crm.forms_gateways import SignatureForm, TemplateForm, TestMessageForm
from crm.gates import administrator_of
from crm.models import Gateway, GatewaySignature, GatewayTemplate


class SignatureRow(Output):
    class Meta:
        model = GatewaySignature
        fields = ("id", "signature", "state", "expires_on", "note", "changed_at")


class TemplateRow(Output):
    class Meta:
        model = GatewayTemplate
        fields = ("id", "code", "body", "state", "expires_on", "note", "changed_at")


class GatewayRow(Output):
    project = Named()

    class Meta:
        model = Gateway
        fields = (
            "id", "project", "name", "kind", "state", "is_default", "layout", "rate", "window", "slowed_rate",
            "slowed_until", "needs_filing", "needs_template", "balance", "checked_at", "problem", "unsigned",
        )  # fmt: skip


class GatewayShown(GatewayRow):
    settings = serializers.DictField(help_text="Address and account; the secret is shown to nobody.")
    has_secret = serializers.SerializerMethodField()
    callback = serializers.SerializerMethodField(
        help_text="Where the carrier's agent posts receipts and replies, signed (docs/gateway-http.md)."
    )
    signatures = SignatureRow(many=True)
    templates = TemplateRow(many=True)

    class Meta:
        model = Gateway
        fields = (*GatewayRow.Meta.fields, "settings", "has_secret", "callback", "signatures", "templates")

    def get_has_secret(self, row: Gateway) -> bool:
        return bool(row.secret)

    def get_callback(self, row: Gateway) -> str:
        address: str = self.context["request"].build_absolute_uri(
            reverse("crm:callback", args=[row.callback_key])
        )
        return address


SignatureIn = input_of("SignatureIn", SignatureForm)
TemplateIn = input_of("TemplateIn", TemplateForm)
TestMessageIn = input_of("TestMessageIn", TestMessageForm)


class OrderedRow(serializers.Serializer):
    message = serializers.IntegerField(source="pk")
    run = serializers.IntegerField(source="run_id")
    state = serializers.CharField()


class Lines(ApiView):
    group = "messages"

    def line(self, request: Request, pk: int) -> Gateway:
        administrator_of(request)
        return get_visible(Gateway.objects.select_related("project"), pk=pk)


class Gateways(Lines):
    @operation(answers=GatewayRow, paged=True)
    def get(self, request: Request) -> Any:
        """Every line of every project (administrator)."""
        administrator_of(request)
        return self.page(Gateway.objects.select_related("project"), "project__name", "name", "id")


class OneGateway(Lines):
    @operation(answers=GatewayShown)
    def get(self, request: Request, gateway: int) -> Any:
        """One line: how it stands, and what is on file with the carrier."""
        return self.line(request, gateway)


class GatewayCheck(Lines):
    @operation(answers=GatewayShown)
    def post(self, request: Request, gateway: int) -> Any:
        """Open the line and close it again; `problem` says what went wrong."""
        row = self.line(request, gateway)
        actions.test_connection(gateway=row, by=self.by, at=clock.now())
        return self.line(request, gateway)


class GatewayTest(Lines):
    @operation(takes=TestMessageIn, answers=OrderedRow, status=201, idempotent=True)
    def post(self, request: Request, gateway: int) -> Any:
        """Send a message to a number of one's own, through the whole outbox."""
        row, form = self.line(request, gateway), self.filled(TestMessageForm)
        values = form.cleaned_data
        return actions.send_test(
            gateway=row, raw=values["phone"], body=values["body"], by=self.by, at=clock.now()
        )


class GatewaySignatures(Lines):
    @operation(takes=SignatureIn, answers=SignatureRow)
    def put(self, request: Request, gateway: int) -> Any:
        """Note what the carrier says about a signature."""
        row = self.line(request, gateway)
        known = row.signatures.filter(signature=self.said()["signature"]).first()
        values = self.filled(lambda data: SignatureForm(data, instance=known)).cleaned_data
        return actions.file_signature(
            gateway=row, signature=values["signature"], values=values, by=self.by, at=clock.now()
        )


class GatewayTemplates(Lines):
    @operation(takes=TemplateIn, answers=TemplateRow)
    def put(self, request: Request, gateway: int) -> Any:
        """Note what the carrier says about a template."""
        row = self.line(request, gateway)
        values = self.filled(TemplateForm).cleaned_data
        return actions.file_template(
            gateway=row, code=values["code"], body=values["body"], values=values, by=self.by, at=clock.now()
        )

"""What the resources of sales show. Numbers are masked everywhere (PX-12); one is shown by `reveal` only."""

from __future__ import annotations

from django.db import models
from rest_framework import serializers

from crm.api_account import Named
from crm.api_fields import Day, Instant, Masked, Output, Windows
from crm.models import Consent, Contact, Customer, CustomerPhone, OptOut, Unit
from crm.phones import mask
from leads.models import Deal, DealStep, Interest, Lead, Objection


class Shown(Output):
    """Rows of sales: their free texts are masked."""

    serializer_field_mapping = {**Output.serializer_field_mapping, models.TextField: Masked}


class CustomerNamed(Output):
    phone = serializers.SerializerMethodField(help_text="The main number, masked; empty when there is none.")

    class Meta:
        model = Customer
        fields = ("id", "name", "salutation", "phone")

    def get_phone(self, customer: Customer) -> str:
        phones: list[CustomerPhone] = customer.live_phones  # type: ignore[attr-defined]
        return mask(phones[0].e164) if phones else ""


LEAD_FIELDS = (
    "id", "project", "customer", "consultant", "heard_via", "kind", "state", "stage", "grade", "quality", "is_key",
    "weekly", "bin", "clause", "opens_at", "due_at", "held_until", "held_reason", "refusals", "visits",
    "last_talk_at", "last_visit_at", "created_at",
)  # fmt: skip


class LeadRow(Output):
    customer = CustomerNamed()
    consultant = Named(allow_null=True)
    heard_via = Named(allow_null=True)
    bin = serializers.CharField(help_text="Where it stands (PX-10).")

    class Meta:
        model = Lead
        fields = LEAD_FIELDS


class PhoneShown(Output):
    masked = serializers.SerializerMethodField()

    class Meta:
        model = CustomerPhone
        fields = ("id", "masked", "is_main", "bad_since", "bad_reason")

    def get_masked(self, phone: CustomerPhone) -> str:
        return mask(phone.e164)


class ConsentShown(Shown):
    class Meta:
        model = Consent
        fields = ("id", "scope", "source", "wording", "at")


class OptOutShown(Output):
    lifted = serializers.SerializerMethodField()

    class Meta:
        model = OptOut
        fields = ("id", "scope", "source", "at", "lifted")

    def get_lifted(self, row: OptOut) -> bool:
        return row.lifted_by_id is not None


class PersonShown(Output):
    windows = Windows(help_text="The customer's own hours (SC-8); empty: the project's.")
    phones = PhoneShown(many=True, source="live_phones")
    consents = ConsentShown(many=True)
    opt_outs = OptOutShown(many=True)

    class Meta:
        model = Customer
        fields = (
            "id", "name", "salutation", "relation", "preference", "windows", "phones", "consents", "opt_outs",
        )  # fmt: skip


class ObjectionShown(Output):
    note = Masked()

    class Meta:
        model = Objection
        fields = ("id", "cause", "note", "raised_at", "dissolved_at")


class InterestShown(Output):
    class Meta:
        model = Interest
        fields = ("id", "point", "noted_at")


class UnitNamed(Output):
    building = serializers.CharField(source="building.name")

    class Meta:
        model = Unit
        fields = ("id", "building", "number")


class StepShown(Output):
    entered_by = Named()
    approved_by = Named(allow_null=True)
    note = Masked()

    class Meta:
        model = DealStep
        fields = (
            "id", "deal", "step", "at", "entered_at", "entered_by", "approved_at", "approved_by", "declined_at", "note",
        )  # fmt: skip


class DealShown(Output):
    unit = UnitNamed(allow_null=True)
    steps = StepShown(many=True)

    class Meta:
        model = Deal
        fields = ("id", "lead", "unit", "unit_text", "step", "price", "created_at", "steps")


class RestShown(serializers.Serializer):
    """Why nobody calls now (PX-10)."""

    clause = serializers.CharField(allow_blank=True)
    clause_text = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField()
    answers = serializers.CharField(allow_blank=True)


class LeadShown(LeadRow):
    stand_in = Named(allow_null=True)
    next_step = serializers.CharField(help_text="What is due next, in the reader's language.")
    rest = RestShown(allow_null=True)
    people = PersonShown(many=True)
    objections = ObjectionShown(many=True, source="objection_rows")
    interests = InterestShown(many=True, source="interest_rows")
    units_seen = UnitNamed(many=True)
    deals = DealShown(many=True, source="deal_rows")
    may = serializers.DictField(child=serializers.BooleanField(), help_text="What the caller may do with it.")

    class Meta:
        model = Lead
        fields = (
            *LEAD_FIELDS, "stand_in", "wanted", "budget", "end_reason", "quiet_clause", "review_clause",
            "review_due_at", "rejudge_at", "next_step", "rest", "people", "objections", "interests", "units_seen",
            "deals", "may",
        )  # fmt: skip


class DetailShown(serializers.Serializer):
    name = serializers.CharField()
    text = serializers.CharField()


class StoryRow(serializers.Serializer):
    """One event of a lead's history, in the reader's words."""

    id = serializers.IntegerField(source="event.pk")
    kind = serializers.CharField(source="event.kind")
    value = serializers.CharField(source="event.value", allow_blank=True)
    at = Instant(source="event.at")
    recorded_at = Instant(source="event.recorded_at")
    by = Named(source="event.author", allow_null=True)
    title = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    details = DetailShown(many=True)
    clause = serializers.CharField(allow_blank=True)
    imported = serializers.BooleanField(source="event.imported")
    taken_back = serializers.BooleanField(source="annulled")


class WhyShown(serializers.Serializer):
    """Why a duty is owed: the clause, one sentence, one fact a line."""

    clause = serializers.CharField()
    clause_text = serializers.CharField()
    sentence = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())


class DutyShown(serializers.Serializer):
    task = serializers.IntegerField(source="pk")
    kind = serializers.CharField()
    clause = serializers.CharField()
    channel = serializers.CharField()
    opens_at = Instant()
    due_at = Instant()
    list_day = Day()
    assignee = Named(allow_null=True)
    why = WhyShown(source="told")


class PlanStep(serializers.Serializer):
    """What follows by the procedure if nothing else happens."""

    clause = serializers.CharField(allow_blank=True)
    how = serializers.CharField(help_text="due, then (every `days`), nobody, visit, rejudge")
    due_at = Instant(allow_null=True)
    due_on = Day(allow_null=True)
    days = serializers.IntegerField()
    kind = serializers.CharField(allow_blank=True)
    channel = serializers.CharField()


class PlanShown(serializers.Serializer):
    duties = DutyShown(many=True)
    steps = PlanStep(many=True)
    rest = RestShown(allow_null=True)


class ContactRow(Shown):
    by = Named(allow_null=True)

    class Meta:
        model = Contact
        fields = (
            "id", "customer", "channel", "direction", "purpose", "clause", "outcome", "effective", "at",
            "recorded_at", "by", "news", "questions", "real_need", "occasion", "imported", "voided_at", "doubtful",
        )  # fmt: skip

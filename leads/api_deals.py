"""Deals and their steps (PX-9); one person, one record: linking, merging, undoing (PX-3)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible, require_somewhere
from crm.api_account import Named
from crm.api_fields import Id, Input, Masked, Output, Text
from crm.api_forms import input_of
from crm.api_frame import ApiView, operation
from crm.models import Customer
from crm.phones import mask
from crm.roles import Action, Limit
from leads import facts_lead
from leads.actions import deals as actions
from leads.actions import merging
from leads.api_shapes import DealShown, StepShown, UnitNamed
from leads.facts_merging import candidates, found_for, moving, records_of, told_apart
from leads.forms_manage import DealForm, MergeForm, StepForm
from leads.gates import deal_seen, lead_to_sell, open_lead, pending_steps
from leads.joining import join, lead_to_join
from leads.models import DealStep, MergeRecord

DealIn = input_of("DealIn", DealForm)
STEPS = ["subscribed", "signed", "handed_over", "cancelled"]
StepIn = input_of("StepIn", StepForm, step=serializers.ChoiceField(choices=STEPS))


class LeadDeals(ApiView):
    group = "deals"

    @operation(answers=DealShown, listed=True)
    def get(self, request: Request, lead: int) -> Any:
        """The deals of a lead with their steps."""
        return facts_lead.deals_of(open_lead(request, lead))

    @operation(takes=DealIn, answers=StepShown, status=201)
    def post(self, request: Request, lead: int) -> Any:
        """The first step of a deal: subscribed or signed. A consultant's is a proposal until approved."""
        row = lead_to_sell(request, lead)
        form = self.filled(lambda data: DealForm(data, project=row.project))
        return actions.open_deal(lead_id=row.pk, by=self.by, at=clock.now(), **form.cleaned_data)


class DealSteps(ApiView):
    group = "deals"

    @operation(takes=StepIn, answers=StepShown, status=201)
    def post(self, request: Request, deal: int) -> Any:
        """The contract, the handover or the cancellation."""
        found = deal_seen(self.by, deal)
        lead_to_sell(request, found.lead_id)
        steps = sorted(actions.FOLLOWS[found.step])
        form = self.filled(lambda data: StepForm(data, steps=steps))
        return actions.next_step(deal_id=found.pk, by=self.by, at=clock.now(), **form.cleaned_data)


class PendingRow(StepShown):
    lead = serializers.IntegerField(source="deal.lead_id")
    customer = serializers.CharField(source="deal.lead.customer.name")
    unit = UnitNamed(source="deal.unit", allow_null=True)
    unit_text = serializers.CharField(source="deal.unit_text", allow_blank=True)

    class Meta:
        model = DealStep
        fields = (
            "id", "deal", "lead", "customer", "unit", "unit_text", "step", "at", "entered_at", "entered_by",
            "approved_at", "approved_by", "declined_at", "note",
        )  # fmt: skip


class PendingSteps(ApiView):
    group = "deals"

    @operation(answers=PendingRow, paged=True)
    def get(self, request: Request) -> Any:
        """Proposals that wait for a decision of the caller's."""
        require_somewhere(self.by, Action.RECORD_DEAL, without=(Limit.PROPOSE_ONLY,))
        rows = pending_steps(self.by).select_related(
            "entered_by", "approved_by", "deal__unit__building", "deal__lead__customer"
        )
        return self.page(rows, "entered_at", "id")


class DecisionIn(Input):
    verdict = serializers.ChoiceField(choices=["approve", "decline"])
    note = Text(required=False, allow_blank=True, max_length=200)


class StepDecision(ApiView):
    group = "deals"

    @operation(takes=DecisionIn, answers=StepShown)
    def post(self, request: Request, step: int) -> Any:
        """Approve or decline a proposal; nobody their own."""
        require_somewhere(self.by, Action.RECORD_DEAL, without=(Limit.PROPOSE_ONLY,))
        row = get_visible(pending_steps(self.by), pk=step)
        said = self.said()
        if said["verdict"] == "approve":
            return actions.approve_step(step_id=row.pk, by=self.by, at=clock.now())
        return actions.decline_step(step_id=row.pk, note=said.get("note", ""), by=self.by, at=clock.now())


class CurrentLead(serializers.Serializer):
    project = Named()
    consultant = Named(allow_null=True)


class CandidateRow(Output):
    phone = serializers.SerializerMethodField(help_text="Masked.")
    leads = serializers.SerializerMethodField(help_text="What tells two people of one name apart.")

    class Meta:
        model = Customer
        fields = ("id", "name", "salutation", "phone", "leads")

    def get_phone(self, customer: Any) -> str:
        return mask(customer.live_phones[0].e164) if customer.live_phones else ""

    def get_leads(self, customer: Any) -> CurrentLead(many=True):  # type: ignore[valid-type]
        return CurrentLead(customer.household.current_leads, many=True).data


class SearchAsked(Input):
    q = serializers.CharField(
        required=False,
        max_length=60,
        help_text="A name, or the last digits of a number; without it the own party.",
    )


class MergeCandidates(ApiView):
    group = "leads"

    @operation(asks=SearchAsked, answers=CandidateRow, listed=True)
    def get(self, request: Request, lead: int) -> Any:
        """Customers that may be joined with the lead's: whose leads all lie where the caller decides."""
        row = lead_to_join(request, lead)
        return found_for(self.by, row, self.asked().get("q", ""))


class MergeRow(Output):
    winner = Named()
    loser = Named()
    by = Named()
    undone_by = Named(allow_null=True)
    kind = serializers.CharField(help_text="merged or linked")
    reason = Masked()

    class Meta:
        model = MergeRecord
        fields = ("id", "kind", "winner", "loser", "reason", "at", "by", "undone_at", "undone_by")


MergeIn = input_of(
    "MergeIn",
    MergeForm,
    other=Id(help_text="The other customer, from the candidates."),
    reason=Text(required=False, allow_blank=True, max_length=200),
)


class MovingShown(serializers.Serializer):
    moving = serializers.DictField(child=serializers.IntegerField())


class OtherAsked(Input):
    other = Id()


class LeadMerges(ApiView):
    group = "leads"

    @operation(asks=OtherAsked, answers=MovingShown)
    def get(self, request: Request, lead: int) -> Any:
        """What joining with another customer would move, counted."""
        row = lead_to_join(request, lead)
        return {"moving": moving(get_visible(candidates(self.by, row), pk=self.asked()["other"]))}

    @operation(takes=MergeIn, answers=MergeRow, status=201)
    def post(self, request: Request, lead: int) -> Any:
        """Link a family, or merge two records of one person; it can be undone for 30 days."""
        row = lead_to_join(request, lead)
        other = get_visible(told_apart(candidates(self.by, row)), pk=self.said()["other"])
        form = self.filled(MergeForm)
        return join(row, other, form.cleaned_data, by=self.by, at=clock.now())


class Merges(ApiView):
    group = "leads"

    @operation(answers=MergeRow, paged=True)
    def get(self, request: Request) -> Any:
        """What was linked or merged in the days in which it can be undone."""
        require_somewhere(self.by, Action.DECIDE_ATTRIBUTION)
        rows = records_of(self.by).filter(at__gte=clock.now() - dt.timedelta(days=merging.UNDO_DAYS))
        return self.page(rows.select_related("winner", "loser", "by", "undone_by"), "-at", "-id")


class MergeUndo(ApiView):
    group = "leads"

    @operation(answers=MergeRow)
    def post(self, request: Request, merge: int) -> Any:
        """Put back what a merge moved."""
        require_somewhere(self.by, Action.DECIDE_ATTRIBUTION)
        row = get_visible(records_of(self.by), pk=merge)
        return merging.undo_merge(record_id=row.pk, by=self.by, at=clock.now())

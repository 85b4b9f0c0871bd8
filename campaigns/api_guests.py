"""The event plan of a milestone (SC-3.2): guests invited one by one, their answers, their arrivals."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework import serializers
from rest_framework.request import Request

from campaigns import facts_milestones, gates
from campaigns.actions import invitations as actions
from campaigns.api_base import CampaignView
from campaigns.api_milestones import GuestRow, MilestoneView
from campaigns.forms_milestones import AnswerForm, InviteForm
from campaigns.models import Invitation
from crm import clock
from crm.api_fields import Id
from crm.api_forms import input_of
from crm.api_frame import operation
from leads.gates import may_work

InviteIn = input_of(
    "InviteIn", InviteForm, leads=serializers.ListField(child=Id(), min_length=1, max_length=500)
)
AnswerIn = input_of(
    "AnswerIn", AnswerForm, guests=serializers.IntegerField(default=1, min_value=1, max_value=50)
)


class EventPlanShown(serializers.Serializer):
    """The guests and the sums of their answers; `coming` counts people, the others guests."""

    coming = serializers.IntegerField()
    open = serializers.IntegerField(help_text="Not answered yet.")
    arrived = serializers.IntegerField()
    invited = GuestRow(many=True)


class CandidateShown(serializers.Serializer):
    lead = serializers.IntegerField(source="pk")
    customer = serializers.CharField(source="customer.name")
    kind = serializers.CharField()


class Guests(MilestoneView):
    @operation(answers=EventPlanShown)
    def get(self, request: Request, milestone: int) -> Any:
        """The event plan (who approves the project's campaigns)."""
        return facts_milestones.plan_of(self.to_approve(request, milestone))

    @operation(takes=InviteIn, answers=EventPlanShown, status=201, idempotent=True)
    def post(self, request: Request, milestone: int) -> Any:
        """Put VIP guests and leader referrals on the plan; who is to be called stands on the consultants' lists."""
        row = self.to_approve(request, milestone)
        form = self.filled(lambda data: InviteForm(data, guests=facts_milestones.guests_to_invite(row)))
        leads = [lead.pk for lead in form.cleaned_data["leads"]]
        means = form.cleaned_data["means"]
        actions.invite(milestone_id=row.pk, lead_ids=leads, means=means, by=self.by, at=clock.now())
        return facts_milestones.plan_of(row)


class GuestCandidates(MilestoneView):
    @operation(answers=CandidateShown, paged=True)
    def get(self, request: Request, milestone: int) -> Any:
        """Who may still be invited."""
        row = self.to_approve(request, milestone)
        return self.page(facts_milestones.guests_to_invite(row), "id")


class GuestView(CampaignView):
    def guest(self, request: Request, pk: int) -> Invitation:
        """A guest of the project, of the manager or of the consultant whose lead it is."""
        rows = Invitation.objects.select_related("lead__customer", "milestone__project")
        row = self.row(request, rows, pk, "milestone__project")
        gates.reader_project(request, row.milestone.project)
        if not may_work(self.by, row.lead):
            raise PermissionDenied
        return row


class OneGuest(GuestView):
    @operation(answers=GuestRow)
    def get(self, request: Request, guest: int) -> Any:
        """One guest."""
        return self.guest(request, guest)


class GuestAnswer(GuestView):
    @operation(takes=AnswerIn, answers=GuestRow)
    def post(self, request: Request, guest: int) -> Any:
        """What a guest said; the newest word counts."""
        row, form = self.guest(request, guest), self.filled(AnswerForm)
        actions.answer(invitation_id=row.pk, by=self.by, at=clock.now(), **form.cleaned_data)
        return self.guest(request, guest)


class GuestArrive(GuestView):
    @operation(answers=GuestRow)
    def post(self, request: Request, guest: int) -> Any:
        """The guest is here; twice changes nothing."""
        actions.arrive(invitation_id=self.guest(request, guest).pk, by=self.by, at=clock.now())
        return self.guest(request, guest)

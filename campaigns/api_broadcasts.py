"""Broadcasts: audiences with counts, the sheet, the rehearsal, the results person by person (SC-6 to SC-10)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from campaigns import facts_audiences, facts_broadcasts, gates
from campaigns.actions import broadcasts as actions
from campaigns.api_base import CampaignView
from campaigns.forms_broadcasts import AudienceForm, BroadcastForm, filter_of, initial_of
from campaigns.models import Broadcast, SavedAudience
from campaigns.rules_audiences import read
from crm import clock
from crm.api_account import Named
from crm.api_fields import Id, Input, Output, Text
from crm.api_forms import input_of
from crm.api_frame import operation
from crm.api_messages import STATES, MessageRow, ProgressShown
from crm.celery import soon
from crm.gates import reads_names
from crm.models import Project
from crm.rules_messages import Left
from leads.vocabulary import CAUSES, WANTED_TYPES

MOST = 50
CHOSEN: dict[str, Any] = {
    "wanted": serializers.ListField(
        child=serializers.ChoiceField(choices=list(WANTED_TYPES)), required=False, max_length=MOST
    ),
    "causes": serializers.ListField(
        child=serializers.ChoiceField(choices=list(CAUSES)), required=False, max_length=MOST
    ),
    "sources": serializers.ListField(child=Id(), required=False, max_length=MOST),
    "buildings": serializers.ListField(child=Id(), required=False, max_length=MOST),
}
"""The conditions whose values the form learns from the project."""
AudienceIn = input_of("AudienceIn", AudienceForm, **CHOSEN)
SavedAudienceIn = input_of("SavedAudienceIn", AudienceForm, **CHOSEN, name=Text(max_length=40))
BroadcastIn = input_of("BroadcastIn", BroadcastForm, **CHOSEN)
BroadcastChange = input_of("BroadcastChange", BroadcastForm, partial=True, **CHOSEN)
SampleIn = input_of(
    "SampleIn", BroadcastForm, partial=True, leave=("title", "save_as", "starts_at", "budget"), **CHOSEN
)


class CountShown(serializers.Serializer):
    people = serializers.IntegerField(
        help_text="Without who has said no; before caps and doubles, which the rehearsal sorts out."
    )
    stopped = serializers.IntegerField(help_text="How many more have said no and get nothing.")


class AudienceShown(Output):
    owner = Named()
    filter = serializers.DictField(help_text="The conditions that narrow it.")

    class Meta:
        model = SavedAudience
        fields = ("id", "project", "name", "owner", "filter", "saved_at")


class SampleShown(serializers.Serializer):
    """The longest text that anybody of the audience could get."""

    people = serializers.IntegerField()
    stopped = serializers.IntegerField(help_text="How many more have said no and get nothing.")
    text = serializers.CharField(
        allow_blank=True, help_text="As one of them reads it; empty when it is refused."
    )
    characters = serializers.IntegerField()
    pieces = serializers.IntegerField(allow_null=True, help_text="As the carrier bills one message.")
    cost = serializers.DecimalField(14, 2, allow_null=True, help_text="At most, in yuan, for everybody.")
    refused = serializers.CharField(allow_blank=True, help_text="Why it is not composed.")


class BroadcastRow(Output):
    standing = serializers.CharField(
        help_text="draft, submitted, approved, overdue, expired, cancelled, then its run's: running, paused, finished."
    )
    progress = ProgressShown()

    class Meta:
        model = Broadcast
        fields = (
            "id", "project", "title", "standing", "starts_at", "expires_at", "people", "run", "planned_at", "progress",
        )  # fmt: skip


class RateShown(serializers.Serializer):
    a_minute = serializers.IntegerField()
    minutes_left = serializers.IntegerField(allow_null=True)


class BroadcastPreview(serializers.Serializer):
    to = serializers.CharField(allow_blank=True)
    text = serializers.CharField()


class PlannedShown(serializers.Serializer):
    """The sums of the rehearsal."""

    messages = serializers.IntegerField()
    pieces = serializers.IntegerField()
    held = serializers.IntegerField()
    last_of_month = serializers.IntegerField(
        help_text="Who has no message of the month left after it (SC-6)."
    )
    left = serializers.DictField(child=serializers.IntegerField(), help_text="Who gets none, by reason.")


class BroadcastShown(BroadcastRow):
    filter = serializers.DictField()
    prepared_by = Named()
    approved_by = Named(allow_null=True)
    ended_by = Named(allow_null=True)
    planning = serializers.BooleanField(source="being_planned", help_text="The rehearsal is being made.")
    planned = PlannedShown(allow_null=True, help_text="Null until the rehearsal is complete.")
    over_budget = serializers.BooleanField()
    cost = serializers.DecimalField(14, 2, allow_null=True, help_text="Of what is planned, in yuan.")
    spent = serializers.DecimalField(14, 2, allow_null=True, help_text="So far, in yuan.")
    rate = RateShown(allow_null=True)
    previews = BroadcastPreview(many=True)
    may = serializers.DictField(child=serializers.BooleanField(), help_text="What the caller may do with it.")

    class Meta:
        model = Broadcast
        fields = (
            *BroadcastRow.Meta.fields, "body", "filter", "budget", "price", "planning", "planned", "over_budget",
            "cost", "spent", "rate", "previews", "problem", "prepared_by", "prepared_at", "approved_by", "approved_at",
            "ended_by", "reason", "may",
        )  # fmt: skip


class LeftOutRow(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True, help_text="Masked for who may not read names.")
    reason = serializers.CharField()
    detail = serializers.CharField(allow_blank=True, help_text="The field whose value is missing.")


class PeopleAsked(Input):
    state = serializers.ChoiceField(choices=STATES, required=False)


class LeftAsked(Input):
    reason = serializers.ChoiceField(choices=[reason.value for reason in Left], required=False)


BROADCASTS = Broadcast.objects.select_related("project", "run", "prepared_by", "approved_by", "ended_by")


class BroadcastView(CampaignView):
    def own(self, request: Request, pk: int) -> Broadcast:
        """A broadcast of somebody who makes or approves its project's campaigns."""
        row = self.row(request, BROADCASTS.all(), pk)
        gates.campaign_project(request, row.project)
        return row

    def to_make(self, request: Request, pk: int) -> Broadcast:
        row = self.own(request, pk)
        self.require_maker(row.project)
        return row

    def to_approve(self, request: Request, pk: int) -> Broadcast:
        row = self.own(request, pk)
        self.require_approver(row.project)
        return row

    def shown(self, request: Request, pk: int) -> Broadcast:
        """A broadcast with all that its page shows."""
        row: Any = self.own(request, pk)
        found = facts_broadcasts.detail(row, reads_names(self.by, row.project), clock.now())
        for name in ("progress", "over_budget", "cost", "spent", "rate", "previews"):
            setattr(row, name, found[name])
        row.planned = row.summary if row.planned_at else None
        approves = gates.may_approve(self.by, row.project) and not row.writers.filter(pk=self.by.pk).exists()
        row.may = {"make": gates.may_make(self.by, row.project), "approve": approves}
        shown: Broadcast = row
        return shown

    def written(self, project: Project, form: BroadcastForm, pk: int | None = None) -> Broadcast:
        row = actions.save_and_rehearse(
            project=project,
            sheet=form.sheet(),
            save_as=form.cleaned_data["save_as"],
            by=self.by,
            at=clock.now(),
            broadcast_id=pk,
        )
        soon("campaigns.tasks.rehearse", row.pk)
        return row


class Audiences(CampaignView):
    @operation(answers=AudienceShown, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The saved audiences of a project's marketing."""
        rows = SavedAudience.objects.filter(project=self.maker_project(request, project))
        return self.page(rows.select_related("owner"), "name", "id")

    @operation(takes=SavedAudienceIn, answers=AudienceShown, status=201)
    def post(self, request: Request, project: int) -> Any:
        """Keep an audience under a name; one's own of that name is written anew."""
        where = self.maker_project(request, project)
        said = self.said()
        name = said.pop("name")
        form = self.taken(lambda: AudienceForm(said, project=where), said)
        stored = filter_of(form.cleaned_data)
        return actions.save_audience(project=where, name=name, stored=stored, by=self.by, at=clock.now())


class OneAudience(CampaignView):
    def audience(self, request: Request, pk: int) -> SavedAudience:
        row = self.row(request, SavedAudience.objects.select_related("owner", "project"), pk)
        gates.maker_project(request, row.project)
        return row

    @operation(answers=AudienceShown)
    def get(self, request: Request, audience: int) -> Any:
        """One saved audience."""
        return self.audience(request, audience)

    @operation()
    def delete(self, request: Request, audience: int) -> None:
        """Forget one of one's own; broadcasts keep the conditions they were written with."""
        gates.maker_project(request, self.audience(request, audience).project)
        own = self.row(request, SavedAudience.objects.filter(owner=self.by), audience)
        actions.drop_audience(audience_id=own.pk, by=self.by, at=clock.now())


class AudienceCount(CampaignView):
    @operation(takes=AudienceIn, answers=CountShown)
    def post(self, request: Request, project: int) -> Any:
        """How many people an audience has."""
        where = self.maker_project(request, project)
        form = self.filled(lambda data: AudienceForm(data, project=where))
        return facts_audiences.measure(where, read(filter_of(form.cleaned_data)))


class BroadcastSample(CampaignView):
    @operation(takes=SampleIn, answers=SampleShown)
    def post(self, request: Request, project: int) -> Any:
        """Length, pieces and cost of a text for an audience, before anything is written down."""
        where = self.maker_project(request, project)
        said = self.said()
        audience = self.taken(lambda: AudienceForm(said, project=where), said)
        until: dt.datetime = said.get("expires_at") or clock.now()
        found = facts_broadcasts.sample(
            where, said.get("body", ""), read(filter_of(audience.cleaned_data)), until
        )
        return {
            "people": found.people,
            "stopped": found.stopped,
            "text": found.text,
            "characters": found.characters,
            "pieces": found.pieces.billed if found.pieces else None,
            "cost": found.cost(said.get("price")),
            "refused": found.refused,
        }


class Broadcasts(BroadcastView):
    @operation(answers=BroadcastRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The broadcasts of a project, the newest first."""
        page = self.page(facts_broadcasts.of_project(self.campaign_project(request, project)), "-id")
        for row, done in facts_broadcasts.with_progress(page["results"]):
            row.progress = done  # type: ignore[attr-defined]
        return page

    @operation(takes=BroadcastIn, answers=BroadcastShown, status=201, idempotent=True)
    def post(self, request: Request, project: int) -> Any:
        """Write a broadcast and have it rehearsed: a draft that shows who gets it and what it costs."""
        where = self.maker_project(request, project)
        form = self.filled(lambda data: BroadcastForm(data, project=where))
        return self.shown(request, self.written(where, form).pk)


class OneBroadcast(BroadcastView):
    @operation(answers=BroadcastShown)
    def get(self, request: Request, broadcast: int) -> Any:
        """One broadcast: what it says to whom, its rehearsal, its progress."""
        return self.shown(request, broadcast)

    @operation(takes=BroadcastChange, answers=BroadcastShown)
    def patch(self, request: Request, broadcast: int) -> Any:
        """Change one that is not approved yet, and have it rehearsed anew; what is left out stays."""
        row = self.to_make(request, broadcast)
        form = self.filled(lambda data: BroadcastForm(data, project=row.project), initial_of(row))
        return self.shown(request, self.written(row.project, form, row.pk).pk)


class BroadcastPeople(BroadcastView):
    @operation(asks=PeopleAsked, answers=MessageRow, paged=True)
    def get(self, request: Request, broadcast: int) -> Any:
        """Who gets it, person by person: the plan before it starts, the results afterwards."""
        row = self.own(request, broadcast)
        rows, order = facts_broadcasts.messages_of(row, self.asked().get("state", ""))
        return self.page(rows.select_related("customer", "run"), order)


class BroadcastLeftOut(BroadcastView):
    @operation(asks=LeftAsked, answers=LeftOutRow, paged=True)
    def get(self, request: Request, broadcast: int) -> Any:
        """Who gets none, and why."""
        row = self.own(request, broadcast)
        reason = self.asked().get("reason", "")
        order = ("id",) if reason else ("reason", "id")
        page = self.page(facts_broadcasts.left_out_of(row, reason), *order)
        plain = reads_names(self.by, row.project)
        lines = [(each.pk, facts_broadcasts.person_of(each, plain, {})) for each in page["results"]]
        page["results"] = [
            {"id": pk, "name": line.name, "reason": line.reason, "detail": line.detail} for pk, line in lines
        ]
        return page

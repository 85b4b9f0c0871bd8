"""Milestones: written, handed in, approved by another person, moved, cancelled; their corrections and their photo
(SC-5.2).
"""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from campaigns import facts_milestones, gates
from campaigns.actions import milestones as actions
from campaigns.actions import photos, telling
from campaigns.api_base import CampaignView, ReasonIn
from campaigns.forms_milestones import CancelForm, MilestoneForm, MoveForm, PhotoForm, ReasonForm, initial_of
from campaigns.models import Correction, Invitation, Milestone
from campaigns.worker import plan_soon
from crm import clock
from crm.api_account import Named
from crm.api_fields import Id, Output
from crm.api_forms import input_of
from crm.api_frame import FileRenderer, operation
from crm.api_messages import ProgressShown
from crm.facts_messages import Progress, progress
from crm.gates import project_in_reach

MilestoneIn = input_of(
    "MilestoneIn", MilestoneForm, buildings=serializers.ListField(child=Id(), required=False, max_length=500)
)
MilestoneChange = input_of(
    "MilestoneChange",
    MilestoneForm,
    partial=True,
    buildings=serializers.ListField(child=Id(), required=False, max_length=500),
)
MoveIn = input_of("MoveIn", MoveForm)
CancelIn = input_of("CancelIn", CancelForm)
PhotoIn = input_of("PhotoIn", PhotoForm)
PICTURES = tuple(photos.TYPES.values())


class MilestoneRow(Output):
    progress = ProgressShown()
    has_photo = serializers.SerializerMethodField()

    class Meta:
        model = Milestone
        fields = (
            "id", "project", "kind", "title", "day", "notice_day", "state", "run", "calls", "problem", "planned_at",
            "has_photo", "progress",
        )  # fmt: skip

    def get_has_photo(self, row: Milestone) -> bool:
        return bool(row.photo)


class CorrectionShown(Output):
    prepared_by = Named()
    approved_by = Named(allow_null=True)

    class Meta:
        model = Correction
        fields = (
            "id", "milestone", "was", "becomes", "body", "run", "prepared_by", "prepared_at", "approved_by",
            "approved_at", "declined_at",
        )  # fmt: skip


class GuestRow(Output):
    customer = serializers.CharField(source="lead.customer.name")

    class Meta:
        model = Invitation
        fields = (
            "id", "milestone", "lead", "customer", "means", "invited_at", "answer", "guests", "answered_at",
            "arrived_at", "note",
        )  # fmt: skip


class MilestoneShown(MilestoneRow):
    text = serializers.SerializerMethodField(help_text="`body` with the milestone's own fields filled in.")
    prepared_by = Named()
    approved_by = Named(allow_null=True)
    left = serializers.DictField(
        child=serializers.IntegerField(), help_text="Who gets no message, by reason."
    )
    calls_by_state = serializers.DictField(child=serializers.IntegerField())
    reach = serializers.DictField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="Whom it would reach, while nothing is planned and for who makes or approves it.",
    )
    corrections = CorrectionShown(many=True, source="all_corrections")
    own_guests = GuestRow(many=True, help_text="The guests the caller answers for.")
    may = serializers.DictField(child=serializers.BooleanField(), help_text="What the caller may do with it.")

    class Meta:
        model = Milestone
        fields = (
            *MilestoneRow.Meta.fields, "body", "text", "buildings", "grades", "to_callers", "to_buyers", "key_calls",
            "referrals", "prepared_by", "prepared_at", "approved_by", "approved_at", "reason", "left", "calls_by_state",
            "reach", "corrections", "own_guests", "may",
        )  # fmt: skip

    def get_text(self, row: Milestone) -> str:
        return telling.body_of(row)


MILESTONES = Milestone.objects.select_related("run", "occasion", "prepared_by", "approved_by", "project")


class MilestoneView(CampaignView):
    def seen(self, request: Request, pk: int) -> Milestone:
        """A milestone that one may read, also as a consultant of its project once it is approved."""
        row = self.row(request, MILESTONES.all(), pk)
        project = gates.reader_project(request, row.project)
        return self.row(
            request, gates.visible_milestones(self.by, project).select_related("project", "run"), pk
        )

    def own(self, request: Request, pk: int) -> Milestone:
        """A milestone of somebody who makes or approves its project's campaigns."""
        row = self.row(request, MILESTONES.all(), pk)
        gates.campaign_project(request, row.project)
        return row

    def to_make(self, request: Request, pk: int) -> Milestone:
        row = self.own(request, pk)
        self.require_maker(row.project)
        return row

    def to_approve(self, request: Request, pk: int) -> Milestone:
        row = self.own(request, pk)
        self.require_approver(row.project)
        return row

    def shown(self, request: Request, pk: int) -> Milestone:
        """A milestone with all that its page shows."""
        row: Any = self.seen(request, pk)
        makes, approves = gates.may_make(self.by, row.project), gates.may_approve(self.by, row.project)
        found = facts_milestones.detail(row)
        row.progress, row.left = found["progress"], found["left"]
        row.calls_by_state = found["calls"]
        row.all_corrections = [each for each, _text, _done in found["corrections"]]
        row.reach = facts_milestones.counts(row) if row.run is None and (makes or approves) else None
        row.own_guests = facts_milestones.own_guests(row, self.by)
        own = row.writers.filter(pk=self.by.pk).exists()
        row.may = {"make": makes, "approve": approves and not own}
        shown: Milestone = row
        return shown


class Milestones(MilestoneView):
    @operation(answers=MilestoneRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The milestones of a project, the latest day first; approved and cancelled ones for who works its leads."""
        where = gates.reader_project(request, project_in_reach(request, project))
        page = self.page(gates.visible_milestones(self.by, where).select_related("run"), "-day", "-id")
        done = progress([row.run_id for row in page["results"] if row.run_id is not None])
        for row in page["results"]:
            row.progress = done.get(row.run_id or 0, Progress())
        return page

    @operation(takes=MilestoneIn, answers=MilestoneShown, status=201, idempotent=True)
    def post(self, request: Request, project: int) -> Any:
        """Write a milestone; it stays a draft until it is handed in."""
        where = self.maker_project(request, project)
        form = self.filled(lambda data: MilestoneForm(data, project=where))
        row = actions.save_milestone(project=where, sheet=form.sheet(), by=self.by, at=clock.now())
        return self.shown(request, row.pk)


class OneMilestone(MilestoneView):
    @operation(answers=MilestoneShown)
    def get(self, request: Request, milestone: int) -> Any:
        """One milestone: what is said, to whom, how far it is, what waits."""
        return self.shown(request, milestone)

    @operation(takes=MilestoneChange, answers=MilestoneShown)
    def patch(self, request: Request, milestone: int) -> Any:
        """Change one that is not approved yet; it is a draft again. What is left out stays."""
        row = self.to_make(request, milestone)
        present = {**initial_of(row), "buildings": list(row.buildings.values_list("pk", flat=True))}
        form = self.filled(lambda data: MilestoneForm(data, project=row.project), present)
        actions.save_milestone(
            project=row.project, sheet=form.sheet(), by=self.by, at=clock.now(), milestone_id=row.pk
        )
        return self.shown(request, row.pk)


class MilestoneSubmit(MilestoneView):
    @operation(answers=MilestoneShown)
    def post(self, request: Request, milestone: int) -> Any:
        """Hand it in for approval."""
        actions.submit(milestone_id=self.to_make(request, milestone).pk, by=self.by, at=clock.now())
        return self.shown(request, milestone)


class MilestoneApprove(MilestoneView):
    @operation(answers=MilestoneShown)
    def post(self, request: Request, milestone: int) -> Any:
        """Approve, and so publish, what another person wrote: it is told from its day of notice on."""
        row = self.to_approve(request, milestone)
        plan_soon(actions.approve(milestone_id=row.pk, by=self.by, at=clock.now()))
        return self.shown(request, milestone)


class MilestoneSendBack(MilestoneView):
    @operation(takes=ReasonIn, answers=MilestoneShown)
    def post(self, request: Request, milestone: int) -> Any:
        """Give it back to its author, with the reason."""
        row, form = self.to_approve(request, milestone), self.filled(ReasonForm)
        actions.send_back(milestone_id=row.pk, by=self.by, at=clock.now(), **form.cleaned_data)
        return self.shown(request, milestone)


class MilestoneMove(MilestoneView):
    @operation(takes=MoveIn, answers=MilestoneShown)
    def post(self, request: Request, milestone: int) -> Any:
        """Move an approved one: what was not sent is planned anew; who had the notice gets a correction."""
        row, form = self.own(request, milestone), self.filled(MoveForm)
        actions.move(milestone_id=row.pk, by=self.by, at=clock.now(), **form.cleaned_data)
        row.refresh_from_db()
        plan_soon(row)
        return self.shown(request, milestone)


class MilestoneCancel(MilestoneView):
    @operation(takes=CancelIn, answers=MilestoneShown)
    def post(self, request: Request, milestone: int) -> Any:
        """It does not take place: nothing more is sent, calls are taken back, who had the notice may be told."""
        row, form = self.own(request, milestone), self.filled(CancelForm)
        actions.cancel(milestone_id=row.pk, by=self.by, at=clock.now(), **form.cleaned_data)
        return self.shown(request, milestone)


class MilestonePhoto(MilestoneView):
    parser_classes = (MultiPartParser,)
    renderer_classes = (JSONRenderer, FileRenderer)

    @operation(file=PICTURES)
    def get(self, request: Request, milestone: int) -> Any:
        """The photo."""
        row = self.seen(request, milestone)
        path = photos.path_of(row.photo) if row.photo else None
        if path is None or not path.is_file():
            raise Http404
        kind = photos.TYPES[path.suffix[1:]]
        name = f"{row.title}{path.suffix}"
        return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=kind)

    @operation(takes=PhotoIn, answers=MilestoneShown)
    def put(self, request: Request, milestone: int) -> Any:
        """Store a photo, PNG or JPEG, in place of the one it has."""
        row = self.to_make(request, milestone)
        file = self.accepted(PhotoForm({}, {"photo": self.said()["photo"]})).cleaned_data["photo"]
        content = file.read(photos.LARGEST + 1)
        photos.attach_photo(milestone_id=row.pk, content=content, by=self.by, at=clock.now())
        return self.shown(request, milestone)


class CorrectionView(CampaignView):
    def correction(self, request: Request, pk: int) -> Correction:
        """A correction of somebody who approves; 403 for everybody else of its project."""
        rows = Correction.objects.select_related("milestone__project", "prepared_by", "approved_by")
        row = self.row(request, rows, pk, "milestone__project")
        self.require_approver(row.milestone.project)
        return row


class CorrectionApprove(CorrectionView):
    @operation(answers=CorrectionShown)
    def post(self, request: Request, correction: int) -> Any:
        """Send it to everybody who had the notice; nobody approves their own."""
        row = self.correction(request, correction)
        telling.approve_correction(correction_id=row.pk, by=self.by, at=clock.now())
        return self.correction(request, correction)


class CorrectionDecline(CorrectionView):
    @operation(answers=CorrectionShown)
    def post(self, request: Request, correction: int) -> Any:
        """No second message is sent."""
        row = self.correction(request, correction)
        actions.decline_correction(correction_id=row.pk, by=self.by, at=clock.now())
        return self.correction(request, correction)

"""The table of festivals, a project's greeting texts, and its greetings day by day (SC-5.1)."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request

from campaigns import facts_festivals, facts_greetings, gates
from campaigns.actions import festivals as actions
from campaigns.actions import greetings as greeting_actions
from campaigns.api_base import CampaignView, ReasonIn
from campaigns.forms_festivals import FestivalForm, GreetingForm, StopForm
from campaigns.forms_milestones import ReasonForm
from campaigns.models import FestivalDay, Greeting, GreetingText
from campaigns.rules_greetings import STANDARD
from crm import clock
from crm.access import get_visible
from crm.api_account import Named
from crm.api_days import YearAsked, YearIn
from crm.api_fields import Day, Output
from crm.api_forms import input_of, present_of
from crm.api_frame import operation
from crm.api_messages import ProgressShown
from crm.facts_messages import Progress, progress
from crm.models import Project

FestivalChange = input_of("FestivalChange", FestivalForm, partial=True)
GreetingTextIn = input_of("GreetingTextIn", GreetingForm)
StopIn = input_of("StopIn", StopForm)


class FestivalRow(Output):
    said_with = serializers.IntegerField(
        source="said_with_id", allow_null=True, help_text="Greeted together with this one, on its day."
    )
    corrected_by = Named(allow_null=True)
    reviewed_by = Named(allow_null=True)

    class Meta:
        model = FestivalDay
        fields = (
            "id", "code", "name", "name_en", "day", "computed_day", "on", "cheerful", "said_with", "corrected_by",
            "corrected_at", "reviewed_by", "reviewed_at",
        )  # fmt: skip


class FilledShown(serializers.Serializer):
    new = serializers.IntegerField()


class SignedShown(serializers.Serializer):
    days = serializers.IntegerField(help_text="How many days of the year were signed.")


FESTIVALS = FestivalDay.objects.select_related("corrected_by", "reviewed_by")


class Festivals(CampaignView):
    @operation(asks=YearAsked, answers=FestivalRow, paged=True)
    def get(self, request: Request) -> Any:
        """The festivals, by day; one year of them if asked."""
        gates.festivals_user(request)
        year, rows = self.asked().get("year"), FESTIVALS.all()
        return self.page(rows.filter(day__year=year) if year else rows, "day", "id")


class FestivalsFill(CampaignView):
    @operation(takes=YearIn, answers=FilledShown)
    def post(self, request: Request) -> Any:
        """Compute a year's missing festivals; what is there stays."""
        by = gates.festivals_reviewer(request)
        return {"new": actions.fill(years=[self.said()["year"]], by=by, at=clock.now())}


class FestivalsReview(CampaignView):
    @operation(takes=YearIn, answers=SignedShown)
    def post(self, request: Request) -> Any:
        """Sign the days of a year that wait for it; what one corrected oneself another person signs."""
        by = gates.festivals_reviewer(request)
        return {"days": actions.review(year=self.said()["year"], by=by, at=clock.now())}


class OneFestival(CampaignView):
    @operation(answers=FestivalRow)
    def get(self, request: Request, festival: int) -> Any:
        """One festival of one year."""
        gates.festivals_user(request)
        return get_visible(FESTIVALS.all(), pk=festival)

    @operation(takes=FestivalChange, answers=FestivalRow)
    def patch(self, request: Request, festival: int) -> Any:
        """Move it, or switch it on or off; another person reviews it before anybody is greeted."""
        by = gates.festivals_reviewer(request)
        row = get_visible(FESTIVALS.all(), pk=festival)
        form = self.filled(FestivalForm, present_of(FestivalForm, row))
        return actions.correct(festival_id=row.pk, **form.cleaned_data, by=by, at=clock.now())


class WaitingText(Output):
    prepared_by = Named()

    class Meta:
        model = GreetingText
        fields = ("id", "body", "prepared_by", "prepared_at", "reason")


class GreetingTextShown(serializers.Serializer):
    """What a project says on a festival: `text` is used; a proposal waits for another person."""

    code = serializers.CharField()
    name = serializers.CharField()
    text = serializers.CharField()
    standard = serializers.CharField()
    own = serializers.BooleanField()
    waits = WaitingText(allow_null=True)


def _texts(project: Project) -> dict[str, dict[str, Any]]:
    approved, waiting = facts_festivals.own_texts(project)
    return {
        code: {
            "code": code,
            "name": name,
            "text": approved.get(code) or STANDARD[code],
            "standard": STANDARD[code],
            "own": code in approved,
            "waits": waiting.get(code),
        }
        for code, name in facts_festivals.text_names().items()
    }


class GreetingTexts(CampaignView):
    @operation(answers=GreetingTextShown, listed=True)
    def get(self, request: Request, project: int) -> Any:
        """Every greeting of a project."""
        return list(_texts(self.campaign_project(request, project)).values())


class OneGreetingText(CampaignView):
    def _project(self, request: Request, pk: int, code: str) -> Project:
        project = self.campaign_project(request, pk)
        if code not in STANDARD:
            raise Http404
        return project

    @operation(answers=GreetingTextShown)
    def get(self, request: Request, project: int, code: str) -> Any:
        """The greeting for one festival."""
        return _texts(self._project(request, project, code))[code]

    @operation(takes=GreetingTextIn, answers=GreetingTextShown)
    def put(self, request: Request, project: int, code: str) -> Any:
        """Propose the project's own greeting; it is used once another person approves it."""
        where = self._project(request, project, code)
        self.require_maker(where)
        form = self.filled(GreetingForm)
        actions.propose_text(project=where, code=code, **form.cleaned_data, by=self.by, at=clock.now())
        return _texts(where)[code]


class GreetingTextApprove(CampaignView):
    @operation(answers=GreetingTextShown)
    def post(self, request: Request, text: int) -> Any:
        """Approve what another person proposed."""
        row = self.row(request, GreetingText.objects.select_related("project"), text)
        self.require_approver(row.project)
        actions.approve_text(text_id=row.pk, by=self.by, at=clock.now())
        return _texts(row.project)[row.code]


class GreetingTextSendBack(CampaignView):
    @operation(takes=ReasonIn, answers=GreetingTextShown)
    def post(self, request: Request, text: int) -> Any:
        """Give back what another person proposed, with the reason."""
        row = self.row(request, GreetingText.objects.select_related("project"), text)
        self.require_approver(row.project)
        form = self.filled(ReasonForm)
        actions.send_back_text(text_id=row.pk, **form.cleaned_data, by=self.by, at=clock.now())
        return _texts(row.project)[row.code]


class GreetingRow(Output):
    festival = serializers.CharField(source="festival.name")
    day = Day(source="festival.day")
    state = serializers.SerializerMethodField(help_text="Its run's; empty while nothing is planned.")
    progress = ProgressShown()
    stopped_by = Named(allow_null=True)

    class Meta:
        model = Greeting
        fields = (
            "id", "project", "festival", "day", "run", "state", "calls", "problem", "planned_at", "stopped_by",
            "stopped_at", "reason", "progress",
        )  # fmt: skip

    def get_state(self, row: Greeting) -> str:
        return row.run.state if row.run is not None else ""


class GreetingShown(GreetingRow):
    left = serializers.DictField(
        child=serializers.IntegerField(), help_text="Who gets no message, by reason."
    )
    calls_by_state = serializers.DictField(child=serializers.IntegerField())

    class Meta:
        model = Greeting
        fields = (*GreetingRow.Meta.fields, "left", "calls_by_state")


GREETINGS = Greeting.objects.select_related("festival", "run", "stopped_by", "project")


class Greetings(CampaignView):
    @operation(answers=GreetingRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """A project's greetings, planned and past, the latest day first."""
        rows = GREETINGS.filter(project=self.campaign_project(request, project))
        page = self.page(rows, "-festival__day", "-id")
        done = progress([row.run_id for row in page["results"] if row.run_id is not None])
        for row in page["results"]:
            row.progress = done.get(row.run_id or 0, Progress())
        return page


class GreetingView(CampaignView):
    def greeting(self, request: Request, pk: int) -> Greeting:
        row = self.row(request, GREETINGS.all(), pk)
        gates.campaign_project(request, row.project)
        found: dict[str, Any] = facts_greetings.detail(row)
        row.progress, row.left = found["progress"], found["left"]  # type: ignore[attr-defined]
        row.calls_by_state = found["calls"]  # type: ignore[attr-defined]
        return row


class OneGreeting(GreetingView):
    @operation(answers=GreetingShown)
    def get(self, request: Request, greeting_run: int) -> Any:
        """One greeting: whom it reaches, who is left out and why, how far it is."""
        return self.greeting(request, greeting_run)


class GreetingStop(GreetingView):
    @operation(takes=StopIn, answers=GreetingShown)
    def post(self, request: Request, greeting_run: int) -> Any:
        """Greet nobody, or nobody more, on this day in this project."""
        row = self.greeting(request, greeting_run)
        self.require_approver(row.project)
        form = self.filled(StopForm)
        greeting_actions.stop_greeting(greeting_id=row.pk, by=self.by, at=clock.now(), **form.cleaned_data)
        return self.greeting(request, row.pk)

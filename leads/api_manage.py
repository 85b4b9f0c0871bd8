"""The manager's: assigning and handing over, reviews, figures, the day's overview."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible
from crm.api_account import Named
from crm.api_fields import UNKNOWN, Day, Id, Input, Instant, Masked, Text
from crm.api_forms import input_of
from crm.api_frame import ApiView, filtered, operation
from crm.celery import settle_lists
from crm.gates import project_in_reach
from crm.models import Project
from leads import facts_manager as facts
from leads.actions import assigning, grading
from leads.actions import reviews as actions
from leads.facts_loads import loads
from leads.facts_reviews import drawn, rows_of
from leads.filters import LeadFilter
from leads.forms_figures import PeriodForm
from leads.forms_manage import AssignForm, HandOverForm
from leads.gates import figures_gate, manager_project
from leads.models import Lead

MOST = 5000


class Managed(ApiView):
    """What a manager of the project in the address does."""

    group = "leads"

    def managed(self, request: Request, pk: int) -> Project:
        """404 for a project that is not one's own, 403 for whoever manages none."""
        return manager_project(request, project_in_reach(request, pk))


class LoadRow(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    live = serializers.IntegerField(help_text="Live leads.")
    ab = serializers.IntegerField(help_text="Of them A and B.")


class Team(Managed):
    @operation(answers=LoadRow, listed=True)
    def get(self, request: Request, project: int) -> Any:
        """The consultants of a project and how many live leads each has."""
        return loads(self.managed(request, project))


class Moved(serializers.Serializer):
    leads = serializers.IntegerField(help_text="How many moved.")


AssignIn = input_of(
    "AssignIn",
    AssignForm,
    leads=serializers.ListField(
        child=Id(), required=False, max_length=MOST, help_text="Leads of the project, one by one."
    ),
    matching=serializers.DictField(
        child=serializers.CharField(max_length=200, allow_blank=True),
        required=False,
        help_text="Or all that match these filters of the list; {} is all of them.",
    ),
)


class Assignments(Managed):
    @operation(takes=AssignIn, answers=Moved)
    def post(self, request: Request, project: int) -> Any:
        """Give leads to one consultant, spread them over several, or take them back into the pool."""
        where = self.managed(request, project)
        said, form = self.said(), self.filled(lambda data: AssignForm(data, project=where))
        given: dict[str, Any] = {
            "project": where,
            "lead_ids": self._chosen(where, said),
            "by": self.by,
            "at": clock.now(),
            "reason": form.cleaned_data["reason"],
        }
        if form.cleaned_data["pool"]:
            return {"leads": assigning.to_pool(**given)}
        moved = assigning.assign(to=list(form.cleaned_data["to"]), **given).leads
        settle_lists(where.pk)
        return {"leads": moved}

    def _chosen(self, project: Project, said: dict[str, Any]) -> list[int]:
        """The leads named, or all that match the filters; never beyond one's scope. One unknown among them is a 400."""
        scope = Lead.objects.visible_to(self.by).filter(project=project)
        if ("leads" in said) == ("matching" in said):
            raise ValidationError(
                {"leads": [ErrorDetail(_("Give either `leads` or `matching`."), code="choice")]}
            )
        if "leads" in said:
            found = list(scope.filter(pk__in=said["leads"]).order_by("pk").values_list("pk", flat=True))
            if set(found) != set(said["leads"]):
                raise ValidationError({"leads": [ErrorDetail(_("A lead is not here."), code="not_found")]})
            return found
        asked = QueryDict(mutable=True)
        asked.update(said["matching"])
        unknown = [name for name in asked if name not in LeadFilter.base_filters]
        if unknown:
            errors = {
                f"matching.{name[:80]}": [ErrorDetail(str(UNKNOWN), code="unknown")] for name in unknown
            }
            raise ValidationError(errors)
        matching = filtered(LeadFilter(asked, scope, project=project, now=clock.now()))
        return list(matching.qs.order_by("pk").values_list("pk", flat=True)[:MOST])


HandOverIn = input_of("HandOverIn", HandOverForm)


class HandOvers(Managed):
    @operation(takes=HandOverIn, answers=Moved)
    def post(self, request: Request, project: int) -> Any:
        """PX-7: a leaver's leads go to others in one step, A and B first."""
        where = self.managed(request, project)
        form = self.filled(lambda data: HandOverForm(data, project=where))
        done = assigning.hand_over(project=where, by=self.by, at=clock.now(), **form.cleaned_data)
        settle_lists(where.pk)
        return {"leads": done.leads}


class DowngradeRow(serializers.Serializer):
    id = serializers.IntegerField()
    lead = serializers.IntegerField(source="event.lead_id")
    customer = serializers.CharField(source="event.lead.customer.name")
    to = serializers.CharField(source="event.value", allow_blank=True)
    reason = Masked(source="event.note", allow_blank=True)
    by = Named(source="event.by", allow_null=True)
    at = Instant(source="event.at")
    drawn_at = Instant()


class DoubtfulRow(serializers.Serializer):
    id = serializers.IntegerField()
    customer = serializers.CharField(source="customer.name")
    outcome = serializers.CharField()
    at = Instant()
    recorded_at = Instant()
    by = Named(allow_null=True)
    doubtful = serializers.CharField(help_text="untapped or burst (PX-14)")


class GradeDueRow(serializers.Serializer):
    id = serializers.IntegerField()
    lead = serializers.IntegerField(source="lead_id")
    customer = serializers.CharField(source="lead.customer.name")
    assignee = Named(allow_null=True)
    due_at = Instant()


class RejudgeRow(serializers.Serializer):
    id = serializers.IntegerField()
    customer = serializers.CharField(source="customer.name")
    consultant = Named(allow_null=True)
    rejudge_at = Instant()


class WaitingShown(serializers.Serializer):
    counts = serializers.DictField(child=serializers.IntegerField())


class Reviews(Managed):
    @operation(answers=WaitingShown)
    def get(self, request: Request, project: int) -> Any:
        """How much waits for the manager, by kind."""
        return {"counts": facts.waiting(self.managed(request, project), clock.now())}


def _review(tab: str, row: Any, summary: str) -> type[Managed]:
    def get(self: Managed, request: Request, project: int) -> Any:
        rows, order = rows_of(tab, self.managed(request, project), self.by, clock.now())
        return self.page(rows, *order)

    get.__doc__ = summary
    return type(f"Reviews_{tab}", (Managed,), {"get": operation(answers=row, paged=True)(get)})


REVIEWS: dict[str, type[Managed]] = {
    "downgrades": _review("downgrades", DowngradeRow, "PX-14: downgrades drawn for review."),
    "doubtful": _review("doubtful", DoubtfulRow, "PX-14: contacts that do not count until accepted."),
    "grades": _review("grades", GradeDueRow, "Grades that are owed."),
    "rejudge": _review("rejudge", RejudgeRow, "Leads to judge anew."),
}


class VerdictIn(Input):
    verdict = serializers.ChoiceField(choices=["agreed", "rejected"])
    note = Text(required=False, allow_blank=True, max_length=200)


class DowngradeVerdict(ApiView):
    group = "leads"

    @operation(takes=VerdictIn)
    def post(self, request: Request, project: int, downgrade: int) -> None:
        """Agree with a drawn downgrade or reject it; nobody their own."""
        where = manager_project(request, project_in_reach(request, project))
        row = get_visible(drawn(where), pk=downgrade)
        said = self.said()
        grading.decide_downgrade(
            review_id=row.pk, verdict=said["verdict"], note=said.get("note", ""), by=self.by, at=clock.now()
        )


class AcceptIn(Input):
    contacts = serializers.ListField(child=Id(), max_length=500)


class Accepted(serializers.Serializer):
    contacts = serializers.IntegerField(help_text="How many count from now on; one's own stay doubtful.")


class DoubtfulAccept(Managed):
    @operation(takes=AcceptIn, answers=Accepted)
    def post(self, request: Request, project: int) -> Any:
        """Let doubtful contacts of the project count."""
        where = self.managed(request, project)
        ids = self.said()["contacts"]
        return {"contacts": actions.accept_contacts(project_id=where.pk, ids=ids, by=self.by, at=clock.now())}


class DayShown(serializers.Serializer):
    person = Named()
    done = serializers.IntegerField()
    left = serializers.IntegerField()
    overdue = serializers.IntegerField()


class OverdueShown(serializers.Serializer):
    by_age = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="Days (at least), then grade.",
    )
    by_cause = serializers.DictField(child=serializers.IntegerField())
    total = serializers.IntegerField()


class BinCounts(serializers.Serializer):
    counts = serializers.DictField(child=serializers.IntegerField())
    total = serializers.IntegerField()


class OverviewShown(serializers.Serializer):
    bins = BinCounts()
    overdue = OverdueShown()
    same_day_open = serializers.IntegerField()
    team = DayShown(many=True)
    waiting = serializers.DictField(child=serializers.IntegerField())


class Overview(Managed):
    group = "figures"

    @operation(answers=OverviewShown)
    def get(self, request: Request, project: int) -> Any:
        """What needs the manager now: bins, the overdue, same-day duties, the team's day."""
        where, now = self.managed(request, project), clock.now()
        return {
            "bins": facts.bins(Lead.objects.visible_to(self.by).filter(project=where), now),
            "overdue": facts.overdue(where, now),
            "same_day_open": facts.same_day_open(where, now).count(),
            "team": facts.team_today(where, now),
            "waiting": facts.waiting(where, now),
        }


class FunnelAsked(Input):
    since = Day(required=False)
    until = Day(required=False)
    by = serializers.ChoiceField(choices=["week", "source", "consultant"], required=False)
    source = Id(required=False)  # type: ignore[assignment]
    consultant = Id(required=False)


class ComplianceAsked(Input):
    since = Day(required=False)
    until = Day(required=False)
    source = Id(required=False)  # type: ignore[assignment]
    consultant = Id(required=False)


class FunnelRow(serializers.Serializer):
    group = serializers.SerializerMethodField(help_text="The week's Monday, or a name; empty for none.")
    calls = serializers.IntegerField()
    visits = serializers.IntegerField()
    repeats = serializers.IntegerField()
    subscribed = serializers.IntegerField()
    signed = serializers.IntegerField()

    def get_group(self, row: facts.FunnelRow) -> str:
        found = row.label
        return (found.date() if isinstance(found, dt.datetime) else found or "").__str__()


class ClauseFigures(serializers.Serializer):
    clause = serializers.CharField()
    due = serializers.IntegerField()
    in_time = serializers.IntegerField()
    late = serializers.IntegerField()
    missed = serializers.IntegerField()
    open_overdue = serializers.IntegerField()
    doubtful = serializers.IntegerField()
    excused = serializers.IntegerField()
    tried_in_time = serializers.IntegerField()
    resting = serializers.IntegerField()
    share = serializers.IntegerField(allow_null=True, help_text="Percent in time; null below 20 duties.")


class FiguresOf(serializers.Serializer):
    since = Instant()
    until = Instant()


class FunnelShown(FiguresOf):
    rows = FunnelRow(many=True)


class ComplianceShown(FiguresOf):
    rows = ClauseFigures(many=True)


class Figures(ApiView):
    group = "figures"

    def period(self, project: Project, people: bool, groups: bool) -> PeriodForm:
        """The page's form over the query; 400 for what it does not offer this caller."""
        asked = self.asked()
        form = PeriodForm(asked, project=project, people=people, groups=groups)
        gone = [name for name in asked if name not in form.fields]
        if gone:
            raise ValidationError({name: [ErrorDetail(str(UNKNOWN), code="unknown")] for name in gone})
        return self.accepted(form)


class Funnel(Figures):
    @operation(asks=FunnelAsked, answers=FunnelShown)
    def get(self, request: Request, project: int) -> Any:
        """Calls, visits, repeat visits, subscriptions, contracts by week, source or consultant."""
        where, now = project_in_reach(request, project), clock.now()
        people = figures_gate(self.by, where, staff=False)
        form = self.period(where, people, groups=True)
        since, until = form.period(where, now)
        scope = form.narrowed(Lead.objects.countable_by(self.by).filter(project=where))
        rows = facts.funnel(scope, since=since, until=until, by=form.grouping, zone=where.zone)
        return {"since": since, "until": until, "rows": rows}


class Compliance(Figures):
    @operation(asks=ComplianceAsked, answers=ComplianceShown)
    def get(self, request: Request, project: int) -> Any:
        """Every clause with its figures; a consultant sees their own."""
        where, now = project_in_reach(request, project), clock.now()
        people = figures_gate(self.by, where, staff=True)
        form = self.period(where, people, groups=False)
        since, until = form.period(where, now)
        scope = Lead.objects.current() if people else Lead.objects.countable_by(self.by)
        rows = facts.compliance(
            form.narrowed(scope.filter(project=where)),
            since=since,
            until=until,
            now=now,
            credit=None if people else self.by,
        )
        return {"since": since, "until": until, "rows": rows}

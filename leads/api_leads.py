"""Leads: the list with the page's filters, one lead with its story and plan, its numbers; what forms choose from."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible, may, require, require_somewhere
from crm.api_fields import Output
from crm.api_frame import ApiView, filtered, operation
from crm.gates import project_in_reach
from crm.models import Contact, Project, User
from crm.roles import Action
from leads import explain, facts_lead
from leads.actions import deals as deal_actions
from leads.actions import numbers
from leads.api_shapes import LeadRow, LeadShown, PhoneShown, PlanShown, StoryRow
from leads.facts_manager import bins
from leads.facts_register import consultants_of
from leads.filters import LeadFilter
from leads.gates import NO_ROWS, lead_to_work, may_assign, may_join, may_sell, may_work, open_lead
from leads.models import HeardVia, Lead, LeadEvent
from leads.models.querysets import LeadQuerySet
from leads.resting import why_nobody
from leads.revealing import number_of, reveal
from leads.story import Line, tell


def leads_of(view: ApiView, request: Request, pk: int) -> tuple[Project, LeadQuerySet]:
    """A project of one's own and the leads in it that one may open; 403 for roles without leads."""
    project = project_in_reach(request, pk)
    require_somewhere(view.by, Action.SEE_LEADS, without=NO_ROWS)
    return project, Lead.objects.visible_to(view.by).filter(project=project)


def lead_shown(pk: int, by: User, now: dt.datetime) -> Lead:
    """A lead with all that its page shows; call it inside the project's zone."""
    row: Lead = get_visible(
        Lead.objects.visible_to(by).with_bin(now).for_rows().select_related("stand_in"), pk=pk
    )
    row.people = facts_lead.party(row)  # type: ignore[attr-defined]
    row.objection_rows = list(row.objections.order_by("dissolved_at", "raised_at"))  # type: ignore[attr-defined]
    row.interest_rows = list(row.interests.order_by("pk"))  # type: ignore[attr-defined]
    row.units_seen = facts_lead.units_seen(row)  # type: ignore[attr-defined]
    row.deal_rows = facts_lead.deals_of(row)  # type: ignore[attr-defined]
    row.next_step = explain.next_step(row, now)  # type: ignore[attr-defined]
    row.rest = why_nobody(row, row.bin, row.project.zone)  # type: ignore[attr-defined]
    row.may = {  # type: ignore[attr-defined]
        "work": may_work(by, row),
        "assign": may_assign(by, row.project_id),
        "sell": may_sell(by, row),
        "record_deals": deal_actions.may_record(by, row.project_id),
        "approve_deals": deal_actions.may_approve(by, row.project_id),
        "join": may_join(by, row),
    }
    return row


class Leads(ApiView):
    group = "leads"

    @operation(filterset=LeadFilter, answers=LeadRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The leads of a project that one may open, by the filters of the page."""
        where, scope = leads_of(self, request, project)
        found = LeadFilter(
            request.query_params,
            scope,
            project=where,
            now=clock.now(),
            consultants=may_assign(self.by, where),
        )
        filtered(found)
        return self.page(found.rows.for_rows(), *found.columns)


class BinsShown(serializers.Serializer):
    counts = serializers.DictField(child=serializers.IntegerField())
    total = serializers.IntegerField()


class LeadBins(ApiView):
    group = "leads"

    @operation(answers=BinsShown)
    def get(self, request: Request, project: int) -> Any:
        """How many of them stand in which bin (PX-10); the counts add up to the total."""
        _where, scope = leads_of(self, request, project)
        return bins(scope, clock.now())


class OneLead(ApiView):
    group = "leads"

    @operation(answers=LeadShown)
    def get(self, request: Request, lead: int) -> Any:
        """One lead with its people, objections, interests, deals, and what is due."""
        row = open_lead(request, lead)
        with timezone.override(row.project.zone):
            return lead_shown(row.pk, self.by, clock.now())


class LeadStory(ApiView):
    group = "leads"

    @operation(answers=StoryRow, paged=True)
    def get(self, request: Request, lead: int) -> Any:
        """The lead's history, newest first."""
        row = open_lead(request, lead)
        page = self.page(facts_lead.story(row), "-at", "-id")
        with timezone.override(row.project.zone):
            return {**page, "results": self._lines(row, page["results"])}

    def _lines(self, row: Lead, events: tuple[LeadEvent, ...]) -> list[Line]:
        void = facts_lead.annulled(row, [event.pk for event in events])
        people = facts_lead.people_named(events)
        lines = [tell(event, annulled=event.pk in void, people=people) for event in events]
        for line in lines:
            line.tags = [word for _kind, word in line.tags]  # type: ignore[misc]
            line.details = [{"name": label, "text": text} for label, text in line.details]  # type: ignore[misc]
        return lines


class LeadPlan(ApiView):
    group = "leads"

    @operation(answers=PlanShown)
    def get(self, request: Request, lead: int) -> Any:
        """What is owed, why, and what follows by the procedure."""
        row, now = open_lead(request, lead), clock.now()
        plan, frame = facts_lead.plan_of(row, now)
        with timezone.override(row.project.zone):
            duties = facts_lead.open_tasks(row)
            for task in duties:
                task.told = explain.why_of(task)  # type: ignore[attr-defined]
            standing = Lead.objects.with_bin(now).select_related("consultant").get(pk=row.pk)
            return {
                "duties": duties,
                "steps": [_step(step) for step in facts_lead.steps_ahead(plan, frame)],
                "rest": why_nobody(standing, standing.bin, row.project.zone),
            }


def _step(step: facts_lead.Step) -> dict[str, Any]:
    moment = step.due if isinstance(step.due, dt.datetime) else None
    return {
        "clause": step.clause,
        "how": step.how,
        "due_at": moment,
        "due_on": step.due if moment is None else None,
        "days": step.days,
        "kind": step.kind,
        "channel": step.channel,
    }


class LeadContacts(ApiView):
    """The ledger of a lead's party (see `leads.api_work` for logging)."""

    group = "leads"

    def ledger(self, request: Request, lead: int) -> Any:
        row = open_lead(request, lead)
        rows = Contact.objects.filter(customer__household=row.household_id, project=row.project_id)
        return self.page(rows.select_related("by"), "-at", "-id")


class NumberShown(serializers.Serializer):
    number = serializers.CharField(source="e164")


class PhoneReveal(ApiView):
    group = "leads"

    @operation(answers=NumberShown)
    def post(self, request: Request, lead: int, phone: int) -> Any:
        """PX-12: the whole number. For a lead that is not one's own this is an event, counted per person."""
        return reveal(open_lead(request, lead), phone, by=self.by, at=clock.now())


class PhoneWrong(ApiView):
    group = "leads"

    @operation(answers=PhoneShown)
    def post(self, request: Request, lead: int, phone: int) -> Any:
        """PX-1: mark a number as wrong."""
        row = lead_to_work(request, lead)
        number = number_of(row, phone)
        numbers.mark_wrong(lead_id=row.pk, phone=number, by=self.by, at=clock.now())
        number.refresh_from_db()
        return number


class PhoneMain(ApiView):
    group = "leads"

    @operation(answers=PhoneShown)
    def post(self, request: Request, lead: int, phone: int) -> Any:
        """Make a number the one that is dialled first."""
        row = lead_to_work(request, lead)
        number = number_of(row, phone)
        numbers.make_main(lead_id=row.pk, phone=number)
        number.refresh_from_db()
        return number


class HeardViaRow(Output):
    class Meta:
        model = HeardVia
        fields = ("id", "name", "active")


class Sources(ApiView):
    group = "leads"

    @operation(answers=HeardViaRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """How customers of a project hear of it, as forms and filters offer it."""
        where = project_in_reach(request, project)
        if not any(may(self.by, action, where, own=True) for action in (Action.REGISTER, Action.SEE_LEADS)):
            raise PermissionDenied
        return self.page(HeardVia.objects.filter(project=where), "name", "id")


class ConsultantRow(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    away = serializers.BooleanField(help_text="Off today (PX-7).")


class Consultants(ApiView):
    group = "leads"

    @operation(answers=ConsultantRow, listed=True)
    def get(self, request: Request, project: int) -> Any:
        """The consultants of a project, as the forms of the desk offer them."""
        where = project_in_reach(request, project)
        require(self.by, Action.REGISTER, where)
        people, away = consultants_of(where, clock.today(where.zone))
        return [{"id": user.pk, "name": str(user), "away": user.pk in away} for user in people]

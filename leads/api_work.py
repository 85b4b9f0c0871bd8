"""The day's work: Today, call sheets, logging contacts, the registers of calls and visits."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible, require_somewhere
from crm.api_account import Named
from crm.api_fields import Id, Input, Instant, YesNo
from crm.api_forms import input_of
from crm.api_frame import ApiView, operation
from crm.roles import Action
from crm.states import Outcome
from leads import explain
from leads.actions.contacts import Logged, log_contact
from leads.actions.correcting import void_contact
from leads.api_leads import LeadContacts
from leads.api_shapes import ContactRow, WhyShown
from leads.facts_sheet import sheet_of
from leads.facts_today import day_of
from leads.forms_contact import CONVERSATIONS, ContactForm
from leads.gates import (
    lead_to_work,
    opened_task,
    projects_of_list,
    task_to_work,
    whose_list,
)
from leads.models import CallTask, Lead, LeadEvent
from leads.taps import forget_tap, remember_tap, tapped_at

CONFIRM = ("log_again", "long_promised_at", "long_appointment")
WITH_A_TRY = frozenset({"outcome", "channel", "reason", "happened_at", "confirm"})
"""What may be said of a try that reached nobody; the rest needs a conversation."""


class DutyCode(serializers.Serializer):
    kind = serializers.CharField()
    clause = serializers.CharField()


class TodayLine(serializers.Serializer):
    """One lead on the list: everything owed to it is one line and one call (SC-2.6)."""

    group = serializers.CharField(help_text="now, later, again (another day), held, gave_way")
    state = serializers.CharField(help_text="overdue, now, open, today, later")
    project = serializers.IntegerField(source="lead.project_id")
    lead = serializers.IntegerField(source="lead.pk")
    customer = serializers.CharField(source="lead.customer.name")
    salutation = serializers.CharField(source="lead.customer.salutation")
    grade = serializers.CharField(source="lead.grade", allow_blank=True)
    is_key = serializers.BooleanField(source="lead.is_key")
    task = serializers.IntegerField(source="task.pk")
    kind = serializers.CharField(source="task.kind")
    clause = serializers.CharField(source="task.clause")
    duties = serializers.SerializerMethodField()
    is_call = serializers.BooleanField()
    due_at = Instant(source="task.due_at")
    at = Instant(allow_null=True)
    overdue_days = serializers.IntegerField()
    window_open = serializers.BooleanField()
    own_windows = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(source="masked", allow_blank=True)
    stands_in_for = serializers.CharField(allow_blank=True)

    def get_duties(self, line: Any) -> DutyCode(many=True):  # type: ignore[valid-type]
        return [{"kind": kind, "clause": clause} for kind, clause in line.duties]


class TodayShown(serializers.Serializer):
    consultant = Named()
    done = serializers.IntegerField()
    left = serializers.IntegerField()
    capacity = serializers.IntegerField()
    lines = TodayLine(many=True, help_text="In the order of the moment.")


class TodayAsked(Input):
    consultant = Id(required=False, help_text="One of a manager's consultants; oneself without it.")


class Today(ApiView):
    group = "leads"

    @operation(asks=TodayAsked, answers=TodayShown)
    def get(self, request: Request) -> Any:
        """What one consultant has to do, in the order of the moment."""
        reach = require_somewhere(self.by, Action.WORK_LEADS)
        wanted = str(self.asked().get("consultant", ""))
        whose = self.by
        if reach.everywhere or reach.projects:
            whose = whose_list(self.by, wanted)
        elif wanted and wanted != str(whose.pk):
            raise Http404
        mine = whose.pk == self.by.pk
        day = day_of(whose, projects_of_list(request, self.by, mine), clock.now())
        lines = [*day.now, *day.later, *day.again, *day.held, *day.gave_way]
        return {
            "consultant": whose,
            "done": day.done,
            "left": day.left,
            "capacity": day.capacity,
            "lines": lines,
        }


class AnswerShown(serializers.Serializer):
    id = serializers.IntegerField(source="objection.pk")
    cause = serializers.CharField(source="objection.cause")
    answer = serializers.CharField(allow_blank=True)


class OccasionOffered(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)


class SpokenLine(serializers.Serializer):
    stage = serializers.CharField(allow_blank=True)
    words = serializers.CharField(allow_blank=True)


class SheetShown(serializers.Serializer):
    """What a consultant has before them when they call (SC-12)."""

    task = serializers.IntegerField()
    lead = serializers.IntegerField()
    state = serializers.CharField()
    kind = serializers.CharField()
    clause = serializers.CharField()
    opens_at = Instant()
    due_at = Instant()
    why = WhyShown()
    contacts = ContactRow(many=True)
    interests = serializers.ListField(child=serializers.CharField())
    objections = AnswerShown(many=True)
    occasions = OccasionOffered(many=True)
    days_since_visit = serializers.IntegerField(allow_null=True)
    script = SpokenLine(many=True)
    message = serializers.CharField(allow_blank=True)
    refused = serializers.CharField(allow_blank=True, help_text="Why there is no message.")
    owes_message = serializers.BooleanField()
    windows = serializers.CharField(allow_blank=True)
    window_open = serializers.BooleanField()
    next_window = Instant(allow_null=True)


class OneTask(ApiView):
    group = "leads"

    @operation(answers=SheetShown)
    def get(self, request: Request, task: int) -> Any:
        """The preparation sheet of one duty."""
        row = task_to_work(self.by, task)
        with timezone.override(row.lead.project.zone):
            sheet = sheet_of(row.lead, row, by=self.by, at=clock.now())
            told = {name: getattr(sheet, name) for name in sheet.__slots__ if name not in ("lead", "script")}
            return {
                **told,
                **{name: getattr(row, name) for name in ("state", "kind", "clause", "opens_at", "due_at")},
                "task": row.pk,
                "lead": row.lead_id,
                "why": explain.why_of(row),
                "script": [{"stage": stage, "words": words} for stage, words in sheet.script],
            }


ContactIn = input_of(
    "ContactIn",
    ContactForm,
    leave=("tried",),
    outcome=serializers.ChoiceField(choices=[outcome.value for outcome in Outcome]),
    invitation=YesNo(required=False, allow_null=True, help_text="Accepted the invitation to visit."),
    dissolved=serializers.ListField(child=Id(), required=False, max_length=50),
    occasion=Id(required=False, allow_null=True),
    confirm=serializers.ListField(
        child=serializers.ChoiceField(choices=CONFIRM), required=False, max_length=3
    ),
)


class LoggedShown(serializers.Serializer):
    contact = serializers.IntegerField()
    event = serializers.IntegerField(help_text="Undo it by this number within half an hour.")
    lead = serializers.IntegerField()
    effective = serializers.BooleanField()
    clause = serializers.CharField(allow_blank=True)
    due_at = Instant(allow_null=True)
    next_step = serializers.CharField()


class ContactLogging(ApiView):
    """What logging for a task and for a lead share."""

    group = "leads"

    def log(self, lead: Lead, task: CallTask | None) -> dict[str, Any]:
        said, now = self.said(), clock.now()
        talked = said["outcome"] in [outcome.value for outcome in CONVERSATIONS]
        extra = [name for name, value in said.items() if value and name not in WITH_A_TRY]
        if extra and not talked:
            text = str(_("Nobody was spoken with: this needs a conversation."))
            raise ValidationError({name: [ErrorDetail(text, code="no_conversation")] for name in extra})
        data = {
            **said,
            "outcome": said["outcome"] if talked else "",
            "tried": "" if talked else said["outcome"],
        }
        sheet = sheet_of(lead, task, by=self.by, at=now)
        clause = task.clause if task else ""
        form = self.taken(lambda: ContactForm(data, sheet=sheet, clause=clause), said)
        done = log_contact(
            lead_id=lead.pk,
            sheet=form.contact_sheet(),
            happened_at=form.happened(now),
            by=self.by,
            at=now,
            task_id=task.pk if task else None,
            tapped_at=tapped_at(self.by, lead.pk),
            confirm=said.get("confirm", ()),
        )
        forget_tap(self.by, lead.pk)
        return _logged(done)


def _logged(done: Logged) -> dict[str, Any]:
    lead, contact = done.lead, done.contact
    event = LeadEvent.objects.filter(lead=lead, contact=contact, kind="contact").latest("pk")
    return {
        "contact": contact.pk,
        "event": event.pk,
        "lead": lead.pk,
        "effective": contact.effective,
        "clause": lead.clause,
        "due_at": lead.due_at,
        "next_step": explain.next_step(lead, clock.now()),
    }


class TaskContacts(ContactLogging):
    @operation(takes=ContactIn, answers=LoggedShown, status=201, idempotent=True)
    def post(self, request: Request, task: int) -> Any:
        """Log what came of a duty. The second of two people is told who was first (409, `confirm`)."""
        row = task_to_work(self.by, task)
        return self.log(row.lead, row)


class Contacts(ContactLogging, LeadContacts):
    @operation(answers=ContactRow, paged=True)
    def get(self, request: Request, lead: int) -> Any:
        """The contacts of a lead's party in its project, over every channel, newest first."""
        return self.ledger(request, lead)

    @operation(takes=ContactIn, answers=LoggedShown, status=201, idempotent=True)
    def post(self, request: Request, lead: int) -> Any:
        """Log a contact; a duty that is open now is worked on by it."""
        row = lead_to_work(request, lead)
        return self.log(row, opened_task(row, clock.now()))


class Tap(ApiView):
    group = "leads"

    @operation()
    def post(self, request: Request, lead: int) -> None:
        """PX-14: the number is being dialled now; remembered until the contact is logged."""
        row = lead_to_work(request, lead)
        remember_tap(self.by, row.pk, clock.now())


class ContactUndo(ApiView):
    group = "leads"

    @operation()
    def post(self, request: Request, event: int) -> None:
        """Take back one's own entry of the last half hour."""
        require_somewhere(self.by, Action.WORK_LEADS)
        row = get_visible(LeadEvent.objects.filter(by=self.by), pk=event)
        void_contact(event_id=row.pk, lead_id=row.lead_id, by=self.by, at=clock.now())

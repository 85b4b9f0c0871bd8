"""The desk: the registers of calls and visits, and whether a number is known. Nobody learns more than existence."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from crm import clock
from crm.access import get_visible, require
from crm.api_account import Named
from crm.api_fields import Day, Input, Instant, Masked, Output, YesNo
from crm.api_forms import input_of
from crm.api_frame import ApiView, operation
from crm.gates import project_in_reach
from crm.models import Project, User
from crm.roles import Action
from leads.actions.registering import Registered, complete_sheet
from leads.facts_register import known_number, onwards
from leads.forms_register import CallForm, VisitForm, VisitSheetForm, party_form
from leads.gates import lead_to_work
from leads.models import Lead, Visit
from leads.registering import call_of, too_many_lookups, visit_of

CallIn = input_of("CallIn", CallForm, talked=YesNo(help_text="A consultant took the call and talked."))
VisitIn = input_of(
    "VisitIn",
    VisitForm,
    confirm=serializers.ListField(
        child=serializers.ChoiceField(choices=["long_appointment"]), required=False, max_length=1
    ),
)
VisitChange = input_of("VisitChange", VisitSheetForm, partial=True)


class RegisteredShown(serializers.Serializer):
    """What a registration led to: existence and who is next, nothing private."""

    id = serializers.IntegerField()
    lead = serializers.IntegerField(allow_null=True, help_text="Only for those who may open it.")
    is_new = serializers.BooleanField(help_text="The party had no lead in this project before.")
    consultant = serializers.CharField(allow_blank=True)
    clause = serializers.CharField(allow_blank=True)
    due_at = Instant(allow_null=True)
    by = serializers.CharField(allow_blank=True)
    grade_by = Instant(allow_null=True, help_text="Until when the visitor is to be graded (SC-2.6).")


class Desk(ApiView):
    """What registering calls and visits shares."""

    group = "leads"

    def desk(self, request: Request, pk: int) -> Project:
        """A project of one's own in which one registers; 403 for others."""
        project = project_in_reach(request, pk)
        require(self.by, Action.REGISTER, project)
        return project

    def party(self, kind: Any, project: Project) -> Any:
        """The form of a register; whoever talks is the consultant when nobody is named, as on the page."""
        said = self.said()
        form = party_form(kind, said, self.by, project)
        if "consultant" in form.initial and "consultant" not in said:
            form.data = {**said, "consultant": form.initial["consultant"]}
        return self.taken(lambda: form, said)

    def registered(self, made: Registered, by: User) -> dict[str, Any]:
        opens = Lead.objects.visible_to(by).filter(pk=made.lead.pk).exists()
        told = onwards(made.lead)
        return {
            "id": made.row.pk,
            "lead": made.lead.pk if opens else None,
            "is_new": made.is_new,
            **{name: getattr(told, name) for name in ("consultant", "clause", "due_at", "by", "grade_by")},
        }


class Calls(Desk):
    @operation(takes=CallIn, answers=RegisteredShown, status=201, idempotent=True)
    def post(self, request: Request, project: int) -> Any:
        """SC-1.1: one line of the register of calls."""
        where = self.desk(request, project)
        return self.registered(call_of(self.party(CallForm, where), by=self.by, at=clock.now()), self.by)


class Visits(Desk):
    @operation(takes=VisitIn, answers=RegisteredShown, status=201, idempotent=True)
    def post(self, request: Request, project: int) -> Any:
        """SC-2: one line of the visit register, with as much of the sheet as is known."""
        where = self.desk(request, project)
        form, confirm = self.party(VisitForm, where), self.said().get("confirm", ())
        return self.registered(visit_of(form, by=self.by, at=clock.now(), confirm=confirm), self.by)


class NumberIn(Input):
    phone = serializers.CharField(max_length=80)


class KnownShown(serializers.Serializer):
    known = serializers.BooleanField()
    consultant = serializers.CharField(allow_blank=True)
    last_visit = Day(allow_null=True)
    last_talk = Day(allow_null=True)


class Lookup(Desk):
    @operation(takes=NumberIn, answers=KnownShown)
    def post(self, request: Request, project: int) -> Any:
        """Whether a whole number is known here. By POST, so that no number stands in an address or a log."""
        where = self.desk(request, project)
        if too_many_lookups(self.by):
            raise Throttled(60)
        known = known_number(where, self.said()["phone"])
        return {
            "known": known is not None,
            "consultant": known.consultant if known else "",
            "last_visit": known.last_visit if known else None,
            "last_talk": known.last_talk if known else None,
        }


class VisitShown(Output):
    received_by = Named(allow_null=True)
    note = Masked()

    class Meta:
        model = Visit
        fields = (
            "id", "lead", "at", "recorded_at", "received_by", "is_first", "party_size", "household_note",
            "wanted_type", "wanted_area", "budget", "purpose", "time_to_buy", "grade_reason", "units", "note",
        )  # fmt: skip


class OneVisit(ApiView):
    group = "leads"

    def visit(self, request: Request, pk: int) -> Visit:
        """A visit of a lead one works; 404 for an invisible one, 403 for one that may only be looked at."""
        rows = Visit.objects.filter(lead__merged_into=None).select_related("lead__project", "received_by")
        row = get_visible(rows, pk=pk)
        lead_to_work(request, row.lead_id)
        return row

    @operation(answers=VisitShown)
    def get(self, request: Request, visit: int) -> Any:
        """One visit with its sheet."""
        return self.visit(request, visit)

    @operation(takes=VisitChange, answers=VisitShown)
    def patch(self, request: Request, visit: int) -> Any:
        """Complete the visit's sheet, the same day or later; what is left out stays."""
        row = self.visit(request, visit)
        present = VisitSheetForm.present(row)
        present["units"] = [unit.pk for unit in present["units"]]
        form = self.filled(lambda data: VisitSheetForm(data, visit=row), present)
        complete_sheet(visit=row, sheet=form.sheet(), by=self.by, at=clock.now())
        return self.visit(request, visit)

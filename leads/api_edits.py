"""The small edits of a lead's page, one address each: the form and the action of leads.edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from crm import clock
from crm.api_fields import Id, Input, Lines
from crm.api_forms import input_of
from crm.api_frame import ApiView, operation
from leads import forms_lead as forms
from leads.actions import grading
from leads.api_leads import lead_shown
from leads.api_shapes import LeadShown
from leads.edits import EDITS
from leads.gates import lead_to_work
from leads.models import Lead

Prepare = Callable[[dict[str, Any]], dict[str, Any]]


class LeadEdit(ApiView):
    """One edit: gate, form, action, and the lead with its new plan."""

    group = "leads"
    what: ClassVar[str]
    prepare: ClassVar[Prepare] = staticmethod(lambda said: said)

    def carry_out(self, request: Request, pk: int) -> Lead:
        row, edit = lead_to_work(request, pk), EDITS[self.what]
        form = self.filled(lambda data: edit.form(type(self).prepare(data), lead=row))
        edit.run(row, form, self.by, clock.now())
        with timezone.override(row.project.zone):
            return lead_shown(pk, self.by, clock.now())


def _edit(what: str, takes: type[Input], summary: str, prepare: Prepare | None = None) -> type[LeadEdit]:
    def post(self: LeadEdit, request: Request, lead: int) -> Any:
        return self.carry_out(request, lead)

    post.__doc__ = summary
    members: dict[str, Any] = {"what": what, "post": operation(takes=takes, answers=LeadShown)(post)}
    if prepare is not None:
        members["prepare"] = staticmethod(prepare)
    return type(f"LeadEdit_{what}", (LeadEdit,), members)


def _verdict(said: dict[str, Any]) -> dict[str, Any]:
    """The form has verdict and reason as one choice."""
    return {**said, "reason": f"{said['verdict']}:{said['reason']}"}


EndIn = input_of(
    "EndIn",
    forms.EndForm,
    leave=("reason",),
    verdict=serializers.ChoiceField(choices=["lost", "invalid"]),
    reason=serializers.CharField(max_length=40, help_text="A code of the verdict's list (SC-11)."),
)
ObjectionsIn = input_of(
    "ObjectionsIn",
    forms.ObjectionsForm,
    dissolved=serializers.ListField(child=Id(), required=False, max_length=50),
    raised=serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=50),
)
WindowsIn = input_of("WindowsIn", forms.WindowsForm, windows=Lines(help_text="Empty: the project's hours."))

LEAD_EDITS: dict[str, type[LeadEdit]] = {
    "grade": _edit("grade", input_of("GradeIn", forms.GradeForm), "SC-2.6: grade it."),
    "quality": _edit("quality", input_of("QualityIn", forms.QualityForm), "SC-1.4: judge the caller."),
    "weekly": _edit(
        "weekly", input_of("WeeklyIn", forms.WeeklyForm), "SC-2.3b: weekly calls because of an objection."
    ),
    "kind": _edit("kind", input_of("KindIn", forms.KindForm), "SC-3.1: ordinary, leader referral or VIP."),
    "put-off": _edit("put-off", input_of("PutOffIn", forms.PutOffForm), "SC-2.4: put the weekly call off."),
    "call-off": _edit(
        "call-off", input_of("CallOffIn", forms.CallOffForm), "SC-2.3b: they called their visit off."
    ),
    "review": _edit("review", input_of("ReviewIn", forms.ReviewForm), "PX-2: answer the review."),
    "end": _edit("end", EndIn, "SC-11: lost or invalid, with its reason.", _verdict),
    "reopen": _edit("reopen", input_of("ReopenIn", forms.ReopenForm), "SC-11: work it again."),
    "objections": _edit("objections", ObjectionsIn, "SC-2.3b: objections raised and dissolved."),
    "interests": _edit(
        "interests", input_of("InterestsIn", forms.InterestsForm), "SC-2.1: what they care about."
    ),
    "preference": _edit(
        "preference", input_of("PreferenceIn", forms.PreferenceForm), "SC-7: how they wish to be contacted."
    ),
    "windows": _edit("windows", WindowsIn, "SC-8: good hours to call."),
    "name": _edit("name", input_of("NameIn", forms.NameForm), "SC-10: name and form of address."),
    "phone": _edit("phone", input_of("PhoneIn", forms.PhoneForm), "PX-3: add a number."),
    "consent": _edit(
        "consent", input_of("ConsentIn", forms.ConsentForm), "SC-6: a consent or an opt-out, as it was given."
    ),
}
"""By the last part of the address, as the pages have it."""


class OnOff(Input):
    on = serializers.BooleanField()


class LeadKey(ApiView):
    group = "leads"

    @operation(takes=OnOff, answers=LeadShown)
    def post(self, request: Request, lead: int) -> Any:
        """SC-2.3a: set or take back the key flag."""
        row = lead_to_work(request, lead)
        grading.set_key(lead_id=row.pk, is_key=self.said()["on"], by=self.by, at=clock.now())
        with timezone.override(row.project.zone):
            return lead_shown(lead, self.by, clock.now())


class LeadWeeklyOff(ApiView):
    group = "leads"

    @operation(answers=LeadShown)
    def post(self, request: Request, lead: int) -> Any:
        """SC-2.3b: no longer weekly."""
        row = lead_to_work(request, lead)
        grading.set_weekly(lead_id=row.pk, weekly=False, reason="", by=self.by, at=clock.now())
        with timezone.override(row.project.zone):
            return lead_shown(lead, self.by, clock.now())

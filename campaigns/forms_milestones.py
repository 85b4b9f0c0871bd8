"""Forms of the milestones: the sheet, a move, a cancellation, guests and their answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from campaigns.actions.milestones import MilestoneSheet
from campaigns.models import Invitation, Milestone
from campaigns.rules_milestones import FIELDS
from crm.forms_base import BaseForm, DateInput
from crm.models import Project
from leads.models import Lead

BODY = _("Without opening, signature and opt-out: the system puts them there.")


FIELD_NAMES = {"title": _("title"), "day": _("day of the milestone"), "project": _("project")}
TOLD = ("grades", "to_callers", "to_buyers", "buildings", "key_calls", "referrals")


class MilestoneForm(BaseForm):
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=Milestone.KINDS,
        help_text=_("Another kind brings its usual audience below."),
        widget=forms.Select(
            attrs={
                "hx-get": reverse_lazy("campaigns:milestone_new"),
                "hx-target": "#told",
                "hx-select": "#told",
                "hx-swap": "outerHTML",
            }
        ),
    )
    title = forms.CharField(label=_("Title"), max_length=40)
    day = forms.DateField(label=_("Date of the milestone"), widget=DateInput)
    notice_day = forms.DateField(label=_("Customers are told from"), widget=DateInput)
    body = forms.CharField(
        label=_("Text of the message"), max_length=300, widget=forms.Textarea, help_text=BODY
    )
    grades = forms.MultipleChoiceField(
        label=_("Visitors graded"),
        choices=Lead.Grade.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    to_callers = forms.BooleanField(label=_("Callers who have not visited"), required=False)
    to_buyers = forms.BooleanField(label=_("Buyers and owners"), required=False)
    buildings: Any = forms.ModelMultipleChoiceField(
        label=_("Only buyers of these buildings"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    key_calls = forms.BooleanField(
        label=_("Key customers by phone first"),
        required=False,
        help_text=_("They get the message in the evening if nobody reached them."),
    )
    referrals = forms.ChoiceField(
        label=_("Leader referrals"), choices=Milestone.REFERRALS, widget=forms.RadioSelect
    )

    text_fields = tuple((name, FIELD_NAMES[name]) for name in FIELDS)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["buildings"].queryset = project.buildings.all()  # type: ignore[attr-defined]
        if not project.buildings.exists():
            del self.fields["buildings"]

    def told(self) -> list[forms.BoundField]:
        """The fields that say who is told, and how."""
        return [self[name] for name in TOLD if name in self.fields]

    def sheet(self) -> MilestoneSheet:
        """The cleaned form as the action takes it."""
        data = dict(self.cleaned_data)
        data["grades"] = tuple(data["grades"])
        data["buildings"] = tuple(data.get("buildings") or ())
        return MilestoneSheet(**data)


def initial_of(row: Milestone) -> dict[str, Any]:
    """A milestone as its form shows it."""
    names = [name for name in MilestoneForm.base_fields if name != "buildings"]
    return {name: getattr(row, name) for name in names} | {"buildings": row.buildings.all()}


class ReasonForm(BaseForm):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class MoveForm(BaseForm):
    day = forms.DateField(label=_("New day"), widget=DateInput)
    body = forms.CharField(
        label=_("Message to those who had the notice"), max_length=300, widget=forms.Textarea, help_text=BODY
    )


class CancelForm(BaseForm):
    reason = forms.CharField(label=_("Reason"), max_length=200)
    body = forms.CharField(
        label=_("Message to those who had the notice"), max_length=300, widget=forms.Textarea, help_text=BODY
    )


class PhotoForm(BaseForm):
    photo = forms.FileField(label=_("Photo"), help_text=_("PNG or JPEG, up to 5 MB."))


class InviteForm(BaseForm):
    leads: Any = forms.ModelMultipleChoiceField(
        label=_("Guests"), queryset=None, widget=forms.CheckboxSelectMultiple
    )
    means = forms.ChoiceField(
        label=_("Invited"),
        choices=Invitation.Means.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "By message: the milestone's text goes out at once. By phone: a call on the consultant's list."
        ),
    )

    def __init__(self, *args: Any, guests: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["leads"]
        field.queryset = guests
        field.label_from_instance = lambda lead: lead.customer.name


class AnswerForm(BaseForm):
    answer = forms.ChoiceField(label=_("Answer"), choices=Invitation.Answer.choices, widget=forms.RadioSelect)
    guests = forms.IntegerField(label=_("People"), min_value=1, max_value=50, initial=1)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

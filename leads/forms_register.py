"""The desk: three fields first (phone, name, how heard), the rest of the visit sheet folded (SC-1, SC-2, PX-3)."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.access import colleagues, holdings
from crm.forms_base import BaseForm, DateTimeInput, PhoneInput, SubmissionField
from crm.models import Project, Unit, User
from crm.names import split_salutation
from crm.roles import Role
from crm.states import Salutation
from leads import vocabulary
from leads.actions.registering import Party, VisitSheet
from leads.facts_grades import explain_field
from leads.facts_register import off_on
from leads.forms_lead import words
from leads.models import HeardVia, Lead, Visit

#: shown as buttons beside the name; neither chosen means not known
FORMS_OF_ADDRESS = ((Salutation.MR.value, _("Mr")), (Salutation.MS.value, _("Ms")))
SHEET_FIELDS = (
    "party_size",
    "household_note",
    "wanted_type",
    "wanted_area",
    "budget",
    "purpose",
    "time_to_buy",
    "grade",
    "grade_reason",
    "interests",
    "objections",
    "units",
    "note",
)
MANY = ("interests", "objections", "units")
PLAIN = ("party_size",)


class ConsultantChoice(forms.ModelChoiceField):
    """Consultants of the project; those off today are named as such, and never preselected."""

    project: Project

    @cached_property
    def away(self) -> frozenset[int]:
        """Who is off today; asked for when a label is written, which a form that is well filled in never does."""
        people = colleagues(self.project.pk, Role.CONSULTANT).values_list("pk", flat=True)
        return off_on(people, clock.today(self.project.zone))

    def label_from_instance(self, obj: Any) -> str:
        return _("%(name)s (off today)") % {"name": obj} if obj.pk in self.away else str(obj)


class PartyForm(BaseForm):
    """Who came or rang."""

    submission = SubmissionField()
    phone = forms.CharField(
        label=_("Phone"), required=False, max_length=80, widget=PhoneInput({"maxlength": 80})
    )
    name = forms.CharField(
        label=_("Name"), required=False, max_length=60, widget=forms.TextInput({"autocomplete": "off"})
    )
    salutation = forms.ChoiceField(
        label=_("Form of address"), required=False, choices=FORMS_OF_ADDRESS, widget=forms.RadioSelect
    )
    heard_via = forms.ModelChoiceField(
        label=_("How they heard"), required=False, queryset=HeardVia.objects.none()
    )
    consultant = ConsultantChoice(
        label=_("Consultant"),
        required=False,
        queryset=User.objects.none(),
        empty_label=_("nobody yet: the manager assigns"),
    )
    no_phone = forms.BooleanField(label=_("No number was left"), required=False)
    happened_at = forms.DateTimeField(
        label=_("When, if not just now"), required=False, widget=DateTimeInput()
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.fields["heard_via"].queryset = HeardVia.objects.filter(  # type: ignore[attr-defined]
            project=project, active=True
        )
        choice = self.fields["consultant"]
        assert isinstance(choice, ConsultantChoice)
        choice.project = project
        choice.queryset = colleagues(project.pk, Role.CONSULTANT)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("phone", "").strip() and not data.get("no_phone") and "phone" not in self.errors:
            self.add_error("phone", _("Enter the number, or tick below that none was left."))
        return data

    def party(self) -> Party:
        """The cleaned form as the action takes it; 韩女士 in the name field counts as a form of address."""
        data = self.cleaned_data
        name, carried = split_salutation(data["name"])
        return Party(
            project=self.project,
            phone=data["phone"],
            name=name,
            salutation=data["salutation"] or carried.value,
            heard_via=data["heard_via"],
            consultant=data["consultant"],
            no_phone=data["no_phone"],
        )

    def happened(self, now: dt.datetime) -> dt.datetime:
        """When it took place: now, unless another moment was entered."""
        moment: dt.datetime | None = self.cleaned_data.get("happened_at")
        return moment or now


P = TypeVar("P", bound=PartyForm)


def party_form(kind: type[P], data: Any, user: User, project: Project, **initial: Any) -> P:
    """The form of a register, with the project's consultants; one of them stands in it at first."""
    if any(
        held.role == Role.CONSULTANT.value and held.project_id in (None, project.pk)
        for held in holdings(user)
    ):
        initial["consultant"] = user.pk
    return kind(data, project=project, initial=initial)


class CallForm(PartyForm):
    """One line of the register of calls."""

    talked = forms.ChoiceField(
        label=_("Who took the call"),
        choices=(("1", _("a consultant talked")), ("0", _("only noted down"))),
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


def _listed(label: Any, source: vocabulary.Words) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", _("not known")), *words(source)])


class SheetFields(forms.Form):
    """The visit sheet beyond the first three fields; every one may stay empty."""

    party_size = forms.IntegerField(label=_("People"), required=False, min_value=1, max_value=99)
    household_note = forms.CharField(label=_("Who came"), required=False, max_length=120)
    wanted_type = _listed(_("Wanted type"), vocabulary.WANTED_TYPES)
    wanted_area = forms.CharField(label=_("Wanted area (m²)"), required=False, max_length=40)
    budget = forms.CharField(label=_("Budget"), required=False, max_length=40)
    purpose = _listed(_("Purpose"), vocabulary.PURPOSES)
    time_to_buy = _listed(_("Time to buy"), vocabulary.TIMES_TO_BUY)
    grade = forms.ChoiceField(
        label=_("Grade"), required=False, choices=Lead.Grade.choices, widget=forms.RadioSelect
    )
    grade_reason = forms.CharField(label=_("Reason of the grade"), required=False, max_length=200)
    interests = forms.MultipleChoiceField(
        label=_("Points of interest"),
        required=False,
        choices=words(vocabulary.INTERESTS),
        widget=forms.CheckboxSelectMultiple,
    )
    objections = forms.MultipleChoiceField(
        label=_("Objections"),
        required=False,
        choices=words(vocabulary.CAUSES),
        widget=forms.CheckboxSelectMultiple,
    )
    units = forms.ModelMultipleChoiceField(
        label=_("Units seen"),
        required=False,
        queryset=Unit.objects.none(),
        widget=forms.SelectMultiple({"size": 5}),
    )
    note = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def fit(self, project: Project) -> None:
        """Offer the project's units, a field that goes when there are none, and its meaning of the grades."""
        explain_field(self.fields["grade"], project.pk)
        rows = Unit.objects.filter(project=project).select_related("building")
        if rows.exists():
            self.fields["units"].queryset = rows  # type: ignore[attr-defined]
        else:
            del self.fields["units"]

    def sheet(self) -> VisitSheet:
        """The cleaned fields as the action takes them."""
        data: dict[str, Any] = self.cleaned_data
        many = {name: tuple(data.get(name, ())) for name in MANY}
        texts = {name: data.get(name) or "" for name in SHEET_FIELDS if name not in (*MANY, *PLAIN)}
        values: dict[str, Any] = {**texts, **many, **{name: data.get(name) for name in PLAIN}}
        return VisitSheet(**values)


class VisitForm(SheetFields, PartyForm):
    """One line of the visit register, with as much of the sheet as is known."""

    # Only here: an appointment made after the visit is logged with the call in which it was made.
    appointment = forms.DateTimeField(label=_("Next appointment"), required=False, widget=DateTimeInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fit(self.project)

    def says_more(self) -> bool:
        """Whether something of the sheet is filled in or wrong: it must not be folded away then."""
        sheet = (*SheetFields.base_fields, "appointment")
        return any(name in self.errors or self.data.get(name) for name in sheet)


class VisitSheetForm(SheetFields, BaseForm):
    """The rest of the sheet of a visit that is registered already."""

    def __init__(self, *args: Any, visit: Visit, **kwargs: Any) -> None:
        kwargs.setdefault("initial", self.present(visit))
        super().__init__(*args, **kwargs)
        self.fit(visit.lead.project)
        known = {row.cause for row in visit.lead.objections.filter(dissolved_at=None)}
        self.fields["objections"].choices = [  # type: ignore[attr-defined]
            choice for choice in words(vocabulary.CAUSES) if choice[0] not in known
        ]

    @staticmethod
    def present(visit: Visit) -> dict[str, Any]:
        """What the sheet holds so far."""
        kept = {
            name: getattr(visit, name) for name in SHEET_FIELDS if hasattr(visit, name) and name != "units"
        }
        return {
            **kept,
            # A D who came again is judged anew: the old letter is not proposed.
            "grade": "" if visit.lead.review_clause == "SC-2.6" else visit.lead.grade,
            "units": list(visit.units.all()),
            "interests": [row.point for row in visit.lead.interests.all()],
        }

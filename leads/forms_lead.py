"""The small forms behind the lead page: each edits one thing. They read and check; saving is an action's business."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.forms_base import BaseForm, DateInput, PhoneInput
from crm.models import Consent, Customer
from crm.models.places import validate_windows
from leads import vocabulary
from leads.facts_grades import explain_field
from leads.models import Lead

OTHER = "other"
SCOPES: Any = Consent._meta.get_field("scope").choices


def words(source: vocabulary.Words) -> list[tuple[str, Any]]:
    """Choices of a word list, in the reader's language at the moment of showing."""
    read: Any = lazy(lambda code: vocabulary.label(source, code, get_language() or "en"), str)
    return [(code, read(code)) for code in source]


def _reason(label: Any, *, required: bool = True, length: int = 200) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=length, widget=forms.Textarea(attrs={"rows": 2})
    )


class LeadForm(BaseForm):
    """A form about one lead."""

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        self.lead = lead
        kwargs.setdefault("initial", self.present(lead))
        super().__init__(*args, **kwargs)

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        """What the form shows before anything is typed."""
        return {}


class GradeForm(LeadForm):
    grade = forms.ChoiceField(label=_("Grade"), choices=Lead.Grade.choices, widget=forms.RadioSelect)
    reason = _reason(_("Reason"), required=False)

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, lead=lead, **kwargs)
        explain_field(self.fields["grade"], lead.project_id)

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        return {"grade": lead.grade}


class QualityForm(LeadForm):
    quality = forms.ChoiceField(label=_("Verdict"), choices=Lead.Quality.choices, widget=forms.RadioSelect)
    reason = _reason(_("Reason"), required=False)

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        return {"quality": lead.quality}


class ListedReasonForm(LeadForm):
    """A reason from a list; "other" asks for words."""

    other = forms.CharField(label=_("In your words"), required=False, max_length=200)

    def reason_text(self) -> str:
        """What is stored: the listed code, or the words."""
        chosen: str = self.cleaned_data["reason"]
        said: str = self.cleaned_data["other"].strip()
        return said if chosen == OTHER and said else chosen

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("reason") == OTHER and not data.get("other", "").strip():
            self.add_error("other", _("Say which."))
        return data


class WeeklyForm(ListedReasonForm):
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=words(vocabulary.WEEKLY_REASONS),
        widget=forms.RadioSelect(attrs={"data-reveals": "#other-words", "data-reveals-value": OTHER}),
    )
    field_order = ("reason", "other")


class KindForm(LeadForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=Lead.Kind.choices, widget=forms.RadioSelect)
    reason = _reason(_("Who referred them, or why"), required=False)

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        return {"kind": lead.kind}


class CallOffForm(LeadForm):
    note = _reason(_("What the customer said"), required=False)


class PutOffForm(ListedReasonForm):
    until = forms.DateField(label=_("Call on"), widget=DateInput())
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=words(vocabulary.PUT_OFF_REASONS),
        widget=forms.RadioSelect(attrs={"data-reveals": "#other-words", "data-reveals-value": OTHER}),
    )
    field_order = ("until", "reason", "other")

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        if lead.due_at is None:
            return {}
        return {"until": lead.due_at.astimezone(lead.project.zone).date() + dt.timedelta(days=3)}


class ReviewForm(LeadForm):
    reason = _reason(_("Why the grade stays"))


class EndForm(LeadForm):
    """SC-11: the verdict and its listed reason are one choice."""

    reason = forms.ChoiceField(label=_("Why it ends"), choices=())
    note = _reason(_("Note"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = (
            ("lost", _("Lost: was a buyer, will not buy here"), vocabulary.LOST_REASONS),
            ("invalid", _("Invalid: never was a buyer"), vocabulary.INVALID_REASONS),
        )
        choices: list[Any] = [("", _("Please choose"))]
        choices += [
            (label, [(f"{verdict}:{code}", name) for code, name in words(source)])
            for verdict, label, source in groups
        ]
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]

    @property
    def verdict(self) -> tuple[str, str]:
        """(lost or invalid, the reason's code)."""
        verdict, _colon, code = self.cleaned_data["reason"].partition(":")
        return verdict, code


class ReopenForm(LeadForm):
    note = _reason(_("Why it is worked again"))


class ObjectionsForm(LeadForm):
    dissolved = forms.MultipleChoiceField(
        label=_("Dissolved now"), required=False, choices=(), widget=forms.CheckboxSelectMultiple
    )
    raised = forms.MultipleChoiceField(
        label=_("New objections"), required=False, choices=(), widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(label=_("In the customer's words"), required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        still = list(self.lead.objections.filter(dissolved_at=None))
        names = dict(words(vocabulary.CAUSES))
        held = {row.cause for row in still}
        self.fields["dissolved"].choices = [(row.pk, names.get(row.cause, row.cause)) for row in still]  # type: ignore[attr-defined]
        self.fields["raised"].choices = [item for item in names.items() if item[0] not in held]  # type: ignore[attr-defined]
        if not still:
            del self.fields["dissolved"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not data.get("raised") and not data.get("dissolved"):
            raise ValidationError(_("Choose what was raised or dissolved."))
        return data


class InterestsForm(LeadForm):
    points = forms.MultipleChoiceField(
        label=_("What they care about"),
        required=False,
        choices=words(vocabulary.INTERESTS),
        widget=forms.CheckboxSelectMultiple,
    )
    others = forms.CharField(
        label=_("Something else"),
        required=False,
        max_length=120,
        help_text=_("Several: part them by commas."),
    )

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        held = [row.point for row in lead.interests.order_by("pk")]
        return {
            "points": [point for point in held if point in vocabulary.INTERESTS],
            "others": ", ".join(point for point in held if point not in vocabulary.INTERESTS),
        }

    def chosen(self) -> list[str]:
        """Codes and free words."""
        free = self.cleaned_data["others"].replace("，", ",").replace("、", ",").split(",")
        return [*self.cleaned_data["points"], *(point.strip() for point in free if point.strip())]


class PreferenceForm(LeadForm):
    preference = forms.ChoiceField(
        label=_("The customer's wish"), choices=Customer.PREFERENCES, widget=forms.RadioSelect
    )

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        return {"preference": lead.customer.preference}


class WindowsForm(LeadForm):
    windows = forms.CharField(
        label=_("Good hours to call"),
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One window a line, such as 10:00-11:30. Empty: the project's hours."),
    )

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        return {"windows": "\n".join("-".join(window) for window in lead.customer.windows or [])}

    def clean_windows(self) -> list[list[str]] | None:
        text = self.cleaned_data["windows"].replace("：", ":").replace("–", "-").replace("—", "-")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        windows = [[part.strip().zfill(5) for part in line.split("-")] for line in lines]
        validate_windows(windows)
        return windows or None


class NameForm(LeadForm):
    name = forms.CharField(label=_("Name"), max_length=60)
    salutation = forms.ChoiceField(
        label=_("Form of address"), choices=Customer.SALUTATIONS, widget=forms.RadioSelect
    )

    @classmethod
    def present(cls, lead: Lead) -> dict[str, Any]:
        return {"name": lead.customer.name, "salutation": lead.customer.salutation}


class PersonForm(LeadForm):
    """A form about one person of the lead's party."""

    person = forms.ModelChoiceField(label=_("Person"), queryset=Customer.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Customer.objects.filter(household=self.lead.household_id, merged_into=None)
        field = self.fields["person"]
        field.queryset = people.order_by("pk")  # type: ignore[attr-defined]
        field.initial = self.lead.customer_id
        if people.count() == 1:
            field.widget = forms.HiddenInput()


class PhoneForm(PersonForm):
    phone = forms.CharField(label=_("Number"), max_length=80, widget=PhoneInput())


class ConsentForm(PersonForm):
    """A consent or an opt-out, as the customer gave it."""

    what = forms.ChoiceField(
        label=_("What was said"),
        choices=(("consent", _("agrees")), ("opt_out", _("no more"))),
        widget=forms.RadioSelect,
    )
    scope = forms.ChoiceField(label=_("To what"), choices=SCOPES, widget=forms.RadioSelect)
    source = forms.CharField(
        label=_("Where it was said"), max_length=40, help_text=_("On the phone, visit form, …")
    )
    wording = _reason(_("In what words"), required=False, length=500)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("what") == "consent" and not data.get("wording", "").strip():
            self.add_error("wording", _("A consent needs the words the customer agreed to."))
        return data

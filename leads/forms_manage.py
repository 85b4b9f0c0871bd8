"""Forms of the manager's pages: assigning, deals, reviews, policies, scripts, merging."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.access import colleagues
from crm.forms_base import BaseForm, DateInput, DateTimeInput
from crm.models import Project, Unit, User
from crm.roles import Role
from leads.models import Deal

SPREAD = _("Several: spread evenly, A and B first.")
HOW = (
    ("link", _("one family: link them, one is called")),
    ("merge", _("the same person: merge the records")),
)


class ConsultantsField(forms.ModelMultipleChoiceField):
    """The consultants of one project, as big buttons. Never called optional: where it may stay empty, something else
    on the form answers in its place."""

    one_of = True

    widget = forms.CheckboxSelectMultiple


class AssignForm(BaseForm):
    """To whom: one consultant, or several among whom the leads are spread evenly."""

    to = ConsultantsField(
        label=_("To"),
        queryset=User.objects.none(),
        required=False,
        help_text=_("Several: spread evenly, A and B first."),
    )
    pool = forms.BooleanField(label=_("Take them back into the pool instead"), required=False)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=200)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues(project.pk, Role.CONSULTANT)  # type: ignore[attr-defined]


class HandOverForm(BaseForm):
    """PX-7: everything a leaver owns goes to others."""

    leaver = forms.ModelChoiceField(label=_("Who leaves"), queryset=User.objects.none())
    to = ConsultantsField(
        label=_("To"), queryset=User.objects.none(), help_text=_("Several: spread evenly, A and B first.")
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=200)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owners = (
            User.objects.filter(leads__project=project, leads__merged_into=None)
            .distinct()
            .order_by("name", "pk")
        )
        self.fields["leaver"].queryset = owners  # type: ignore[attr-defined]
        self.fields["to"].queryset = colleagues(project.pk, Role.CONSULTANT)  # type: ignore[attr-defined]


class DealForm(BaseForm):
    """The first step of a deal."""

    step = forms.ChoiceField(
        label=_("Step"),
        choices=[(Deal.Step.SUBSCRIBED.value, _("subscribed")), (Deal.Step.SIGNED.value, _("signed"))],
        widget=forms.RadioSelect,
    )
    happened_at = forms.DateTimeField(label=_("When"), widget=DateTimeInput())
    unit = forms.ModelChoiceField(label=_("Unit"), queryset=Unit.objects.none(), required=False)
    unit_text = forms.CharField(label=_("Unit, if it is not in the list"), required=False, max_length=60)
    price = forms.DecimalField(
        label=_("Price (yuan)"), required=False, min_value=0, max_digits=12, decimal_places=2
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=200)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.filter(project=project).select_related("building")
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


class StepForm(BaseForm):
    """The next step of a running deal."""

    step = forms.ChoiceField(label=_("Step"), choices=(), widget=forms.RadioSelect)
    happened_at = forms.DateTimeField(label=_("When"), widget=DateTimeInput())
    note = forms.CharField(
        label=_("Note"), required=False, max_length=200, help_text=_("A cancellation needs its reason.")
    )

    def __init__(self, *args: Any, steps: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = dict(Deal.Step.choices)
        self.fields["step"].choices = [(step, named[step]) for step in steps]  # type: ignore[attr-defined]


class ApproveForm(BaseForm):
    """SC-13: from which day a version holds."""

    effective_on = forms.DateField(label=_("Effective from"), widget=DateInput())


class ReasonInput(forms.TextInput):
    """Needed or not by another answer, so the browser must not insist."""

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class MergeForm(BaseForm):
    """Whether two customers are one party or one person, and why."""

    how = forms.ChoiceField(
        label=_("They are"),
        choices=(
            ("link", _("one family: link them, one is called")),
            ("merge", _("the same person: merge the records")),
        ),
        widget=forms.RadioSelect,
    )
    relation = forms.CharField(
        label=_("Relation"), required=False, max_length=12, help_text=_("Spouse, parent …")
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=ReasonInput,
        help_text=_("Say why these two are the same person."),
        error_messages={"required": _("Say why these two are the same person.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = self.data.get("how") != "link"

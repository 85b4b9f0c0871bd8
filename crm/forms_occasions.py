"""The form of an occasion (SC-9)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.actions.occasions import BY_HAND
from crm.forms_base import BaseModelForm, DateInput
from crm.models import Occasion, Project


class OccasionForm(BaseModelForm):
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[(kind.value, kind.label) for kind in BY_HAND], widget=forms.RadioSelect
    )

    class Meta:
        model = Occasion
        fields = ("kind", "title", "text", "starts_on", "ends_on", "building")
        labels = {"building": _("Building")}
        widgets = {"starts_on": DateInput, "ends_on": DateInput, "text": forms.Textarea}
        help_texts = {
            "text": _("A sentence or two that the consultant can say as it stands."),
        }

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = project.buildings.all()  # type: ignore[attr-defined]
        self.fields["building"].empty_label = _("The whole project")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "starts_on" in values and "ends_on" in values and values["ends_on"] < values["starts_on"]:
            self.add_error("ends_on", _("The last day is before the first."))
        return values

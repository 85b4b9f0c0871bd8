"""Forms for projects and what stands in them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from phonenumbers import SUPPORTED_REGIONS

from crm.forms_base import BaseForm, BaseModelForm, TimeInput
from crm.models import Area, Building, Project, Unit, UnitType
from crm.models.places import validate_windows
from crm.rules_hours import EARLIEST, LATEST
from crm.workdays import windows_of

_WINDOW = re.compile(r"\s*(\d{1,2}[:：]\d{2})\s*[-–—~～至到]\s*(\d{1,2}[:：]\d{2})\s*")
NAME = pgettext_lazy("of a thing", "Name")
BY_DAY = _("Marketing messages go out by day, from 8:00 to 21:00 at most.")
WRONG_WINDOW = _("Write windows as 10:00-11:30, one a line, each opening before it closes.")


class WindowsField(forms.CharField):
    """Contact windows (SC-8), one "10:00-11:30" a line; cleaned to [["10:00", "11:30"], …]."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join("-".join(window) for window in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[list[str]]:
        text = super().clean(value)
        found = [_WINDOW.fullmatch(line) for line in text.splitlines() if line.strip()]
        windows = [[_padded(match[1]), _padded(match[2])] for match in found if match]
        if len(windows) != len(found):
            raise forms.ValidationError(WRONG_WINDOW)
        validate_windows(windows)
        try:
            windows_of(windows)
        except ValueError:
            raise forms.ValidationError(_("Two windows overlap. Make them one.")) from None
        return sorted(windows)


def _padded(text: str) -> str:
    hour, minute = text.replace("：", ":").split(":")
    return f"{int(hour):02}:{minute}"


class ProjectForm(BaseModelForm):
    windows = WindowsField(label=_("Contact windows"), help_text=_("One a line, such as 10:00-11:30 (SC-8)."))

    class Meta:
        model = Project
        fields = (
            "name",
            "short_name",
            "signature",
            "hotline",
            "time_zone",
            "region",
            "windows",
            "opens_at",
            "closes_at",
            "sms_opens_at",
            "sms_closes_at",
        )
        labels = {"name": NAME}
        help_texts = {
            "time_zone": _(
                "Working days, days off and festivals follow the calendar of mainland China, wherever the project is."
            ),
            "closes_at": _(
                "When the doors close. The moment duties fall due is the policy's closing time; a new project's"
                " first policy takes it from here, later it changes by a new version only (SC-13)."
            ),
            "sms_closes_at": _("Outside of these hours marketing messages wait for the next morning."),
        }
        widgets = {
            "opens_at": TimeInput,
            "closes_at": TimeInput,
            "sms_opens_at": TimeInput,
            "sms_closes_at": TimeInput,
            "hotline": forms.TextInput(attrs={"inputmode": "tel"}),
        }

    def clean_region(self) -> str:
        region = str(self.cleaned_data["region"]).upper()
        if region not in SUPPORTED_REGIONS:
            raise forms.ValidationError(_("Two letters of a country, such as CN."))
        return region

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "opens_at" in values and "closes_at" in values and values["opens_at"] >= values["closes_at"]:
            self.add_error("closes_at", _("The sales centre must open before it closes."))
        for name in ("sms_opens_at", "sms_closes_at"):
            if name in values and values[name] is None:
                values[name] = self.initial.get(name) or getattr(self.instance, name)
        opens, closes = values.get("sms_opens_at"), values.get("sms_closes_at")
        if opens and closes and not EARLIEST <= opens < closes <= LATEST:
            self.add_error("sms_closes_at", BY_DAY)
        return values


class AreaForm(BaseForm):
    name = forms.CharField(label=NAME, max_length=60)
    buildings = forms.ModelMultipleChoiceField(
        Building.objects.none(),
        label=_("Buildings"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = project.buildings.all()
        self.fields["buildings"].queryset = rows  # type: ignore[attr-defined]
        if not rows:
            self.fields["buildings"].help_text = _(
                "This project has no buildings yet. Make them under Units."
            )


class BuildingForm(BaseModelForm):
    class Meta:
        model = Building
        fields = ("name",)
        labels = {"name": NAME}


class UnitTypeForm(BaseModelForm):
    class Meta:
        model = UnitType
        fields = ("name", "rooms", "area_sqm")
        labels = {"name": NAME}


class UnitForm(BaseModelForm):
    class Meta:
        model = Unit
        fields = ("building", "number", "unit_type", "floor", "area_sqm", "list_price")
        labels = {
            "building": _("Building"),
            "number": pgettext_lazy("unit", "Number"),
            "unit_type": _("Unit type"),
        }

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = project.buildings.all()  # type: ignore[attr-defined]
        self.fields["unit_type"].queryset = project.unit_types.all()  # type: ignore[attr-defined]


def area_form(project: Project, area: Area | None, data: Any = None) -> AreaForm:
    """The form of a new area, or of the given one."""
    initial = {"name": area.name, "buildings": area.buildings.all()} if area else {}
    return AreaForm(data, project=project, initial=initial)


def new_project_initial() -> dict[str, Any]:
    """What a new project starts from: the usual opening hours, and the contact windows of SC-8."""
    windows = [["10:00", "11:30"], ["15:30", "17:00"]]
    return {
        "opens_at": dt.time(9, 0),
        "closes_at": dt.time(20, 30),
        "sms_opens_at": dt.time(9, 0),
        "sms_closes_at": dt.time(20, 0),
        "windows": windows,
    }

"""How forms look and behave everywhere: classes, input types, submission ids, and a clause's refusal as an error."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from crm.errors import RuleViolation
from crm.plain_text import plain_line, plain_text


class PhoneInput(forms.TextInput):
    """Opens the number pad; the browser must not fill in the consultant's own number."""

    input_type = "tel"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "tel", "autocomplete": "off", "maxlength": 30, **(attrs or {})})


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class DateTimeInput(forms.DateTimeInput):
    """Local date and time in the current project's zone, to the minute."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class SubmissionField(forms.UUIDField):
    """A hidden id made with the form: the action refuses to do one submission twice."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, initial=uuid.uuid4, **kwargs)


class PlainField(forms.BoundField):
    """What was typed, without what nobody sees: so it is checked, stored and shown again. Passwords are left alone."""

    @property
    def data(self) -> Any:
        sent = super().data
        if not isinstance(sent, str) or not isinstance(self.field, forms.CharField) or not self.field.strip:
            return sent
        return plain_text(sent) if isinstance(self.field.widget, forms.Textarea) else plain_line(sent)


EARLIEST_YEAR, LATEST_YEAR = 1900, 2199


def plausible_day(value: dt.date) -> None:
    """A day people mean: reckoning with the calendar's first or last days has no midnight everywhere."""
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise forms.ValidationError(
            _("Enter a day of the years %(first)d to %(last)d."),
            code="year",
            params={"first": EARLIEST_YEAR, "last": LATEST_YEAR},
        )


class Presentable(forms.BaseForm):
    """Dresses the fields for `_partials/field.html` and takes a `RuleViolation` as an error."""

    bound_field_class = PlainField
    rule_clause = ""
    confirm_flag = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            dress(field)
            if isinstance(field, forms.DateField | forms.DateTimeField):
                field.validators = [*field.validators, plausible_day]

    def refuse(self, violation: RuleViolation) -> None:
        """Show what a clause forbids, at its field when the form has it.

        A violation that may be confirmed adds a tick box of that name to the summary (`form_errors.html`).
        """
        field = violation.field if violation.field in self.fields else None
        self.add_error(field, str(violation.text))
        self.rule_clause = violation.clause
        self.confirm_flag = violation.confirm


class BaseForm(Presentable, forms.Form):
    """The parent of every form that is not bound to a model."""


class BaseModelForm(Presentable, forms.ModelForm):
    """The parent of every model form. It only reads and checks: saving is an action's business."""


TOO_LONG = ngettext_lazy(
    "At most %(limit_value)d character; there are %(show_value)d.",
    "At most %(limit_value)d characters; there are %(show_value)d.",
    "limit_value",
)


def dress(field: forms.Field) -> None:
    """Give a field the class and attributes of its kind."""
    widget = field.widget
    widget.attrs["class"] = f"{_class(widget)} {widget.attrs.get('class', '')}".strip()
    if isinstance(widget, forms.Textarea):
        widget.attrs["rows"] = (
            widget.attrs.get("rows") if widget.attrs.get("rows") not in (None, "10") else "3"
        )
        if getattr(field, "max_length", None):
            widget.attrs.setdefault("data-counter", "")
    if isinstance(field, forms.DecimalField | forms.FloatField):
        widget.attrs.setdefault("inputmode", "decimal")
    elif isinstance(field, forms.IntegerField):
        widget.attrs.setdefault("inputmode", "numeric")
    for check in field.validators:
        if isinstance(check, MaxLengthValidator):
            check.message = TOO_LONG
    if isinstance(field, forms.ModelChoiceField) and field.empty_label == "---------":
        field.empty_label = _("Please choose")


def _class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choice-input"
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.Select):
        return "form-select"
    return "form-control"

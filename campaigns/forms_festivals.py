"""Forms of the festivals: one day corrected, one greeting written."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms_base import BaseForm, DateInput


class FestivalForm(BaseForm):
    day = forms.DateField(label=_("Day"), widget=DateInput)
    on = forms.BooleanField(label=_("Customers are greeted on this day"), required=False)


class GreetingForm(BaseForm):
    body = forms.CharField(
        label=_("Greeting"),
        max_length=300,
        widget=forms.Textarea,
        help_text=_("Without opening, signature and opt-out: the system puts them there."),
    )


class StopForm(BaseForm):
    reason = forms.CharField(label=_("Why nobody is greeted"), max_length=200)

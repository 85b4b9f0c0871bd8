"""The form that corrects one day of the working calendar."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.forms_base import BaseForm, DateInput

WORKED, FREE = "worked", "free"


class DayForm(BaseForm):
    day = forms.DateField(label=_("Day"), widget=DateInput)
    kind = forms.ChoiceField(
        label=_("This day is"),
        choices=((WORKED, _("worked")), (FREE, _("free"))),
        widget=forms.RadioSelect,
    )
    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"),
        max_length=40,
        required=False,
        help_text=_("For example the holiday's name."),
    )

    @property
    def works(self) -> bool:
        return bool(self.cleaned_data["kind"] == WORKED)

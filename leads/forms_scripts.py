"""The form of one script or answer."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms_base import BaseForm


class TextForm(BaseForm):
    text = forms.CharField(
        label=_("Text"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 10})
    )

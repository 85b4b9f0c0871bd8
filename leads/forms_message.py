"""The form of a single message: the body alone; opening and ending are composed (SC-10)."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.compose import LONGEST_TEXT
from crm.forms_base import BaseForm, SubmissionField


class MessageForm(BaseForm):
    submission = SubmissionField()
    task = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    body = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5, "lang": "zh-Hans"}),
        help_text=_("Without greeting and signature: they are added below."),
    )

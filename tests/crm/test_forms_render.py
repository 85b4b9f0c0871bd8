"""Widgets written in Python say to the letter what Django's templates say."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from crm import forms_base
from crm.forms_render import Renderer

NASTY = "<b title=\"x\">'&amp;'</b>"


class Form(forms.Form):
    name = forms.CharField(max_length=9, help_text="x")
    phone = forms.CharField(widget=forms_base.PhoneInput)
    number = forms.IntegerField(min_value=1, max_value=99)
    day = forms.DateField(widget=forms_base.DateInput)
    hour = forms.TimeField(widget=forms_base.TimeInput)
    moment = forms.DateTimeField(widget=forms_base.DateTimeInput)
    secret = forms.CharField(widget=forms.PasswordInput(render_value=True))
    hidden = forms.UUIDField(widget=forms.HiddenInput(attrs={"data-x": NASTY, "hidden": True, "off": False}))
    one = forms.ChoiceField(
        choices=[("", _("not known")), (1, NASTY), ("b", format_html("<i>{}</i>", "safe"))]
    )
    grouped = forms.ChoiceField(
        choices=[(NASTY, [("1", "one"), ("2", "two")]), ("3", "three")], required=False
    )
    several = forms.MultipleChoiceField(
        choices=[("1", "one"), ("2", "two")], widget=forms.SelectMultiple({"size": 5})
    )
    text = forms.CharField(widget=forms.Textarea)
    tick = forms.BooleanField(required=False)


VALUES: list[dict[str, Any] | None] = [
    None,
    {},
    {"name": NASTY, "phone": "138", "number": "7", "day": "2026-03-02", "hour": "10:00", "one": "1"},
    {
        "grouped": "2",
        "several": ["1", "2"],
        "moment": "2026-03-02T10:00",
        "secret": NASTY,
        "hidden": "x",
        "tick": "on",
    },
]


@pytest.mark.parametrize("data", VALUES)
@pytest.mark.parametrize("name", list(Form.base_fields))
def test_every_widget_is_written_as_django_writes_it(name: str, data: dict[str, Any] | None) -> None:
    initial = {"day": dt.date(2026, 3, 2), "number": 1234, "one": 1}
    ours = Form(data, initial=initial, renderer=Renderer())
    theirs = Form(data, initial=initial, renderer=DjangoTemplates())
    assert str(ours[name]) == str(theirs[name])


def test_the_product_uses_it() -> None:
    assert isinstance(Form().renderer, Renderer)

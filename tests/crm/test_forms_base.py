"""Every form looks alike, keeps what was typed, and shows what a clause forbids."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.template.loader import render_to_string

from crm.errors import RuleViolation
from crm.forms_base import BaseForm, DateTimeInput, PhoneInput, SubmissionField


class Sample(BaseForm):
    phone = forms.CharField(label="Phone", widget=PhoneInput, help_text="With the area code")
    grade = forms.ChoiceField(label="Grade", widget=forms.RadioSelect, choices=[("A", "A"), ("B", "B")])
    when = forms.DateTimeField(label="When", widget=DateTimeInput, required=False)
    count = forms.IntegerField(label="Count", required=False)
    note = forms.CharField(label="Note", widget=forms.Textarea, max_length=50, required=False)
    key = forms.BooleanField(label="Key", required=False)
    submission = SubmissionField()


def rendered(form: forms.Form) -> str:
    return render_to_string("_partials/form.html", {"form": form})


def sample(**values: Any) -> Sample:
    return Sample({"phone": "13800138000", "grade": "A", **values})


def test_inputs_open_the_right_keyboard() -> None:
    html = rendered(Sample())
    assert 'type="tel"' in html
    assert 'inputmode="tel"' in html
    assert 'autocomplete="off"' in html
    assert 'type="datetime-local"' in html
    assert 'inputmode="numeric"' in html
    assert "data-counter" in html
    assert 'maxlength="50"' in html
    assert 'type="hidden" name="submission"' in html


def test_an_error_is_tied_to_its_field_and_keeps_the_input() -> None:
    html = rendered(sample(grade="", phone="<b>138</b>"))
    assert 'role="alert"' in html
    assert 'id="id_grade_error"' in html
    assert 'aria-describedby="id_grade_error"' in html
    assert "&lt;b&gt;138&lt;/b&gt;" in html
    assert "<b>138" not in html


def test_help_and_error_describe_the_input() -> None:
    html = rendered(Sample({"grade": "A"}))
    assert 'aria-describedby="id_phone_helptext id_phone_error"' in html
    assert 'aria-invalid="true"' in html


@pytest.mark.django_db
def test_a_refusal_stands_at_its_field() -> None:
    form = sample()
    assert form.is_valid()
    form.refuse(RuleViolation("Already invited.", "SC-6", "phone"))
    assert form.errors["phone"] == ["Already invited."]
    assert form.rule_clause == "SC-6"


@pytest.mark.parametrize("field", ["", "no_such_field"])
def test_a_refusal_without_a_field_names_its_clause(field: str) -> None:
    form = sample()
    form.refuse(RuleViolation("Twice today already.", "SC-6", field))
    html = rendered(form)
    assert form.non_field_errors() == ["Twice today already."]
    assert 'href="/clauses/SC-6/"' in html
    assert "Do it all the same" not in html


def test_a_refusal_that_may_be_confirmed_offers_it() -> None:
    form = sample()
    form.refuse(RuleViolation("Outside every window.", "SC-8", confirm="outside_window"))
    assert 'name="outside_window" value="1"' in rendered(form)


def test_each_form_has_its_own_submission_and_keeps_it() -> None:
    first, second = str(Sample()["submission"]), str(Sample()["submission"])
    assert first != second
    sent = "6f1b1c7e-0000-4000-8000-000000000001"
    assert sent in str(sample(submission=sent, grade="")["submission"])


def test_a_moment_comes_back_to_the_minute() -> None:
    form = sample(when="2026-03-02T10:30")
    assert form.is_valid()
    assert form.cleaned_data["when"].isoformat() == "2026-03-02T10:30:00+08:00"
    assert 'value="2026-03-02T10:30"' in str(Sample(initial={"when": form.cleaned_data["when"]})["when"])

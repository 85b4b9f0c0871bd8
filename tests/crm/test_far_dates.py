"""Dates near the ends of the calendar: said at the field, or passed over where they only choose what is shown."""

from __future__ import annotations

import datetime as dt

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from crm.forms_base import BaseForm
from crm.roles import Role
from tests.factories import make_project, make_user


class Dated(BaseForm):
    day = forms.DateField()


@pytest.mark.pure
@pytest.mark.parametrize(
    ("day", "good"),
    [("0001-01-01", False), ("1900-01-01", True), ("2199-12-31", True), ("9999-12-31", False)],
)
def test_a_form_takes_the_years_people_mean(day: str, good: bool) -> None:
    form = Dated({"day": day})
    assert form.is_valid() is good
    assert good or form.errors.as_data()["day"][0].code == "year"


@pytest.mark.django_db
@pytest.mark.parametrize("view", ["", "month"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "99999-01-01", "soon"])
def test_the_shifts_of_no_day_are_those_of_today(day: str, view: str) -> None:
    client = Client()
    client.force_login(make_user(Role.SALES_MANAGER, make_project()))
    page = client.get(reverse("crm:shifts"), {"from": day, "view": view})
    assert page.status_code == 200
    assert page.context["today"] in page.context["days"]
    assert isinstance(page.context["before"], dt.date)

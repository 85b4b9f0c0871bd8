"""The hours of a project on its page: when duties fall due, when marketing messages may leave."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from crm.models import Project
from crm.roles import Role
from tests.crm.test_admin_screens import PROJECT, at
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(Role.SYSTEM_ADMINISTRATOR))
    return client


def test_a_project_says_at_which_closing_time_its_duties_fall_due(root: Client) -> None:
    assert "10:00-11:30\n15:30-17:00" in root.get(at("project_new")).content.decode()
    root.post(at("project_new"), PROJECT)
    made = Project.objects.get(name="Lakeside")
    shown = at("project_detail", made.pk)
    assert "Duties fall due at 20:30" in root.get(shown).content.decode()
    root.post(at("project_edit", made.pk), {**PROJECT, "closes_at": "19:00"})
    said = root.get(shown).content.decode()
    assert "The doors close at 19:00, but duties fall due at 20:30" in said
    assert "sales manager drafts a version" in said


def test_a_project_has_its_own_hours_for_marketing_messages(root: Client) -> None:
    root.post(at("project_new"), PROJECT)
    made = Project.objects.get(name="Lakeside")
    assert (
        "09:00–20:00" in root.get(at("project_detail", made.pk)).content.decode()
    )  # unless it says otherwise
    own = {"sms_opens_at": "10:00", "sms_closes_at": "18:30"}
    root.post(at("project_edit", made.pk), {**PROJECT, **own})
    assert "10:00–18:30" in root.get(at("project_detail", made.pk)).content.decode()
    root.post(at("project_edit", made.pk), PROJECT)
    made.refresh_from_db()
    assert (made.sms_hours.opens, made.sms_hours.closes) == (
        dt.time(10),
        dt.time(18, 30),
    )  # left as they were

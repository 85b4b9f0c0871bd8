"""The demo data is made by the same actions as the screens, and every lead in it is somebody's."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from crm import clock
from crm.roles import Role
from leads.models import CallTask, Lead


@pytest.mark.django_db
def test_the_demo_fills_an_empty_database_once_and_prints_a_login_for_each_role() -> None:
    call_command("demo", "--if-empty", stdout=io.StringIO())
    count = Lead.objects.count()
    assert count > 30
    assert CallTask.objects.open().count() > 10
    assert "nobody" not in Lead.objects.current().bins(clock.now())
    call_command("demo", "--if-empty", stdout=io.StringIO())
    assert Lead.objects.count() == count
    said = io.StringIO()
    call_command("demo", "--logins", stdout=said)
    assert all(role.value in said.getvalue() for role in Role)
    with pytest.raises(CommandError):
        call_command("demo", stdout=io.StringIO())

"""A new installation's first account, and never a second one by this way."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from crm.models import User


@pytest.mark.django_db
def test_the_first_administrator_is_made_once_with_a_good_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="CRM_FIRST_PASSWORD"):
        call_command("first_administrator", "root1", "管理员")
    monkeypatch.setenv("CRM_FIRST_PASSWORD", "12345")
    with pytest.raises(CommandError):
        call_command("first_administrator", "root1", "管理员")
    assert not User.objects.exists()
    monkeypatch.setenv("CRM_FIRST_PASSWORD", "a-long-enough-phrase")
    call_command("first_administrator", "root1", "管理员", stdout=io.StringIO())
    assert User.objects.get().check_password("a-long-enough-phrase")
    with pytest.raises(CommandError, match="already"):
        call_command("first_administrator", "root2", "管理员")

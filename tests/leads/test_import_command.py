"""`manage.py import_register`: the report of the screen, on the command line."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from crm import clock
from crm.roles import Role
from leads.models import ImportBatch, InboundCall, Visit
from tests import factories
from tests.leads.test_import import AT

pytestmark = pytest.mark.django_db

REGISTERS = Path(__file__).parent.parent / "data" / "registers"


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(clock, "now", lambda: AT)
    project = factories.make_project()
    factories.make_user(Role.CONSULTANT, project, "林晓")
    factories.make_user(Role.CONSULTANT, project, "梅婷")
    manager = factories.make_user(Role.SALES_MANAGER, project)
    return {"project": project.name, "user": manager.username}


def run(name: str, options: dict[str, str], *more: str) -> tuple[int, str]:
    """(exit code, what was printed)."""
    out, code = StringIO(), 0
    named = [f"--{key}={value}" for key, value in options.items()]
    try:
        call_command("import_register", str(REGISTERS / name), *named, *more, stdout=out)
    except SystemExit as error:
        code = int(error.code or 0)
    return code, out.getvalue()


def test_dry_run_prints_every_reason_and_writes_nothing(options: dict[str, str]) -> None:
    code, said = run("calls.csv", options, "--dry-run")
    assert code == 0
    assert "accepted                 374" in said
    assert "refused                  26" in said
    assert "row 51: The customer left no phone number (联系电话: 不留电话)" in said
    assert not ImportBatch.objects.exists()
    assert not InboundCall.objects.exists()


def test_it_loads_and_says_by_its_code_that_rows_were_refused(options: dict[str, str]) -> None:
    code, said = run("visits.xlsx", options, "--staff=吴经理=pool")
    assert code == 3
    assert "Loaded: 366 rows accepted, 34 refused." in said
    assert Visit.objects.count() == 366


def test_a_name_left_open_stops_it(options: dict[str, str]) -> None:
    with pytest.raises(CommandError, match="吴经理") as caught:
        run("visits.xlsx", options)
    assert caught.value.returncode == 1
    assert not ImportBatch.objects.exists()
    code, _said = run("visits.xlsx", options, "--consultant-for-unknown=pool")
    assert code == 3


def test_wrong_options_are_told_apart(options: dict[str, str]) -> None:
    for wrong in ({"project": "none"}, {"user": "none"}):
        with pytest.raises(CommandError) as caught:
            run("calls.csv", options | wrong)
        assert caught.value.returncode == 2
    with pytest.raises(CommandError, match="Not a field"):
        run("calls.csv", options, "--map=备注=nonsense")

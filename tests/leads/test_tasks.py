"""The jobs of the beat table: a failure in one project keeps no other from its turn; each leaves a record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from crm.errors import RuleViolation
from crm.models import JobRun, Project
from leads import tasks
from leads.actions import registering, sweeping
from leads.models import Lead
from tests import factories


@pytest.mark.django_db
def test_one_projects_failure_keeps_no_other_from_its_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = factories.make_project(), factories.make_project()
    swept: list[Project] = []

    def sweep(*, project: Project, at: dt.datetime) -> int:
        if project == broken:
            raise LookupError
        swept.append(project)
        return 0

    monkeypatch.setattr(sweeping, "sweep_promises", sweep)
    with pytest.raises(LookupError):
        tasks.promises()
    assert swept == [sound]
    assert {run.project: run.ok for run in JobRun.objects.filter(name="promises")} == {
        broken: False,
        sound: True,
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "job", ["start_day", "policies", "imports", "windows", "same_day", "reviews", "pool", "occasions"]
)
def test_every_job_runs_twice_and_leaves_a_record(job: str) -> None:
    factories.make_project()
    task: Any = getattr(tasks, job)
    task()
    task()
    assert JobRun.objects.filter(name=job, ok=True).count() == 1


@pytest.mark.django_db
def test_an_appointment_of_a_visit_lies_ahead_of_it() -> None:
    project = factories.make_project()
    lin = factories.make_user("consultant", project)
    party = registering.Party(
        project=project, phone="13800138000", name="王", salutation="ms", consultant=lin
    )
    with pytest.raises(RuleViolation, match="lies ahead"):
        registering.register_visit(
            party=party, happened_at=factories.AT, by=lin, at=factories.AT, appointment=factories.AT
        )
    assert not Lead.objects.exists()

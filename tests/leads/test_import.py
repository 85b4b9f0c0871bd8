"""Loading the two registers that sales centres really have: counts, history, owners, and what a second run changes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from crm.models import Customer, CustomerPhone, Project, User
from crm.roles import Role
from leads.actions import importing, importing_run
from leads.models import CallTask, ImportBatch, InboundCall, Lead, LeadEvent, Visit
from tests import factories

pytestmark = pytest.mark.django_db

REGISTERS = Path(__file__).parent.parent / "data" / "registers"
AT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
"""Monday 23 November 2026, 10:00 in Shanghai: after the last day in the samples."""


class Centre:
    """Project A with its cast, and the four steps of an import in one."""

    def __init__(self) -> None:
        self.project: Project = factories.make_project("滨江一号")
        self.lin: User = factories.make_user(Role.CONSULTANT, self.project, "林晓")
        self.mei: User = factories.make_user(Role.CONSULTANT, self.project, "梅婷")
        self.wu: User = factories.make_user(Role.SALES_MANAGER, self.project, "吴敏")

    def upload(self, name: str, content: bytes | None = None) -> ImportBatch:
        batch = importing.upload(
            project=self.project,
            filename=name,
            content=(REGISTERS / name).read_bytes() if content is None else content,
            by=self.wu,
            at=AT,
        )
        return importing.check(batch_id=batch.pk, by=self.wu, at=AT)

    def start(self, batch: ImportBatch) -> ImportBatch:
        staff = dict.fromkeys(batch.report["check"]["staff"]) | batch.staff
        return importing.start(batch_id=batch.pk, staff=staff, by=self.wu, at=AT)

    def load(self, name: str, content: bytes | None = None) -> ImportBatch:
        batch = self.start(self.upload(name, content))
        while importing_run.advance(batch_id=batch.pk, at=AT):
            pass
        batch.refresh_from_db()
        return batch


@pytest.fixture
def centre() -> Centre:
    return Centre()


def test_calls_alone(centre: Centre) -> None:
    batch = centre.load("calls.csv")
    print(batch.report["check"]); print(batch.report["run"])
    assert (batch.state, batch.total, batch.accepted, batch.refused) == ("done", 400, 374, 26)
    assert InboundCall.objects.count() == 374


def test_visits_alone(centre: Centre) -> None:
    batch = centre.load("visits.xlsx")
    print(batch.report["check"]); print(batch.report["run"])
    assert (batch.state, batch.total, batch.accepted, batch.refused) == ("done", 400, 366, 34)

"""A load in slices side by side: whole parties in each, one end state whoever writes which, and a dry run kept true."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import pairwise

import pytest
from django.db import transaction

from crm.models import Customer
from crm.roles import Role
from leads import facts_slices
from leads.actions import importing, importing_run, undoing
from leads.facts_lead import story
from leads.import_report import report_of
from leads.models import CallTask, ImportBatch, ImportSlice, InboundCall, Lead, LeadEvent
from leads.registers.kept import unpack
from tests import factories
from tests.leads.test_import import AT, Centre, state

pytestmark = pytest.mark.django_db
HEAD = "日期,手机,姓名,置业顾问,等级\n"
VISITS = f"到访{HEAD}"


@pytest.fixture
def centre() -> Centre:
    return Centre()


def many(consultant: str, grades: str, count: int, start: int = 13_700_000_000) -> str:
    return "".join(
        f"2026-10-{1 + i % 28:02},{start + i},客户,{consultant},{grades[i % len(grades)]}\n"
        for i in range(count)
    )


def slices_of(batch: ImportBatch) -> list[set[str]]:
    """The numbers of each slice."""
    rows = (unpack(bytes(each.content)).rows for each in batch.slices.all())
    return [{number.e164 for kept in found for number in kept.row.numbers} for found in rows]


def test_a_slice_holds_whole_parties(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_slices, "SLICE", 2)
    first = factories.make_customer("王芳", "13800138001")
    Customer.objects.filter(pk=factories.make_customer("王刚", "13800138009").pk).update(
        household=first.household
    )
    lines = ["13800138001", "13800138002", "13800138003", "13800138002/13800138004", "13800138005",
             "13800138004", "不留电话", "13800138009"]  # fmt: skip
    text = "".join(f"2026-11-0{day},{numbers},,,\n" for day, numbers in enumerate(lines, 1))
    batch = centre.upload("x.csv", (HEAD + text).encode())
    dealt = slices_of(batch)
    assert [len(numbers) for numbers in dealt] == [2, 2, 2]
    assert {"+8613800138001", "+8613800138009"} in dealt, "one party in the database"
    assert sum({"+8613800138002", "+8613800138004"} <= numbers for numbers in dealt) == 1
    assert sum(each.rows for each in batch.slices.all()) == 8 == batch.total
    centre.run(centre.start(batch))
    assert not ImportSlice.objects.exists(), "they go once the load has ended"
    assert Customer.objects.count() == 5


def test_who_is_called_when_does_not_depend_on_the_slices(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = VISITS + many("梅婷", "DCAB", 200) + many("林晓", "CAB", 90, 13_600_000_000)
    with transaction.atomic():
        centre.load("x.csv", text.encode())
        whole = state()
        days = list_days(centre)
        transaction.set_rollback(True)
    monkeypatch.setattr(facts_slices, "SLICE", 7)
    monkeypatch.setattr(importing_run, "SLICES_A_JOB", 3)
    centre.load("x.csv", text.encode())
    assert state() == whole
    assert list_days(centre) == days
    for name in ("梅婷", "林晓"):
        by_grade = [
            [day for (who, grade, day) in days.elements() if (who, grade) == (name, letter)]
            for letter in "ABC"
        ]
        assert all(max(early) <= min(late) for early, late in pairwise(by_grade))
    assert max(Counter((who, day) for who, _grade, day in days.elements()).values()) <= 40
    assert max(day for _who, _grade, day in days) > AT.date(), "there were more than a day takes"


def list_days(centre: Centre) -> Counter[tuple[str, str, dt.date]]:
    rows = CallTask.objects.open().filter(kind="cadence", assignee__isnull=False)
    return Counter(rows.values_list("assignee__name", "lead__grade", "list_day"))


def test_what_is_due_anyway_is_written_once_with_its_day(centre: Centre) -> None:
    batch = centre.load("visits.csv", (VISITS + many("梅婷", "A", 60)).encode())
    caught_up = LeadEvent.objects.filter(kind="catch_up", batch=batch)
    assert caught_up.count() == batch.report["run"]["counts"]["spread"] > 20
    assert set(CallTask.objects.values_list("state", flat=True)) == {"open"}
    moved = CallTask.objects.exclude(list_day=AT.date())
    assert moved.count() == caught_up.count()
    assert not moved.exclude(why__adjustments__contains=[{"kind": "catch_up"}]).exists()


def test_a_lead_worked_on_since_the_outlook_is_spread_last(centre: Centre) -> None:
    centre.load("x.csv", (HEAD + "2026-10-01,13800138001,王芳,梅婷,A\n").encode())
    batch = centre.start(centre.upload("y.csv", (HEAD + many("梅婷", "A", 50)
                         + "2026-10-05,13800138001,王芳,梅婷,B\n").encode()))  # fmt: skip
    assert importing_run.advance(batch_id=batch.pk, at=AT)
    lead = Lead.objects.get()
    found = batch.slices.get()
    assert found.outlook is not None
    assert lead.pk in [row[0] for row in found.outlook["waiting"]]
    LeadEvent.objects.create(lead=lead, kind="key", value="1", at=AT, recorded_at=AT)
    centre.run(batch)
    assert Lead.objects.count() == 51
    assert not CallTask.objects.open().filter(due_at__lt=AT).exists()


def test_the_dry_run_is_counted_anew_when_another_load_came_between(centre: Centre) -> None:
    text = HEAD + "2026-11-03,13800138001,王芳,梅婷,\n2026-11-04,13800138002,李强,梅婷,\n"
    late = centre.upload("late.csv", text.encode())
    assert late.report["check"]["customers"] == 2
    other = centre.upload("early.csv", (HEAD + "2026-11-02,13800138001,王芳,林晓,\n").encode())
    later = AT + dt.timedelta(minutes=1)
    importing.start(batch_id=other.pk, staff={"林晓": centre.lin.pk}, by=centre.wu, at=later, in_worker=False)
    while importing_run.advance(batch_id=other.pk, at=later):
        pass
    late = importing.start(batch_id=late.pk, staff={"梅婷": centre.mei.pk}, by=centre.wu, at=later)
    assert late.report["check"]["customers"] == 1
    assert late.report["check"]["known_customers"] == 1
    assert centre.run(late).report["run"]["counts"]["customers"] == 1


def test_a_batch_that_an_earlier_version_checked_or_began_is_read_anew(centre: Centre) -> None:
    batch = centre.upload("calls.csv")
    batch.slices.all().delete()
    del batch.report["checked_at"]
    batch.save()
    batch = centre.start(batch)
    assert batch.slices.exists()
    batch.slices.all().delete()
    batch.report["run"] = {"at": AT.isoformat(), "sheet": "", "row": 200, "read": False, "counts": {}}
    batch.save()
    assert centre.run(batch).accepted == 374
    assert InboundCall.objects.count() == 374


def test_the_progress_says_what_is_done(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_slices, "SLICE", 20)
    monkeypatch.setattr(importing_run, "SLICES_A_JOB", 1)
    batch = centre.start(centre.upload("x.csv", (HEAD + many("梅婷", "A", 50)).encode()))
    seen = []
    while importing_run.advance(batch_id=batch.pk, at=AT):
        batch.refresh_from_db()
        shown = report_of(batch)
        seen.append((shown.deciding, shown.done, batch.progress))
    assert seen == [
        (True, 20, 0), (True, 40, 0), (True, 50, 0), (False, 0, 0), (False, 20, 20), (False, 40, 40), (False, 50, 50)
    ]  # fmt: skip


def test_a_load_that_was_stopped_is_not_written_on_and_its_slices_go_when_it_is_undone(
    centre: Centre,
) -> None:
    batch = centre.start(centre.upload("calls.csv"))
    assert importing_run._still_runs(batch)
    importing_run._fail(batch.pk, "not_allowed", {})
    assert not importing_run._still_runs(batch)
    undoing.start(batch_id=batch.pk, by=centre.wu, at=AT)
    while undoing.advance(batch_id=batch.pk, at=AT):
        pass
    assert not ImportSlice.objects.exists()


def test_each_row_tells_who_loaded_it(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch says who did; only what another brought, who went on with a failed load, says so itself."""
    monkeypatch.setattr(facts_slices, "SLICE", 1)
    zhao = factories.make_user(Role.SALES_MANAGER, centre.project, "赵敏")
    text = VISITS + many("林晓", "A", 2)
    batch = centre.start(centre.upload("x.csv", text.encode()))
    monkeypatch.setattr(importing_run, "SLICES_A_JOB", 1)
    while not LeadEvent.objects.exists():
        importing_run.advance(batch_id=batch.pk, at=AT)
    ImportBatch.objects.filter(pk=batch.pk).update(state=ImportBatch.State.FAILED)
    centre.run(importing.go_on(batch_id=batch.pk, by=zhao, at=AT))
    first, second = Lead.objects.order_by("pk")
    told = [{event.author for event in story(lead)} for lead in (first, second)]
    assert told == [{centre.wu}, {zhao}]
    assert set(second.events.values_list("by", flat=True)) == {zhao.pk}
    batch.refresh_from_db()
    assert (batch.state, batch.uploaded_by, batch.loaded_by) == ("done", centre.wu, zhao)
    assert batch.refused == 0

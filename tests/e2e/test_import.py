"""A manager loads both registers on screen; afterwards the consultant's list is a day's work."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crm.roles import Role
from leads.actions import importing_run
from leads.models import CallTask, ImportBatch
from tests import factories
from tests.e2e.conftest import SignIn, Ticking

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REGISTERS = Path(__file__).parent.parent / "data" / "registers"
NOW = dt.datetime(2026, 11, 23, 2, 30, tzinfo=dt.UTC)
SHOTS = os.environ.get("IMPORT_SHOTS", "")


def shoot(page: Page, name: str) -> None:
    """Screenshots for a person to look at, when a folder is named."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def work(batch: ImportBatch) -> None:
    """What the worker does."""
    while importing_run.advance(batch_id=batch.pk, at=NOW):
        pass


def load(page: Page, name: str, answers: dict[str, str], shots: Callable[[str], None]) -> ImportBatch:
    page.goto("/imports/new/")
    page.set_input_files("input[type=file]", REGISTERS / name)
    shots("1-upload")
    page.get_by_role("button", name="Read the file").click()
    page.wait_for_url("**/columns/")
    shots("2-columns")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("heading", name="Dry run: nothing is loaded yet").wait_for()
    shots("3-check")
    if answers:
        page.get_by_role("button", name="Load ").click()
        shots("4-asked")
        for staff, answer in answers.items():
            page.get_by_label(staff).select_option(label=answer)
    page.get_by_role("button", name="Load ").click()
    page.get_by_role("heading", name="Loading…").wait_for()
    shots("5-running")
    batch = ImportBatch.objects.latest("pk")
    work(batch)
    page.get_by_role("heading", name="Loaded").wait_for()
    shots("6-done")
    return batch


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_from_two_files_to_lists(sign_in: SignIn, ticking: Ticking, phone: bool) -> None:
    ticking.moment = NOW
    project = factories.make_project("滨江一号")
    lin = factories.make_user(Role.CONSULTANT, project, "林晓")
    factories.make_user(Role.CONSULTANT, project, "梅婷")
    wu = factories.make_user(Role.SALES_MANAGER, project, "吴敏")
    page = sign_in(wu, phone=phone)
    size = "390" if phone else "1280"
    load(page, "calls.csv", {}, lambda name: shoot(page, f"calls-{name}-{size}"))
    answers = {"吴经理": "Nobody: leave the leads in the pool"}
    load(page, "visits.xlsx", answers, lambda name: shoot(page, f"visits-{name}-{size}"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Refused rows as CSV").click()
    assert len(download.value.path().read_text("utf-8-sig").splitlines()) >= 35
    page.goto("/imports/")
    shoot(page, f"imports-{size}")
    expect(page.get_by_text("visits.xlsx")).to_be_visible()
    today = CallTask.objects.on_list_of(lin, dt.date(2026, 11, 23), NOW).values("lead").distinct().count()
    assert 0 < today <= 40
    mine = sign_in(lin, phone=phone)
    mine.goto("/today/")
    shoot(mine, f"today-{size}")

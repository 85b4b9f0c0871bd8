"""Writing a milestone and a broadcast on a phone: fields with a tap, the numbers in sight, nothing typed is lost."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect

from crm.roles import Role
from tests.e2e.conftest import MORNING, SignIn
from tests.factories import make_user
from tests.leads.stage import Stage, set_stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stage() -> Stage:
    stage = set_stage()
    stage.visitor("韩轩", "13800000001", at=MORNING - dt.timedelta(days=3), grade="A")
    return stage


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_another_kind_leaves_what_was_typed(stage: Stage, sign_in: SignIn, language: str) -> None:
    page = sign_in(make_user(Role.MARKETING, stage.project, "马"), language=language)
    page.goto("/campaigns/milestones/new/")
    page.fill("[name=title]", "交房")
    page.fill("[name=body]", "定于")
    page.click("[data-value='{day}']")
    expect(page.locator("[name=body]")).to_have_value("定于{day}")
    expect(page.locator("#sample .phone-text")).to_contain_text("定于3月2日")
    expect(page.locator("[name=grades]:checked")).to_have_count(4)
    page.select_option("[name=kind]", "handover")
    expect(page.locator("[name=grades]:checked")).to_have_count(0)
    expect(page.locator("[name=to_buyers]")).to_be_checked()
    expect(page.locator("[name=title]")).to_have_value("交房")
    expect(page.locator("[name=body]")).to_have_value("定于{day}")


def test_the_count_is_in_sight_while_the_audience_is_chosen(stage: Stage, sign_in: SignIn) -> None:
    page = sign_in(make_user(Role.MARKETING, stage.project, "马"))
    page.goto("/campaigns/broadcasts/new/")
    page.fill("[name=body]", "{姓名}您来看看")
    expect(page.locator("#sample .note-warn")).to_contain_text("姓名")
    page.fill("[name=body]", "欢迎您来看看")
    people = page.locator("#sample .figure").first
    expect(people).to_contain_text("1")
    for grade, count in (("A", "1"), ("D", "0")):
        page.locator(f"[name=grades][value={grade}]").evaluate("tick => tick.click()")
        expect(people).to_contain_text(count)
        expect(people).to_be_in_viewport()
        page.locator(f"[name=grades][value={grade}]").evaluate("tick => tick.click()")

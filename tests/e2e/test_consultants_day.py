"""A consultant works through ten calls on a phone of 390 px: dial, log, the next line is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from crm.models import Contact
from leads.models import CallTask, LeadEvent
from tests.e2e.conftest import MORNING, SignIn, Ticking
from tests.leads.stage import Stage, set_stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CALLS = 10
THUMB = 44  # px: the smallest target a thumb hits


@pytest.fixture
def stage() -> Stage:
    stage = set_stage()
    for number in range(CALLS):
        stage.visitor(f"客户{number}", f"1380000000{number}", at=MORNING, grade="AB"[number % 2])
    return stage


def keep_page_and_dial(page: Page) -> None:
    """A tel: link has nowhere to go in a test browser; the tap on it is recorded all the same."""
    page.evaluate(
        """() => document.addEventListener("click", (event) => {
            if (event.target.closest('a[href^="tel:"]')) event.preventDefault();
        })"""
    )


def next_line(page: Page) -> Locator:
    return page.locator("tr.line-next")


def test_ten_calls_on_a_phone(stage: Stage, sign_in: SignIn, ticking: Ticking) -> None:
    page = sign_in(stage.lin)
    page.goto("/today/")
    for turn in range(CALLS):
        keep_page_and_dial(page)
        ticking.pass_minutes(1)
        line = next_line(page)
        box = line.locator(".dial").bounding_box()
        assert box
        assert box["height"] >= THUMB
        with page.expect_response("**/tap/"):
            line.locator(".dial").tap()
        line.get_by_role("link", name="Log").tap()
        ticking.pass_minutes(2)
        if turn == 3:
            button = page.get_by_role("button", name="No answer", exact=True)
            expect(button).to_be_in_viewport()
            button.tap()
        else:
            page.locator(".choice", has_text="Talked").tap()
            page.get_by_role("button", name="Save", exact=True).tap()
        expect(page.locator(".last-entry")).to_be_visible()
        expect(page.locator(".day-bar b").first).to_have_text(str(CALLS - 1 - turn + (turn >= 3)))
    assert Contact.objects.filter(by=stage.lin, tapped_at__isnull=False, doubtful="").count() == CALLS
    assert CallTask.objects.filter(clause="SC-2.1", state="done").count() == CALLS - 1
    expect(page.locator(".last-entry")).to_contain_text("Thu 5 Mar, SC-2.2")
    expect(page.get_by_role("heading", name="Later today")).to_be_visible()


def test_a_mistap_is_taken_back(stage: Stage, sign_in: SignIn) -> None:
    page = sign_in(stage.lin)
    page.goto("/today/")
    first = next_line(page).locator(".line-main a").inner_text()
    next_line(page).get_by_role("link", name="Log").tap()
    page.get_by_role("button", name="Busy", exact=True).tap()
    page.get_by_role("button", name="Take back").tap()
    expect(next_line(page).locator(".line-main a")).to_have_text(first)
    assert LeadEvent.objects.filter(kind="void").exists()


def test_a_promise_is_two_taps_more_and_stands_first_on_the_list(stage: Stage, sign_in: SignIn) -> None:
    page = sign_in(stage.lin)
    page.goto("/today/")
    next_line(page).get_by_role("link", name="Log").tap()
    expect(page.get_by_label("Promised to call back at")).to_be_hidden()
    page.locator(".choice", has_text="Callback arranged").tap()
    page.get_by_role("button", name="in an hour").tap()
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(next_line(page)).to_contain_text("promised callback")
    expect(next_line(page)).to_contain_text("11:30")


def test_a_refusal_of_the_form_keeps_what_was_typed(stage: Stage, sign_in: SignIn) -> None:
    page = sign_in(stage.lin)
    page.goto("/today/")
    next_line(page).get_by_role("link", name="Log").tap()
    page.locator(".choice", has_text="Callback arranged").tap()
    page.get_by_label("News of the customer").fill("下周回杭州")
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(page.locator("[data-error-summary]")).to_contain_text("Enter when you promised to call back.")
    expect(page.locator("[data-error-summary]")).to_be_in_viewport()
    expect(page.get_by_label("News of the customer")).to_have_value("下周回杭州")


@pytest.mark.parametrize("path", ["/today/", "/today/{task}/", "/register/visit/", "/register/call/"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_screen_is_wider_than_the_phone(stage: Stage, sign_in: SignIn, path: str, language: str) -> None:
    task = CallTask.objects.open().order_by("pk")[0]
    page = sign_in(stage.lin, language=language)
    page.goto(path.format(task=task.pk))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    lang = page.locator("html").get_attribute("lang")
    assert lang == ("en" if language == "en" else "zh-Hans")

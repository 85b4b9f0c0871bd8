"""The desk registers a known and an unknown visitor with the keyboard alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from leads.models import Lead, Visit
from tests.e2e.conftest import MORNING, SignIn
from tests.factories import PASSWORD
from tests.leads.stage import Stage, set_stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stage() -> Stage:
    stage = set_stage()
    stage.visitor("韩轩", "13800000001", at=MORNING - dt.timedelta(days=3), consultant=stage.mei)
    return stage


def type_on(page: Page, text: str) -> None:
    page.keyboard.type(text)


def choose(page: Page, wanted: str) -> None:
    """Go down the focused list until the wanted word is chosen."""
    chosen = "document.activeElement.selectedOptions[0].textContent.trim()"
    for _step in range(9):
        if page.evaluate(chosen) == wanted:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{wanted} is not on the list")


def tab_to(page: Page, wanted: str, key: str = "Tab") -> None:
    """Press Tab until what is wanted has the focus, as somebody without a mouse does; on the way the focus is seen."""
    here = "document.activeElement"
    for _step in range(60):
        if page.evaluate(f"{here}.matches({wanted!r})"):
            return
        page.keyboard.press(key)
        assert page.evaluate(f"{here} !== document.body && {here}.getClientRects().length > 0"), (
            "the focus is lost"
        )
        outlined = (
            f"{here}.matches('[data-error-summary]') || getComputedStyle({here}).outlineStyle !== 'none'"
            f" || getComputedStyle({here}).boxShadow !== 'none'"
        )
        assert page.evaluate(outlined), (
            "nobody sees where the focus is: " + page.evaluate(f"{here}.outerHTML")[:200]
        )
    raise AssertionError(f"{wanted} is not reached")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_visit_from_the_sign_in_on_by_keyboard(stage: Stage, sign_in: SignIn, language: str) -> None:
    """Nothing but keys: sign in, be refused, correct it, save."""
    page = sign_in(stage.fang, phone=False, language=language)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.goto("/accounts/login/")
    type_on(page, stage.fang.username)
    page.keyboard.press("Tab")
    type_on(page, PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#id_phone")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    tab_to(page, "#id_phone")
    type_on(page, "13911112222")
    tab_to(page, "#id_name")
    type_on(page, "周")
    tab_to(page, "#id_heard_via")
    choose(page, "路过")
    tab_to(page, "#id_consultant")
    choose(page, "林晓")
    tab_to(page, "button.btn-primary")
    page.keyboard.press("Space")
    expect(page.locator(".registered")).to_be_visible()
    assert Visit.objects.filter(recorded_by=stage.fang).count() == 1


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_unknown_visitor_by_keyboard(stage: Stage, sign_in: SignIn, language: str) -> None:
    page = sign_in(stage.fang, phone=False, language=language)
    page.goto("/")
    expect(page.locator("#id_phone")).to_be_focused()
    type_on(page, "13911112222")
    page.keyboard.press("Tab")
    type_on(page, "周")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    choose(page, "路过")
    page.keyboard.press("Tab")
    choose(page, "林晓")
    tab_to(page, "button.btn-primary")
    page.keyboard.press("Enter")
    expect(page.locator(".registered")).to_contain_text("林晓")
    expect(page.locator("#id_phone")).to_be_focused()
    expect(page.locator("#id_phone")).to_have_value("")
    lead = Lead.objects.get(customer__name="周")
    assert (lead.consultant, lead.heard_via, lead.customer.salutation) == (stage.lin, stage.heard, "mr")


def test_a_known_visitor_is_named_while_typing_and_stays_with_the_consultant(
    stage: Stage, sign_in: SignIn
) -> None:
    page = sign_in(stage.fang, phone=False)
    page.goto("/register/visit/")
    type_on(page, "1380000000")
    expect(page.locator("#known")).to_be_empty()
    type_on(page, "1")
    expect(page.locator("#known")).to_contain_text("Known: consultant 梅清, last visit Fri 27 Feb 2026")
    expect(page.locator("#known")).not_to_contain_text("韩")
    page.keyboard.press("Enter")
    expect(page.locator(".registered")).to_contain_text("Repeat visit registered.")
    expect(page.locator(".registered")).to_contain_text("Consultant: 梅清.")
    assert Visit.objects.filter(lead__customer__name="韩轩").count() == 2


def test_the_two_pages_are_a_shortcut_apart(stage: Stage, sign_in: SignIn) -> None:
    page = sign_in(stage.fang, phone=False)
    page.goto("/register/visit/")
    page.locator("main").click(position={"x": 4, "y": 4})
    page.keyboard.press("n")
    page.keyboard.press("c")
    page.wait_for_url("**/register/call/")
    expect(page.locator("#id_phone")).to_be_focused()

"""While a contact is logged the connection, the answer, the server or the login is lost: said, kept, saved once afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, Route, expect

from crm.models import Contact
from tests.e2e.conftest import MORNING, SignIn, Ticking
from tests.leads.stage import Stage, set_stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAID = "下周回杭州"
LOG = "**/log/"
EXPECTED = ("ERR_", "htmx:", "Failed to load resource", "Response Status Error Code")
Trouble = Callable[[Page], None]


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def page(stage: Stage, sign_in: SignIn, ticking: Ticking) -> Page:
    """The call sheet, filled in and not yet saved."""
    lead = stage.visitor("王小芳", "13800138000", at=MORNING).lead
    page = sign_in(stage.lin, expected=EXPECTED)
    page.goto(f"/leads/{lead.pk}/log/")
    ticking.pass_minutes(2)
    page.locator(".choice", has_text="Talked").tap()
    page.get_by_label("News of the customer").fill(SAID)
    return page


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).tap()


def kept(page: Page, word: str) -> None:
    """The trouble is said, and what was typed is still there."""
    expect(page.locator("#offline")).to_contain_text(word)
    expect(page.get_by_label("News of the customer")).to_have_value(SAID)
    expect(page.locator(".choice", has_text="Talked").locator("input")).to_be_checked()


def saved_once(page: Page) -> None:
    save(page)
    expect(page.locator(".last-entry")).to_be_visible()
    assert [contact.news for contact in Contact.objects.all()] == [SAID]


def test_without_connection(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_contain_text("No connection. What you type is kept")
    save(page)
    kept(page, "No connection")
    assert not Contact.objects.exists()
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    saved_once(page)


def cut(route: Route) -> None:
    route.abort("connectionreset")


def bad_gateway(route: Route) -> None:
    route.fulfill(status=502, body="<h1>Bad Gateway</h1>", content_type="text/html")


def broken(route: Route) -> None:
    route.fulfill(status=500, body="<h1>Server Error</h1>", content_type="text/html")


def away(route: Route) -> None:
    route.fulfill(status=503, body="", content_type="text/html")


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        (cut, "the server could not be reached"),
        (bad_gateway, "the server had a problem"),
        (broken, "the server had a problem"),
        (away, "the system does not answer"),
    ],
)
def test_the_server_fails(page: Page, trouble: Callable[[Route], None], word: str) -> None:
    page.route(LOG, trouble)
    save(page)
    kept(page, word)
    assert not Contact.objects.exists()
    page.unroute(LOG)
    saved_once(page)


def test_only_the_answer_is_lost(page: Page) -> None:
    """It was stored, nobody heard of it: sending it again makes no second record."""

    def lose(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route(LOG, lose)
    save(page)
    kept(page, "the server could not be reached")
    assert Contact.objects.count() == 1
    page.unroute(LOG)
    saved_once(page)


def test_the_session_ended(page: Page, stage: Stage) -> None:
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    save(page)
    kept(page, "You have been signed out. Your input is still here")
    assert not Contact.objects.exists()
    client = Client()
    client.force_login(stage.lin)  # in another tab
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": page.url.partition("/leads")[0]}]
    )
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#offline")).to_be_hidden()
    saved_once(page)


def test_the_token_is_stale(page: Page) -> None:
    """The page takes a fresh one by itself, and what was typed goes with it."""
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    save(page)
    kept(page, "It is up to date now and your input is still here")
    assert not Contact.objects.exists()
    saved_once(page)


def test_the_token_is_stale_as_somebody_else_is_signed_in(page: Page, stage: Stage) -> None:
    """Nobody's input is stored under another name: no fresh token then."""
    client = Client()
    client.force_login(stage.mei)  # in another tab
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": page.url.partition("/leads")[0]}]
    )
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    save(page)
    kept(page, "the page is out of date")
    save(page)
    kept(page, "the page is out of date")
    assert not Contact.objects.exists()


def test_without_scripts_the_answer_holds_what_was_typed(page: Page) -> None:
    """As a browser without scripts sends it: a page with the input and a button, which stores it once."""
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    news = page.get_by_label("News of the customer")
    news.evaluate("field => HTMLFormElement.prototype.submit.call(field.form)")
    expect(page.locator("main")).to_contain_text(SAID)
    page.get_by_role("button", name="Send it again").tap()
    expect(page.locator(".last-entry")).to_be_visible()
    assert [contact.news for contact in Contact.objects.all()] == [SAID]

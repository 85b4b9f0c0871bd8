"""Chromium against a running server: a phone of 390 px or a desk of 1280 px, signed in, on a fixed morning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

from crm import clock
from crm.models import User
from tests.browser import ARGUMENTS, chromium

MORNING = dt.datetime(2026, 3, 2, 2, 30, tzinfo=dt.UTC)
"""Monday 2 March 2026, 10:30 in Shanghai: a window is open."""
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}

SignIn = Callable[..., Page]


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield browser
        browser.close()


class Ticking:
    """The product's clock in the test: it stands still until it is told to go on."""

    def __init__(self) -> None:
        self.moment = MORNING

    def now(self) -> dt.datetime:
        return self.moment

    def pass_minutes(self, minutes: int) -> None:
        self.moment += dt.timedelta(minutes=minutes)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticks = Ticking()
    monkeypatch.setattr(clock, "now", ticks.now)
    return ticks


@pytest.fixture
def sign_in(chrome: Browser, live_server: object, ticking: Ticking) -> Iterator[SignIn]:
    """`sign_in(user, phone=True, language="en")` gives a page of a signed-in browser.

    Errors in its console fail the test, those with a word of `expected` apart.
    """
    contexts, problems = [], []

    def open_page(
        user: User, *, phone: bool = True, language: str = "en", expected: tuple[str, ...] = ("422",)
    ) -> Page:
        def listen(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(word in message.text for word in expected):
                problems.append(f"{page.url}: {message.text}")

        client = Client()
        client.force_login(user)
        context = chrome.new_context(
            base_url=str(live_server),
            viewport=PHONE if phone else DESK,
            has_touch=phone,
            is_mobile=phone,
            device_scale_factor=2 if phone else 1,
            locale="zh-CN" if language == "zh-hans" else "en-GB",
        )
        contexts.append(context)
        cookies = {
            settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
            settings.LANGUAGE_COOKIE_NAME: language,
        }
        context.add_cookies(
            [{"name": name, "value": value, "url": str(live_server)} for name, value in cookies.items()]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", listen)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []

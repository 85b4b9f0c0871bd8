"""A manager's first sign-in in a browser: the code is set up, kept, asked for; nothing leaves the page's policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings

from crm import rules_totp as totp
from crm.env import MANAGERS
from crm.roles import Role
from tests.e2e.conftest import DESK, PHONE, Ticking
from tests.factories import PASSWORD, make_project, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.fill("#id_login", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-CN"), (DESK, "en-GB")], ids=["phone", "desk"])
def test_from_the_password_to_the_recovery_codes_and_in_again(
    chrome: Browser, live_server: object, ticking: Ticking, settings: Settings, size: object, language: str
) -> None:
    settings.MFA_ROLES = MANAGERS
    wu = make_user(Role.SALES_MANAGER, make_project("江畔雅苑"), name="吴敏")
    context = chrome.new_context(base_url=str(live_server), viewport=size, locale=language)  # type: ignore[arg-type]
    page, problems = context.new_page(), list[str]()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)

    sign_in(page, wu.username)
    page.wait_for_url("**/accounts/factor/")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    picture = page.locator("img.qr")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = totp.as_bytes((page.locator(".secret").text_content() or "").replace(" ", ""))

    def shown() -> str:
        return totp.code_of(secret, totp.counter_at(ticking.moment.timestamp()))

    page.fill("#id_code", "000000")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error")).to_be_visible()
    page.fill("#id_code", shown())
    page.keyboard.press("Enter")
    expect(page.locator(".codes li")).to_have_count(10)
    with page.expect_download() as download:
        page.click("a[download]")
    kept = Path(download.value.path()).read_text().split()
    assert page.locator(".codes li").all_inner_texts() == kept[-10:]

    page.goto("/accounts/me/")
    expect(page.locator("#factor .tag-good")).to_be_visible()
    context.clear_cookies()
    ticking.pass_minutes(1)
    sign_in(page, wu.username)
    page.wait_for_url("**/accounts/login/second-factor/")
    page.fill("#id_code", shown())
    page.keyboard.press("Enter")
    page.wait_for_url("**/manager/")
    assert [each for each in problems if "422" not in each] == []
    context.close()

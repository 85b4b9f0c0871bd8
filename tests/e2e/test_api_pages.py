"""The API's own screens in a browser: a token made, shown once and revoked; Swagger offline, calling as the reader."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from crm.models import ApiToken
from crm.roles import Role
from crm.rules_tokens import GROUPS
from tests.api.hands import Caller
from tests.e2e.conftest import SignIn
from tests.factories import PASSWORD, make_project, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BOTH = pytest.mark.parametrize(
    ("phone", "language"),
    [(True, "zh-hans"), (True, "en"), (False, "zh-hans"), (False, "en")],
    ids=["phone-zh", "phone-en", "desk-zh", "desk-en"],
)


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@BOTH
def test_a_token_is_made_shown_once_and_revoked(sign_in: SignIn, phone: bool, language: str) -> None:
    lin = make_user(Role.CONSULTANT, make_project("江畔雅苑"), name="林晓")
    page = sign_in(lin, phone=phone, language=language)
    page.goto("/tokens/new/")
    assert overflow(page) <= 0
    page.fill("#id_label", "前台来访统计")
    page.check("input[name=may_leads][value=write]")
    page.check("input[name=may_account][value=read]")
    page.fill("#id_password", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error").first).to_be_visible()
    expect(page.locator("#id_label")).to_have_value("前台来访统计")
    expect(page.locator("input[name=may_leads][value=write]")).to_be_checked()
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("code.secret")).to_be_visible()
    secret = page.locator("code.secret").inner_text()
    assert overflow(page) <= 0
    assert secret not in page.url
    assert Caller(token=secret).get("me/").body["username"] == lin.username
    page.locator(".action-bar a").click()
    expect(page.locator(".rows-item")).to_have_count(1)
    assert secret not in page.content()
    page.go_back()
    page.wait_for_load_state()
    assert secret not in page.content(), "the browser keeps no page with a secret"
    page.goto("/tokens/")
    assert overflow(page) <= 0
    page.locator(".rows-act button").click()
    page.locator("dialog[open] [value=ok], dialog[open] .btn-danger, dialog[open] .btn-primary").first.click()
    expect(page.locator(".tag-bad")).to_be_visible()
    assert Caller(token=secret).get("me/").status == 401
    assert ApiToken.objects.get().revoked_by == lin


@BOTH
def test_swagger_is_ours_and_calls_as_the_reader(sign_in: SignIn, phone: bool, language: str) -> None:
    lin = make_user(Role.CONSULTANT, make_project("江畔雅苑"), name="林晓")
    page = sign_in(lin, phone=phone, language=language)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto("/api/docs/")
    groups = page.locator(".opblock-tag")
    expect(groups.first).to_be_visible()
    assert groups.evaluate_all("tags => tags.map(tag => tag.dataset.tag)") == sorted(GROUPS)
    assert overflow(page) <= 0
    page.locator('.opblock-tag[data-tag="account"]').click()
    get = page.locator("#operations-account-get_me")
    get.locator(".opblock-summary").click()
    get.locator(".try-out__btn").click()
    get.locator(".execute").click()
    answer = get.locator(".live-responses-table .response")
    expect(answer).to_contain_text("200")
    expect(answer).to_contain_text(lin.username)
    change = page.locator("#operations-account-patch_me")
    change.locator(".opblock-summary").click()
    change.locator(".try-out__btn").click()
    change.locator("textarea").first.fill('{"language": "zh-hans"}')
    change.locator(".execute").click()
    expect(change.locator(".live-responses-table .response")).to_contain_text("200")
    lin.refresh_from_db()
    assert lin.language == "zh-hans"
    home = page.url.partition("/api/")[0]
    assert [url for url in asked if not url.startswith((home, "data:", "blob:"))] == []
    assert overflow(page) <= 0

"""Every screen in a real browser: no barrier that axe-core calls serious, no request to elsewhere, no breach of the policy.

Each page is opened as the first role that sees it so, at 390 and 1440 px; the two languages take turns from page to page.
CRM_SCREENS=full opens every page in both, as every role to whom it looks different; it takes some minutes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from crm.models import User
from crm.roles import Role
from tests.access.test_url_matrix import SIGNS_OUT, client_of, matrix
from tests.access.world import API, NOW, NUMBER, World, address
from tests.architecture.source import ROOT
from tests.attacks.furnished import furnish
from tests.e2e.conftest import SignIn, Ticking

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = ROOT / "tests/data/axe/axe.min.js"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
FULL = os.environ.get("CRM_SCREENS") == "full"
ROLES = (
    Role.SALES_MANAGER, Role.CONSULTANT, Role.SYSTEM_ADMINISTRATOR, Role.MARKETING, Role.FRONT_DESK, Role.CONTRACTS_CLERK,
    Role.SALES_DIRECTOR, Role.AREA_ADMINISTRATOR, Role.DIRECTOR,
)  # fmt: skip
NOT_OURS = ("admin/", API, "healthz", "metrics")
SIZES: tuple[ViewportSize, ...] = ({"width": 1440, "height": 900}, {"width": 390, "height": 844})
WORDS = re.compile(r"(?<=>)[^<]+|\b(?:value|href|action|hx-[a-z-]+|content|title|aria-label)=\"[^\"]*\"|\d+")
"""What differs from row to row: texts, addresses, numbers. The rest is how a page is built."""
LISTEN = """() => { window.__refused = []; document.addEventListener("securitypolicyviolation",
    (event) => window.__refused.push(`policy: ${event.violatedDirective} ${event.blockedURI}`)); }"""
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter((rule) => ["serious", "critical"].includes(rule.impact))
    .map((rule) => `${rule.id}: ${rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`)"""


def screens(world: World) -> Iterator[tuple[User, str]]:
    """(who, address) of every page: once for each way it is built (full), or as the first who may see it."""
    seen = set[str]()
    for role in ROLES:
        user, client = world.people[role], client_of(world.people[role])
        assert isinstance(user, User)
        opened = [route for (route, method), who in matrix().items() if method == "GET" and who[role] == 200]
        for route in opened:
            url = address(route, world.things)
            if route.startswith(NOT_OURS) or route in SIGNS_OUT or (not FULL and url in seen):
                continue
            answer = client.get(url, headers={"accept": "text/html"})
            html = "" if answer.streaming else answer.content.decode()
            built = WORDS.sub("", html[html.find("<main") :])
            if html.startswith("<!doctype") and url not in seen and built not in seen:
                yield user, url
            seen |= {url, built} if not FULL else {built}


def axe() -> str:
    """The vendored file, if it is what its README says."""
    content = AXE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == AXE_SHA256
    assert AXE_SHA256 in (AXE.parent / "README.md").read_text(encoding="utf-8")
    return content.decode()


def look(page: Page, url: str, language: str, script: str) -> list[str]:
    """What is wrong with one page."""
    answer = page.goto(url)
    assert answer is not None
    if answer.status != 200:
        return [f"answered {answer.status}"]
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans" if language == "zh-hans" else "en")
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.evaluate(script)
    found: list[str] = []
    for size in SIZES:
        page.set_viewport_size(size)
        found += [f"{size['width']}: {each}" for each in page.evaluate(RUN)]
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            found.append(f"{size['width']}: wider than the screen")
    found += page.evaluate("window.__refused")
    return found


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_barrier_no_breach_no_stranger(
    language: str, sign_in: SignIn, ticking: Ticking, live_server: Any
) -> None:
    ticking.moment = NOW
    world, script = World(), axe()
    furnish(world)
    pages, wrong, asked = dict[int, Page](), dict[str, list[str]](), set[str]()
    for turn, (user, url) in enumerate(screens(world)):
        if not FULL and turn % 2 == (language == "en"):
            continue
        if user.pk not in pages:
            pages[user.pk] = sign_in(user, phone=False, language=language)
            pages[user.pk].context.add_init_script(f"({LISTEN})()")
            pages[user.pk].context.on("request", lambda request: asked.add(request.url))
        if found := look(pages[user.pk], url, language, script):
            wrong[f"{url} as {user}"] = found
    home = urlsplit(str(live_server)).netloc
    assert {url for url in asked if not url.startswith("data:") and urlsplit(url).netloc != home} == set()
    assert len(asked) > 50
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)


ASK = """async (urls) => Promise.all(urls.map(async (url) => {
    const answer = await fetch(url, {redirect: "manual"});
    return [url, answer.status, await answer.text()];
}))"""


def test_a_foreign_consultant_finds_nothing(sign_in: SignIn, ticking: Ticking) -> None:
    """Each address with a number in it, pages and API, asked from inside the browser with the cookies of a stranger."""
    ticking.moment = NOW
    world, expected = World(), matrix()
    stranger = User.objects.get(pk=world.far_things["user"])
    page = sign_in(stranger, phone=False, expected=("404", "403"))
    page.goto("/accounts/me/")
    asked = {
        address(route, world.things): expected[route, "GET"]["colleague"]
        for route, method in expected
        if method == "GET" and NUMBER.search(route)
    }
    found = page.evaluate(ASK, [url for url, own in asked.items() if own != 405])
    assert len(found) > 60
    # A screen that is closed to consultants altogether answers 403 to any number: it tells nothing.
    assert [
        (url, status) for url, status, _ in found if status != 404 and not status == asked[url] == 403
    ] == []
    assert [
        url for url, _, text in found if any(name in text for name in ("王芳", "王丽", "王明", "云栖"))
    ] == []
    for path in ("/leads/?q=8000", f"/leads/?consultant={world.people['consultant'].pk}", "/today/"):  # type: ignore[union-attr]
        page.goto(path)
        expect(page.locator("main")).not_to_contain_text("王芳")

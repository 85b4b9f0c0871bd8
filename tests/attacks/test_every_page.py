"""Every page of every address, as several people: a strict policy, no inline code, nothing asked of another host."""

from __future__ import annotations

from typing import Any

import pytest

from tests.access.test_url_matrix import SIGNS_OUT, client_of
from tests.access.world import API, World, address, routes
from tests.attacks.markup import read
from tests.numbers import numbers_in

pytestmark = pytest.mark.django_db
WHO = ("anonymous", "consultant", "front_desk", "sales_manager", "marketing", "system_administrator")
PAGES = [route for route in routes() if not route.startswith(("admin/", API))]
POLICY = {
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def complaints(answer: Any) -> list[str]:
    """What is wrong with one answer."""
    found = [f"{name} is not {value}" for name, value in HEADERS.items() if answer.headers.get(name) != value]
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        found.append("a browser may keep it")
    policy = {part.strip() for part in answer.headers.get("Content-Security-Policy", "").split(";")}
    if policy != POLICY:
        found.append(f"policy {sorted(policy)}")
    if not answer.headers.get("Content-Type", "").startswith("text/html") or answer.streaming:
        return found
    reader = read(answer.content.decode())
    found += reader.problems
    found += [
        f"a number in the address {where}"
        for where in reader.addresses
        if not where.startswith(("tel:", "sms:")) and numbers_in(where)
    ]
    found += [
        f"a form to {form.action!r} posts without a token"
        for form in reader.forms
        if form.post and "csrfmiddlewaretoken" not in form.fields
    ]
    return found


@pytest.mark.parametrize("who", WHO)
def test_no_page_holds_code_or_asks_another_host(world: World, who: str) -> None:
    wrong, pages = [], 0
    client = client_of(world.people[who])
    for route in PAGES:
        url = address(route, world.things)
        answer = client.get(url)
        pages += answer.status_code == 200
        wrong += [f"{url}: {what}" for what in complaints(answer)]
        if route in SIGNS_OUT:
            client = client_of(world.people[who])
    assert wrong == []
    assert pages > (2 if who == "anonymous" else 10), "nearly nothing was seen"


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ("<script>go()</script>", "inline <script>"),
        ("<img src='/x' onerror='go()'>", "onerror= on <img>"),
        ("<a href=' JavaScript:go()'>x</a>", "href= JavaScript:go() on <a>"),
        ("<p style='color:red'>", "style= on <p>"),
        ("<div hx-on:click='go()'>", "hx-on:click= on <div>"),
        ("<div hx-vals='js:{a: go()}'>", "hx-vals is code on <div>"),
        ("<img src='//evil.example/x.png'>", "<img> asks //evil.example/x.png"),
        ("<base href='/x'>", "<base>"),
    ],
)
def test_the_reader_of_pages_sees_it(html: str, what: str) -> None:
    assert read(html).problems == [what]

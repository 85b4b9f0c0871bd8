"""Names of orders and filters come from allow-lists, and no value, however odd, makes a page fail."""

from __future__ import annotations

import datetime as dt

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.asked import number, numbers, words
from crm.roles import Role
from tests import factories
from tests.crm.screens import signed_in
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
ODD = ("\x00", "9" * 5000, "9" * 19, "٣", "-1", "' OR 1=1 --")
"""NUL, numbers no key can hold, one of another script, a wrong one, and a piece of SQL."""
READ = (
    ("leads:list", ("q", "grade", "source", "consultant", "order", "due", "bin", "after", "before")),
    ("leads:today", ("consultant",)),
    ("leads:register_visit", ("saved",)),
    ("leads:manager", ("by",)),
    ("leads:funnel", ("by", "weeks")),
    ("leads:reviews", ("tab", "after")),
    ("leads:assign", ("lead", "all")),
    ("crm:units", ("q", "building", "after")),
    ("crm:users", ("q", "after")),
    ("crm:calendar", ("year",)),
    ("crm:shifts", ("from", "view")),
    ("campaigns:festivals", ("year",)),
    ("campaigns:milestones", ("after",)),
    ("campaigns:broadcast_new", ("audience",)),
)
SENT = (
    ("leads:assign", ("lead",)),
    ("leads:doubtful_accept", ("contact",)),
    ("leads:lookup", ("phone",)),
    ("leads:hand_over", ("leaver", "to")),
    ("crm:project", ("project", "next")),
    ("crm:language", ("language", "next")),
    ("crm:unknown_read", ("message",)),
    ("crm:member_new", ("person", "role", "project")),
)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    stage = set_stage()
    for sign in range(2):
        stage.visitor("王芳", f"1380013800{sign}", at=NOW - dt.timedelta(hours=3))
    return stage


def asking(*people: Client) -> list[str]:
    """What fails: every odd value in every parameter, for each of `people`."""
    found = []
    for client in people:
        for value in ODD:
            for method, pages in ((client.get, READ), (client.post, SENT)):
                for name, parameters in pages:
                    answer = method(reverse(name), dict.fromkeys(parameters, value))
                    if answer.status_code >= 500:
                        found.append(f"{name} with {value[:20]!r}: {answer.status_code}")
    return found


def test_no_odd_value_makes_a_page_fail(stage: Stage) -> None:
    root = factories.make_user(Role.SYSTEM_ADMINISTRATOR)
    people = [signed_in(user) for user in (stage.wu, root)]
    for client in people:
        client.raise_request_exception = False
    assert asking(*people) == []


def test_a_search_for_nul_finds_nobody_and_does_not_fail(stage: Stage) -> None:
    lead = stage.visitor("李四", "13800138009", at=NOW).lead
    client = signed_in(stage.wu)
    assert client.get(reverse("leads:merge", args=[lead.pk]), {"q": "\x00李\x00"}).status_code == 200
    assert client.get(reverse("leads:merge", args=[lead.pk]), {"other": "9" * 5000}).status_code == 200


def test_an_order_or_filter_nobody_named_changes_nothing(stage: Stage) -> None:
    client, url = signed_in(stage.wu), reverse("leads:list")
    plain = [row.pk for row in client.get(url).context["page"].rows]
    assert len(plain) == 2
    for name in (
        "order",
        "ordering",
        "sort",
        "customer__name",
        "project",
        "id__in",
        "consultant__password__startswith",
    ):
        for value in ("-id", "password", "customer__phones__number"):
            assert [row.pk for row in client.get(url, {name: value}).context["page"].rows] == plain, (
                name,
                value,
            )


def test_numbers_and_words_of_an_address() -> None:
    assert [number(text) for text in ("7", "0", "", "-1", "٣", "1e3", "9" * 19)] == [7, 0, *[None] * 5]
    assert numbers(["3", "x", "\x00", "4"]) == [3, 4]
    assert words(QueryDict("q=%00a%00b+"), "q", 1) == "a"
    assert words(QueryDict(""), "q", 9) == ""

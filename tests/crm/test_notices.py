"""The bell: one's own notices only, read by a post, in the reader's language."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import translation

from crm.actions.notices import Telling, tell
from crm.models import Notice, User
from crm.notice_text import text_of
from tests.factories import AT, make_user

pytestmark = pytest.mark.django_db


def notify(
    user: User, key: str = "k", *, text: str = "News", kind: str = "note", url: str = "/clauses/SC-2.2/"
) -> Notice:
    tell([Telling(user.pk, None, kind, key, {"text": text}, url)], at=AT)
    return Notice.objects.get(user=user, key=key)


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_everybody_sees_only_their_own() -> None:
    lin, mei = make_user(), make_user()
    notify(lin, text="For Lin")
    notify(mei, text="For Mei")
    page = signed_in(lin).get("/notices/").content.decode()
    assert "For Lin" in page
    assert "For Mei" not in page
    assert "1 unread notice<" in page


def test_opening_marks_read_and_leads_there() -> None:
    lin = make_user()
    notice = notify(lin)
    answer = signed_in(lin).post(f"/notices/{notice.pk}/open/")
    notice.refresh_from_db()
    assert answer["Location"] == "/clauses/SC-2.2/"
    assert notice.read_at is not None


def test_anothers_notice_does_not_exist() -> None:
    notice = notify(make_user())
    assert signed_in(make_user()).post(f"/notices/{notice.pk}/open/").status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_a_notice_leads_to_local_pages_only(url: str) -> None:
    lin = make_user()
    notice = notify(lin, url=url)
    assert signed_in(lin).post(f"/notices/{notice.pk}/open/")["Location"] == "/notices/"


def test_all_read_means_all_of_ones_own() -> None:
    lin, mei = make_user(), make_user()
    for key in "abc":
        notify(lin, key)
    other = notify(mei)
    signed_in(lin).post("/notices/read/")
    other.refresh_from_db()
    assert not Notice.objects.filter(user=lin, read_at=None).exists()
    assert other.read_at is None


def test_the_bell_counts_and_stops_when_nobody_is_signed_in() -> None:
    lin = make_user()
    notify(lin, "a")
    notify(lin, "b")
    bell = signed_in(lin).get("/notices/bell/", headers={"hx-request": "true"}).content.decode()
    assert "2 unread notices" in bell
    assert 'hx-trigger="every 60s"' in bell
    assert "<html" not in bell
    visitor = Client().get("/notices/bell/", headers={"hx-request": "true"})
    assert (visitor.status_code, visitor["HX-Reswap"], visitor.content) == (286, "none", b"")


def test_an_empty_list_says_what_will_come() -> None:
    assert "No notices" in signed_in(make_user()).get("/notices/").content.decode()


@pytest.mark.parametrize("kind", ["never_heard_of", "../base", "a/b", "", "x.html"])
def test_a_kind_without_a_text_still_says_something(kind: str) -> None:
    notice = notify(make_user(), kind=kind, text="")
    with translation.override("en"):
        assert text_of(notice) == "There is news for you"


@pytest.mark.parametrize(
    ("kind", "params", "text"),
    [
        (
            "promise_due",
            {"name": "Wang", "due": "2026-03-02T08:30:00+00:00"},
            "Promised callback at 16:30: Wang",
        ),
        (
            "window_open",
            {"count": 2, "from": "10:00", "until": "11:30"},
            "Contact window 10:00–11:30 is open: 2 lines wait",
        ),
        (
            "same_day_left",
            {"name": "Wang", "clause": "SC-1.1"},
            "Still to be called today, before closing: Wang (SC-1.1)",
        ),
        (
            "same_day_missed",
            {"count": 1, "day": "2026-03-02"},
            "2 Mar 2026: 1 customer was not reached on the same day",
        ),
        ("grade_overdue", {"name": "Wang", "clause": "SC-2.6"}, "Grade or review overdue: Wang (SC-2.6)"),
        ("pool_waiting", {"count": 3}, "3 leads have waited too long without a consultant"),
    ],
)
def test_each_kind_has_its_words(kind: str, params: dict[str, object], text: str) -> None:
    assert text_of(Notice(kind=kind, params=params)) == text


def test_what_a_notice_quotes_is_text() -> None:
    lin = make_user()
    notify(lin, text="<script>alert(1)</script> & sons")
    page = signed_in(lin).get("/notices/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;/script&gt; &amp; sons" in page


def test_long_lists_come_in_pages_at_the_same_cost(django_assert_num_queries: object) -> None:
    lin = make_user()
    tell([Telling(lin.pk, None, "note", f"k{n}", {"text": f"N{n:03}"}) for n in range(35)], at=AT)
    Notice.objects.filter(key="k0").update(created_at=AT - dt.timedelta(days=1))
    client = signed_in(lin)
    first = client.get("/notices/")
    found = first.context["page"]
    second = client.get(f"/notices/?{found.next}")
    shown = [row.pk for row in (*found.rows, *second.context["page"].rows)]
    assert len(shown) == len(set(shown)) == 35
    assert second.context["page"].rows[-1].key == "k0"

"""Pages by cursor: every row once, both ways, whatever comes from the address bar."""

from __future__ import annotations

import base64
import json

import pytest
from django.http import QueryDict

from crm.models import User
from crm.seek import Page, seek
from tests.factories import make_user

pytestmark = pytest.mark.django_db
ORDER = ("-name", "pk")


def make_users(count: int) -> list[int]:
    users = [make_user(None, name=f"N{number // 3}") for number in range(count)]
    return [user.pk for user in sorted(users, key=lambda user: (user.name, -user.pk), reverse=True)]


def ask(query: str = "", size: int = 4) -> Page[User]:
    return seek(User.objects.all(), QueryDict(query), order=ORDER, size=size)


def pks(page: Page[User]) -> list[int]:
    return [row.pk for row in page.rows]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 8, 13])
def test_forwards_and_back_show_every_row_once(count: int) -> None:
    wanted = make_users(count)
    page, seen, pages = ask(), list[int](), 1
    assert page.previous == ""
    seen += pks(page)
    while page.next:
        page, pages = ask(page.next), pages + 1
        seen += pks(page)
    assert seen == wanted
    back = pks(page)
    while page.previous:
        page, pages = ask(page.previous), pages - 1
        back = pks(page) + back
    assert (back, pages) == (wanted, 1)


def test_other_parameters_are_carried_along() -> None:
    make_users(5)
    query = QueryDict(ask("grade=A&grade=B&q=%E7%8E%8B").next)
    assert (query.getlist("grade"), query["q"]) == (["A", "B"], "王")


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "damaged",
    ["%%%", "abc", "AA", cursor([]), cursor({"a": 1}), cursor(7), cursor(["N1"]), cursor(["N1", "x"]),
     cursor(["N1", {}]), cursor(["N1", [1]]), cursor(["N1", None]), cursor([None, None])],
)  # fmt: skip
@pytest.mark.parametrize("way", ["after", "before"])
def test_a_damaged_cursor_is_the_first_page(damaged: str, way: str) -> None:
    wanted = make_users(5)
    query = QueryDict(mutable=True)
    query[way] = damaged
    assert pks(ask(query.urlencode())) == wanted[:4]


def test_a_number_beyond_the_database_is_no_failure() -> None:
    wanted = make_users(5)
    assert pks(ask(f"after={cursor(['N0', 10**30])}")) == []
    assert pks(ask(f"before={cursor(['N0', 10**30])}")) == wanted[1:]


def test_rows_added_meanwhile_shift_nothing() -> None:
    wanted = make_users(6)
    following = ask().next
    make_user(None, name="Z")
    assert pks(ask(following)) == wanted[4:]

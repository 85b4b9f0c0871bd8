"""COPY stores what INSERT stores: odd texts, old and exact moments, arrays, JSON, nulls and what is left out."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from crm.models import Customer, Household, Notice
from crm.models.copying import copy_rows, draw_keys
from leads.models import Lead, Visit
from tests import factories

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 3, 2, 5, 7, 123456, tzinfo=dt.UTC)
TEXTS = ("王芳", "", "None", "\\N", 'tab\t"quote"\n, {brace}', "𠮷野家", "\\.", "O'Neill")


def stored(model: Any, pk: int, names: tuple[str, ...]) -> tuple[Any, ...]:
    found: tuple[Any, ...] = model.objects.values_list(*names).get(pk=pk)
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_texts_and_arrays(text: str) -> None:
    household = Household.objects.create(created_at=NOW)
    names = ("id", "household_id", "name", "bigrams", "created_at", "created_by_id")
    (key,) = draw_keys(Customer, 1)
    row = (key, household.pk, text, [text[3:7], "王芳"] if text else [], NOW, None)
    copy_rows(Customer, names, [row])
    assert stored(Customer, key, names) == row
    assert stored(Customer, key, ("salutation", "windows", "merged_into_id")) == ("unknown", None, None)


@pytest.mark.parametrize(
    "moment",
    [
        NOW,
        NOW.astimezone(dt.timezone(dt.timedelta(hours=8))),
        dt.datetime(1949, 10, 1, tzinfo=dt.UTC),
        dt.datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
    ],
)
def test_moments_json_and_flags(moment: dt.datetime) -> None:
    user = factories.make_user()
    names = ("id", "user_id", "project_id", "kind", "key", "params", "url", "created_at", "read_at")
    keys = draw_keys(Notice, 2)
    params: dict[str, Any] = {"name": "王\u2028芳", "n": 3, "deep": [{"a": None}]}
    rows = [
        (keys[0], user.pk, None, "x", "1", params, "", moment, None),
        (keys[1], user.pk, None, "x", "2", {}, "/", moment, moment),
    ]
    copy_rows(Notice, names, iter(rows))
    assert [stored(Notice, key, names) for key in keys] == rows


def test_more_rows_than_a_block_numbers_and_ids() -> None:
    customer = factories.make_customer("王芳", "13800138001")
    lead = Lead.objects.create(
        project=factories.make_project(), household=customer.household, customer=customer, created_at=NOW
    )
    names = ("id", "lead_id", "at", "recorded_at", "is_first", "party_size", "submission")
    count = 2001
    rows = [
        (key, lead.pk, NOW, NOW, n % 2 == 0, n % 300 or None, uuid.UUID(int=n) if n % 3 else None)
        for n, key in enumerate(draw_keys(Visit, count))
    ]
    copy_rows(Visit, names, rows)
    assert list(Visit.objects.order_by("pk").values_list(*names)) == rows
    copy_rows(Visit, names, [])
    assert Visit.objects.count() == count

"""The filter of an audience, case by case: what is understood, what is refused, and that it comes back the same."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from campaigns.rules_audiences import Audience, AudienceRefused, read
from campaigns.rules_broadcasts import (
    Start,
    common_values,
    cost_of,
    fill_common,
    start_at,
)
from crm.compose import masked_opening
from crm.names import masked_name

UNDERSTOOD: list[tuple[dict[str, Any], Audience]] = [
    ({}, Audience()),
    ({"who": ""}, Audience()),
    ({"who": "owners"}, Audience(who="owners")),
    ({"grades": ["B", "A", "A"]}, Audience(grades=("A", "B"))),
    ({"stages": ["visitor"]}, Audience(stages=("visitor",))),
    ({"sources": [3, 1]}, Audience(sources=(1, 3))),
    ({"buildings": [7]}, Audience(buildings=(7,))),
    ({"wanted": ["three_rooms"]}, Audience(wanted=("three_rooms",))),
    ({"causes": ["price"]}, Audience(causes=("price",))),
    ({"not_since": "2026-09-01"}, Audience(not_since=dt.date(2026, 9, 1))),
    ({"since": "2026-09-01", "grades": []}, Audience(since=dt.date(2026, 9, 1))),
]
REFUSED: list[tuple[Any, str]] = [
    (None, "filter"),
    ([], "filter"),
    ({"grade": ["A"]}, "grade"),
    ({"consultant": 1}, "consultant"),
    ({"who": "everybody"}, "who"),
    ({"who": ["leads"]}, "who"),
    ({"grades": "AB"}, "grades"),
    ({"grades": ["E"]}, "grades"),
    ({"stages": ["lost"]}, "stages"),
    ({"wanted": ["palace"]}, "wanted"),
    ({"causes": [1]}, "causes"),
    ({"sources": ["1"]}, "sources"),
    ({"sources": [True]}, "sources"),
    ({"buildings": [-1]}, "buildings"),
    ({"buildings": list(range(1, 52))}, "buildings"),
    ({"since": "yesterday"}, "since"),
    ({"not_since": 20260901}, "not_since"),
]


@pytest.mark.parametrize(("stored", "audience"), UNDERSTOOD)
def test_what_is_understood_comes_back_the_same(stored: dict[str, Any], audience: Audience) -> None:
    assert read(stored) == audience
    assert read(audience.stored()) == audience
    assert audience.everybody == (audience.stored() == {})


@pytest.mark.parametrize(("stored", "key"), REFUSED)
def test_what_is_not_listed_is_refused_by_name(stored: object, key: str) -> None:
    with pytest.raises(AudienceRefused) as caught:
        read(stored)
    assert caught.value.key == key


def moment(text: str) -> dt.datetime:
    return dt.datetime.strptime(f"2026-11-30 {text}", "%Y-%m-%d %H:%M").replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("now", "approved", "expected"),
    [
        ("01:59", "00:00", Start.WAITS),
        ("02:00", "00:00", Start.STARTS),
        ("02:30", "00:00", Start.STARTS),
        ("02:31", "00:00", Start.OVERDUE),
        ("05:10", "05:00", Start.STARTS),  # approved after its hour: at once
        ("05:31", "05:00", Start.OVERDUE),
        ("11:59", "00:00", Start.OVERDUE),
        ("12:00", "00:00", Start.EXPIRED),
        ("12:00", "11:59", Start.EXPIRED),
    ],
)
def test_after_downtime_it_asks_and_does_not_fire(now: str, approved: str, expected: Start) -> None:
    found = start_at(
        moment(now), starts_at=moment("02:00"), approved_at=moment(approved), expires_at=moment("12:00")
    )
    assert found is expected


def test_names_are_masked_and_the_salutation_stays() -> None:
    assert [masked_name(name) for name in ("王芳", "韩轩女士", "", "【】")] == ["王**", "韩**", "**", "**"]
    assert masked_opening("王芳女士您好") == "王**女士您好"
    assert masked_opening("尊敬的贵宾") == "尊敬的贵宾"
    assert masked_opening("John Smith") == "尊敬的贵宾"


def test_the_common_fields_are_written_in_chinese_and_the_personal_ones_stay() -> None:
    until = dt.datetime(2026, 11, 30, 20, 5)
    values = common_values("云栖里", until)
    assert (
        fill_common("{project}优惠至{until}，{wanted}可选", values)
        == "云栖里优惠至11月30日20:05，{wanted}可选"
    )
    assert common_values("x", until.replace(hour=0, minute=0))["until"] == "11月30日"


def test_the_cost_is_rounded_to_the_cent() -> None:
    assert cost_of(3, Decimal("0.0450")) == Decimal("0.14")
    assert cost_of(1_000_000, Decimal("0.0450")) == Decimal("45000.00")
    assert cost_of(3, None) is None

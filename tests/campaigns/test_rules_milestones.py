"""Milestones (SC-5.2): defaults by kind, and on which day who is called."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Milestone
from campaigns.rules_milestones import DEFAULTS, FIELDS, Kind, Referrals, call_days, last_call_day, values_of


def day(number: int) -> dt.date:
    return dt.date(2026, 3, number)


def test_sc_5_2_every_kind_of_the_clause_has_its_defaults() -> None:
    assert set(DEFAULTS) == set(Kind) == set(dict(Milestone.KINDS))
    # SC-3.1: leader referrals are told of opening, discounts, events and show flat
    told = {kind for kind, who in DEFAULTS.items() if who.referrals != Referrals.NOT}
    assert told >= {Kind.OPENING, Kind.DISCOUNT, Kind.EVENT, Kind.SHOW_FLAT}


def test_sc_4_3_buyers_hear_of_every_milestone_but_the_discount() -> None:
    assert {kind for kind, who in DEFAULTS.items() if not who.buyers} == {Kind.DISCOUNT}


@pytest.mark.parametrize(
    ("notice", "on", "expected"),
    [(2, 10, 4), (2, 4, 3), (2, 3, 2), (2, 2, 2), (2, 5, 4), (9, 31, 11)],
)
def test_calls_end_before_the_day_unless_it_is_told_that_day(notice: int, on: int, expected: int) -> None:
    assert last_call_day(day(notice), day(on)) == day(expected)


def test_px_13_calls_are_spread_and_nobody_is_lost() -> None:
    leads = [(n, 1) for n in range(5)] + [(n, 2) for n in range(10, 13)]
    found = call_days(leads, day(2), day(4), a_day=2)
    assert [found[n].day for n in range(5)] == [2, 2, 3, 3, 4]
    assert [found[n].day for n in range(10, 13)] == [2, 2, 3]


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(1, 5)), unique_by=lambda pair: pair[0], max_size=60
    ),
    st.integers(0, 6),
    st.integers(0, 8),
)
def test_every_lead_has_one_day_within_the_window(
    leads: list[tuple[int, int]], more: int, a_day: int
) -> None:
    first, last = day(2), day(2 + more)
    found = call_days(leads, first, last, a_day)
    assert set(found) == {lead for lead, _ in leads}
    assert all(first <= each <= last for each in found.values())


def test_the_fields_of_a_text_are_the_listed_ones() -> None:
    assert set(values_of("开盘", day(5), "云栖里")) == set(FIELDS)
    assert values_of("开盘", day(5), "云栖里")["day"] == "3月5日"

"""SC-13: a policy is read from its JSON object, field by field; the clauses' defaults are the defaults."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.policy import FIELDS, Policy, PolicyError, dump, parse
from tests.leads.test_rules_properties import EXAMPLES


def test_sc_13_an_empty_object_is_the_default_policy() -> None:
    assert parse({}) == Policy()


def test_sc_13_the_defaults_are_those_of_the_clauses() -> None:
    policy = Policy()
    assert policy.closing_time == time(20, 30)
    assert (policy.caller_second_days, policy.caller_interval_days) == (3, 7)
    assert (policy.visitor_second_days, policy.key_interval_days, policy.ordinary_interval_days) == (3, 3, 7)
    assert (policy.c_interval_days, policy.put_off_limit_days, policy.buyer_interval_days) == (7, 14, 15)
    assert (policy.tries_before_review, policy.unreached_interval_days, policy.capacity_day) == (6, 14, 40)
    assert (policy.lapse_caller_days, policy.lapse_ab_days, policy.lapse_c_days) == (15, 10, 15)


def test_sc_13_every_value_names_its_clause_and_unit() -> None:
    for item in FIELDS.values():
        assert item.metadata["clause"][:3] in ("SC-", "PX-")
        assert item.metadata["unit"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key_interval_days", 0),
        ("key_interval_days", 91),
        ("key_interval_days", "three"),
        ("key_interval_days", 3.5),
        ("key_interval_days", True),
        ("key_interval_days", None),
        ("closing_time", "25:00"),
        ("closing_time", "late"),
        ("closing_time", "09:00"),
        ("closing_step", "paid"),
        ("closing_step", []),
        ("no_such_value", 1),
        ("put_off_limit_days", 5),
        ("evening_from", "11:00"),
        ("afternoon_try", "10:00"),
        ("cap_conversations_week", "x"),
        ("lapse_last_warning_days", 3),
    ],
)
def test_sc_13_a_refused_value_is_named(name: str, value: Any) -> None:
    with pytest.raises(PolicyError) as refused:
        parse({name: value})
    assert name in refused.value.errors
    assert str(refused.value.errors[name])


def test_sc_13_all_refused_values_are_named_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        parse({"key_interval_days": 0, "closing_time": "", "fewer_factor": 1})
    assert set(refused.value.errors) == {"key_interval_days", "closing_time", "fewer_factor"}


@EXAMPLES
@given(st.integers(1, 90), st.integers(7, 90), st.times(time(10, 1), time(23, 59)))
def test_sc_13_what_was_written_is_read_again(key: int, ordinary: int, closes: time) -> None:
    raw = {
        "key_interval_days": key,
        "ordinary_interval_days": str(ordinary),
        "closing_time": f"{closes:%H:%M}",
    }
    policy = parse(raw)
    assert (policy.key_interval_days, policy.ordinary_interval_days) == (key, ordinary)
    assert parse(json.loads(json.dumps(dump(policy)))) == policy

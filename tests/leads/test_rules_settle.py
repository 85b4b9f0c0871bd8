"""PX-7, PX-13, PX-15: whose list, which day, what gives way, how catch-up is spread; SC-8: the order of Today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.policy import Policy
from leads.rules_order import TodayLine, order_of
from leads.rules_settle import OWNER, Absence, Line, Waiting, give_way, is_urgent, place, spread
from leads.states import Held
from tests.leads.test_rules_properties import EXAMPLES

pytestmark = pytest.mark.pure
POLICY = Policy()
WED, THU, FRI = date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 6)
NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)
CLAUSES = [
    "SC-1.1",
    "SC-1.2",
    "SC-1.3",
    "SC-2.1",
    "SC-2.2",
    "SC-2.3a",
    "SC-2.3b",
    "SC-2.4",
    "SC-4.1",
    "SC-4.2",
    "PX-2",
]
LINES = st.lists(
    st.builds(
        Line,
        key=st.integers(1, 10_000),
        kind=st.sampled_from(["cadence", "cadence", "cadence", "promise"]),
        clause=st.sampled_from(CLAUSES),
        due=st.integers(0, 20).map(lambda hours: NOON + timedelta(hours=hours)),
        gave_way=st.integers(0, 3),
    ),
    unique_by=lambda line: line.key,
)


def rests_on(*days: date, stand_in: str = "mei") -> Callable[[date], Absence | None]:
    return lambda day: Absence("rest", stand_in) if day in days else None


@pytest.mark.parametrize(
    ("kind", "clause", "absent", "expected"),
    [
        ("cadence", "SC-2.3b", (), (OWNER, WED, "")),
        ("cadence", "SC-2.1", (WED,), ("mei", WED, Held.ABSENCE)),
        ("promise", "PX-1", (WED,), ("mei", WED, Held.ABSENCE)),
        ("cadence", "SC-2.3b", (WED,), (OWNER, THU, Held.ABSENCE)),
        ("cadence", "SC-2.4", (WED,), (OWNER, THU, Held.ABSENCE)),
        ("cadence", "SC-2.3b", (WED, THU), ("mei", WED, Held.ABSENCE)),
        ("cadence", "SC-4.2", (WED, THU), (OWNER, FRI, Held.ABSENCE)),
        ("cadence", "SC-2.2", (WED,), ("mei", WED, Held.ABSENCE)),
        ("cadence", "SC-2.3a", (WED,), ("mei", WED, Held.ABSENCE)),
    ],
)
def test_px_7_a_rest_day_never_makes_a_heap(
    kind: str, clause: str, absent: tuple[date, ...], expected: tuple[str, date, str]
) -> None:
    assert place(kind, clause, WED, date(2026, 3, 2), rests_on(*absent), POLICY) == expected


def test_px_7_nobody_stands_in_so_the_manager_answers() -> None:
    placed = place("cadence", "SC-2.1", WED, WED, rests_on(WED, stand_in=""), POLICY)
    assert placed == ("", WED, Held.ABSENCE)


def test_px_7_what_is_overdue_stands_on_todays_list() -> None:
    assert place("cadence", "SC-2.3b", WED, FRI, rests_on(), POLICY) == (OWNER, FRI, "")


def test_px_13_the_order_in_which_lines_give_way() -> None:
    order = ["SC-2.2", "SC-2.3a", "SC-2.3b", "SC-4.2", "SC-1.3", "SC-2.4"]
    lines = [Line(key, "cadence", clause, NOON) for key, clause in enumerate(order)]
    for capacity in range(len(order) + 1):
        stay, gone = give_way(lines[::-1], capacity)
        assert [line.clause for line in stay] == order[:capacity]
        assert [line.clause for line in gone] == order[capacity:]


def test_px_13_what_gave_way_goes_first_the_next_day() -> None:
    gave_way = Line(1, "cadence", "SC-2.4", NOON, gave_way=1)
    stay, gone = give_way([Line(2, "cadence", "SC-2.3a", NOON), gave_way], 1)
    assert (stay, [line.key for line in gone]) == ([gave_way], [2])


@EXAMPLES
@given(LINES, st.integers(0, 12), st.randoms())
def test_px_13_nobody_is_dropped_and_what_is_urgent_never_gives_way(
    lines: list[Line], capacity: int, shuffle: Random
) -> None:
    stay, gone = give_way(lines, capacity)
    assert sorted(stay + gone) == sorted(lines)
    assert not any(is_urgent(line.kind, line.clause) for line in gone)
    urgent = sum(is_urgent(line.kind, line.clause) for line in lines)
    assert len(stay) == max(urgent, min(capacity, len(lines)))
    shuffle.shuffle(lines)
    assert give_way(lines, capacity) == (stay, gone)


@EXAMPLES
@given(
    st.lists(
        st.builds(
            Waiting,
            key=st.integers(1, 10_000),
            grade=st.sampled_from(["A", "B", "C", ""]),
            due=st.integers(0, 90).map(lambda days: NOON - timedelta(days=days)),
        ),
        max_size=120,
        unique_by=lambda lead: lead.key,
    ),
    st.integers(0, 39),
    st.sets(st.integers(0, 6), max_size=6),
)
def test_px_15_catch_up_is_spread_within_capacity_a_first(
    leads: list[Waiting], load: int, rest_days: set[int]
) -> None:
    days = spread(leads, lambda _day: load, POLICY, WED, lambda day: day.weekday() not in rest_days)
    assert set(days) == {lead.key for lead in leads}
    assert all(day >= WED and day.weekday() not in rest_days for day in days.values())
    assert max(Counter(days.values()).values(), default=0) <= min(20, 40 - load)
    last_a = max((days[lead.key] for lead in leads if lead.grade == "A"), default=WED)
    assert all(days[lead.key] >= last_a for lead in leads if lead.grade != "A") or not leads


def test_px_15_without_a_day_of_work_the_manager_sees_the_heap() -> None:
    leads = [Waiting(1, "A", NOON), Waiting(2, "B", NOON)]
    assert spread(leads, lambda _day: 0, POLICY, WED, lambda _day: False) == {1: WED, 2: WED}


def test_sc_8_the_order_of_today() -> None:
    late, soon = NOON - timedelta(days=1), NOON + timedelta(hours=8)
    expected = [
        TodayLine(1, "promise", "PX-1", NOON + timedelta(hours=1), False),
        TodayLine(2, "promise", "PX-1", NOON + timedelta(hours=3), True),
        TodayLine(3, "cadence", "SC-2.1", soon, True, "B"),
        TodayLine(4, "cadence", "SC-2.3b", late, True, "B"),
        TodayLine(5, "cadence", "SC-2.3a", soon, True, "A"),
        TodayLine(6, "cadence", "SC-2.3b", soon, True, "B"),
        TodayLine(7, "cadence", "SC-2.4", soon, True, "C"),
        TodayLine(8, "cadence", "SC-1.1", soon, False),
        TodayLine(9, "cadence", "SC-2.4", late, False, "C"),
        TodayLine(10, "cadence", "SC-2.3a", soon, False, "B", is_key=True),
        TodayLine(11, "cadence", "SC-2.1", soon, True, "A", next_try_at=NOON + timedelta(hours=3)),
    ]
    shuffled = [expected[index] for index in (3, 10, 0, 7, 1, 9, 5, 2, 8, 4, 6)]
    assert sorted(shuffled, key=lambda line: order_of(line, NOON)) == expected

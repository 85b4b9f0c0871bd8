"""Dates in every dress, read against a given day."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.registers.dates import (
    DateProblem,
    DateStyle,
    Moment,
    infer_style,
    latest_past,
    read_moment,
    read_time,
)

TODAY = date(2026, 11, 23)
STYLE = DateStyle(today=TODAY)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-08-29", date(2026, 8, 29)),
        ("2026/09/19", date(2026, 9, 19)),
        ("2026.3.5", date(2026, 3, 5)),
        ("2026年8月10日", date(2026, 8, 10)),
        ("２０２６－０８－２９", date(2026, 8, 29)),
        ("11月6日", date(2026, 11, 6)),
        ("11月23日", date(2026, 11, 23)),
        ("11月24日", date(2025, 11, 24)),
        ("12月25日", date(2025, 12, 25)),
        ("2月29日", date(2024, 2, 29)),
        ("11/6", date(2026, 11, 6)),
        ("46316", date(2026, 10, 21)),
        ("46316.0", date(2026, 10, 21)),
        (46316, date(2026, 10, 21)),
        (46316.0, date(2026, 10, 21)),
        (date(2026, 8, 1), date(2026, 8, 1)),
        (datetime(2026, 8, 1), date(2026, 8, 1)),
        ("26.3.5", date(2026, 3, 5)),
        ("26-9-19", date(2026, 9, 19)),
        ("20260829", date(2026, 8, 29)),
        (20260829.0, date(2026, 8, 29)),
        ("二〇二六年八月十日", date(2026, 8, 10)),
        ("十一月六日", date(2026, 11, 6)),
        ("民国115年8月10日", date(2026, 8, 10)),
        ("10 Aug 2026", date(2026, 8, 10)),
        ("Aug 10, 2026", date(2026, 8, 10)),
        ("10-Aug-26", date(2026, 8, 10)),
        ("9/19/2026", date(2026, 9, 19)),
        ("2026-08-29 周六", date(2026, 8, 29)),
        ("2026年8月29日（星期六）", date(2026, 8, 29)),
        ("2026-08-29 00:00:00", date(2026, 8, 29)),
        ("2026年8月10日上午", date(2026, 8, 10)),
    ],
)
def test_a_day_in_every_dress(cell: object, day: date) -> None:
    assert read_moment(cell, STYLE) == Moment(day)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2026-08-29 14:30", time(14, 30)),
        ("2026-08-29T14:30:05", time(14, 30, 5)),
        ("2026-08-29 下午2:30", time(14, 30)),
        ("2026年8月29日 下午2点半", time(14, 30)),
        ("2026-08-29 上午 9时15分", time(9, 15)),
        ("2026-08-29 晚8点", time(20)),
        ("2026-08-29 2:30 PM", time(14, 30)),
        ("2026-08-29 12:10 AM", time(0, 10)),
        ("2026-08-29T06:30:00Z", time(14, 30)),
        ("2026-08-29 14:30+08:00", time(14, 30)),
        ("202608291430", time(14, 30)),
        (46263.604166666664, time(14, 30)),
        (datetime(2026, 8, 29, 14, 30), time(14, 30)),
    ],
)
def test_a_time_beside_the_day(cell: object, at: time) -> None:
    assert read_moment(cell, STYLE) == Moment(date(2026, 8, 29), at)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("2026-13-45", DateProblem.IMPOSSIBLE),
        ("2026-02-30", DateProblem.IMPOSSIBLE),
        ("2026-08-29 25:00", DateProblem.IMPOSSIBLE),
        ("2027-12-25", DateProblem.FUTURE),
        ("2026-11-24", DateProblem.FUTURE),
        (46350, DateProblem.FUTURE),
        (date(2027, 1, 1), DateProblem.FUTURE),
        ("1999-12-31", DateProblem.TOO_EARLY),
        (date(1987, 6, 5), DateProblem.TOO_EARLY),
        ("农历八月十五", DateProblem.LUNAR),
        ("正月初五", DateProblem.LUNAR),
        ("", DateProblem.EMPTY),
        (None, DateProblem.EMPTY),
        ("无", DateProblem.EMPTY),
        ("昨天", DateProblem.NOT_A_DATE),
        ("2026-08-29 左右", DateProblem.NOT_A_DATE),
        ("13812345678", DateProblem.NOT_A_DATE),
        (89.0, DateProblem.NOT_A_DATE),
        (True, DateProblem.NOT_A_DATE),
        (float("nan"), DateProblem.NOT_A_DATE),
        ("11.1", DateProblem.NOT_A_DATE),
        ("14:30", DateProblem.TIME_ONLY),
        (0.5, DateProblem.TIME_ONLY),
        (time(14, 30), DateProblem.TIME_ONLY),
        (timedelta(hours=3), DateProblem.TIME_ONLY),
    ],
)
def test_what_is_no_date_says_why(cell: object, problem: DateProblem) -> None:
    assert read_moment(cell, STYLE) is problem  # type: ignore[arg-type]


def test_workbooks_of_1904_count_from_there() -> None:
    assert read_moment(44854, DateStyle(today=TODAY, date1904=True)) == Moment(date(2026, 10, 21))


def test_three_digit_years_are_roc_years_only_where_they_are_used() -> None:
    assert read_moment("115/8/10", DateStyle(today=TODAY, roc_years=True)) == Moment(date(2026, 8, 10))
    assert read_moment("115/8/10", STYLE) is DateProblem.NOT_A_DATE


@pytest.mark.parametrize(
    ("column", "cell", "day"),
    [
        (["9/10/26", "9/19/26", "1/2/26"], "9/10/26", date(2026, 9, 10)),
        (["9/10/2026", "19/9/2026"], "9/10/2026", date(2026, 10, 9)),
        (["26/9/10", "26-9-19"], "26/9/10", date(2026, 9, 10)),
        (["2026-09-10"], "9/10/2026", date(2026, 9, 10)),
    ],
)
def test_the_columns_other_values_decide_the_order(column: list[str], cell: str, day: date) -> None:
    assert read_moment(cell, infer_style(column, STYLE)) == Moment(day)


def test_a_time_column_of_its_own() -> None:
    assert read_time("下午2:30") == time(14, 30)
    assert read_time(0.5) == time(12)
    assert read_time(datetime(2026, 1, 1, 9, 5)) == time(9, 5)
    assert [read_time(cell) for cell in ("", "x", None, 3.0, "25:00")] == [None] * 5


DAYS = st.dates(date(2000, 1, 1), TODAY)
DRESSES = st.sampled_from(
    [
        *(
            "{y}-{m:02}-{d:02}",
            "{y}/{m}/{d}",
            "{y}.{m}.{d}",
            "{y}年{m}月{d}日",
            "{y} 年 {m} 月 {d} 日",
            "{y}{m:02}{d:02}",
        ),
        *("{y}-{m}-{d} 星期三", "'{y}-{m:02}-{d:02}"),
    ]
)


@given(DAYS, DRESSES)
def test_round_trip_of_dressed_days(day: date, dress: str) -> None:
    assert read_moment(dress.format(y=day.year, m=day.month, d=day.day), STYLE) == Moment(day)


@given(DAYS, st.sampled_from([str, float, int]))
def test_round_trip_of_serials(day: date, cast: type) -> None:
    assert read_moment(cast((day - date(1899, 12, 30)).days), STYLE) == Moment(day)


@given(st.dates(date(2020, 1, 1), TODAY), st.dates(date(2012, 1, 1), date(2100, 1, 1)))
def test_a_day_without_year_is_the_latest_past_one(day: date, today: date) -> None:
    found = latest_past(day.month, day.day, today)
    assert isinstance(found, date)
    assert found <= today
    assert (found.month, found.day) == (day.month, day.day)
    if (day.month, day.day) != (2, 29):
        assert (today - found).days < 366


@given(
    st.one_of(
        st.text(max_size=80),
        st.text(alphabet="0123456789-/.年月日 :上下午点半十一二TZ+", max_size=40),
        st.floats(),
        st.integers(),
        st.datetimes(),
        st.dates(),
        st.times(),
        st.timedeltas(),
        st.none(),
    ),
    st.dates(date(1, 1, 1), date(9999, 12, 31)),
)
def test_every_cell_has_an_answer_within_bounds(cell: object, today: date) -> None:
    style = DateStyle(today=today)
    for found in (read_moment(cell, style), read_moment(cell, infer_style([cell], style))):  # type: ignore[arg-type,list-item]
        if isinstance(found, Moment):
            assert style.earliest <= found.day <= today
            assert found.at is None or found.at.tzinfo is None
        else:
            assert isinstance(found, DateProblem)
    read_time(cell)  # type: ignore[arg-type]

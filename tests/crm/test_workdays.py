"""Working days, windows and business days (SC-1.1, SC-8)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.calendar_files import read_year, shipped_years
from crm.workdays import (
    Calendar,
    DayKind,
    business_day,
    due,
    next_opening,
    window_now_open,
    windows_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOSING = time(20, 30)
WINDOWS = windows_of([["15:30", "17:00"], ["10:00", "11:30"]])


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def calendar(*years: int) -> Calendar:
    return Calendar.from_rows(
        (special.day, special.kind, special.name) for year in years for special in read_year(year).days
    )


def test_three_years_are_shipped_and_only_2027_is_provisional() -> None:
    assert shipped_years() == [2025, 2026, 2027]
    assert [read_year(year).provisional for year in shipped_years()] == [False, False, True]


@pytest.mark.parametrize(
    ("year", "holidays", "make_up"),
    [(2025, 28, 5), (2026, 33, 6), (2027, 13, 0)],
)
def test_shipped_years_have_the_announced_number_of_days(year: int, holidays: int, make_up: int) -> None:
    kinds = [special.kind for special in read_year(year).days]
    assert (kinds.count(DayKind.HOLIDAY), kinds.count(DayKind.MAKE_UP)) == (holidays, make_up)


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_every_make_up_day_is_a_weekend_day_and_no_day_is_given_twice(year: int) -> None:
    days = read_year(year).days
    assert all(special.day.weekday() >= 5 for special in days if special.kind is DayKind.MAKE_UP)
    assert len({special.day for special in days}) == len(days)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2025-01-26", True),  # Sunday made up for the spring festival
        ("2025-01-28", False),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2026-01-04", True),
        ("2026-02-23", False),
        ("2026-02-28", True),
        ("2026-05-09", True),
        ("2026-09-20", True),
        ("2026-09-25", False),
        ("2026-10-10", True),
        ("2026-03-02", True),  # a plain Monday
        ("2026-03-07", False),  # a plain Saturday
    ],
)
def test_holidays_rest_and_make_up_days_work(day: str, worked: bool) -> None:
    assert calendar(2025, 2026).is_working_day(date.fromisoformat(day)) is worked


def test_working_days_are_counted_over_a_holiday_and_its_make_up_day() -> None:
    days = calendar(2026)
    assert days.add_working_days(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert days.add_working_days(date(2026, 2, 14), 1) == date(2026, 2, 24)
    assert days.add_working_days(date(2026, 2, 24), -2) == date(2026, 2, 13)
    assert days.add_working_days(date(2026, 2, 17), 0) == date(2026, 2, 24)
    assert days.next_working_day(date(2026, 9, 19)) == date(2026, 9, 20)
    assert days.previous_working_day(date(2026, 9, 28)) == date(2026, 9, 24)
    assert days.name_of(date(2026, 10, 10)) == "国庆节"
    assert days.name_of(date(2026, 3, 2)) == ""


def test_rows_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        Calendar.from_rows([(date(2026, 1, 1), "holiday", ""), (date(2026, 1, 1), "make_up", "")])
    with pytest.raises(ValueError, match="bridge"):
        Calendar.from_rows([(date(2026, 1, 1), "bridge", "")])


def test_a_calendar_without_working_days_is_an_error_not_an_endless_loop() -> None:
    start = date(2026, 1, 1)
    rows = [(start + timedelta(days=n), "holiday", "") for n in range(500)]
    with pytest.raises(ValueError, match="no working day"):
        Calendar.from_rows(rows).next_working_day(start)


@given(st.dates(date(2025, 1, 1), date(2027, 12, 1)), st.integers(1, 15))
def test_adding_working_days_lands_on_one_and_passes_exactly_that_many(day: date, count: int) -> None:
    days = calendar(2025, 2026, 2027)
    end = days.add_working_days(day, count)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert days.is_working_day(end)
    assert sum(days.is_working_day(each) for each in between) == count


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-03-02T09:10", "2026-03-02"),
        ("2026-03-02T20:30", "2026-03-02"),
        ("2026-03-02T20:30:01", "2026-03-03"),
        ("2026-03-02T20:45", "2026-03-03"),
        ("2026-03-03T00:30", "2026-03-03"),
        ("2026-03-31T23:59", "2026-04-01"),
    ],
)
def test_sc_1_1_what_happens_after_closing_belongs_to_the_next_day(moment: str, day: str) -> None:
    assert business_day(local(moment), SHANGHAI, CLOSING) == date.fromisoformat(day)


def test_a_duty_of_a_day_falls_due_at_closing_in_the_projects_zone() -> None:
    assert due(date(2026, 3, 2), CLOSING, SHANGHAI) == datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


def test_sc_8_the_window_now_open_and_the_next_one() -> None:
    assert window_now_open(WINDOWS, local("2026-03-02T10:00"), SHANGHAI) == (time(10), time(11, 30))
    assert window_now_open(WINDOWS, local("2026-03-02T11:30"), SHANGHAI) is None
    assert window_now_open(WINDOWS, local("2026-03-02T16:59"), SHANGHAI) == (time(15, 30), time(17))
    assert next_opening(WINDOWS, local("2026-03-02T09:00"), SHANGHAI) == local("2026-03-02T10:00")
    assert next_opening(WINDOWS, local("2026-03-02T10:00"), SHANGHAI) == local("2026-03-02T15:30")
    assert next_opening(WINDOWS, local("2026-03-02T18:00"), SHANGHAI) == local("2026-03-03T10:00")
    assert next_opening((), local("2026-03-02T18:00"), SHANGHAI) is None


def test_sc_8_windows_are_sorted_and_malformed_ones_refused() -> None:
    assert list(WINDOWS) == [(time(10), time(11, 30)), (time(15, 30), time(17))]
    for rows in (
        [["11:30", "10:00"]],
        [["10:00", "12:00"], ["11:00", "13:00"]],
        [["10", "12", "14"]],
        [["x", "y"]],
    ):
        with pytest.raises(ValueError):
            windows_of(rows)


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)))
def test_sc_8_the_next_opening_is_later_and_its_window_is_open(moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC)
    opening = next_opening(WINDOWS, at, SHANGHAI)
    assert opening is not None
    assert timedelta(0) < opening - at <= timedelta(days=1)
    assert window_now_open(WINDOWS, opening, SHANGHAI) is not None

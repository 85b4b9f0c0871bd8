"""The computed festival table (SC-5.1, SC-9)."""

from datetime import date, timedelta

import pytest

from crm.festivals import festivals_of


def day_of(year: int, code: str) -> date:
    (festival,) = [festival for festival in festivals_of(year) if festival.code == code]
    return festival.day


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("new_years_eve", "2026-02-16"),
        ("spring_festival", "2026-02-17"),
        ("lantern", "2026-03-03"),
        ("qingming", "2026-04-05"),
        ("mothers_day", "2026-05-10"),
        ("dragon_boat", "2026-06-19"),
        ("fathers_day", "2026-06-21"),
        ("mid_autumn", "2026-09-25"),
        ("double_ninth", "2026-10-18"),
        ("winter_solstice", "2026-12-22"),
        ("new_years_eve", "2027-02-05"),
        ("spring_festival", "2027-02-06"),
        ("mid_autumn", "2027-09-15"),
        ("spring_festival", "2028-01-26"),
        ("winter_solstice", "2025-12-21"),
        # 2025 has a leap sixth month and 2028 a leap fifth one: the festivals keep to the regular months.
        ("qixi", "2025-08-29"),
        ("dragon_boat", "2028-05-28"),
        # 2033 is the year on which calendars err: its leap month is the eleventh.
        ("mid_autumn", "2033-09-08"),
    ],
)
def test_sc_9_the_days_of_the_festivals(code: str, day: str) -> None:
    expected = date.fromisoformat(day)
    assert day_of(expected.year, code) == expected


def test_sc_5_1_what_is_on_by_default() -> None:
    on = {festival.name.zh for festival in festivals_of(2026) if festival.on_by_default}
    assert on == {"元旦", "除夕", "元宵节", "劳动节", "端午节", "中秋节", "重阳节", "国庆节", "冬至"}


def test_sc_5_1_only_qingming_is_not_cheerful_and_it_is_off() -> None:
    sad = [festival for festival in festivals_of(2026) if not festival.cheerful]
    assert [(festival.code, festival.on_by_default) for festival in sad] == [("qingming", False)]


@pytest.mark.parametrize("year", range(2025, 2036))
def test_sc_5_1_years_are_in_order_and_the_eve_is_the_day_before(year: int) -> None:
    days = [festival.day for festival in festivals_of(year)]
    assert days == sorted(days)
    assert {day.year for day in days} == {year}
    assert day_of(year, "spring_festival") - day_of(year, "new_years_eve") == timedelta(days=1)


def test_sc_5_1_a_late_lunar_month_may_fall_twice_into_a_year_or_not_at_all() -> None:
    assert [festival.day for festival in festivals_of(2022) if festival.code == "laba"] == [
        date(2022, 1, 10),
        date(2022, 12, 30),
    ]
    assert not [festival for festival in festivals_of(2023) if festival.code == "laba"]


def test_names_are_given_in_both_languages() -> None:
    for festival in festivals_of(2026):
        assert festival.name.in_language("zh-hans") == festival.name.zh
        assert festival.name.in_language("en") == festival.name.en
        assert festival.name.en.isascii()

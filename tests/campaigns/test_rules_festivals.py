"""Which festivals are one greeting, and what is said (SC-5.1): tables of cases."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns.rules_festivals import Greeted, said_with
from campaigns.rules_greetings import (
    FIELD,
    STANDARD,
    TOGETHER,
    GreetingRefused,
    check_greeting,
    greeting_body,
)
from crm.compose import Sender, TextRefused, compose, pieces
from crm.festivals import KINDS, festivals_of


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# festivals (code, day), holidays → which is said with which
CASES = {
    "far apart": ([("mid_autumn", "2026-09-25"), ("double_ninth", "2026-10-18")], [], {}),
    "one day: the first named leads": (
        [("national_day", "2031-10-01"), ("mid_autumn", "2031-10-01")], [], {"mid_autumn": "national_day"},
    ),
    "inside the national week, calendar not published": (
        [("mid_autumn", "2028-10-03"), ("national_day", "2028-10-01")], [], {"mid_autumn": "national_day"},
    ),
    "the day before the week, calendar not published": (
        [("mid_autumn", "2031-09-30"), ("national_day", "2031-10-01")], [], {},
    ),
    "joined by the published calendar": (
        [("mid_autumn", "2023-09-29"), ("national_day", "2023-10-01")],
        [f"2023-09-{n}" for n in (29, 30)], {"national_day": "mid_autumn"},
    ),
    "the eve and the festival both on": (
        [("new_years_eve", "2026-02-16"), ("spring_festival", "2026-02-17")], [],
        {"spring_festival": "new_years_eve"},
    ),
    "lantern stands alone": ([("new_years_eve", "2026-02-16"), ("lantern", "2026-03-03")], [], {}),
    "a free Sunday joins nothing": ([("labour_day", "2026-05-01"), ("mothers_day", "2026-05-10")], ["2026-05-01"], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_sc_5_1_two_festivals_of_one_holiday_are_one_greeting(name: str) -> None:
    festivals, holidays, expected = CASES[name]
    rows = [Greeted(key, code, day(text)) for key, (code, text) in enumerate(festivals)]
    found = said_with(rows, {day(text) for text in holidays})
    codes = [code for code, _day in festivals]
    assert {codes[key]: codes[leader] for key, leader in found.items()} == expected


@pytest.mark.parametrize("year", range(2025, 2041))
def test_whoever_leads_is_said_with_nobody_and_stands_first(year: int) -> None:
    greeted = [
        Greeted(key, festival.code, festival.day)
        for key, festival in enumerate(festivals_of(year))
        if festival.cheerful
    ]
    found = said_with(greeted, set())
    of = {each.key: each.day for each in greeted}
    assert not set(found) & set(found.values())
    assert all(of[leader] <= of[key] for key, leader in found.items())


def test_every_cheerful_festival_has_a_standard_text_that_composes_in_two_pieces() -> None:
    assert set(STANDARD) == {kind.code for kind in KINDS if kind.cheerful} | {TOGETHER}
    sender = Sender("云栖花园", "0571-88880000", "林晓")
    for code, text in STANDARD.items():
        check_greeting(code, text)
        body = greeting_body(code, ["国庆节", "中秋节"] if code == TOGETHER else ["一"], {})
        parts = compose(body, name="欧阳建国", salutation="mr", sender=sender, marketing=True)
        assert pieces(parts.text).billed <= 2


def test_the_dragon_boat_festival_is_never_happy() -> None:
    assert "安康" in STANDARD["dragon_boat"]
    assert "快乐" not in STANDARD["dragon_boat"]
    with pytest.raises(GreetingRefused):
        check_greeting("dragon_boat", "祝您端午节快乐")
    check_greeting("mid_autumn", "祝您中秋节快乐")


@pytest.mark.parametrize("body", ["", "【云栖】祝您快乐", "尊敬的贵宾，祝您快乐", "祝您快乐，拒收请回复R"])
def test_sc_10_a_greeting_brings_no_opening_and_no_ending(body: str) -> None:
    with pytest.raises(TextRefused):
        check_greeting("mid_autumn", body)


def test_one_greeting_for_several_names_them_and_the_projects_own_text_wins() -> None:
    assert "国庆节、中秋节" in greeting_body("national_day", ["国庆节", "中秋节"], {"national_day": "x"})
    assert greeting_body("national_day", ["国庆节", "中秋节"], {TOGETHER: f"{FIELD}好"}) == "国庆节、中秋节好"
    assert greeting_body("national_day", ["国庆节"], {"national_day": "我们的"}) == "我们的"
    with pytest.raises(GreetingRefused):
        check_greeting(TOGETHER, "祝您假期愉快")

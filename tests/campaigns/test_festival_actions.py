"""The table of festivals: filled once, corrected and reviewed by two people, in step with the occasions (SC-5.1, SC-9)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from campaigns.actions import festivals
from campaigns.facts_festivals import coming, table
from campaigns.models import FestivalDay, GreetingText
from crm.errors import RuleViolation
from crm.models import Occasion, Project, User
from crm.roles import Role
from tests.factories import AT, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def zhao() -> User:
    return make_user(Role.SALES_DIRECTOR, None, "赵")


@pytest.fixture
def root() -> User:
    return make_user(Role.SYSTEM_ADMINISTRATOR, None, "根")


@pytest.fixture
def project() -> Project:
    return make_project()


def row(code: str, year: int = 2026) -> FestivalDay:
    return FestivalDay.objects.get(code=code, day__year=year)


def test_sc_5_1_the_command_fills_this_year_and_the_next_five_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("festivals")
    first = FestivalDay.objects.count()
    years = set(FestivalDay.objects.values_list("day__year", flat=True))
    assert len(years) == 6
    call_command("festivals")
    assert FestivalDay.objects.count() == first
    assert "0 festival days added" in capsys.readouterr().out


def test_sc_5_1_the_check_dates_stand_in_the_table() -> None:
    festivals.fill(years=[2026, 2027, 2028], at=AT)
    for code, day in {
        "new_years_eve": "2026-02-16", "spring_festival": "2026-02-17", "lantern": "2026-03-03",
        "qingming": "2026-04-05", "dragon_boat": "2026-06-19", "mid_autumn": "2026-09-25",
        "double_ninth": "2026-10-18", "winter_solstice": "2026-12-22",
    }.items():  # fmt: skip
        assert row(code).day.isoformat() == day
    assert row("new_years_eve", 2027).day.isoformat() == "2027-02-05"
    assert row("mid_autumn", 2027).day.isoformat() == "2027-09-15"
    assert row("spring_festival", 2028).day.isoformat() == "2028-01-26"
    assert {each.code for each in FestivalDay.objects.filter(day__year=2026, on=False)} == {
        "laba", "little_new_year", "spring_festival", "womens_day", "qingming", "mothers_day", "fathers_day", "qixi",
    }  # fmt: skip
    assert row("mid_autumn", 2028).said_with == row("national_day", 2028)


def test_a_corrected_day_stays_moves_its_occasion_and_waits_for_another_reviewer(
    zhao: User, root: User
) -> None:
    festivals.fill(years=[2026], at=AT)
    festivals.review(year=2026, by=root, at=AT)
    moved = festivals.correct(
        festival_id=row("mid_autumn").pk, day=dt.date(2026, 9, 26), on=True, by=zhao, at=AT
    )
    assert (moved.reviewed_by, moved.corrected_by) == (None, zhao)
    assert moved.occasion is not None
    assert (moved.occasion.starts_on, moved.occasion.ends_on) == (moved.day, moved.day)
    assert Occasion.objects.filter(title="中秋节", starts_on__year=2026).count() == 1
    assert festivals.fill(years=[2026], at=AT) == 0
    assert row("mid_autumn").day == dt.date(2026, 9, 26)
    with pytest.raises(RuleViolation):
        festivals.review(year=2026, by=zhao, at=AT)
    assert festivals.review(year=2026, by=root, at=AT) == 1


def test_sc_5_1_nothing_cheerful_on_qingming(zhao: User) -> None:
    festivals.fill(years=[2026], at=AT)
    sad = row("qingming")
    assert sad.occasion is None
    with pytest.raises(RuleViolation):
        festivals.correct(festival_id=sad.pk, day=sad.day, on=True, by=zhao, at=AT)
    with pytest.raises(IntegrityError, match="festival_on_is_cheerful"), transaction.atomic():
        FestivalDay.objects.filter(pk=sad.pk).update(on=True)


def test_a_correction_is_a_month_at_the_most(zhao: User) -> None:
    festivals.fill(years=[2026], at=AT)
    with pytest.raises(RuleViolation):
        festivals.correct(festival_id=row("qixi").pk, day=dt.date(2026, 12, 1), on=True, by=zhao, at=AT)


def test_switching_the_leader_off_lets_the_other_stand_alone(zhao: User) -> None:
    festivals.fill(years=[2028], at=AT)
    leader = row("national_day", 2028)
    festivals.correct(festival_id=leader.pk, day=leader.day, on=False, by=zhao, at=AT)
    assert row("mid_autumn", 2028).said_with is None
    days = coming(today=dt.date(2028, 9, 28), days=10)
    assert [each.code for each in days] == ["mid_autumn"]


def test_greeting_texts_take_two_people_and_replace_each_other(project: Project) -> None:
    writer, wu = make_user(Role.MARKETING, project), make_user(Role.SALES_MANAGER, project)
    festivals.fill(years=[2026], at=AT)
    first = festivals.propose_text(project=project, code="mid_autumn", body="月满人圆", by=writer, at=AT)
    with pytest.raises(RuleViolation):
        festivals.approve_text(text_id=first.pk, by=writer, at=AT)
    assert not any(each.own for each in table(2026, project))
    festivals.approve_text(text_id=first.pk, by=wu, at=AT)
    shown = next(each for each in table(2026, project) if each.festival.code == "mid_autumn")
    assert (shown.body, shown.own) == ("月满人圆", True)
    festivals.propose_text(project=project, code="mid_autumn", body="先写的", by=writer, at=AT)
    second = festivals.propose_text(project=project, code="mid_autumn", body="又写的", by=writer, at=AT)
    festivals.approve_text(text_id=second.pk, by=wu, at=AT)
    with pytest.raises(RuleViolation):
        festivals.approve_text(text_id=second.pk, by=wu, at=AT)
    assert dict(GreetingText.objects.values_list("body", "state")) == {
        "月满人圆": "replaced",
        "又写的": "approved",
    }
    with pytest.raises(IntegrityError, match="greeting_text_two_people"), transaction.atomic():
        GreetingText.objects.filter(pk=second.pk).update(approved_by=writer)

"""Who is away when (PX-7): weekly rest, its exceptions, leave, stand-ins."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from crm.facts_shifts import Absence, absences
from crm.models import Project, ShiftDay, User, WeeklyRest
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2026, 3, 2)
SUNDAY = dt.date(2026, 3, 8)


def day(offset: int) -> dt.date:
    return MONDAY + dt.timedelta(days=offset)


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def lin(project: Project) -> User:
    return make_user(project=project, name="Lin")


@pytest.fixture
def mei(project: Project) -> User:
    return make_user(project=project, name="Mei")


def exception(user: User, offset: int, kind: str, stand_in: User | None = None) -> None:
    ShiftDay.objects.create(user=user, day=day(offset), kind=kind, stand_in=stand_in, approved_by=user)


def test_px_7_somebody_without_shifts_is_always_there(lin: User) -> None:
    assert absences([lin.pk], MONDAY, SUNDAY) == {lin.pk: {}}


def test_px_7_a_weekly_rest_day_comes_every_week_with_its_stand_in(lin: User, mei: User) -> None:
    WeeklyRest.objects.create(user=lin, weekday=2, stand_in=mei)
    found = absences([lin.pk], MONDAY, SUNDAY + dt.timedelta(days=7))
    rest = Absence("rest", mei.pk)
    assert found == {lin.pk: {day(2): rest, day(9): rest}}


@pytest.mark.parametrize(("first", "last"), [(2, 2), (0, 2), (2, 6)])
def test_px_7_both_ends_of_the_range_count(lin: User, first: int, last: int) -> None:
    WeeklyRest.objects.create(user=lin, weekday=2)
    assert set(absences([lin.pk], day(first), day(last))[lin.pk]) == {day(2)}


def test_px_7_a_range_without_the_weekday_is_empty(lin: User) -> None:
    WeeklyRest.objects.create(user=lin, weekday=2)
    assert absences([lin.pk], day(3), day(8)) == {lin.pk: {}}


def test_px_7_a_rest_day_worked_after_all_is_no_absence(lin: User) -> None:
    WeeklyRest.objects.create(user=lin, weekday=2)
    exception(lin, 2, "work")
    assert set(absences([lin.pk], MONDAY, day(13))[lin.pk]) == {day(9)}


def test_px_7_leave_and_dated_rest_count_only_inside_the_range(lin: User, mei: User) -> None:
    exception(lin, -1, "leave", mei)
    exception(lin, 1, "leave", mei)
    exception(lin, 4, "rest")
    exception(lin, 7, "leave", mei)
    assert absences([lin.pk], MONDAY, SUNDAY) == {
        lin.pk: {day(1): Absence("leave", mei.pk), day(4): Absence("rest", None)}
    }


def test_px_7_a_dated_row_that_names_nobody_takes_the_weekly_stand_in_away(lin: User, mei: User) -> None:
    WeeklyRest.objects.create(user=lin, weekday=2, stand_in=mei)
    exception(lin, 2, "rest")
    assert absences([lin.pk], MONDAY, SUNDAY)[lin.pk] == {day(2): Absence("rest", None)}


def test_px_7_the_stand_in_of_the_day_outranks_the_weekly_one(lin: User, mei: User, project: Project) -> None:
    wang = make_user(project=project)
    WeeklyRest.objects.create(user=lin, weekday=2, stand_in=mei)
    exception(lin, 2, "leave", wang)
    assert absences([lin.pk], MONDAY, SUNDAY)[lin.pk] == {day(2): Absence("leave", wang.pk)}


def test_px_7_others_are_not_told(lin: User, mei: User) -> None:
    WeeklyRest.objects.create(user=mei, weekday=2)
    exception(mei, 3, "leave")
    assert absences([lin.pk], MONDAY, SUNDAY) == {lin.pk: {}}


@pytest.mark.parametrize("people", [2, 20])
def test_two_queries_for_any_number_of_users(
    project: Project, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    users = [make_user(project=project) for _ in range(people)]
    for user in users:
        WeeklyRest.objects.create(user=user, weekday=1)
        exception(user, 4, "leave")
    with django_assert_num_queries(2):
        found = absences([user.pk for user in users], MONDAY, SUNDAY)
    assert all(set(days) == {day(1), day(4)} for days in found.values())
    assert len(found) == people

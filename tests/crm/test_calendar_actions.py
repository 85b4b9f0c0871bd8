"""The working calendar in the database: files in, corrections kept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from crm.actions.calendars import correct_day, load_calendars, undo_correction
from crm.calendar_files import read_year, shipped_years
from crm.errors import RuleViolation
from crm.models import CalendarDay, User
from crm.roles import Role
from crm.workdays import Calendar
from tests.factories import AT, make_user

pytestmark = pytest.mark.django_db

NEW_YEAR = dt.date(2026, 1, 1)


@pytest.fixture
def admin() -> User:
    return make_user(Role.SYSTEM_ADMINISTRATOR)


def stored() -> Calendar:
    return Calendar.from_rows(CalendarDay.objects.values_list("day", "kind", "name"))


def test_all_shipped_days_are_loaded_and_2027_is_provisional() -> None:
    loaded = load_calendars(years=shipped_years(), by=None, at=AT)
    shipped = [special for year in shipped_years() for special in read_year(year).days]
    assert loaded == (len(shipped), 0)
    assert stored().special == {special.day: special for special in shipped}
    assert set(CalendarDay.objects.filter(provisional=True).values_list("day__year", flat=True)) == {2027}


def test_loading_twice_changes_nothing() -> None:
    load_calendars(years=[2026], by=None, at=AT)
    before = list(CalendarDay.objects.values())
    load_calendars(years=[2026], by=None, at=AT)
    assert list(CalendarDay.objects.values()) == before


@pytest.mark.parametrize("works", [True, False])
def test_a_corrected_day_is_never_overwritten(admin: User, works: bool) -> None:
    load_calendars(years=[2026], by=None, at=AT)
    correct_day(day=NEW_YEAR, works=works, name="ours", by=admin, at=AT)
    assert load_calendars(years=[2026], by=None, at=AT).kept == 1
    row = CalendarDay.objects.get(day=NEW_YEAR)
    assert (row.corrected, row.name) == (True, "ours")
    assert stored().is_working_day(NEW_YEAR) is works


@pytest.mark.parametrize("day", [dt.date(2026, 3, 4), dt.date(2026, 3, 7)])
@pytest.mark.parametrize("works", [True, False])
def test_any_day_can_be_made_worked_or_free(admin: User, day: dt.date, works: bool) -> None:
    correct_day(day=day, works=works, name="", by=admin, at=AT)
    load_calendars(years=[2026], by=None, at=AT)
    assert stored().is_working_day(day) is works


def test_a_day_the_file_no_longer_names_goes_away_unless_corrected(admin: User) -> None:
    CalendarDay.objects.create(day="2026-03-04", kind="holiday", provisional=True)
    correct_day(day=dt.date(2026, 3, 5), works=False, name="", by=admin, at=AT)
    load_calendars(years=[2026], by=None, at=AT)
    assert list(
        CalendarDay.objects.filter(day__month=3, day__lt="2026-03-10").values_list("day", flat=True)
    ) == [dt.date(2026, 3, 5)]


def test_undoing_a_correction_gives_the_day_back_to_the_file(admin: User) -> None:
    correct_day(day=NEW_YEAR, works=True, name="", by=admin, at=AT)
    correct_day(day=dt.date(2030, 5, 1), works=False, name="", by=admin, at=AT)
    undo_correction(day=NEW_YEAR, by=admin, at=AT)
    undo_correction(day=dt.date(2030, 5, 1), by=admin, at=AT)
    assert not stored().is_working_day(NEW_YEAR)
    assert not CalendarDay.objects.filter(day__year=2030).exists()
    with pytest.raises(RuleViolation):
        undo_correction(day=NEW_YEAR, by=admin, at=AT)


def test_the_command_loads_all_years_and_names_a_missing_one() -> None:
    call_command("calendars")
    assert set(CalendarDay.objects.values_list("day__year", flat=True)) == set(shipped_years())
    with pytest.raises(CommandError, match="1999"):
        call_command("calendars", "1999")

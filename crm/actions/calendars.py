"""Writing the working calendar: from the shipped files, and by hand. A day corrected by hand stays so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.calendar_files import read_year, shipped_years
from crm.errors import RuleViolation
from crm.models import CalendarDay, User


class Loaded(NamedTuple):
    """What a load did: days written, days left alone because somebody had corrected them."""

    written: int
    kept: int


@transaction.atomic
def load_calendars(*, years: Iterable[int], by: User | None, at: dt.datetime) -> Loaded:
    """Bring the days of shipped years in line with their files, corrected days apart. Safe to repeat.

    FileNotFoundError for a year without a file.
    """
    written = kept = 0
    for year in years:
        shipped = read_year(year)
        rows = CalendarDay.objects.select_for_update().filter(day__year=year)
        corrected = set(rows.filter(corrected=True).values_list("day", flat=True))
        wanted = [
            CalendarDay(
                day=special.day, kind=special.kind, name=special.name, provisional=shipped.provisional
            )
            for special in shipped.days
            if special.day not in corrected
        ]
        # A notice may take a provisional day back.
        rows.filter(corrected=False).exclude(day__in=[row.day for row in wanted]).delete()
        CalendarDay.objects.bulk_create(
            wanted,
            update_conflicts=True,
            unique_fields=["day"],
            update_fields=["kind", "name", "provisional"],
        )
        written, kept = written + len(wanted), kept + len(corrected)
        audit.record("calendar.loaded", by=by, at=at, target="year", target_id=year, days=len(wanted))
    return Loaded(written, kept)


@transaction.atomic
def correct_day(*, day: dt.date, works: bool, name: str, by: User, at: dt.datetime) -> CalendarDay:
    """Say by hand whether a day is worked; no file overwrites it any more.

    A day that becomes an ordinary one keeps its row, so that a later load cannot make it special again.
    """
    kind = CalendarDay.Kind.MAKE_UP if works else CalendarDay.Kind.HOLIDAY
    row, _created = CalendarDay.objects.update_or_create(
        day=day, defaults={"kind": kind, "name": name.strip(), "provisional": False, "corrected": True}
    )
    audit.record(
        "calendar.corrected", by=by, at=at, target="day", target_id=row.pk, day=day.isoformat(), works=works
    )
    return row


@transaction.atomic
def undo_correction(*, day: dt.date, by: User, at: dt.datetime) -> None:
    """Give a corrected day back to the data file, or to its weekday when the file does not name it."""
    if not CalendarDay.objects.filter(day=day, corrected=True).delete()[0]:
        raise RuleViolation(_("This day was not corrected by hand."))
    audit.record("calendar.correction_undone", by=by, at=at, target="day", day=day.isoformat())
    if day.year in shipped_years():
        load_calendars(years=[day.year], by=by, at=at)

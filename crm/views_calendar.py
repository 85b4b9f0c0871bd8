"""The working calendar by year: what the files say, what was corrected."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import NamedTuple

from django.contrib import messages
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.actions import calendars
from crm.asked import number
from crm.calendar_files import shipped_years
from crm.deeds import attempt, posted, press
from crm.forms_calendar import FREE, WORKED, DayForm
from crm.gates import administrator_of
from crm.models import CalendarDay
from crm.pages import page

FIRST_YEAR, LAST_YEAR = 2000, 2100


class Month(NamedTuple):
    """One month as weeks of (day, its special row or None); a day of another month is None."""

    first: dt.date
    weeks: list[list[tuple[dt.date, CalendarDay | None] | None]]


def _months(year: int, special: dict[dt.date, CalendarDay]) -> list[Month]:
    plain = calendar.Calendar()
    return [
        Month(
            dt.date(year, month, 1),
            [
                [(day, special.get(day)) if day.month == month else None for day in week]
                for week in plain.monthdatescalendar(year, month)
            ],
        )
        for month in range(1, 13)
    ]


def _year(request: HttpRequest) -> int:
    asked = request.GET.get("year") or request.POST.get("year") or ""
    if not asked:
        return clock.now().year
    year = number(asked)
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404
    return year


@require_safe
def year_view(request: HttpRequest) -> HttpResponse:
    """Twelve months with their holidays, make-up days and corrections."""
    administrator_of(request)
    year = _year(request)
    rows = list(CalendarDay.objects.filter(day__year=year))
    last = CalendarDay.objects.aggregate(last=Max("day"))["last"]
    years = sorted({*shipped_years(), year, clock.now().year, *([last.year] if last else [])})
    context = {
        "year": year,
        "years": years,
        "months": _months(year, {row.day: row for row in rows}),
        "weekdays": list(WEEKDAYS_ABBR.values()),
        "rows": rows,
        "provisional": any(row.provisional for row in rows),
        "shipped": year in shipped_years(),
    }
    return page(request, "crm/calendar.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def day(request: HttpRequest, day: dt.date) -> HttpResponse:
    """Say by hand whether a day is worked."""
    by = administrator_of(request)
    row = CalendarDay.objects.filter(day=day).first()
    worked = row.kind == CalendarDay.Kind.MAKE_UP if row else day.weekday() < calendar.SATURDAY
    initial = {"day": day, "kind": WORKED if worked else FREE, "name": row.name if row else ""}
    form = DayForm(posted(request), initial=initial)
    if request.method == "POST" and attempt(
        form,
        lambda: calendars.correct_day(
            day=form.cleaned_data["day"],
            works=form.works,
            name=form.cleaned_data["name"],
            by=by,
            at=clock.now(),
        ),
    ):
        messages.success(
            request,
            _("Saved. The data files no longer change this day. Due dates in working days follow."),
        )
        return redirect(f"{reverse('crm:calendar')}?year={form.cleaned_data['day'].year}")
    status = 422 if form.errors else 200
    return page(request, "crm/calendar_day.html", {"form": form, "row": row, "day": day}, status=status)


@require_POST
def day_undo(request: HttpRequest, day: dt.date) -> HttpResponse:
    """Give a corrected day back to the data file."""
    by = administrator_of(request)
    press(
        request,
        lambda: calendars.undo_correction(day=day, by=by, at=clock.now()),
        _("The correction is undone."),
    )
    return redirect(f"{reverse('crm:calendar')}?year={day.year}")


@require_POST
def load(request: HttpRequest) -> HttpResponse:
    """Load a shipped year; corrected days stay."""
    by, year = administrator_of(request), _year(request)
    if year not in shipped_years():
        raise Http404
    loaded = calendars.load_calendars(years=[year], by=by, at=clock.now())
    messages.success(
        request,
        _("%(written)s days loaded, %(kept)s corrected days kept.")
        % {"written": loaded.written, "kept": loaded.kept},
    )
    return redirect(f"{reverse('crm:calendar')}?year={year}")

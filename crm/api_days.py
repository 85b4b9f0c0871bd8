"""Days: the working calendar, who is away when, occasions; and the scheduled jobs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from crm import clock
from crm.access import colleagues, get_visible, require_somewhere
from crm.actions import calendars, shifts
from crm.actions.occasions import BY_HAND, end_occasion, save_occasion
from crm.api_fields import Day, Id, Input, Output
from crm.api_forms import input_of, present_of
from crm.api_frame import ApiView, operation
from crm.calendar_files import shipped_years
from crm.celery import app, settle_lists
from crm.facts_shifts import absences
from crm.forms_calendar import DayForm
from crm.forms_occasions import OccasionForm
from crm.forms_shifts import DaysForm, WeekForm
from crm.gates import (
    TEAM,
    administrator_of,
    occasion_project,
    project_in_reach,
    shift_project,
    stand_ins_for,
    team_member,
)
from crm.models import CalendarDay, JobRun, Occasion, Project, WeeklyRest
from crm.occasion_titles import title_of
from crm.project_context import projects_of
from crm.roles import Action

LONGEST_SPAN = 62
FIRST_YEAR, LAST_YEAR = 2000, 2100


class CalendarRow(Output):
    class Meta:
        model = CalendarDay
        fields = ("day", "kind", "name", "provisional", "corrected")


class YearAsked(Input):
    year = serializers.IntegerField(required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR)


class YearLoaded(serializers.Serializer):
    written = serializers.IntegerField()
    kept = serializers.IntegerField(help_text="Days corrected by hand, which stay.")


class YearIn(Input):
    year = serializers.IntegerField(min_value=FIRST_YEAR, max_value=LAST_YEAR)


DayIn = input_of("DayIn", DayForm, leave=("day",))


def _day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Http404
    return day


class Calendar(ApiView):
    group = "places"

    @operation(asks=YearAsked, answers=CalendarRow, paged=True)
    def get(self, request: Request) -> Any:
        """Holidays, make-up days and corrections, by day."""
        administrator_of(request)
        year, rows = self.asked().get("year"), CalendarDay.objects.all()
        return self.page(rows.filter(day__year=year) if year else rows, "day")


class CalendarLoad(ApiView):
    group = "places"

    @operation(takes=YearIn, answers=YearLoaded)
    def post(self, request: Request) -> Any:
        """Load a shipped year; corrected days stay."""
        by, year = administrator_of(request), self.said()["year"]
        if year not in shipped_years():
            raise Http404
        return calendars.load_calendars(years=[year], by=by, at=clock.now())


class OneDay(ApiView):
    group = "places"

    @operation(takes=DayIn, answers=CalendarRow)
    def put(self, request: Request, day: str) -> Any:
        """Say by hand whether a day is worked."""
        by, wanted = administrator_of(request), _day(day)
        form = self.filled(DayForm, {"day": wanted})
        return calendars.correct_day(
            day=wanted, works=form.works, name=form.cleaned_data["name"], by=by, at=clock.now()
        )

    @operation()
    def delete(self, request: Request, day: str) -> None:
        """Give a corrected day back to the data file."""
        by = administrator_of(request)
        calendars.undo_correction(day=_day(day), by=by, at=clock.now())


class AbsenceRow(serializers.Serializer):
    user = serializers.IntegerField()
    name = serializers.CharField()
    day = Day()
    kind = serializers.CharField(help_text="rest or leave")
    stand_in = serializers.IntegerField(allow_null=True)


class SpanAsked(Input):
    since = Day(required=False, help_text="Today without it.")
    until = Day(required=False, help_text=f"Six days later without it; at most {LONGEST_SPAN} days.")


class FreedShown(serializers.Serializer):
    freed = serializers.ListField(
        child=serializers.CharField(),
        help_text="Colleagues for whom nobody stands in any more because of it.",
    )


class WeekRow(serializers.Serializer):
    weekday = serializers.IntegerField(help_text="0 is Monday.")
    stand_in = serializers.IntegerField(allow_null=True)


class RestIn(Input):
    weekday = serializers.IntegerField(min_value=0, max_value=6)
    stand_in = Id(required=False, allow_null=True)


class WeekIn(Input):
    rests = RestIn(many=True)


WITHOUT = "without_stand_in"
DaysIn = input_of(
    "DaysIn",
    DaysForm,
    confirm=serializers.ListField(
        child=serializers.ChoiceField(choices=[WITHOUT]), required=False, max_length=1
    ),
)


def _at_rest(form: WeekForm, weekday: int) -> dict[str, list[ErrorDetail]]:
    """What the form of a week says of one day, under the name that the API gives it."""
    errors: Any = form.errors.get(f"day_{weekday}", [])
    return {"stand_in": [ErrorDetail(str(error), code="invalid_choice") for error in errors]}


class Shifts(ApiView):
    group = "people"

    @operation(asks=SpanAsked, answers=AbsenceRow, listed=True)
    def get(self, request: Request, project: int) -> Any:
        """Who of the team is away when, and who stands in (PX-7)."""
        where = shift_project(request, project_in_reach(request, project))
        asked, today = self.asked(), clock.today(where.zone)
        first = asked.get("since", today)
        last = min(asked.get("until", first + dt.timedelta(days=6)), first + dt.timedelta(days=LONGEST_SPAN))
        people = {user.pk: user for user in colleagues(where.pk, *TEAM)}
        away = absences(list(people), first, last)
        return [
            {
                "user": pk,
                "name": str(people[pk]),
                "day": day,
                "kind": found.kind,
                "stand_in": found.stand_in_id,
            }
            for pk, days in away.items()
            for day, found in sorted(days.items())
        ]


class ShiftDays(ApiView):
    group = "people"

    @operation(takes=DaysIn, answers=FreedShown)
    def put(self, request: Request, project: int, user: int) -> Any:
        """Enter rest, leave or work of one person on some days."""
        where = shift_project(request, project_in_reach(request, project))
        person = team_member(where, user)
        confirm = self.said().get("confirm", ())
        form = self.filled(lambda data: DaysForm(data, stand_ins=stand_ins_for(where, person)))
        values = form.cleaned_data
        freed = shifts.set_days(
            user=person,
            first=values["first"],
            last=values["last"],
            kind=form.stored_kind,
            stand_in=values["stand_in"],
            project=where,
            by=self.by,
            at=clock.now(),
            confirmed=WITHOUT in confirm,
        )
        settle_lists(where.pk)
        return {"freed": freed}


class ShiftWeek(ApiView):
    group = "people"

    @operation(answers=WeekRow, listed=True)
    def get(self, request: Request, project: int, user: int) -> Any:
        """The weekly rest days of one person."""
        return self._rests(team_member(shift_project(request, project_in_reach(request, project)), user).pk)

    @operation(takes=WeekIn, answers=WeekRow, listed=True)
    def put(self, request: Request, project: int, user: int) -> Any:
        """Replace the weekly rest days of one person."""
        where = shift_project(request, project_in_reach(request, project))
        person = team_member(where, user)
        chosen = {rest["weekday"]: rest.get("stand_in") for rest in self.said()["rests"]}
        data = {
            f"day_{weekday}": str(chosen[weekday] or WeekForm.NOBODY) if weekday in chosen else WeekForm.WORKS
            for weekday in range(7)
        }
        form = WeekForm(data, stand_ins=stand_ins_for(where, person))
        if not form.is_valid():
            raise ValidationError(
                {"rests": [_at_rest(form, rest["weekday"]) for rest in self.said()["rests"]]}
            )
        shifts.set_weekly_rest(user=person, rests=form.rests, project=where, by=self.by, at=clock.now())
        settle_lists(where.pk)
        return self._rests(person.pk)

    def _rests(self, user: int) -> list[dict[str, Any]]:
        rows = WeeklyRest.objects.filter(user=user).order_by("weekday").values_list("weekday", "stand_in_id")
        return [{"weekday": weekday, "stand_in": stand_in} for weekday, stand_in in rows]


class OccasionRow(Output):
    name = serializers.SerializerMethodField(help_text="The title in the reader's language.")

    class Meta:
        model = Occasion
        fields = ("id", "project", "building", "kind", "title", "name", "text", "starts_on", "ends_on")

    def get_name(self, occasion: Occasion) -> str:
        return title_of(occasion)


class OccasionsAsked(Input):
    past = serializers.BooleanField(
        default=False, help_text="What is over, instead of what is current or comes."
    )


OccasionIn = input_of("OccasionIn", OccasionForm)
OccasionChange = input_of("OccasionChange", OccasionForm, partial=True)


class Occasions(ApiView):
    group = "places"

    @operation(asks=OccasionsAsked, answers=OccasionRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """Reasons to call (SC-9): the project's own and those of all."""
        where = occasion_project(request, project_in_reach(request, project))
        today = clock.today(where.zone)
        rows = Occasion.objects.filter(Q(project=where) | Q(project=None))
        if self.asked()["past"]:
            return self.page(rows.filter(ends_on__lt=today), "-starts_on", "-id")
        return self.page(rows.filter(ends_on__gte=today), "starts_on", "id")

    @operation(takes=OccasionIn, answers=OccasionRow, status=201)
    def post(self, request: Request, project: int) -> Any:
        """Enter an occasion."""
        where = occasion_project(request, project_in_reach(request, project))
        form = self.filled(lambda data: OccasionForm(data, project=where))
        return save_occasion(project=where, by=self.by, at=clock.now(), **form.cleaned_data)


class OneOccasion(ApiView):
    group = "places"

    def _own(self, request: Request, pk: int) -> tuple[Occasion, Project]:
        """An occasion entered by hand in a project where one enters them; 404 elsewhere."""
        rows = Occasion.objects.filter(project__in=projects_of(request), kind__in=BY_HAND)
        row = get_visible(rows.select_related("project"), pk=pk)
        assert row.project is not None
        return row, occasion_project(request, row.project)

    @operation(answers=OccasionRow)
    def get(self, request: Request, occasion: int) -> Any:
        """One occasion that was entered by hand."""
        return self._own(request, occasion)[0]

    @operation(takes=OccasionChange, answers=OccasionRow)
    def patch(self, request: Request, occasion: int) -> Any:
        """Correct an occasion."""
        row, where = self._own(request, occasion)
        present = present_of(OccasionForm, row)
        form = self.filled(lambda data: OccasionForm(data, instance=row, project=where), present)
        return save_occasion(project=where, occasion=row, by=self.by, at=clock.now(), **form.cleaned_data)

    @operation()
    def delete(self, request: Request, occasion: int) -> None:
        """Take an occasion off the call sheets; calls keep the one they used."""
        row, where = self._own(request, occasion)
        end_occasion(occasion=row, project=where, today=clock.today(where.zone), by=self.by, at=clock.now())


class RunRow(Output):
    class Meta:
        model = JobRun
        fields = ("name", "project", "started_at", "finished_at", "ok", "result")


class JobsShown(serializers.Serializer):
    scheduled = serializers.ListField(child=serializers.CharField(), help_text="The names of the beat table.")
    runs = RunRow(many=True)


class Jobs(ApiView):
    group = "figures"

    @operation(answers=JobsShown)
    def get(self, request: Request) -> Any:
        """The scheduled jobs, and the last run of each in the projects one administers."""
        reach = require_somewhere(self.by, Action.ADMINISTER).all_projects()
        rows = JobRun.objects.order_by("name", "project__name")
        runs = rows if reach is None else rows.filter(Q(project=None) | Q(project__in=reach))
        return {"scheduled": sorted(app.conf.beat_schedule), "runs": list(runs)}

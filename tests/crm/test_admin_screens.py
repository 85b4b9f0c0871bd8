"""The kernel's other screens, role by role: projects, areas, units, calendar, shifts, occasions, jobs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from crm.actions.calendars import load_calendars
from crm.actions.occasions import place_festival
from crm.celery import app
from crm.models import (
    Area,
    Building,
    CalendarDay,
    JobRun,
    Occasion,
    PolicyVersion,
    Project,
    ShiftDay,
    Unit,
    User,
    WeeklyRest,
)
from crm.roles import Role
from crm.views_jobs import LABELS
from tests.crm.screens import signed_in
from tests.factories import (
    AT,
    make_building,
    make_project,
    make_unit,
    make_unit_type,
    make_user,
)

pytestmark = pytest.mark.django_db

ADMIN_ONLY = (
    "projects",
    "project_new",
    "areas",
    "area_new",
    "units",
    "building_new",
    "unit_type_new",
    "unit_new",
    "calendar",
)
SHIFTS = {Role.SALES_MANAGER, Role.SALES_DIRECTOR}
OCCASIONS = {Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.MARKETING}
JOBS = {Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.DIRECTOR, Role.SYSTEM_ADMINISTRATOR}
PROJECT = {
    "name": "Lakeside", "short_name": "Lake", "signature": "湖畔", "hotline": "0571-88880000",
    "time_zone": "Asia/Shanghai", "region": "cn", "windows": "15:30-17:00\n9:30-11:30", "opens_at": "09:00",
    "closes_at": "20:30",
}  # fmt: skip


@pytest.fixture
def project() -> Project:
    return make_project("A")


@pytest.fixture
def other() -> Project:
    return make_project("B")


@pytest.fixture
def root(project: Project) -> Client:
    return signed_in(make_user(Role.SYSTEM_ADMINISTRATOR, name="Root"))


@pytest.fixture
def wu(project: Project) -> Client:
    return signed_in(make_user(Role.SALES_MANAGER, project, name="Wu"))


@pytest.fixture
def lin(project: Project) -> User:
    return make_user(project=project, name="Lin")


@pytest.fixture
def mei(project: Project) -> User:
    return make_user(project=project, name="Mei")


def at(name: str, *args: Any) -> str:
    return reverse(f"crm:{name}", args=args)


@pytest.mark.parametrize("role", list(Role))
def test_who_opens_what(project: Project, lin: User, role: Role) -> None:
    client = signed_in(make_user(role, project))
    administers = role is Role.SYSTEM_ADMINISTRATOR
    for name in ADMIN_ONLY:
        assert client.get(at(name)).status_code == (200 if administers else 403), name
    assert client.get(reverse("units_import")).status_code == (200 if administers else 403)
    assert client.post(reverse("units_store")).status_code == (400 if administers else 403)
    assert client.post(at("calendar_load"), {"year": 2026}).status_code == (302 if administers else 403)
    assert client.get(at("calendar_day", dt.date(2026, 3, 4))).status_code == (200 if administers else 403)
    for name in ("shifts",):
        assert client.get(at(name)).status_code == (200 if role in SHIFTS else 403)
    for name in ("shift_days", "shift_week"):
        assert client.get(at(name, lin.pk)).status_code == (200 if role in SHIFTS else 403)
    for name in ("occasions", "occasion_new"):
        assert client.get(at(name)).status_code == (200 if role in OCCASIONS else 403)
    assert client.get(at("jobs")).status_code == (200 if role in JOBS else 403)


def test_a_project_is_made_with_its_first_policy(root: Client) -> None:
    assert "mainland China" in root.get(at("project_new")).content.decode(), "whose calendar counts is said"
    assert root.post(at("project_new"), {**PROJECT, "active": "", "id": "77"}).status_code == 302
    made = Project.objects.get(name="Lakeside")
    assert (made.active, made.region) == (True, "CN")
    assert made.windows == [["09:30", "11:30"], ["15:30", "17:00"]]
    assert PolicyVersion.objects.get(project=made).values == {"closing_time": "20:30"}
    assert root.session["project_id"] == made.pk, "its buildings and people come next"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "A"}, "name"),
        ({"windows": "late"}, "windows"),
        ({"windows": "10:00-12:00\n11:00-13:00"}, "windows"),
        ({"windows": "12:00-10:00"}, "windows"),
        ({"closes_at": "08:00"}, "closes_at"),
        ({"sms_opens_at": "07:30"}, "sms_closes_at"),
        ({"sms_closes_at": "22:00"}, "sms_closes_at"),
        ({"sms_opens_at": "12:00", "sms_closes_at": "12:00"}, "sms_closes_at"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"region": "XX"}, "region"),
    ],
)
def test_a_wrong_project_keeps_its_input(root: Client, values: dict[str, str], field: str) -> None:
    answer = root.post(at("project_new"), {**PROJECT, **values})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert "0571-88880000" in answer.content.decode()
    assert Project.objects.count() == 1


def test_an_area_without_buildings_says_where_they_are_made(root: Client, project: Project) -> None:
    assert "no buildings yet" in root.get(at("area_new")).content.decode()


def test_a_project_is_edited_closed_and_opened(root: Client, project: Project) -> None:
    assert root.get(at("project_detail", project.pk)).status_code == 200
    root.post(at("project_edit", project.pk), {**PROJECT, "name": "A2"})
    root.post(at("project_active", project.pk))
    project.refresh_from_db()
    assert (project.name, project.active) == ("A2", False)
    root.post(at("project_active", project.pk), {"on": "1"})
    project.refresh_from_db()
    assert project.active


def test_areas_and_units_are_made_in_the_current_project(root: Client, project: Project) -> None:
    root.post(at("building_new"), {"name": "1#", "project": "99"})
    root.post(at("unit_type_new"), {"name": "A", "rooms": "3室2厅", "area_sqm": "89"})
    building = Building.objects.get()
    kind = project.unit_types.get()
    root.post(
        at("unit_new"),
        {"building": building.pk, "number": "101", "unit_type": kind.pk, "list_price": "1880000"},
    )
    root.post(at("area_new"), {"name": "East", "buildings": [building.pk]})
    assert Unit.objects.get().project == building.project == project
    assert list(Area.objects.get().buildings.all()) == [building]
    for url in (
        at("units"),
        at("areas"),
        at("area", Area.objects.get().pk),
        at("unit", Unit.objects.get().pk),
    ):
        assert root.get(url).status_code == 200


def test_foreign_choices_in_a_post_are_refused(root: Client, project: Project, other: Project) -> None:
    mine, foreign, kind = make_building(project), make_building(other), make_unit_type(other)
    assert root.post(at("unit_new"), {"building": foreign.pk, "number": "1"}).status_code == 422
    assert (
        root.post(at("unit_new"), {"building": mine.pk, "number": "1", "unit_type": kind.pk}).status_code
        == 422
    )
    assert root.post(at("area_new"), {"name": "X", "buildings": [foreign.pk]}).status_code == 422
    assert not Unit.objects.exists()


def test_a_building_in_use_stays_and_says_why(root: Client, project: Project) -> None:
    building = make_building(project)
    make_unit(building)
    answer = root.post(at("building_delete", building.pk), follow=True)
    assert "in use" in answer.content.decode()
    assert Building.objects.exists()


@pytest.mark.parametrize("count", [2, 20])
def test_lists_ask_the_same_number_of_questions(
    root: Client, project: Project, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        building = make_building(project)
        make_unit(building, unit_type=make_unit_type(project))
        Area.objects.create(project=project, name=building.name).buildings.add(building)
        make_user(project=project)
        make_project()
    for name, queries in (("units", 7), ("areas", 7), ("projects", 5)):
        root.get(at(name))
        with django_assert_num_queries(queries):
            root.get(at(name))


@pytest.mark.parametrize("people", [2, 20])
def test_the_team_calendar_asks_the_same_number_of_questions(
    wu: Client, project: Project, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(people):
        WeeklyRest.objects.create(user=make_user(project=project), weekday=1)
    wu.get(at("shifts"))
    with django_assert_num_queries(6):
        wu.get(at("shifts"), {"view": "month"})


def test_the_calendar_is_loaded_corrected_and_given_back(root: Client) -> None:
    assert "not loaded yet" in root.get(at("calendar"), {"year": 2027}).content.decode()
    root.post(at("calendar_load"), {"year": 2027})
    shown = root.get(at("calendar"), {"year": 2027}).content.decode()
    assert "Provisional" in shown
    day = dt.date(2027, 1, 1)
    root.post(at("calendar_day", day), {"day": "2027-01-01", "kind": "worked", "name": "ours"})
    root.post(at("calendar_load"), {"year": 2027})
    row = CalendarDay.objects.get(day=day)
    assert (row.kind, row.corrected) == ("make_up", True)
    root.post(at("calendar_day_undo", day))
    assert CalendarDay.objects.get(day=day).kind == "holiday"


@pytest.mark.parametrize("year", ["1999", "abc", "9999"])
def test_a_year_outside_of_time_does_not_exist(root: Client, year: str) -> None:
    assert root.get(at("calendar"), {"year": year}).status_code == 404


def test_leave_is_entered_and_shown_with_its_stand_in(wu: Client, lin: User, mei: User) -> None:
    data = {
        "kind": "leave",
        "first": "2026-11-25",
        "last": "2026-11-26",
        "stand_in": mei.pk,
        "approved_by": lin.pk,
    }
    answer = wu.post(at("shift_days", lin.pk), data)
    assert answer.headers["Location"] == at("shifts") + "?from=2026-11-25"
    assert {row.approved_by.name for row in ShiftDay.objects.all()} == {"Wu"}
    assert "Mei stands in" in wu.get(answer.headers["Location"]).content.decode()


def test_px_7_new_shifts_settle_the_lists_anew(
    wu: Client,
    project: Project,
    lin: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(app, "send_task", lambda name, args: sent.append((name, args)))
    week = {f"day_{weekday}": "works" for weekday in range(7)}
    with django_capture_on_commit_callbacks(execute=True):
        wu.post(at("shift_days", lin.pk), {"kind": "leave", "first": "2026-11-25", "last": "2026-11-25"})
        wu.post(at("shift_week", lin.pk), week)
        wu.post(at("shift_week", lin.pk), {})
    assert sent == [("leads.tasks.settle_project", (project.pk,))] * 2


def test_a_refused_shift_keeps_its_input_and_can_be_confirmed(wu: Client, lin: User, mei: User) -> None:
    WeeklyRest.objects.create(user=lin, weekday=2, stand_in=mei)
    data = {"kind": "leave", "first": "2026-11-25", "last": "2026-11-26"}
    answer = wu.post(at("shift_days", mei.pk), data)
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "2026-11-25" in said
    assert "PX-7" in said
    assert 'name="without_stand_in"' in said
    assert wu.post(at("shift_days", mei.pk), {**data, "without_stand_in": "1"}).status_code == 302


def test_weekly_rest_days_are_chosen_weekday_by_weekday(wu: Client, lin: User, mei: User) -> None:
    week = {f"day_{weekday}": "works" for weekday in range(7)}
    wu.post(at("shift_week", lin.pk), {**week, "day_1": "nobody", "day_4": str(mei.pk)})
    assert list(lin.weekly_rests.order_by("weekday").values_list("weekday", "stand_in")) == [
        (1, None),
        (4, mei.pk),
    ]
    assert wu.get(at("shift_week", lin.pk)).context["form"]["day_4"].value() == str(mei.pk)


def test_strangers_have_no_shifts_here(wu: Client, lin: User, other: Project) -> None:
    foreign = make_user(project=other)
    for name in ("shift_days", "shift_week"):
        assert wu.get(at(name, foreign.pk)).status_code == 404
        assert wu.post(at(name, foreign.pk)).status_code == 404
    data = {"kind": "leave", "first": "2026-11-25", "last": "2026-11-25", "stand_in": foreign.pk}
    assert wu.post(at("shift_days", lin.pk), data).status_code == 422
    assert wu.post(at("shift_week", lin.pk), {"day_1": str(foreign.pk)}).status_code == 422


def test_sc_9_an_offer_is_entered_and_ended(wu: Client, project: Project, other: Project) -> None:
    data = {"kind": "offer", "title": "98折", "text": "", "starts_on": "2026-01-01", "ends_on": "2099-01-01"}
    assert wu.post(at("occasion_new"), {**data, "project": other.pk, "created_by": "1"}).status_code == 302
    row = Occasion.objects.get()
    assert row.project == project
    assert "98折" in wu.get(at("occasions")).content.decode()
    wu.post(at("occasion", row.pk), {**data, "title": "97折"})
    wu.post(at("occasion_end", row.pk))
    row.refresh_from_db()
    assert row.title == "97折"
    assert "97折" in wu.get(at("occasions"), {"past": "1"}).content.decode()


def test_sc_9_a_wrong_occasion_keeps_its_input(wu: Client) -> None:
    data = {
        "kind": "offer",
        "title": "98折",
        "text": "说",
        "starts_on": "2026-05-02",
        "ends_on": "2026-05-01",
    }
    answer = wu.post(at("occasion_new"), data)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"ends_on"}
    assert "98折" in answer.content.decode()
    assert (
        wu.post(at("occasion_new"), {**data, "ends_on": "2026-06-01", "kind": "festival"}).status_code == 422
    )


def test_sc_9_festivals_and_foreign_occasions_are_not_theirs_to_change(wu: Client, other: Project) -> None:
    place_festival(occasion=None, title="中秋节", code="mid_autumn", day=dt.date(2026, 9, 25))
    foreign = Occasion.objects.create(
        project=other, kind="offer", title="X", starts_on="2026-01-01", ends_on="2099-01-01"
    )
    for pk in (foreign.pk, Occasion.objects.filter(kind="festival")[0].pk):
        assert wu.get(at("occasion", pk)).status_code == 404
        assert wu.post(at("occasion", pk)).status_code == 404
        assert wu.post(at("occasion_end", pk)).status_code == 404
    assert ">X<" not in wu.get(at("occasions")).content.decode()
    assert "Mid-Autumn Festival" in wu.get(at("occasions"), {"past": "1"}).content.decode()


def test_text_is_text(wu: Client, project: Project) -> None:
    nasty = "<script>alert(1)</script>"
    Occasion.objects.create(
        project=project, kind="offer", title=nasty, text=nasty, starts_on="2026-01-01", ends_on="2099-01-01"
    )
    assert nasty not in wu.get(at("occasions")).content.decode()


def test_the_jobs_show_the_runs_of_own_projects(wu: Client, project: Project, other: Project) -> None:
    for where, result in ((project, {"gave_way": 3}), (other, {"waiting": 4})):
        JobRun.objects.create(
            name="start_day", project=where, started_at=AT, finished_at=AT, ok=True, result=result
        )
    said = wu.get(at("jobs")).content.decode()
    assert "given way 3" in said
    assert "waiting" not in said
    assert "start_day" not in said
    assert "every 5 minutes" in said


def test_every_job_of_the_beat_table_is_said_in_words() -> None:
    assert set(app.conf.beat_schedule) <= set(LABELS)


def test_nothing_is_there_before_the_first_project() -> None:
    client = signed_in(make_user(Role.SYSTEM_ADMINISTRATOR))
    for name in ("projects", "areas", "units", "users", "calendar", "jobs"):
        assert client.get(at(name)).status_code == 200
    assert "No project yet" in client.get(at("units")).content.decode()
    assert client.get(at("unit_new")).headers["Location"] == at("project_new")


def test_all_shipped_years_are_shown(root: Client) -> None:
    load_calendars(years=[2025, 2026, 2027], by=None, at=AT)
    for year in (2025, 2026, 2027):
        assert root.get(at("calendar"), {"year": year}).status_code == 200

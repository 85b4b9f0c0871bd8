"""Writing shifts (PX-7): rest, leave, stand-ins who are there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from crm.actions.shifts import set_days, set_weekly_rest
from crm.errors import RuleViolation
from crm.facts_shifts import Absence, absences
from crm.models import Project, ShiftDay, User, WeeklyRest
from crm.roles import Role
from tests.factories import AT, make_project, make_user

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2026, 3, 9)
WEDNESDAY = MONDAY + dt.timedelta(days=2)


@pytest.fixture
def project() -> Project:
    return make_project("A")


@pytest.fixture
def lin(project: Project) -> User:
    return make_user(project=project, name="Lin")


@pytest.fixture
def mei(project: Project) -> User:
    return make_user(project=project, name="Mei")


@pytest.fixture
def wu(project: Project) -> User:
    return make_user(Role.SALES_MANAGER, project, name="Wu")


def enter(user: User, by: User, project: Project, **values: Any) -> list[str]:
    filled = {"first": MONDAY, "last": MONDAY, "kind": "leave", "stand_in": None, **values}
    return set_days(user=user, by=by, at=AT, project=project, **filled)


def week(user: User) -> dict[dt.date, Absence]:
    return absences([user.pk], MONDAY, MONDAY + dt.timedelta(days=6))[user.pk]


def test_px_7_leave_with_a_stand_in_is_entered_day_by_day(
    lin: User, mei: User, wu: User, project: Project
) -> None:
    enter(lin, wu, project, last=WEDNESDAY, stand_in=mei)
    assert week(lin) == {MONDAY + dt.timedelta(days=n): Absence("leave", mei.pk) for n in range(3)}
    assert set(ShiftDay.objects.values_list("approved_by", flat=True)) == {wu.pk}


def test_px_7_entering_again_replaces_and_the_usual_week_comes_back(
    lin: User, wu: User, project: Project
) -> None:
    set_weekly_rest(user=lin, rests={2: None}, project=project, by=wu, at=AT)
    enter(lin, wu, project, last=WEDNESDAY)
    enter(lin, wu, project, first=WEDNESDAY, last=WEDNESDAY, kind="work")
    assert set(week(lin)) == {MONDAY, MONDAY + dt.timedelta(days=1)}
    enter(lin, wu, project, last=WEDNESDAY, kind="")
    assert week(lin) == {WEDNESDAY: Absence("rest", None)}


def test_px_7_a_stand_in_who_is_away_too_is_refused(lin: User, mei: User, wu: User, project: Project) -> None:
    set_weekly_rest(user=mei, rests={2: None}, project=project, by=wu, at=AT)
    with pytest.raises(RuleViolation, match="Mei is away too") as refused:
        enter(lin, wu, project, last=WEDNESDAY, stand_in=mei)
    assert (refused.value.field, refused.value.clause) == ("stand_in", "PX-7")
    assert not ShiftDay.objects.exists()
    with pytest.raises(RuleViolation, match="same day"):
        set_weekly_rest(user=lin, rests={2: mei}, project=project, by=wu, at=AT)


def test_px_7_strangers_and_oneself_do_not_stand_in(lin: User, wu: User, project: Project) -> None:
    desk, foreign = make_user(Role.FRONT_DESK, project), make_user(project=make_project("B"))
    for stand_in in (lin, desk, foreign):
        with pytest.raises(RuleViolation):
            enter(lin, wu, project, stand_in=stand_in)
        with pytest.raises(RuleViolation):
            set_weekly_rest(user=lin, rests={1: stand_in}, project=project, by=wu, at=AT)
    assert not ShiftDay.objects.exists()
    assert not WeeklyRest.objects.exists()


def test_px_7_who_stands_in_for_others_is_not_away_unnoticed(
    lin: User, mei: User, wu: User, project: Project
) -> None:
    set_weekly_rest(user=lin, rests={2: mei}, project=project, by=wu, at=AT)
    enter(lin, wu, project, stand_in=mei)
    with pytest.raises(RuleViolation, match="Mei stands in for Lin") as refused:
        enter(mei, wu, project, last=WEDNESDAY)
    assert refused.value.confirm == "without_stand_in"
    assert enter(mei, wu, project, last=WEDNESDAY, confirmed=True) == ["Lin"]
    assert week(lin) == {MONDAY: Absence("leave", None), WEDNESDAY: Absence("rest", None)}
    next_wednesday = WEDNESDAY + dt.timedelta(days=7)
    later = absences([lin.pk], next_wednesday, next_wednesday)[lin.pk]
    assert later == {next_wednesday: Absence("rest", mei.pk)}


def test_px_7_a_new_rest_day_ends_standing_in_on_it(lin: User, mei: User, wu: User, project: Project) -> None:
    set_weekly_rest(user=lin, rests={2: mei}, project=project, by=wu, at=AT)
    set_weekly_rest(user=mei, rests={2: None, 3: lin}, project=project, by=wu, at=AT)
    assert week(lin) == {WEDNESDAY: Absence("rest", None)}


def test_px_7_the_weekly_rest_is_replaced_as_a_whole(lin: User, wu: User, project: Project) -> None:
    set_weekly_rest(user=lin, rests={1: None, 2: None}, project=project, by=wu, at=AT)
    set_weekly_rest(user=lin, rests={4: None}, project=project, by=wu, at=AT)
    assert list(lin.weekly_rests.values_list("weekday", flat=True)) == [4]
    with pytest.raises(RuleViolation):
        set_weekly_rest(user=lin, rests=dict.fromkeys(range(7)), project=project, by=wu, at=AT)


def test_nobody_approves_their_own_leave(wu: User, project: Project) -> None:
    with pytest.raises(RuleViolation) as refused:
        enter(wu, wu, project)
    assert refused.value.field == "kind"
    enter(wu, wu, project, kind="rest")
    assert set(week(wu)) == {MONDAY}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (MONDAY, MONDAY - dt.timedelta(days=1)),
        (MONDAY, MONDAY + dt.timedelta(days=92)),
        (MONDAY, dt.date(2027, 6, 1)),
    ],
)
def test_px_7_a_backward_endless_or_distant_range_is_refused(
    lin: User, wu: User, project: Project, first: dt.date, last: dt.date
) -> None:
    with pytest.raises(RuleViolation) as refused:
        enter(lin, wu, project, first=first, last=last)
    assert refused.value.field == "last"

"""Occasions (SC-9): what people enter, and the festivals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from crm.actions.occasions import end_occasion, place_festival, save_occasion
from crm.errors import RuleViolation
from crm.models import Contact, Occasion, Project, User
from crm.roles import Role
from tests.factories import AT, make_building, make_customer, make_project, make_user

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 3, 2)


@pytest.fixture
def project() -> Project:
    return make_project("A")


@pytest.fixture
def wu(project: Project) -> User:
    return make_user(Role.SALES_MANAGER, project)


def save(project: Project, by: User, **values: Any) -> Occasion:
    start = dt.date(2026, 3, 1)
    filled = {
        "kind": "offer",
        "title": "98折",
        "text": "",
        "starts_on": start,
        "ends_on": dt.date(2026, 3, 9),
        **values,
    }
    return save_occasion(project=project, by=by, at=AT, **filled)


def test_sc_9_an_offer_is_stored_and_corrected(project: Project, wu: User) -> None:
    offer = save(project, wu, title=" 98折 ")
    save(project, wu, title="97折", occasion=offer)
    row = Occasion.objects.get()
    assert (row.title, row.project, row.created_by) == ("97折", project, wu)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "festival"}, "kind"),
        ({"kind": "milestone"}, "kind"),
        ({"title": "  "}, "title"),
        ({"ends_on": dt.date(2026, 2, 28)}, "ends_on"),
    ],
)
def test_sc_9_what_is_refused_names_its_field(
    project: Project, wu: User, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(RuleViolation) as refused:
        save(project, wu, **values)
    assert (refused.value.field, refused.value.clause) == (field, "SC-9")
    assert not Occasion.objects.exists()


def test_sc_9_a_foreign_building_and_a_double_are_refused(project: Project, wu: User) -> None:
    with pytest.raises(RuleViolation) as refused:
        save(project, wu, building=make_building(make_project("B")))
    assert refused.value.field == "building"
    save(project, wu)
    with pytest.raises(RuleViolation) as refused:
        save(project, wu)
    assert refused.value.field == "title"


def test_sc_9_festivals_and_foreign_occasions_are_not_edited(project: Project, wu: User) -> None:
    place_festival(occasion=None, title="中秋节", code="mid_autumn", day=dt.date(2026, 9, 25))
    festival = Occasion.objects.first()
    foreign = save(make_project("B"), wu)
    for row in (festival, foreign):
        assert row is not None
        with pytest.raises(RuleViolation):
            save(project, wu, occasion=row)
        with pytest.raises(RuleViolation):
            end_occasion(occasion=row, project=project, today=TODAY, by=wu, at=AT)


def test_sc_9_a_running_occasion_ends_yesterday_and_keeps_its_contacts(project: Project, wu: User) -> None:
    offer = save(project, wu)
    contact = Contact.objects.create(
        customer=make_customer(), project=project, channel="phone", outcome="talked", effective=True, at=AT,
        recorded_at=AT, occasion=offer,
    )  # fmt: skip
    end_occasion(occasion=offer, project=project, today=TODAY, by=wu, at=AT)
    offer.refresh_from_db()
    contact.refresh_from_db()
    assert offer.ends_on == dt.date(2026, 3, 1)
    assert contact.occasion == offer


def test_sc_9_one_that_has_not_begun_is_deleted(project: Project, wu: User) -> None:
    end_occasion(occasion=save(project, wu, starts_on=TODAY), project=project, today=TODAY, by=wu, at=AT)
    assert not Occasion.objects.exists()


def test_sc_9_a_festival_is_placed_once_for_every_project_and_moves_with_its_day() -> None:
    day = dt.date(2026, 6, 19)
    row = place_festival(occasion=None, title="端午节", code="dragon_boat", day=day)
    assert (row.starts_on, row.ends_on, row.project, row.kind) == (day, day, None, "festival")
    assert "不说“快乐”" in row.text
    assert place_festival(occasion=None, title="端午节", code="dragon_boat", day=day) == row
    moved = place_festival(occasion=row, title="端午节", code="dragon_boat", day=dt.date(2026, 6, 20))
    assert (moved.pk, moved.starts_on) == (row.pk, dt.date(2026, 6, 20))

"""Today: order, marks, counts, what is folded away, and who may look at whose list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone as django_timezone

from crm import clock
from crm.models import Project, User, WeeklyRest
from crm.roles import Role
from crm.states import Outcome
from leads.actions.contacts import ContactSheet, log_contact
from leads.facts_today import day_of
from leads.models import CallTask
from tests import factories
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
MORNING = dt.datetime(2026, 3, 2, 2, 30, tzinfo=dt.UTC)
"""Monday 2 March 2026, 10:30 in Shanghai: a window is open."""
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Sets the product's one clock."""

    def set_clock(moment: dt.datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_clock(MORNING)
    return set_clock


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def names(lines: tuple) -> list[str]:
    return [line.lead.customer.name for line in lines]


def test_same_day_calls_stand_on_todays_list_with_their_due_time(stage: Stage, at: Callable) -> None:
    stage.visitor("韩轩", "13800000001", at=MORNING)
    page = signed_in(stage.lin).get(reverse("leads:today")).content.decode()
    assert "Mr 韩轩" in page
    assert "SC-2.1" in page
    assert "20:30" in page
    assert "138****0001" in page
    assert 'href="tel:+8613800000001"' in page


def test_promises_come_first_then_the_rest_by_the_order_of_the_moment(stage: Stage, at: Callable) -> None:
    first = stage.visitor("甲", "13800000001", at=MORNING, grade="C")
    stage.visitor("乙", "13800000002", at=MORNING, grade="B")
    promised = ContactSheet(outcome=Outcome.CALLBACK_ARRANGED, promised_at=MORNING + 2 * HOUR)
    log_contact(lead_id=first.lead.pk, sheet=promised, happened_at=MORNING, by=stage.lin, at=MORNING)
    day = day_of(stage.lin, [stage.project], MORNING + HOUR)
    assert names(day.now) == ["甲", "乙"]
    assert day.now[0].task.kind == CallTask.Kind.PROMISE


def test_everything_owed_to_one_lead_is_one_line(stage: Stage, at: Callable) -> None:
    made = stage.visitor("甲", "13800000001", at=MORNING, grade="")
    assert CallTask.objects.open().filter(lead=made.lead).count() == 2
    day = day_of(stage.lin, [stage.project], MORNING)
    assert len(day.now) == 1
    assert {kind for kind, _clause in day.now[0].duties} == {"cadence", "grade"}


def test_a_try_rests_until_its_next_moment_and_is_not_counted_as_done(stage: Stage, at: Callable) -> None:
    made = stage.visitor("甲", "13800000001", at=MORNING)
    stage.visitor("乙", "13800000002", at=MORNING)
    sheet = ContactSheet(outcome=Outcome.NO_ANSWER)
    log_contact(lead_id=made.lead.pk, sheet=sheet, happened_at=MORNING, by=stage.lin, at=MORNING)
    day = day_of(stage.lin, [stage.project], MORNING)
    assert (names(day.now), names(day.later), day.done, day.left) == (["乙"], ["甲"], 0, 2)
    afternoon = day_of(stage.lin, [stage.project], MORNING + 6 * HOUR)
    assert set(names(afternoon.now)) == {"甲", "乙"}


def test_after_a_try_the_screen_says_when_the_line_comes_back(stage: Stage, at: Callable) -> None:
    made = stage.visitor("甲", "13800000001", at=MORNING)
    sheet = ContactSheet(outcome=Outcome.NO_ANSWER)
    log_contact(lead_id=made.lead.pk, sheet=sheet, happened_at=MORNING, by=stage.lin, at=MORNING)
    task = CallTask.objects.open().get(lead=made.lead, next_try_at__isnull=False)
    assert task.next_try_at is not None
    said = f"Try again: Mon 2 Mar, {task.next_try_at.astimezone(stage.project.zone):%H:%M}, SC-2.1"
    assert said in signed_in(stage.lin).get(reverse("leads:today")).content.decode()


def test_a_grade_asked_for_today_is_given_in_two_taps_and_leads_back(stage: Stage, at: Callable) -> None:
    made = stage.visitor("甲", "13800000001", grade="", at=MORNING)
    talked = ContactSheet(outcome=Outcome.TALKED)
    log_contact(lead_id=made.lead.pk, sheet=talked, happened_at=MORNING, by=stage.lin, at=MORNING)
    CallTask.objects.filter(kind="grade").update(list_day=MORNING.date())
    client = signed_in(stage.lin)
    url = reverse("leads:lead_grade", args=[made.lead.pk]) + "?from=today"
    assert f'href="{url}"' in client.get(reverse("leads:today")).content.decode()
    assert f'class="back" href="{reverse("leads:today")}"' in client.get(url).content.decode()
    answer = client.post(url, {"grade": "A", "reason": ""})
    assert answer["Location"] == reverse("leads:today")


def test_done_and_left_are_counted(stage: Stage, at: Callable) -> None:
    made = stage.visitor("甲", "13800000001", at=MORNING)
    stage.visitor("乙", "13800000002", at=MORNING)
    later = MORNING + HOUR
    log_contact(
        lead_id=made.lead.pk,
        sheet=ContactSheet(outcome=Outcome.TALKED),
        happened_at=later,
        by=stage.lin,
        at=later,
    )
    day = day_of(stage.lin, [stage.project], later)
    assert (day.done, day.left, day.total, day.capacity) == (1, 1, 2, 40)


def test_what_gave_way_and_what_is_held_are_folded_with_reason_and_end(stage: Stage, at: Callable) -> None:
    for number in range(1, 4):
        stage.visitor(f"客{number}", f"1380000000{number}", at=MORNING)
    one, two, _three = CallTask.objects.open().filter(kind="cadence").order_by("pk")
    tomorrow = dt.date(2026, 3, 3)
    CallTask.objects.filter(pk=one.pk).update(
        list_day=tomorrow, moved_reason="capacity", gave_way_on=dt.date(2026, 3, 2), gave_way=1
    )
    CallTask.objects.filter(pk=two.pk).update(held_until=MORNING + 24 * HOUR, held_reason="cap")
    day = day_of(stage.lin, [stage.project], MORNING)
    assert (names(day.gave_way), names(day.held), names(day.now)) == (["客1"], ["客2"], ["客3"])
    page = signed_in(stage.lin).get(reverse("leads:today")).content.decode()
    assert "the day is full, until Tue 3 Mar" in page
    assert "contacted often enough for now, until Tue 3 Mar" in page


def test_outside_every_window_the_number_is_still_there_and_the_screen_says_so(
    stage: Stage, at: Callable
) -> None:
    stage.visitor("甲", "13800000001", at=MORNING)
    at(MORNING + 2 * HOUR)
    page = signed_in(stage.lin).get(reverse("leads:today")).content.decode()
    assert "Outside the contact hours; they open at 15:30" in page
    assert "tel:+8613800000001" in page
    at(MORNING + 8 * HOUR)
    page = signed_in(stage.lin).get(reverse("leads:today")).content.decode()
    assert "The contact hours of today are over" in page


def test_the_customers_own_window_counts_instead_of_the_projects(stage: Stage, at: Callable) -> None:
    made = stage.visitor("甲", "13800000001", at=MORNING)
    stage.visitor("乙", "13800000002", at=MORNING)
    made.lead.customer.windows = [["18:00", "19:00"]]
    made.lead.customer.save()
    day = day_of(stage.lin, [stage.project], MORNING)
    assert names(day.now) == ["乙", "甲"]
    assert [line.window_open for line in day.now] == [True, False]


def test_the_day_ends_at_midnight_of_the_project(stage: Stage, at: Callable) -> None:
    stage.visitor("甲", "13800000001", at=MORNING)
    at_midnight = dt.datetime(2026, 3, 2, 16, 10, tzinfo=dt.UTC)
    day = day_of(stage.lin, [stage.project], at_midnight)
    assert day.frames[0].today == dt.date(2026, 3, 3)
    assert day.now[0].overdue_days == 1


def test_a_consultant_in_two_projects_sees_both_named(stage: Stage, at: Callable) -> None:
    other = set_stage("江畔府")
    factories.add_role(stage.lin, Role.CONSULTANT, other.project)
    stage.visitor("甲", "13800000001", at=MORNING)
    other.visitor("乙", "13800000002", at=MORNING, consultant=stage.lin)
    page = signed_in(stage.lin).get(reverse("leads:today")).content.decode()
    assert "Mr 甲" in page
    assert "Mr 乙" in page
    assert page.count(f'<span class="tag">{other.project.short_name}</span>') == 1


def test_empty_lists_say_what_to_do(stage: Stage, at: Callable) -> None:
    client = signed_in(stage.lin)
    assert "Nothing is due today" in client.get(reverse("leads:today")).content.decode()
    made = stage.visitor("甲", "13800000001", at=MORNING)
    sheet = ContactSheet(outcome=Outcome.TALKED)
    log_contact(lead_id=made.lead.pk, sheet=sheet, happened_at=MORNING, by=stage.lin, at=MORNING)
    assert "All done for today" in client.get(reverse("leads:today")).content.decode()


def test_a_manager_looks_at_a_consultants_list_without_numbers_to_dial(stage: Stage, at: Callable) -> None:
    stage.visitor("甲", "13800000001", at=MORNING)
    client = signed_in(stage.wu)
    page = client.get(reverse("leads:today"), {"consultant": stage.lin.pk}).content.decode()
    assert "Today of 林晓" in page
    assert "138****0001" in page
    assert "tel:" not in page


def test_only_consultants_of_ones_own_projects_can_be_looked_at(stage: Stage, at: Callable) -> None:
    stranger = set_stage("江畔府").lin
    url = reverse("leads:today")
    assert signed_in(stage.wu).get(url, {"consultant": stranger.pk}).status_code == 404
    assert signed_in(stage.wu).get(url, {"consultant": "1 or 1"}).status_code == 404
    own = signed_in(stage.lin).get(url, {"consultant": stage.mei.pk}).content.decode()
    assert "Today of" not in own


@pytest.mark.parametrize(("who", "status"), [("lin", 200), ("wu", 200), ("fang", 403), ("jin", 403)])
def test_who_has_a_today(stage: Stage, at: Callable, who: str, status: int) -> None:
    assert signed_in(getattr(stage, who)).get(reverse("leads:today")).status_code == status


def test_the_number_of_queries_does_not_grow_with_the_lines(stage: Stage, at: Callable) -> None:
    client = signed_in(stage.lin)
    client.get(reverse("leads:today"))
    counts = []
    for upto in (2, 20):
        for number in range(CallTask.objects.filter(kind="cadence").count(), upto):
            stage.visitor(f"客{number}", f"138000001{number:02d}", at=MORNING)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page = client.get(reverse("leads:today")).content.decode()
        assert page.count("data-tap-url") == upto
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[1] <= 12


def test_times_are_those_of_the_projects_zone(stage: Stage, at: Callable) -> None:
    stage.visitor("甲", "13800000001", at=MORNING)
    with django_timezone.override("UTC"):
        assert "20:30" in signed_in(stage.lin).get(reverse("leads:today")).content.decode()


def test_a_stand_in_has_the_line_with_the_owners_name_and_may_dial(stage: Stage, at: Callable) -> None:
    WeeklyRest.objects.create(user=stage.lin, weekday=0, stand_in=stage.mei)
    made = stage.visitor("甲", "13800000001", at=MORNING)
    page = signed_in(stage.mei).get(reverse("leads:today")).content.decode()
    assert "for 林晓" in page
    assert "tel:+8613800000001" in page
    task = CallTask.objects.open().get(lead=made.lead, kind="cadence")
    assert signed_in(stage.mei).get(reverse("leads:task", args=[task.pk])).status_code == 200
    assert "甲" not in signed_in(stage.lin).get(reverse("leads:today")).content.decode()
    assert task.credit == stage.lin


def test_what_is_done_on_the_screen_leads_to_where_it_is_done(stage: Stage, at: Callable) -> None:
    made = stage.visitor("甲", "13800000001", at=MORNING)
    sheet = ContactSheet(outcome=Outcome.WRONG_PERSON)
    log_contact(lead_id=made.lead.pk, sheet=sheet, happened_at=MORNING, by=stage.lin, at=MORNING)
    client = signed_in(stage.lin)
    page = client.get(reverse("leads:today")).content.decode()
    assert "Put the number right" in page
    assert "tel:" not in page
    repair = CallTask.objects.open().get(kind="repair")
    assert "Add a number" in client.get(reverse("leads:task", args=[repair.pk])).content.decode()


def test_a_list_holds_only_the_projects_asked_for_each_by_its_own_day(stage: Stage, at: Callable) -> None:
    """At 21:00 of 2 March in Shanghai it is 02:00 of 3 March in Auckland."""
    evening = MORNING + 10.5 * HOUR
    farther = set_stage("远方")
    farther.project.time_zone = "Pacific/Auckland"
    farther.project.save()
    factories.add_role(stage.lin, Role.CONSULTANT, farther.project)
    here = stage.visitor("甲", "13800000001", at=MORNING - 24 * HOUR, grade="C")
    there = farther.visitor("乙", "13800000002", at=MORNING - 24 * HOUR, grade="C", consultant=stage.lin)
    tomorrow, next_week = dt.date(2026, 3, 3), MORNING + 7 * 24 * HOUR
    CallTask.objects.filter(lead__in=[here.lead, there.lead]).update(list_day=tomorrow, due_at=next_week)

    def listed(*projects: Project) -> set[str]:
        day = day_of(stage.lin, projects, evening)
        return set(names((*day.now, *day.later, *day.again, *day.held, *day.gave_way)))

    assert listed(stage.project, farther.project) == {"乙"}
    assert listed(stage.project) == set()
    assert listed() == set()


def test_a_row_says_what_it_is_about_and_escapes_what_was_typed(stage: Stage, at: Callable) -> None:
    made = stage.visitor("<b>甲</b>", "13800000001", at=MORNING - 24 * HOUR)
    made.lead.wanted = "<i>三房</i>"
    made.lead.save()
    log_contact(
        lead_id=made.lead.pk,
        sheet=ContactSheet(outcome=Outcome.NO_ANSWER),
        happened_at=MORNING,
        by=stage.lin,
        at=MORNING,
    )
    page = signed_in(stage.lin).get(reverse("leads:today")).content.decode()
    assert "&lt;b&gt;甲" in page
    assert "&lt;i&gt;三房" in page
    assert "<b>甲" not in page
    assert "<i>三房" not in page
    assert "tried once, again " in page
    assert "1 day overdue" in page

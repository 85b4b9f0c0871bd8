"""The list and the page of leads: who sees what, edits that say the new date, numbers that do not walk out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import clock
from crm.models import AuditEvent, User
from leads.actions.contacts import ContactSheet, log_contact
from leads.edits import EDITS
from leads.models import Deal, Lead
from tests import factories
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
PHONE = "13800138000"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def visitor(stage: Stage, name: str = "王芳", phone: str = PHONE, **values: Any) -> Lead:
    return stage.visitor(name, phone, at=NOW - dt.timedelta(hours=3), **values).lead


def test_a_consultant_sees_own_leads_and_a_colleague_none(stage: Stage) -> None:
    lead = visitor(stage)
    url = reverse("leads:lead", args=[lead.pk])
    mine = client_of(stage.lin).get(url)
    assert mine.status_code == 200
    assert "SC-2.1" in mine.content.decode()
    assert "SC-2.2" in mine.content.decode()
    assert client_of(stage.mei).get(url).status_code == 404
    assert "王芳" in client_of(stage.lin).get(reverse("leads:list")).content.decode()
    assert "王芳" not in client_of(stage.mei).get(reverse("leads:list")).content.decode()


def test_the_desk_and_marketing_may_not_list_leads(stage: Stage) -> None:
    marketing = factories.make_user("marketing", stage.project)
    for user in (stage.fang, marketing):
        assert client_of(user).get(reverse("leads:list")).status_code == 403


@pytest.mark.parametrize(
    "query", ["", "q=王芳", "q=8000", "grade=B", "stage=visitor", "due=today", "bin=task_open"]
)
def test_filters_find_the_visitor(stage: Stage, query: str) -> None:
    visitor(stage)
    assert "王芳" in client_of(stage.lin).get(f"{reverse('leads:list')}?{query}").content.decode()


@pytest.mark.parametrize("query", ["q=李雷", "q=3800", "grade=A", "stage=caller", "due=overdue", "bin=pool"])
def test_filters_leave_the_visitor_out(stage: Stage, query: str) -> None:
    visitor(stage)
    assert "王芳" not in client_of(stage.lin).get(f"{reverse('leads:list')}?{query}").content.decode()


@pytest.mark.parametrize(
    "query", ["grade=Z", "bin=nobody", "order=password", "consultant=999999", "after=%00xx", "q=%00"]
)
def test_bad_filters_are_said_and_break_nothing(stage: Stage, query: str) -> None:
    visitor(stage)
    assert client_of(stage.wu).get(f"{reverse('leads:list')}?{query}").status_code == 200


@pytest.mark.parametrize("order", ["new", "due", "talk", "visit"])
def test_every_order_pages_through_all_leads_once(
    stage: Stage, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.views_leads.PAGE", 2)
    for number in range(5):
        visitor(stage, f"客{number}", f"1380013800{number}")
    client, query, seen = client_of(stage.lin), f"order={order}", []
    while query:
        found = client.get(f"{reverse('leads:list')}?{query}").context["page"]
        seen += [lead.pk for lead in found.rows]
        query = found.next
    assert sorted(seen) == sorted(Lead.objects.values_list("pk", flat=True))


def test_the_list_costs_the_same_for_2_and_20(stage: Stage) -> None:
    counts = []
    client = client_of(stage.wu)
    client.get(reverse("leads:list"))
    for upto in (2, 20):
        for number in range(Lead.objects.count(), upto):
            visitor(stage, f"客{number}", f"138001380{number:02d}")
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(reverse("leads:list"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_numbers_are_masked_in_the_list_and_shown_to_the_owner_only(stage: Stage) -> None:
    lead = visitor(stage)
    number = lead.customer.phones.get()
    assert "138****8000" in client_of(stage.lin).get(reverse("leads:list")).content.decode()
    page = reverse("leads:lead", args=[lead.pk])
    assert "tel:+8613800138000" in client_of(stage.lin).get(page).content.decode()
    assert "13800138000" not in client_of(stage.wu).get(page).content.decode()
    shown = client_of(stage.wu).post(reverse("leads:phone_reveal", args=[lead.pk, number.pk]))
    assert "tel:+8613800138000" in shown.content.decode()
    event = AuditEvent.objects.get(verb="phone.revealed")
    assert (event.by, event.target_id) == (stage.wu, lead.pk)
    assert "138" not in str(event.details)


def test_a_number_of_another_party_is_not_there(stage: Stage) -> None:
    lead = visitor(stage)
    other = visitor(stage, "李雷", "13900139000", consultant=stage.mei)
    foreign = other.customer.phones.get()
    for name in ("phone_reveal", "phone_wrong", "phone_main"):
        assert (
            client_of(stage.lin).post(reverse(f"leads:{name}", args=[lead.pk, foreign.pk])).status_code == 404
        )


def test_an_edit_says_the_new_date(stage: Stage) -> None:
    lead = visitor(stage, grade="B")
    client = client_of(stage.lin)
    done = client.post(reverse("leads:lead_grade", args=[lead.pk]), {"grade": "A", "reason": ""}, follow=True)
    lead.refresh_from_db()
    assert lead.grade == "A"
    assert "SC-2.1" in str(next(iter(done.context["messages"])))


def test_a_refused_edit_keeps_the_input(stage: Stage) -> None:
    lead = visitor(stage, grade="B")
    answer = client_of(stage.lin).post(
        reverse("leads:lead_grade", args=[lead.pk]), {"grade": "D", "reason": ""}
    )
    assert answer.status_code == 422
    assert answer.context["form"]["grade"].value() == "D"
    lead.refresh_from_db()
    assert lead.grade == "B"


@pytest.mark.parametrize("what", sorted(EDITS))
def test_every_edit_opens_for_the_owner_and_for_nobody_else(stage: Stage, what: str) -> None:
    lead = visitor(stage)
    url = reverse(f"leads:lead_{what}", args=[lead.pk])
    assert client_of(stage.lin).get(url).status_code == 200
    assert client_of(stage.wu).get(url).status_code == 200
    assert client_of(stage.mei).get(url).status_code == 404
    assert client_of(stage.fang).get(url).status_code == 404


def test_the_clerk_sees_a_lead_with_a_deal_and_may_not_edit_it(stage: Stage) -> None:
    lead = visitor(stage)
    page = reverse("leads:lead", args=[lead.pk])
    assert client_of(stage.jin).get(page).status_code == 404
    Deal.objects.create(lead=lead, created_at=NOW, created_by=stage.lin)
    assert client_of(stage.jin).get(page).status_code == 200
    assert (
        client_of(stage.jin).post(reverse("leads:lead_grade", args=[lead.pk]), {"grade": "A"}).status_code
        == 403
    )


def test_a_lost_lead_says_why_nobody_calls(stage: Stage) -> None:
    lead = visitor(stage)
    client = client_of(stage.lin)
    client.post(reverse("leads:lead_end", args=[lead.pk]), {"reason": "lost:bought_elsewhere", "note": ""})
    shown = client.get(reverse("leads:lead", args=[lead.pk])).content.decode()
    assert "已购竞品" in shown
    assert "SC-11" in shown


def test_the_last_wrong_number_opens_a_data_repair(stage: Stage) -> None:
    lead = visitor(stage)
    number = lead.customer.phones.get()
    client = client_of(stage.lin)
    client.post(reverse("leads:phone_wrong", args=[lead.pk, number.pk]))
    lead.refresh_from_db()
    assert lead.review_clause == "PX-1"
    client.post(
        reverse("leads:lead_phone", args=[lead.pk]), {"person": lead.customer_id, "phone": "13700137000"}
    )
    lead.refresh_from_db()
    assert lead.review_clause == ""


def test_the_story_tells_contacts_with_what_was_learned(stage: Stage) -> None:
    lead = visitor(stage)
    sheet = ContactSheet(
        "talked", news="想看学区房 13800138000", intention="up", appointment=NOW + dt.timedelta(days=2)
    )
    log_contact(lead_id=lead.pk, sheet=sheet, happened_at=NOW, by=stage.lin, at=NOW)
    page = client_of(stage.lin).get(reverse("leads:lead", args=[lead.pk])).content.decode()
    assert "想看学区房" in page
    assert "想看学区房 13800138000" not in page
    part = client_of(stage.lin).get(reverse("leads:lead", args=[lead.pk]), headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()


def test_a_held_lead_says_until_when_and_why(stage: Stage) -> None:
    lead = visitor(stage)
    Lead.objects.filter(pk=lead.pk).update(held_until=NOW + dt.timedelta(days=1), held_reason="cap")
    assert client_of(stage.lin).get(reverse("leads:lead", args=[lead.pk])).context["rest"].clause


def test_the_page_costs_the_same_for_a_short_and_a_long_story(stage: Stage) -> None:
    lead, client, counts = visitor(stage), client_of(stage.lin), []
    for upto in (1, 15):
        for number in range(upto):
            at = NOW - dt.timedelta(minutes=upto * 20 - number)
            log_contact(lead_id=lead.pk, sheet=ContactSheet("no_answer"), happened_at=at, by=stage.lin, at=at)
        client.get(reverse("leads:lead", args=[lead.pk]))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("leads:lead", args=[lead.pk]))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_text_of_customers_is_escaped_in_the_story(stage: Stage) -> None:
    lead = visitor(stage)
    client = client_of(stage.lin)
    client.post(
        reverse("leads:lead_objections", args=[lead.pk]), {"raised": ["school"], "note": "<script>x</script>"}
    )
    assert "<script>x" not in client.get(reverse("leads:lead", args=[lead.pk])).content.decode()


def test_what_was_owed_so_far_is_fetched_when_it_is_asked_for(stage: Stage) -> None:
    lead = visitor(stage)
    url, client = reverse("leads:lead", args=[lead.pk]), client_of(stage.lin)
    assert 'id="record-title"' not in client.get(url).content.decode()
    assert "到目前为止没有应打的电话。" in client.get(f"{url}?record=1").content.decode()
    log_contact(
        lead_id=lead.pk,
        sheet=ContactSheet("talked"),
        happened_at=NOW - dt.timedelta(minutes=5),
        by=stage.lin,
        at=NOW,
    )
    whole = client.get(f"{url}?record=1").content.decode()
    part = client.get(f"{url}?record=1", headers={"HX-Request": "true"}).content.decode()
    assert "按时完成" in whole
    assert 'id="story"' in whole
    assert "按时完成" in part
    assert 'id="story"' not in part
    assert client_of(stage.mei).get(f"{url}?record=1").status_code == 404


def test_the_page_names_interests_and_objections_in_order(stage: Stage) -> None:
    lead = visitor(stage)
    lead.interests.all().delete()
    lead.objections.all().delete()
    for point in ("transport", "school"):
        lead.interests.create(point=point, noted_at=NOW)
    lead.objections.create(cause="price", note="<b>贵</b>", raised_at=NOW, dissolved_at=NOW)
    lead.objections.create(cause="transport", raised_at=NOW)
    row = client_of(stage.lin).get(reverse("leads:lead", args=[lead.pk])).context["lead"]
    assert row.points == ["transport", "school"]
    assert [(each["cause"], each["note"]) for each in row.held_back_by] == [
        ("price", "<b>贵</b>"),
        ("transport", ""),
    ]
    assert [bool(each["dissolved_at"]) for each in row.held_back_by] == [True, False]
    text = client_of(stage.lin).get(reverse("leads:lead", args=[lead.pk])).content.decode()
    assert "&lt;b&gt;贵&lt;/b&gt;" in text

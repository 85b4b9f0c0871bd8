"""The desk: three fields, a known number while typing, where the lead went, and nothing private to anybody."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import clock
from crm.models import Customer, User, WeeklyRest
from crm.roles import Role
from leads.actions.objections import dissolve_objections
from leads.actions.registering import VisitSheet, complete_sheet
from leads.models import CallTask, InboundCall, Lead, LeadEvent, Visit
from tests import factories
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
MORNING = dt.datetime(2026, 3, 2, 2, 30, tzinfo=dt.UTC)
"""Monday 2 March 2026, 10:30 in Shanghai."""


@pytest.fixture(autouse=True)
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: MORNING)


@pytest.fixture
def stage() -> Stage:
    return set_stage()


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def visit(client: Client, **data: object) -> Any:
    fields = {"submission": uuid.uuid4(), "phone": "138 0000 0001", "name": "韩女士"}
    return client.post(reverse("leads:register_visit"), {**fields, **data})


def text_of(response: Any) -> str:
    return str(response.content.decode())


def lookup(client: Client, phone: str) -> str:
    return text_of(client.post(reverse("leads:lookup"), {"phone": phone})).strip()


def test_three_fields_make_a_visit_and_say_where_it_went(stage: Stage) -> None:
    client = signed_in(stage.fang)
    answer = visit(client, heard_via=stage.heard.pk, consultant=stage.lin.pk)
    page = text_of(client.get(answer["Location"]))
    assert "First visit registered." in page
    assert "Consultant: 林晓." in page
    assert "林晓 calls by Mon 2 Mar, 20:30 (SC-2.1)." in page
    assert "To be graded by Mon 2 Mar, 20:30 (SC-2.6)." in page
    lead = Lead.objects.get()
    assert (lead.customer.name, lead.customer.salutation) == ("韩", "ms")
    assert (lead.consultant, lead.heard_via, lead.visit_rows.get().received_by) == (
        stage.lin,
        stage.heard,
        stage.lin,
    )
    assert "韩" not in page
    assert reverse("leads:visit_sheet", args=[lead.visit_rows.get().pk]) not in page, "the desk opens no lead"


def test_a_visit_without_a_consultant_stands_with_the_manager(stage: Stage) -> None:
    client = signed_in(stage.fang)
    page = text_of(client.get(visit(client)["Location"]))
    assert "Nobody owns it yet" in page


def test_a_consultant_is_preselected_for_their_own_entry(stage: Stage) -> None:
    client = signed_in(stage.lin)
    page = text_of(client.get(reverse("leads:register_visit")))
    assert f'<option value="{stage.lin.pk}" selected>' in page
    done = text_of(client.get(visit(client, consultant=stage.lin.pk)["Location"]))
    assert reverse("leads:visit_sheet", args=[Visit.objects.get().pk]) in done


def test_the_desk_sees_who_is_off_today(stage: Stage) -> None:
    WeeklyRest.objects.create(user=stage.mei, weekday=0)
    page = text_of(signed_in(stage.fang).get(reverse("leads:register_visit")))
    assert "梅清 (off today)" in page
    assert "林晓 (off today)" not in page


def test_a_known_party_keeps_its_consultant(stage: Stage) -> None:
    stage.visitor("韩轩", "13800000001", at=MORNING - dt.timedelta(days=3), consultant=stage.mei)
    client = signed_in(stage.fang)
    page = text_of(client.get(visit(client, consultant=stage.lin.pk)["Location"]))
    assert "Repeat visit registered." in page
    assert "Consultant: 梅清." in page
    assert Lead.objects.get().consultant == stage.mei
    assert Customer.objects.get().name == "韩轩"


def test_a_call_that_was_only_noted_opens_a_callback(stage: Stage) -> None:
    client = signed_in(stage.fang)
    answer = client.post(
        reverse("leads:register_call"),
        {"phone": "13800000001", "name": "赵", "salutation": "mr", "consultant": stage.lin.pk, "talked": "0"},
    )
    assert "林晓 calls by Mon 2 Mar, 20:30 (SC-1.1)." in text_of(client.get(answer["Location"]))
    assert InboundCall.objects.get().talked is False


def test_who_took_a_call_is_guessed_from_the_role(stage: Stage) -> None:
    def chosen(user: User) -> str:
        page = text_of(signed_in(user).get(reverse("leads:register_call")))
        return next(
            value
            for value in ("0", "1")
            if f'name="talked" value="{value}"' in page.split("checked")[0][-400:]
        )

    assert chosen(stage.lin) == "1"
    assert chosen(stage.fang) == "0"


@pytest.mark.parametrize("typed", ["13800000001", "138 0000 0001", "+86 138-0000-0001"])
def test_a_known_number_is_said_while_typing_with_nothing_private(stage: Stage, typed: str) -> None:
    stage.visitor("韩轩", "13800000001", at=MORNING - dt.timedelta(days=3))
    said = lookup(signed_in(stage.fang), typed)
    assert "consultant 林晓" in said
    assert "last visit Fri 27 Feb 2026" in said
    assert "韩" not in said
    assert "138" not in said


@pytest.mark.parametrize("typed", ["", "138000", "1380000000", "0000001"])
def test_parts_of_a_number_say_nothing(stage: Stage, typed: str) -> None:
    stage.visitor("韩轩", "13800000001", at=MORNING)
    assert lookup(signed_in(stage.fang), typed) == ""


def test_customers_of_other_projects_are_not_known_here(stage: Stage) -> None:
    set_stage("江畔府").visitor("韩轩", "13800000001", at=MORNING)
    elsewhere, nowhere = (lookup(signed_in(stage.fang), typed) for typed in ("13800000001", "13800000002"))
    assert "New number" in elsewhere
    assert elsewhere == nowhere


def test_lookups_are_limited_and_never_by_address(stage: Stage) -> None:
    client = signed_in(stage.fang)
    assert client.get(reverse("leads:lookup"), {"phone": "13800000001"}).status_code == 405
    answers = [client.post(reverse("leads:lookup"), {"phone": "13800000001"}).status_code for _n in range(61)]
    assert answers == [200] * 60 + [429]


@pytest.mark.parametrize(
    ("appointment", "said"),
    [
        ("2026-03-01T10:00", "This moment has passed."),
        ("2026-12-24T10:00", "At most half a year ahead."),
        ("2062-03-05T10:00", "At most half a year ahead."),
        ("9999-12-31T23:59", "Enter a day of the years 1900 to 2199."),
        ("2026-04-20T10:00", "Nobody calls for more than 14 days then."),
    ],
)
def test_an_appointment_of_the_desk_has_the_limits_of_a_talk(
    stage: Stage, appointment: str, said: str
) -> None:
    answer = visit(signed_in(stage.lin), consultant=stage.lin.pk, appointment=appointment, grade="C")
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not Visit.objects.exists()


def test_a_far_appointment_is_made_once_it_is_confirmed(stage: Stage) -> None:
    client, data = signed_in(stage.lin), {"consultant": stage.lin.pk, "appointment": "2026-04-20T10:00"}
    assert 'name="long_appointment"' in text_of(visit(client, **data))
    assert visit(client, **data, long_appointment="1").status_code == 302
    assert LeadEvent.objects.get(kind="visit").appointment is not None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"phone": ""}, "Enter the number, or tick below that none was left."),
        ({"phone": "1380000"}, "phone number"),
        ({"name": ""}, "This number is new: enter the customer&#x27;s name or surname."),
        ({"happened_at": "2026-03-02T18:00"}, "This moment lies in the future."),
    ],
)
def test_what_is_wrong_is_said_and_the_input_kept(stage: Stage, data: dict[str, str], said: str) -> None:
    answer = visit(signed_in(stage.fang), **{"note": "带着孩子", **data})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert "带着孩子" in text_of(answer)
    assert not Visit.objects.exists()


def test_a_party_without_a_number_is_registered_and_the_number_asked_for(stage: Stage) -> None:
    answer = visit(signed_in(stage.lin), phone="", no_phone="on", consultant=stage.lin.pk)
    assert answer.status_code == 302
    assert CallTask.objects.open().filter(kind="repair").exists()


def test_a_double_click_makes_one_visit(stage: Stage) -> None:
    client, once = signed_in(stage.fang), uuid.uuid4()
    for _again in range(2):
        assert visit(client, submission=once).status_code == 302
    assert Visit.objects.count() == 1


def test_strangers_cannot_be_given_leads_nor_foreign_sources_used(stage: Stage) -> None:
    other = set_stage("江畔府")
    assert visit(signed_in(stage.fang), consultant=other.lin.pk).status_code == 422
    assert visit(signed_in(stage.fang), heard_via=other.heard.pk).status_code == 422


def test_the_sheet_is_completed_later(stage: Stage) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING, grade="")
    unit = factories.make_unit(factories.make_building(stage.project, "3#"), "1201")
    client, url = signed_in(stage.lin), reverse("leads:visit_sheet", args=[made.row.pk])
    assert "three rooms" in text_of(client.get(url))
    data = {
        "grade": "A",
        "grade_reason": "首付已备",
        "interests": ["school", "light"],
        "objections": ["loan"],
        "wanted_type": "four_rooms",
        "units": [unit.pk],
        "party_size": "3",
        "purpose": "upgrade",
    }
    assert client.post(url, data).status_code == 302
    lead, row = Lead.objects.get(pk=made.lead.pk), Visit.objects.get(pk=made.row.pk)
    assert (lead.grade, row.party_size, row.purpose, row.wanted_type) == ("A", 3, "upgrade", "four_rooms")
    assert list(row.units.all()) == [unit]
    assert set(lead.objections.values_list("cause", flat=True)) == {"price", "loan"}


def test_an_objection_still_open_is_raised_once(stage: Stage) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    stage.visitor("韩轩", "13800000001", at=MORNING)
    again = VisitSheet(objections=("price", "loan", "price"))
    complete_sheet(visit=made.row, sheet=again, by=stage.lin, at=MORNING)
    raised = LeadEvent.objects.filter(lead=made.lead, kind="objection", value="raised").order_by("pk")
    assert [event.data["cause"] for event in raised] == ["price", "loan"]


def test_a_dissolved_objection_may_be_raised_again(stage: Stage) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    ids = [made.lead.objections.get().pk]
    dissolve_objections(lead_id=made.lead.pk, ids=ids, by=stage.lin, at=MORNING)
    complete_sheet(visit=made.row, sheet=VisitSheet(objections=("price",)), by=stage.lin, at=MORNING)
    assert made.lead.objections.filter(dissolved_at=None).count() == 1
    assert LeadEvent.objects.filter(lead=made.lead, kind="objection", value="raised").count() == 2


def test_the_next_appointment_is_made_at_the_visit_and_not_on_its_sheet_later(stage: Stage) -> None:
    client = signed_in(stage.lin)
    data = {"consultant": stage.lin.pk, "appointment": "2026-03-05T10:00"}
    assert visit(client, **data).status_code == 302
    row = Visit.objects.get()
    made = LeadEvent.objects.get(lead=row.lead_id, kind="visit").appointment
    assert made == dt.datetime(2026, 3, 5, 2, 0, tzinfo=dt.UTC)
    url = reverse("leads:visit_sheet", args=[row.pk])
    assert "appointment" not in client.get(url).context["form"].fields
    assert "appointment" not in {field.name for field in dataclasses.fields(VisitSheet)}


@pytest.mark.parametrize("who", ["mei", "fang", "jin"])
def test_the_sheet_of_somebody_elses_visit_does_not_exist(stage: Stage, who: str) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    url = reverse("leads:visit_sheet", args=[made.row.pk])
    assert signed_in(getattr(stage, who)).get(url).status_code == 404
    assert signed_in(getattr(stage, who)).post(url, {"grade": "D"}).status_code == 404


def test_somebody_elses_entry_is_not_shown(stage: Stage) -> None:
    made = stage.visitor("韩轩", "13800000001", at=MORNING)
    page = text_of(signed_in(stage.fang).get(reverse("leads:register_visit"), {"saved": made.row.pk}))
    assert "registered." not in page


@pytest.mark.parametrize(("who", "status"), [("lin", 200), ("fang", 200), ("wu", 200), ("jin", 403)])
@pytest.mark.parametrize("name", ["leads:register_visit", "leads:register_call"])
def test_who_registers(stage: Stage, who: str, status: int, name: str) -> None:
    client = signed_in(getattr(stage, who))
    assert client.get(reverse(name)).status_code == status
    assert client.post(reverse("leads:lookup"), {"phone": "1"}).status_code == status
    assert client.post(reverse(name), {}).status_code == (422 if status == 200 else 403)


def test_nobody_registers_in_a_project_that_is_not_theirs(stage: Stage) -> None:
    assert signed_in(factories.make_user(None)).get(reverse("leads:register_visit")).status_code == 404
    marketing = factories.make_user(Role.MARKETING, stage.project)
    assert signed_in(marketing).get(reverse("leads:register_visit")).status_code == 403


def test_of_a_new_party_nothing_is_looked_for(stage: Stage) -> None:
    with CaptureQueriesContext(connection) as captured:
        stage.visitor("王芳", "13800138000", at=MORNING)
    said = [query["sql"] for query in captured.captured_queries]
    read = [sql for sql in said if sql.startswith("SELECT")]
    assert not [sql for sql in read if "leads_calltask" in sql or "crm_contact" in sql]
    with CaptureQueriesContext(connection) as again:
        stage.visitor("王芳", "13800138000", at=MORNING)
    assert [query for query in again.captured_queries if "leads_calltask" in query["sql"]]
    assert Lead.objects.get().tasks.filter(state="open").count() == 1

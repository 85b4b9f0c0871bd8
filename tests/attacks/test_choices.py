"""What a client may choose in a form: nothing of another project or lead, no more than its scope, no field of ours."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.models import AuditEvent, Contact, CustomerPhone, Membership, Occasion
from crm.project_context import SESSION_KEY
from crm.roles import Role
from leads.actions.contacts import ContactSheet, log_contact
from leads.models import Deal, DealStep, Lead, LeadEvent, MergeRecord, Objection, Visit
from tests import factories
from tests.crm.screens import signed_in
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
BEFORE = NOW - dt.timedelta(hours=3)
HIDDEN = (
    "project", "by", "recorded_by", "entered_by", "created_by", "prepared_by", "approved_by", "received_by",
    "consultant_id", "project_id", "customer", "household", "lead", "credit", "assignee", "stand_in",
)  # fmt: skip
"""Fields the server owns, as rows of other people or places."""
STAMPS = (
    "at",
    "recorded_at",
    "approved_at",
    "tapped_at",
    "state",
    "doubtful",
    "clause",
    "due_at",
    "is_key",
    "stage",
)


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


@pytest.fixture
def far(mine: Stage) -> Stage:
    return set_stage("远山")


def flood(far: Stage) -> dict[str, Any]:
    """A POST that tries to set what the server owns."""
    values: dict[str, Any] = dict.fromkeys(HIDDEN, far.wu.pk)
    return (
        values
        | dict.fromkeys(STAMPS, "2020-01-01")
        | {"project": far.project.pk, "project_id": far.project.pk}
    )


def post(client: Client, name: str, /, *args: object, **data: Any) -> int:
    where = reverse(f"leads:{name}" if ":" not in name else name, args=args)
    status: int = client.post(where, data).status_code
    return status


def counted() -> tuple[int, ...]:
    return tuple(
        kind._default_manager.count() for kind in (LeadEvent, Lead, Deal, MergeRecord, AuditEvent, Membership)
    )


def test_a_number_of_another_lead_is_not_under_this_one(mine: Stage, far: Stage) -> None:
    lead, second = (mine.visitor("王芳", f"1380013800{n}", at=BEFORE).lead for n in range(2))
    theirs = far.visitor("李远", "13700137000", at=BEFORE).lead
    before = counted()
    for user in (mine.lin, mine.wu):
        for other in (second, theirs):
            phone = other.customer.phones.get()
            for name in ("phone_reveal", "phone_wrong", "phone_main"):
                assert post(signed_in(user), name, lead.pk, phone.pk) == 404
    assert counted() == before
    assert CustomerPhone.objects.filter(live=True, is_main=True).count() == 3


def test_no_form_takes_a_choice_of_another_project(mine: Stage, far: Stage) -> None:
    lead, theirs = (s.visitor("王芳", f"1380013800{n}", at=BEFORE).lead for n, s in enumerate((mine, far)))
    unit, building = (
        factories.make_unit(factories.make_building(far.project)),
        factories.make_building(far.project),
    )
    factories.make_unit(factories.make_building(mine.project))
    days = {"starts_on": "2026-01-01", "ends_on": "2099-01-01"}
    offer = Occasion.objects.create(project=far.project, kind="offer", title="x", **days)
    objection = Objection.objects.filter(lead=theirs).latest("pk")
    party = {"phone": "13900139000", "name": "新", "heard_via": mine.heard.pk, "talked": "1"}
    lin, wu, root = (
        signed_in(who) for who in (mine.lin, mine.wu, factories.make_user(Role.SYSTEM_ADMINISTRATOR))
    )
    before = counted()
    tried = {
        "a call heard of elsewhere": post(lin, "register_call", **party | {"heard_via": far.heard.pk}),
        "a call for a foreign consultant": post(lin, "register_call", **party, consultant=far.lin.pk),
        "a visit heard of elsewhere": post(lin, "register_visit", **party | {"heard_via": far.heard.pk}),
        "a visit for a foreign consultant": post(lin, "register_visit", **party, consultant=far.lin.pk),
        "a foreign unit seen": post(lin, "register_visit", **party, units=[unit.pk]),
        "a foreign unit sold": post(
            lin, "deal_new", lead.pk, step="subscribed", happened_at="2026-03-02T10:00", unit=unit.pk
        ),
        "a foreign objection in a log": post(lin, "log", lead.pk, outcome="talked", dissolved=[objection.pk]),
        "a foreign objection": post(lin, "lead_objections", lead.pk, dissolved=[objection.pk]),
        "a foreign person's number": post(
            lin, "lead_phone", lead.pk, person=theirs.customer_id, phone="13900139001"
        ),
        "a foreign person's consent": post(
            lin,
            "lead_consent",
            lead.pk,
            person=theirs.customer_id,
            what="opt_out",
            scope="marketing",
            source="x",
        ),
        "a foreign building": post(
            wu, "crm:occasion_new", kind="offer", title="x", building=building.pk, **days
        ),
        "leads to a foreign consultant": post(wu, "assign", lead=[lead.pk], to=[far.lin.pk]),
        "a foreign leaver": post(wu, "hand_over", leaver=far.lin.pk, to=[mine.mei.pk]),
        "a leaver's leads to a stranger": post(wu, "hand_over", leaver=mine.lin.pk, to=[far.lin.pk]),
        "a role in a foreign project": post(
            wu, "crm:membership_new", mine.mei.pk, role="consultant", project=far.project.pk
        ),
        "a role above one's own": post(
            wu, "crm:membership_new", mine.mei.pk, role="sales_director", project=mine.project.pk
        ),
        "a role nobody knows": post(root, "crm:membership_new", mine.mei.pk, role="superuser"),
    }
    assert {what: status for what, status in tried.items() if status != 422} == {}
    assert post(wu, "merge", lead.pk, other=theirs.customer_id, how="merge", reason="x") == 404
    assert post(wu, "merge", lead.pk, other=theirs.customer_id, how="link") == 404
    assert counted() == before
    assert Objection.objects.filter(dissolved_at=None, lead=theirs).exists()
    post(lin, "log", lead.pk, outcome="talked", occasion=offer.pk)
    assert not Contact.objects.filter(occasion=offer).exists()


def test_a_project_that_is_not_ones_own_is_not_switched_to(mine: Stage, far: Stage) -> None:
    client = signed_in(mine.wu)
    for project in (far.project.pk, "-1", "x", 2_000_000_000):
        client.post("/project/", {"project": project})
        assert SESSION_KEY not in client.session
    client.post("/project/", {"project": mine.project.pk})
    assert client.session[SESSION_KEY] == mine.project.pk


def test_bulk_reaches_no_further_than_the_list(mine: Stage, far: Stage) -> None:
    ours, theirs = (s.visitor("王芳", f"1380013800{n}", at=BEFORE).lead for n, s in enumerate((mine, far)))
    wu = signed_in(mine.wu)
    assert post(wu, "assign", lead=[ours.pk, theirs.pk], to=[mine.mei.pk]) == 302
    for asked in ("", f"consultant={far.lin.pk}", f"source={far.heard.pk}", f"q={theirs.customer.name}"):
        post(wu, "assign", all=asked, to=[mine.mei.pk])
        post(wu, "assign", all=asked, pool="on", reason="x")
    assert Lead.objects.get(pk=theirs.pk).consultant == far.lin
    assert Lead.objects.get(pk=ours.pk).consultant is None
    assert post(signed_in(mine.lin), "assign", lead=[ours.pk], to=[mine.lin.pk]) == 403


def test_reviewing_many_accepts_nothing_of_another_project_nor_ones_own(mine: Stage, far: Stage) -> None:
    doubtful = []
    for number, stage in enumerate((mine, far)):
        lead = stage.visitor("王芳", f"1380013800{number}", at=BEFORE).lead
        event = log_contact(
            lead_id=lead.pk, sheet=ContactSheet("no_answer"), happened_at=NOW, by=stage.lin, at=NOW
        )
        assert event is not None
        assert event.contact is not None
        doubtful.append(event.contact)
    Contact.objects.update(doubtful="burst")
    chosen = [contact.pk for contact in doubtful]
    assert post(signed_in(mine.wu), "doubtful_accept", contact=chosen) == 302
    assert list(Contact.objects.filter(pk__in=chosen, accepted_by=None)) == [doubtful[1]]
    assert post(signed_in(mine.lin), "doubtful_accept", contact=chosen) == 403


def test_a_contact_is_by_whoever_is_signed_in_and_now(mine: Stage, far: Stage) -> None:
    lead = mine.visitor("王芳", "13800138000", at=BEFORE).lead
    data = flood(far) | {"outcome": "talked", "news": "好"}
    assert post(signed_in(mine.lin), "log", lead.pk, **data) == 302
    event = LeadEvent.objects.filter(contact__isnull=False).latest("pk")
    assert event.contact is not None
    assert (event.by, event.lead, event.recorded_at) == (mine.lin, lead, NOW)
    assert (event.contact.by, event.contact.tapped_at, event.contact.at) == (mine.lin, None, NOW)
    lead.refresh_from_db()
    assert (lead.project, lead.consultant, lead.is_key, lead.state) == (mine.project, mine.lin, False, "live")


def test_a_visit_is_registered_where_one_works_and_in_ones_own_name(mine: Stage, far: Stage) -> None:
    data = flood(far) | {"phone": "13900139000", "name": "新", "heard_via": mine.heard.pk}
    assert post(signed_in(mine.fang), "register_visit", **data) == 302
    visit = Visit.objects.latest("pk")
    assert (visit.lead.project, visit.recorded_by, visit.recorded_at) == (mine.project, mine.fang, NOW)
    assert visit.received_by is None
    assert visit.lead.consultant is None


def test_a_proposed_deal_is_not_approved_by_a_hidden_field(mine: Stage, far: Stage) -> None:
    lead = mine.visitor("王芳", "13800138000", at=BEFORE).lead
    data = flood(far) | {"step": "subscribed", "happened_at": "2026-03-02T12:00", "unit_text": "3-1201"}
    assert post(signed_in(mine.lin), "deal_new", lead.pk, **data) == 302
    step = DealStep.objects.get()
    assert (step.entered_by, step.approved_by, step.approved_at) == (mine.lin, None, None)
    assert step.deal.lead == lead
    assert Lead.objects.get(pk=lead.pk).stage != "subscribed"


def test_an_account_becomes_no_superuser_and_an_edit_moves_no_lead(mine: Stage, far: Stage) -> None:
    root = signed_in(factories.make_user(Role.SYSTEM_ADMINISTRATOR))
    power = {
        "is_superuser": "on",
        "is_staff": "on",
        "password": "x",
        "groups": "1",
        "must_change_password": "",
    }
    edited = {"name": "梅清", "username": mine.mei.username, **power}
    assert post(root, "crm:user_edit", mine.mei.pk, **edited, is_active="") == 302
    mine.mei.refresh_from_db()
    assert (mine.mei.is_superuser, mine.mei.is_staff, mine.mei.is_active) == (False, False, True)
    assert mine.mei.check_password(factories.PASSWORD)
    lead = mine.visitor("王芳", "13800138000", at=BEFORE).lead
    assert post(signed_in(mine.lin), "lead_name", lead.pk, **flood(far), name="王方", salutation="ms") == 302
    lead.refresh_from_db()
    assert (lead.consultant, lead.project, lead.customer.name) == (mine.lin, mine.project, "王方")


def test_what_one_wrote_is_approved_by_another_whatever_the_form_says(mine: Stage, far: Stage) -> None:
    wu = signed_in(mine.wu)
    assert post(wu, "policy_new", **flood(far)) == 302
    draft = mine.project.policy_versions.latest("pk")
    assert (draft.prepared_by, draft.reviewed_by, draft.approved_by, draft.state) == (
        mine.wu,
        None,
        None,
        "draft",
    )
    post(wu, "policy_review", draft.pk, **flood(far))
    post(wu, "policy_approve", draft.pk, effective_on="2026-03-10", **flood(far))
    draft.refresh_from_db()
    assert (draft.state, draft.approved_by) == ("draft", None)

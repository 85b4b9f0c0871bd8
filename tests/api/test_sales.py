"""The day of a sales centre through the API: each write does what its page does, and refuses what the page refuses."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from crm import clock
from crm.models import AuditEvent, Contact
from crm.roles import Role
from leads.models import CallTask, Lead, Visit
from tests import factories
from tests.api.hands import Caller, token_of
from tests.leads.stage import Stage, set_stage

NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
BEFORE = NOW - dt.timedelta(hours=3)


@pytest.fixture
def stage(db: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


@pytest.fixture
def lead(stage: Stage) -> Lead:
    found: Lead = stage.visitor("王芳", "13800138001", at=BEFORE).lead
    return found


def test_the_list_and_the_lead_mask_numbers_and_only_reveal_shows_one(stage: Stage, lead: Lead) -> None:
    wu, phone = Caller(stage.wu), lead.customer.phones.get()
    texts = [
        str(wu.get(path).body)
        for path in (
            f"projects/{stage.project.pk}/leads/?q=8001", f"leads/{lead.pk}/", f"leads/{lead.pk}/story/", f"leads/{lead.pk}/plan/",
            f"leads/{lead.pk}/contacts/", f"today/?consultant={stage.lin.pk}", f"leads/{lead.pk}/merge-candidates/",
        )
    ]  # fmt: skip
    assert "王芳" in texts[0]
    assert all("13800138001" not in text for text in texts)
    shown = wu.post(f"leads/{lead.pk}/phones/{phone.pk}/reveal/")
    assert shown.body == {"number": "+8613800138001"}
    assert AuditEvent.objects.filter(verb="phone.revealed", by=stage.wu).count() == 1


def test_every_duty_says_why(stage: Stage, lead: Lead) -> None:
    plan = Caller(stage.lin).get(f"leads/{lead.pk}/plan/").body
    duty = plan["duties"][0]
    assert duty["clause"] == duty["why"]["clause"] == "SC-2.1"
    assert duty["why"]["clause_text"]
    assert duty["why"]["steps"][0].startswith("Counted from")


def test_a_contact_is_logged_taken_back_and_refused_twice_on_one_task(stage: Stage, lead: Lead) -> None:
    lin = Caller(stage.lin)
    task = CallTask.objects.open().get(lead=lead)
    assert lin.get(f"tasks/{task.pk}/").body["script"]
    logged = lin.post(
        f"tasks/{task.pk}/contacts/", {"outcome": "talked", "news": "看了样板间", "raised": ["transport"]}
    )
    assert (logged.status, logged.body["effective"]) == (201, True)
    again = lin.post(f"tasks/{task.pk}/contacts/", {"outcome": "talked"})
    assert (again.status, again.body["code"], again.body["confirm"]) == (409, "already_logged", "log_again")
    assert lin.post(f"contacts/{logged.body['event']}/undo/").status == 204
    assert Contact.objects.get().voided_at is not None
    assert Caller(stage.mei).post(f"contacts/{logged.body['event']}/undo/").status == 404


def test_what_nobody_was_told_is_refused_not_dropped(stage: Stage, lead: Lead) -> None:
    lin = Caller(stage.lin)
    answer = lin.post(f"leads/{lead.pk}/contacts/", {"outcome": "no_answer", "news": "x"})
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "news")
    caller = stage.caller("李雷", "13800138002", at=BEFORE).lead
    answer = lin.post(f"leads/{caller.pk}/contacts/", {"outcome": "talked", "grade": "A"})
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "grade")
    assert not Contact.objects.filter(direction="out").exists()


@pytest.mark.parametrize(
    ("what", "body", "check"),
    [
        ("grade", {"grade": "A"}, lambda lead: lead["grade"] == "A"),
        ("key", {"on": True}, lambda lead: lead["is_key"]),
        ("preference", {"preference": "fewer"}, lambda lead: lead["people"][0]["preference"] == "fewer"),
        ("windows", {"windows": ["10:00-11:00"]}, lambda lead: lead["people"][0]["windows"] == ["10:00-11:00"]),
        ("interests", {"points": ["school"], "others": "阳台"}, lambda lead: len(lead["interests"]) == 2),
        ("objections", {"raised": ["transport"]}, lambda lead: {row["cause"] for row in lead["objections"]} == {"price", "transport"}),
        ("end", {"verdict": "lost", "reason": "bought_elsewhere"}, lambda lead: lead["state"] == "lost"),
        ("name", {"name": "王方", "salutation": "ms"}, lambda lead: lead["customer"]["name"] == "王方"),
    ],
)  # fmt: skip
def test_edits_answer_with_the_lead_and_its_plan(
    stage: Stage, lead: Lead, what: str, body: Any, check: Any
) -> None:
    answer = Caller(stage.lin).post(f"leads/{lead.pk}/{what}/", body)
    assert answer.status == 200, answer.body
    assert check(answer.body)
    assert answer.body["next_step"]
    assert Caller(stage.mei).post(f"leads/{lead.pk}/{what}/", body).status == 404
    assert Caller(stage.jin).post(f"leads/{lead.pk}/{what}/", body).status in (403, 404)


def test_a_far_appointment_asks_before_it_is_made(stage: Stage) -> None:
    lin, path = Caller(stage.lin), f"projects/{stage.project.pk}/visits/"
    said = {"phone": "13800138003", "name": "李雷", "appointment": "2026-04-20T10:00:00+08:00"}
    asked = lin.post(path, said)
    assert (asked.status, asked.body["confirm"]) == (409, "long_appointment")
    assert not Visit.objects.exists()
    made = lin.post(path, {**said, "confirm": ["long_appointment"]})
    assert made.status == 201, made.body
    assert made.body["grade_by"]


def test_a_visit_sheet_is_completed_and_what_is_left_out_stays(stage: Stage, lead: Lead) -> None:
    visit = Visit.objects.get(lead=lead)
    answer = Caller(stage.lin).ask("PATCH", f"visits/{visit.pk}/", {"party_size": 3, "purpose": "first_home"})
    assert answer.status == 200, answer.body
    assert (answer.body["party_size"], answer.body["wanted_type"]) == (3, "three_rooms")


def test_deals_are_proposed_and_decided_by_somebody_else(stage: Stage, lead: Lead) -> None:
    lin, jin = Caller(stage.lin), Caller(stage.jin)
    body = {"step": "subscribed", "happened_at": NOW.isoformat(), "unit_text": "3-1201"}
    step = lin.post(f"leads/{lead.pk}/deals/", body)
    assert (step.status, step.body["approved_at"]) == (201, None)
    assert lin.post(f"deal-steps/{step.body['id']}/decision/", {"verdict": "approve"}).status == 403
    assert [row["id"] for row in jin.get("deal-steps/").body["results"]] == [step.body["id"]]
    done = jin.post(f"deal-steps/{step.body['id']}/decision/", {"verdict": "approve"})
    assert done.body["approved_by"]["id"] == stage.jin.pk
    assert jin.post(f"deal-steps/{step.body['id']}/decision/", {"verdict": "approve"}).status == 404


def test_leads_are_assigned_within_the_project_only(stage: Stage, lead: Lead) -> None:
    far = set_stage("远山")
    foreign = far.visitor("赵六", "13700137000", at=BEFORE).lead
    wu, path = Caller(stage.wu), f"projects/{stage.project.pk}/assignments/"
    for body in ({"leads": [lead.pk, foreign.pk]}, {"leads": [foreign.pk]}, {"matching": {"pk": "1"}}, {}):
        assert wu.post(path, {**body, "to": [stage.mei.pk]}).status == 400
    assert wu.post(path, {"leads": [lead.pk], "to": [far.lin.pk]}).status == 400
    assert wu.post(path, {"matching": {}, "to": [stage.mei.pk]}).body == {"leads": 1}
    lead.refresh_from_db()
    foreign.refresh_from_db()
    assert (lead.consultant, foreign.consultant) == (stage.mei, far.lin)
    assert Caller(stage.lin).get(f"leads/{lead.pk}/").status == 404


def test_two_records_are_joined_and_parted_again(stage: Stage, lead: Lead) -> None:
    other = stage.visitor("王方", "13800138009", at=BEFORE).lead
    wu = Caller(stage.wu)
    found = wu.get(f"leads/{lead.pk}/merge-candidates/?q=8009").body["results"]
    assert [row["id"] for row in found] == [other.customer_id]
    body = {"other": other.customer_id, "how": "merge", "reason": "同一人"}
    assert Caller(stage.lin).post(f"leads/{lead.pk}/merges/", body).status == 403
    made = wu.post(f"leads/{lead.pk}/merges/", body)
    assert (made.status, made.body["kind"]) == (201, "merged")
    assert wu.post(f"merges/{made.body['id']}/undo/").body["undone_at"]


def test_a_policy_takes_three_people(stage: Stage) -> None:
    second = factories.make_user(Role.SALES_MANAGER, stage.project)
    zhao = factories.make_user(Role.SALES_DIRECTOR)
    wu, policies = Caller(stage.wu), f"projects/{stage.project.pk}/policies/"
    draft = wu.post(policies).body
    path = f"policies/{draft['id']}/"
    wrong = wu.ask("PATCH", path, {"closing_time": "20:00", "capacity_day": 10_000})
    assert {error["field"] for error in wrong.body["errors"]} == {"capacity_day"}
    assert (
        wu.ask("PATCH", path, {"closing_time": "20:00", "reason": "冬令"}).body["values"]["closing_time"]
        == "20:00"
    )
    assert wu.post(f"{path}review/").status == 409
    assert Caller(second).post(f"{path}review/").body["state"] == "reviewed"
    assert Caller(second).post(f"{path}approve/", {"effective_on": "2026-03-02"}).status == 403
    done = Caller(zhao).post(f"{path}approve/", {"effective_on": "2026-03-02"})
    assert (done.body["state"], done.body["in_force"]) == ("approved", True)


def test_a_register_is_loaded_step_by_step(stage: Stage) -> None:
    client = Client(
        headers={"authorization": f"Bearer {token_of(stage.wu, at=NOW)}", "accept-language": "en"}
    )
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile(
        "a.csv",
        "日期,手机,姓名,置业顾问\n2026-03-01,13800138111,赵六,小林\n2026-03-01,1,坏行,小林\n".encode(),
    )
    made = client.post(f"/api/v1/projects/{stage.project.pk}/imports/", {"file": file})
    assert made.status_code == 201, made.content
    path = f"/api/v1/imports/{made.json()['id']}/"
    columns = client.get(f"{path}columns/").json()
    assert [column["field"] for column in columns["sheets"][0]["columns"]] == [
        "date",
        "phone",
        "name",
        "consultant",
    ]
    assert "13800138111" not in str(columns)
    checked = client.put(
        f"{path}columns/", {"register": "visits", "sheets": []}, content_type="application/json"
    )
    assert (checked.json()["state"], checked.json()["report"]["staff"]) == ("checked", {"小林": 1})
    refused = client.post(f"{path}start/", {}, content_type="application/json")
    assert refused.status_code == 400
    body = {"staff": {"小林": stage.lin.pk}}
    assert client.post(f"{path}start/", body, content_type="application/json").json()["state"] == "running"
    assert client.post(f"{path}start/", body, content_type="application/json").status_code == 409


def test_nothing_is_reached_through_another_parent(stage: Stage, lead: Lead) -> None:
    """A foreign thing below an own parent, and an own thing below a foreign one, are not there."""
    far = set_stage("远山")
    foreign = far.visitor("赵六", "13700137000", at=BEFORE).lead
    other = stage.visitor("李雷", "13800138002", at=BEFORE).lead
    far_phone, own_phone = foreign.customer.phones.get().pk, lead.customer.phones.get().pk
    wu = Caller(stage.wu)
    for path in (
        f"leads/{lead.pk}/phones/{far_phone}", f"leads/{foreign.pk}/phones/{own_phone}", f"leads/{other.pk}/phones/{own_phone}",
        f"leads/{foreign.pk}/phones/{far_phone}",
    ):  # fmt: skip
        for what in ("reveal", "wrong", "main"):
            assert wu.post(f"{path}/{what}/").status == 404
    week: dict[str, Any] = {"rests": []}
    assert wu.ask("PUT", f"projects/{stage.project.pk}/shifts/{far.lin.pk}/week/", week).status == 404
    assert wu.ask("PUT", f"projects/{far.project.pk}/shifts/{stage.lin.pk}/week/", week).status == 404
    sources = f"projects/{stage.project.pk}/calls/"
    body = {"phone": "13800138003", "name": "周", "talked": False}
    assert wu.post(sources, {**body, "heard_via": far.heard.pk}).status == 400
    assert wu.post(sources, {**body, "consultant": far.lin.pk}).status == 400


def test_counts_search_and_lookup_tell_nothing_of_another_project(stage: Stage, lead: Lead) -> None:
    far = set_stage("远山")
    far.visitor("赵六", "13700137000", at=BEFORE)
    wu, project = Caller(stage.wu), stage.project.pk
    assert wu.get(f"projects/{project}/bins/").body["total"] == 1
    assert wu.get(f"projects/{project}/leads/?q=7000").body["results"] == []
    assert wu.get(f"projects/{project}/leads/?q=赵六").body["results"] == []
    assert wu.get(f"projects/{project}/leads/?consultant={far.lin.pk}").status == 400
    assert wu.post(f"projects/{project}/lookup/", {"phone": "13700137000"}).body["known"] is False
    assert Caller(stage.mei).get(f"projects/{project}/bins/").body["total"] == 0
    assert Caller(stage.mei).get(f"projects/{project}/leads/?q=8001").body["results"] == []


def test_reading_changes_nothing_and_forms_of_a_browser_write_nothing(stage: Stage, lead: Lead) -> None:
    """State never changes on GET; a form of another site can neither send JSON nor the CSRF token."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(stage.lin)
    path = f"/api/v1/leads/{lead.pk}/grade/"
    assert client.get(path).status_code == 405
    assert client.post(path, {"grade": "A"}).status_code in (403, 415)
    assert client.post(path, '{"grade": "A"}', content_type="text/plain").status_code in (403, 415)
    assert client.post(path, '{"grade": "A"}', content_type="application/json").status_code == 403
    lead.refresh_from_db()
    assert lead.grade == "B"

"""Numbers of another project's rows in bodies: no operation that takes a number lets one through, whoever sends it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from crm import clock
from crm.models import Customer, Notice
from crm.roles import Role
from leads.actions.contacts import ContactSheet, log_contact
from leads.models import CallTask, Objection, Visit
from tests.api.hands import Caller
from tests.factories import make_building, make_unit, make_unit_type, make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
BEFORE = NOW - dt.timedelta(hours=3)
VISIT: dict[str, Any] = {"phone": "13800138777", "name": "周"}
DEAL = {"step": "subscribed", "happened_at": "2026-03-02T13:00:00+08:00"}
SHEET = {
    "kind": "opening",
    "title": "开盘",
    "body": "{day}开盘",
    "day": "2026-03-20",
    "notice_day": "2026-03-10",
    "referrals": "call",
}
OFFER = {"kind": "offer", "title": "98折", "starts_on": "2026-03-02", "ends_on": "2026-03-09"}
REST = {"first": "2026-03-03", "last": "2026-03-03"}
CASES: list[tuple[str, str, str, dict[str, Any]]] = [
    # who, method and address, the body with {far thing} in it
    ("wu", "POST", "projects/{project}/calls/", {**VISIT, "talked": False, "heard_via": "heard"}),
    ("wu", "POST", "projects/{project}/calls/", {**VISIT, "talked": True, "consultant": "lin"}),
    ("wu", "POST", "projects/{project}/visits/", {**VISIT, "heard_via": "heard"}),
    ("wu", "POST", "projects/{project}/visits/", {**VISIT, "consultant": "lin"}),
    ("wu", "POST", "projects/{project}/visits/", {**VISIT, "units": ["unit"]}),
    ("lin", "PATCH", "visits/{visit}/", {"units": ["unit"]}),
    ("lin", "POST", "leads/{lead}/deals/", {**DEAL, "unit": "unit"}),
    ("lin", "POST", "leads/{lead}/contacts/", {"outcome": "talked", "dissolved": ["objection"]}),
    ("lin", "POST", "leads/{lead}/contacts/", {"outcome": "talked", "occasion": "lead"}),
    ("lin", "POST", "leads/{lead}/objections/", {"dissolved": ["objection"]}),
    ("lin", "POST", "leads/{lead}/phone/", {"person": "customer", "phone": "13800138778"}),
    (
        "lin",
        "POST",
        "leads/{lead}/consent/",
        {"person": "customer", "what": "opt_out", "scope": "calls", "source": "x", "wording": "x"},
    ),
    ("wu", "POST", "leads/{lead}/merges/", {"other": "customer", "how": "merge", "reason": "x"}),
    ("wu", "POST", "projects/{project}/assignments/", {"leads": ["lead"], "to": ["own lin"]}),
    ("wu", "POST", "projects/{project}/assignments/", {"leads": ["own lead"], "to": ["lin"]}),
    ("wu", "POST", "projects/{project}/hand-overs/", {"leaver": "lin", "to": ["own lin"]}),
    ("wu", "POST", "projects/{project}/hand-overs/", {"leaver": "own lin", "to": ["lin"]}),
    ("wu", "PUT", "projects/{project}/shifts/{lin}/days/", {**REST, "kind": "rest", "stand_in": "mei"}),
    ("wu", "PUT", "projects/{project}/shifts/{lin}/week/", {"rests": [{"weekday": 0, "stand_in": "mei"}]}),
    ("admin", "POST", "projects/{project}/areas/", {"name": "甲", "buildings": ["building"]}),
    ("admin", "POST", "projects/{project}/units/", {"building": "building", "number": "9"}),
    (
        "admin",
        "POST",
        "projects/{project}/units/",
        {"building": "own building", "number": "9", "unit_type": "unit_type"},
    ),
    ("admin", "PATCH", "units/{unit}/", {"building": "building"}),
    ("admin", "PATCH", "units/{unit}/", {"unit_type": "unit_type"}),
    ("wu", "POST", "projects/{project}/occasions/", {**OFFER, "building": "building"}),
    ("wu", "POST", "users/{lin}/memberships/", {"role": "consultant", "project": "project", "capacity": 5}),
    (
        "wu",
        "POST",
        "memberships/",
        {"person": "lin name", "role": "consultant", "project": "project", "capacity": 5},
    ),
    ("ma", "POST", "projects/{project}/milestones/", {**SHEET, "to_buyers": True, "buildings": ["building"]}),
    ("lin", "POST", "leads/{lead}/messages/preview/", {"body": "样板间已开放", "task": "task"}),
]


WITHOUT_AN_OWN_ONE = ("leads/{lead}/contacts/", "leads/{lead}/merges/", "memberships/")
"""Where one's own world has nothing of the kind to send instead."""


def things(stage: Stage, phone: str) -> dict[str, Any]:
    lead = stage.visitor("王芳", phone, at=BEFORE).lead
    building = make_building(stage.project)
    return {
        "project": stage.project.pk, "heard": stage.heard.pk, "lin": stage.lin.pk, "mei": stage.mei.pk, "lin name": stage.lin.username, "lead": lead.pk,
        "customer": lead.customer_id, "building": building.pk, "unit": make_unit(building).pk, "unit_type": make_unit_type(stage.project).pk,
        "objection": Objection.objects.get(lead=lead).pk, "visit": Visit.objects.get(lead=lead).pk, "task": CallTask.objects.filter(lead=lead).earliest("pk").pk,
    }  # fmt: skip


def filled(value: Any, own: dict[str, Any], far: dict[str, Any]) -> Any:
    """The body with its numbers: a thing's name is the far one's, "own …" one's own."""
    if isinstance(value, dict):
        return {name: filled(each, own, far) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, own, far) for each in value]
    if isinstance(value, str) and value.startswith("own "):
        return own[value.removeprefix("own ")]
    return far.get(value, value) if isinstance(value, str) else value


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


@pytest.mark.parametrize(
    ("who", "method", "path", "body"), CASES, ids=[f"{each[2]}-{n}" for n, each in enumerate(CASES)]
)
def test_a_number_of_another_project_is_refused(
    stage: Stage, who: str, method: str, path: str, body: Any
) -> None:
    """And the same body with one's own number is taken as far as that field goes: the refusal is the number's."""
    far_stage = set_stage("远山")
    own, far = things(stage, "13800138001"), things(far_stage, "13700137000")
    people = {"admin": Role.SYSTEM_ADMINISTRATOR, "ma": Role.MARKETING}
    user = (
        make_user(people[who], stage.project if who == "ma" else None)
        if who in people
        else getattr(stage, who)
    )
    address = path.format(**own)
    refused = Caller(user).ask(method, address, filled(body, own, far))
    assert refused.status in (400, 404, 409), (refused.status, refused.body)
    if path in WITHOUT_AN_OWN_ONE:
        return
    taken = Caller(user).ask(method, address, filled(body, own, own))
    named = str([error["field"] for error in (refused.body.get("errors") or [])])
    assert taken.status < 300 or str([error["field"] for error in (taken.body.get("errors") or [])]) != named


def test_lists_of_numbers_touch_only_ones_own(stage: Stage) -> None:
    far = set_stage("远山")
    lead = far.visitor("王芳", "13700137000", at=BEFORE).lead
    doubtful = log_contact(lead_id=lead.pk, sheet=ContactSheet("talked"), happened_at=NOW, by=far.lin, at=NOW)
    wu = Caller(stage.wu)
    accept = wu.post(
        f"projects/{stage.project.pk}/reviews/doubtful/accept/", {"contacts": [doubtful.contact.pk]}
    )
    assert (accept.status, accept.body) == (200, {"contacts": 0})
    notice = Notice.objects.create(user=far.wu, kind="x", key="x", created_at=NOW)
    assert wu.post("notices/read/", {"ids": [notice.pk]}).status == 204
    notice.refresh_from_db()
    assert notice.read_at is None
    assert Customer.objects.filter(merged_into=None).count() == 1

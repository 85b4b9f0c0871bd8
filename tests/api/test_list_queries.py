"""Every list costs the same number of queries for a few rows and for many. Those of leads, campaigns and messages have
their own tests beside what they do.
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import clock
from crm.actions import sign_ins
from crm.models import Area, InboundMessage, Notice, Occasion, PolicyVersion, User
from crm.outbox import line_of
from crm.roles import Role
from leads.actions import deals, importing, merging
from leads.models import DowngradeReview, LeadEvent
from tests.api.hands import Caller
from tests.factories import make_building, make_project, make_unit, make_unit_type, make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
BEFORE = NOW - dt.timedelta(hours=3)
BY_MANAGER = (
    "users/", "projects/{project}/buildings/", "projects/{project}/unit-types/", "projects/{project}/units/",
    "projects/{project}/occasions/", "projects/{project}/imports/", "projects/{project}/policies/", "merges/", "notices/",
    "projects/{project}/reviews/downgrades/", "projects/{project}/reviews/grades/", "projects/{project}/sources/", "replies/",
    "projects/{project}/team/", "projects/{project}/consultants/", "leads/{lead}/merge-candidates/?q=王",
)  # fmt: skip
BY_ADMINISTRATOR = ("users/", "projects/{project}/areas/", "projects/", "sign-ins/", "gateways/", "jobs/")
BY_CLERK = ("deal-steps/",)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def grow(stage: Stage, first: int, count: int) -> None:
    """Some more of everything."""
    project, wu = stage.project, stage.wu
    for n in range(first, first + count):
        lead, other = (stage.visitor(f"王{n}{k}", f"1380{k}13{n:04}", at=BEFORE).lead for k in range(2))
        deals.open_deal(
            lead_id=lead.pk, step="subscribed", happened_at=NOW, by=stage.lin, at=NOW, unit_text=f"{n}"
        )
        merging.link_party(main=lead.customer, other=other.customer, relation="spouse", by=wu, at=NOW)
        DowngradeReview.objects.create(
            event=LeadEvent.objects.filter(lead=lead).latest("pk"), seed="x", drawn_at=NOW
        )
        building = make_building(project, f"{n}#")
        make_unit(building, str(n))
        make_unit_type(project, f"户型{n}")
        Area.objects.create(project=project, name=f"甲{n}").buildings.add(building)
        Occasion.objects.create(
            project=project,
            kind="offer",
            title=f"x{n}",
            starts_on=NOW.date(),
            ends_on=NOW.date(),
            building=building,
        )
        importing.upload(
            project=project, filename=f"{n}.csv", content=f"日期,手机,姓名\n2026-03-01,13800138{n:03},赵\n".encode(), by=wu, at=NOW
        )  # fmt: skip
        Notice.objects.create(user=wu, project=project, kind="x", key=f"x{n}", created_at=NOW)
        InboundMessage.objects.create(
            gateway=line_of(project), gateway_ref=f"{n}", project=project, sender="+8613800138000", text="x", customer=lead.customer,
            meaning="reply", at=NOW, received_at=NOW, owner=stage.lin,
        )  # fmt: skip
        somebody = make_user(Role.CONSULTANT, project)
        sign_ins.note(sign_ins.Kind.PASSWORD_RESET, user=somebody, at=NOW, by=wu)
        line_of(make_project(f"远山{n}"))


def costs(user: User, paths: tuple[str, ...], things: dict[str, int]) -> dict[str, int]:
    found, caller = {}, Caller(user)
    for path in paths:
        caller.get(path.format(**things))
        with CaptureQueriesContext(connection) as caught:
            answer = caller.get(path.format(**things))
        assert answer.status == 200, (path, answer.body)
        found[path] = len(caught)
    return found


def test_many_rows_cost_no_more_queries(stage: Stage) -> None:
    admin = make_user(Role.SYSTEM_ADMINISTRATOR)
    seen: list[list[dict[str, int]]] = []
    lead = stage.visitor("李雷", "13900139000", at=BEFORE).lead
    things = {"project": stage.project.pk, "lead": lead.pk}
    for first, count in ((0, 2), (2, 8)):
        grow(stage, first, count)
        people = ((stage.wu, BY_MANAGER), (admin, BY_ADMINISTRATOR), (stage.jin, BY_CLERK))
        seen.append([costs(User.objects.get(pk=user.pk), paths, things) for user, paths in people])
    assert seen[0] == seen[1]
    assert PolicyVersion.objects.filter(project=stage.project).exists()

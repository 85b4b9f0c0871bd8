"""One project with one of everything an address can name, and somebody of every role in it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from campaigns.actions import festivals
from campaigns.models import (
    Broadcast,
    Correction,
    FestivalDay,
    Greeting,
    Invitation,
    Milestone,
    SavedAudience,
)
from crm.actions.tokens import make_token
from crm.models import (
    AccountSession,
    Area,
    InboundMessage,
    Membership,
    Message,
    MessageText,
    Notice,
    Occasion,
    Project,
    User,
)
from crm.outbox import line_of, open_run
from crm.roles import Role
from leads.actions import deals, importing, merging, policies
from leads.actions.contacts import ContactSheet, log_contact
from leads.models import CallTask, DowngradeReview, LeadEvent, Visit
from tests import factories
from tests.leads.stage import Stage, set_stage

NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
"""Monday 2 March 2026, 14:00 in Shanghai."""
REGISTER = "日期,手机,姓名\n2026-03-01,13800138111,赵六\n".encode()

OBJECTS = {
    "accounts/sessions/": "session", "tokens/": "token", "notices/": "notice", "users/": "user", "roles/": "membership", "projects/": "project", "areas/": "area",
    "buildings/": "building", "unit-types/": "unit_type", "units/": "unit", "shifts/": "user",
    "occasions/": "occasion", "today/": "task", "contacts/": "event", "visits/": "visit", "leads/": "lead",
    "reviews/downgrades/": "downgrade", "policies/": "policy", "merges/": "merge", "deals/steps/": "step",
    "deals/": "deal", "imports/": "batch", "campaigns/festivals/": "festival", "campaigns/greetings/runs/": "greeting_run",
    "campaigns/greetings/": "greeting", "campaigns/milestones/": "milestone", "campaigns/guests/": "guest",
    "campaigns/corrections/": "correction", "campaigns/broadcasts/": "broadcast", "campaigns/audiences/": "audience",
    "gateways/": "gateway", "inbox/": "reply",
}  # fmt: skip
"""Which object the number in an address names, by how the address begins."""
ONLY_NAMED = ("phone", "run", "message", "text")
"""Objects that only addresses of the API name, by the name of the number in them."""
WORDS = {
    "scripts/<str:key>/": "scripts/SC-2.1/",
    "answers/<str:key>/": "answers/price/",
    "<str:day>": "2026-03-04",
    "<str:code>": "SC-2.1",
    "<day:day>": "2026-03-04",
    "<slug:what>/<str:key>": "script/SC-2.1",
    "<path:content_type_id>/<path:object_id>": "1/1",
    "<slug:code>": "mid_autumn",
    "<uuid:key>": "00000000-0000-4000-8000-000000000001",
    "<path:object_id>": "1",
    "^(?P<app_label>auth|account)/$": "auth/",
    "(?P<url>.*)$": "nowhere/",
}
API = "api/v1/"
API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NUMBER = re.compile(r"<int:(\w+)>")


def routes() -> list[str]:
    """Every pattern the resolver knows, whatever the namespace."""

    def walk(patterns: list[Any], before: str) -> Iterator[str]:
        for each in patterns:
            assert isinstance(each, URLPattern | URLResolver)
            route = before + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, route)
            else:
                yield route

    return list(walk(get_resolver().url_patterns, ""))


def methods(route: str) -> tuple[str, ...]:
    """What is asked with: of a page GET and POST, of the API everything."""
    return API_METHODS if route.startswith(API) else ("GET", "POST")


def address(route: str, things: dict[str, int]) -> str:
    """The address of a route, with the ids of `things` in it."""
    for pattern, word in WORDS.items():
        route = route.replace(pattern, word)
    if NUMBER.search(route):
        kind = next((kind for begin, kind in OBJECTS.items() if route.startswith(begin)), "")
        route = NUMBER.sub(lambda found: str(things[found[1] if found[1] in things else kind]), route)
    return f"/{route}"


def make_broadcast(project: Project, writer: User) -> Broadcast:
    """One that waits for approval."""
    later = NOW + dt.timedelta(days=1)
    run = open_run(
        project=project, kind="broadcast", title="x", body="新品加推", starts_at=NOW, expires_at=later, by=writer, at=NOW
    )  # fmt: skip
    return Broadcast.objects.create(
        project=project, title="x", body="新品加推", starts_at=NOW, expires_at=later, state="submitted", run=run,
        planned_at=NOW, summary={"messages": 0, "held": 0, "pieces": 0, "left": {}, "last_of_month": 0},
        prepared_by=writer, prepared_at=NOW,
    )  # fmt: skip


def make_things(stage: Stage, phone: str) -> dict[str, int]:
    """One of everything, Lin's where it belongs to somebody: the number of each, by kind."""
    project, lin, wu = stage.project, stage.lin, stage.wu
    lead, other, third = (
        stage.visitor(f"王{sign}", f"{phone}{n}", at=NOW - dt.timedelta(hours=3)).lead
        for n, sign in enumerate("芳丽明")
    )
    event = log_contact(lead_id=other.pk, sheet=ContactSheet("no_answer"), happened_at=NOW, by=lin, at=NOW)
    assert event is not None
    step = deals.open_deal(
        lead_id=lead.pk, step="subscribed", happened_at=NOW, by=lin, at=NOW, unit_text="3-1201"
    )
    drawn = LeadEvent.objects.filter(lead=lead).latest("pk")
    building = factories.make_building(project)
    festivals.fill(years=[NOW.year], at=NOW)
    writer = factories.make_user(Role.MARKETING, project)
    milestone = Milestone.objects.create(
        project=project, kind="opening", title="开盘", body="{day}开盘", day=NOW.date(), notice_day=NOW.date(),
        state="approved", prepared_by=writer, prepared_at=NOW, approved_by=wu, approved_at=NOW,
    )  # fmt: skip
    broadcast = make_broadcast(project, writer)
    assert broadcast.run is not None
    message = Message.objects.create(
        run=broadcast.run, customer=lead.customer, to=lead.customer.phones.get().e164, state="unknown", counts=True,
        pieces=1, day=NOW.date(), not_before=NOW, changed_at=NOW,
    )  # fmt: skip
    MessageText.objects.create(message=message, opening="王芳女士您好")
    values = {"starts_on": NOW.date(), "ends_on": NOW.date()}
    rows: dict[str, Any] = {
        "project": project,
        "user": stage.mei,
        "membership": Membership.objects.get(user=stage.mei),
        "area": Area.objects.create(project=project, name="A"),
        "building": building,
        "unit_type": factories.make_unit_type(project),
        "unit": factories.make_unit(building),
        "occasion": Occasion.objects.create(project=project, kind="offer", title="98折", **values),
        "token": make_token(label="x", scopes=["leads:read"], days=9, by=lin, at=NOW)[0],
        "session": AccountSession.objects.create(
            user=lin, session_key=f"elsewhere{phone}", signed_in_at=NOW, seen_at=NOW
        ),
        "notice": Notice.objects.create(user=lin, project=project, kind="x", key=f"x{phone}", created_at=NOW),
        "lead": lead,
        "phone": lead.customer.phones.get(),
        "task": CallTask.objects.open().filter(lead=lead).earliest("pk"),
        "event": LeadEvent.objects.filter(lead=other, by=lin, contact__isnull=False).latest("pk"),
        "visit": Visit.objects.get(lead=lead),
        "deal": step.deal,
        "step": step,
        "downgrade": DowngradeReview.objects.create(event=drawn, seed="x", drawn_at=NOW),
        "policy": policies.draft(project=project, by=wu, at=NOW),
        "merge": merging.link_party(
            main=other.customer, other=third.customer, relation="spouse", by=wu, at=NOW
        ),
        "festival": FestivalDay.objects.get(code="mid_autumn"),
        "greeting": festivals.propose_text(
            project=project, code="mid_autumn", body="祝您中秋快乐", by=writer, at=NOW
        ),
        "milestone": milestone,
        "broadcast": broadcast,
        "run": broadcast.run,
        "message": message,
        "audience": SavedAudience.objects.create(project=project, owner=writer, name="x", saved_at=NOW),
        "guest": Invitation.objects.create(
            milestone=milestone, lead=lead, means="call", invited_by=wu, invited_at=NOW
        ),
        "correction": Correction.objects.create(
            milestone=milestone, was=NOW.date(), body="改期", prepared_by=writer, prepared_at=NOW
        ),
        "greeting_run": Greeting.objects.create(
            project=project, festival=FestivalDay.objects.get(code="mid_autumn"), problem="x"
        ),
        "batch": importing.upload(project=project, filename="a.csv", content=REGISTER, by=wu, at=NOW),
        "gateway": line_of(project),
        "reply": InboundMessage.objects.create(
            gateway=line_of(project),
            gateway_ref="1",
            project=project,
            sender="+8613800138000",
            text="几点开门？",
            customer=lead.customer,
            meaning="reply",
            at=NOW,
            received_at=NOW,
            owner=lin,
        ),
    }
    rows["text"] = rows["greeting"]
    return {kind: row.pk for kind, row in rows.items()}


class World:
    """The own project with its people and things, and two people of a project far away."""

    def __init__(self) -> None:
        stage, far = set_stage(), set_stage("远山")
        self.things, self.far_things = make_things(stage, "1380013800"), make_things(far, "1370013700")
        known = {
            Role.CONSULTANT: stage.lin,
            Role.FRONT_DESK: stage.fang,
            Role.CONTRACTS_CLERK: stage.jin,
            Role.SALES_MANAGER: stage.wu,
        }
        self.people: dict[str, User | None] = {"anonymous": None, "colleague": stage.mei}
        self.people |= {role: known.get(role) or factories.make_user(role, stage.project) for role in Role}

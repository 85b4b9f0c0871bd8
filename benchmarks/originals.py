"""The originals of the load data: places, people, and the stories of SET leads as rows."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from django.db import models

from benchmarks.ground import MOMENT
from benchmarks.stories import Story
from crm.actions.calendars import load_calendars
from crm.calendar_files import shipped_years
from crm.models import (
    CalendarDay,
    Contact,
    Customer,
    CustomerPhone,
    Household,
    Membership,
    PolicyVersion,
    Project,
    User,
)
from crm.roles import Role
from crm.states import EFFECTIVE
from leads.models import Deal, DealStep, HeardVia, InboundCall, Interest, Lead, LeadEvent, Objection, Visit

NOW = MOMENT.astimezone(dt.UTC)
SET = 2_000  # leads that are told one by one
TEAM = 5  # consultants who work them
SOURCES = ("路过", "朋友介绍", "抖音", "安居客", "户外广告", "老业主")
NO_LOGIN = "!"  # the mark of an account that nobody can sign in to


def people_and_places(copies: int, projects: int) -> None:
    load_calendars(years=shipped_years(), by=None, at=NOW)
    assert CalendarDay.objects.exists()
    sites = Project.objects.bulk_create(
        Project(name=f"项目{n + 1}", short_name=f"项目{n + 1}", signature="江畔雅苑", hotline="0571-88886666")
        for n in range(projects)
    )
    PolicyVersion.objects.bulk_create(
        PolicyVersion(
            project=site,
            number=1,
            state=PolicyVersion.State.APPROVED,
            prepared_at=NOW,
            approved_at=NOW,
            effective_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        )
        for site in sites
    )
    HeardVia.objects.bulk_create(HeardVia(project=site, name=name) for site in sites for name in SOURCES)
    consultants = User.objects.bulk_create(
        User(username=f"c{n}", name=f"顾问{n}", password=NO_LOGIN) for n in range(copies * TEAM)
    )
    others = [
        User(username=f"{kind}{n}", name=f"{kind}{n}", password=NO_LOGIN)
        for kind in "md"
        for n in range(projects)
    ]
    others = User.objects.bulk_create([*others, User(username="director", name="总监", password=NO_LOGIN)])
    each = len(consultants) // projects
    held = [(user, Role.CONSULTANT, sites[n // each]) for n, user in enumerate(consultants)]
    held += [(user, Role.SALES_MANAGER, site) for user, site in zip(others, sites, strict=False)]
    held += [(user, Role.FRONT_DESK, site) for user, site in zip(others[projects:], sites, strict=False)]
    Membership.objects.bulk_create(
        Membership(user=u, role=role.value, project=site) for u, role, site in held
    )
    Membership.objects.create(user=others[-1], role=Role.SALES_DIRECTOR.value, project=None)


def store(stories: list[Story], chance: random.Random) -> None:
    project, sources = (
        Project.objects.order_by("pk")[0],
        list(HeardVia.objects.order_by("pk")[: len(SOURCES)]),
    )
    team = list(User.objects.filter(username__startswith="c").order_by("pk")[:TEAM])
    households = Household.objects.bulk_create(Household(created_at=story.born) for story in stories)
    people = Customer.objects.bulk_create(
        Customer(
            household=household,
            name="",
            salutation=chance.choice(("mr", "ms", "ms", "mr", "unknown")),
            created_at=story.born,
        )
        for household, story in zip(households, stories, strict=True)
    )
    CustomerPhone.objects.bulk_create(
        CustomerPhone(customer=person, e164=str(person.pk), raw="", reversed="", is_main=True)
        for person in people
    )
    leads = Lead.objects.bulk_create(
        Lead(
            project=project,
            household_id=person.household_id,
            customer=person,
            heard_via=chance.choice(sources),
            wanted=chance.choice(("", "three_rooms", "four_rooms", "三房 108")),
            created_at=story.born,
        )
        for person, story in zip(people, stories, strict=True)
    )
    Interest.objects.bulk_create(
        Interest(lead=lead, point=point, noted_at=lead.created_at)
        for lead in leads
        for point in chance.sample(("school", "price", "transport"), chance.randint(0, 2))
    )
    Objection.objects.bulk_create(
        Objection(lead=lead, cause="price", raised_at=lead.created_at)
        for lead in leads
        if chance.random() < 0.3
    )
    register = _Register(team, project)
    for story, lead in zip(stories, leads, strict=True):
        register.enter(story, lead)
    register.write()


class _Register:
    """The rows of the originals' histories, kept until all can be written together."""

    def __init__(self, team: list[User], project: Project) -> None:
        self._team, self._project = team, project
        self._events: list[LeadEvent] = []
        self._rows: dict[type[models.Model], list[Any]] = {
            kind: [] for kind in (InboundCall, Visit, Contact, Deal, DealStep)
        }

    def enter(self, story: Story, lead: Lead) -> None:
        by = self._team[story.consultant] if story.consultant is not None else None
        for event in story.events:
            row = LeadEvent(
                lead=lead,
                kind=event.kind,
                at=event.at,
                recorded_at=event.at,
                by=by,
                value=event.value,
                due=event.due,
                channel="phone" if event.kind == "contact" else "",
            )
            record = getattr(self, f"_{event.kind}", None)
            if record is not None:
                record(row, by)
            self._events.append(row)

    def write(self) -> None:
        for kind in (InboundCall, Visit, Contact, Deal):
            kind._default_manager.bulk_create(self._rows[kind], batch_size=5000)
        for step in self._rows[DealStep]:
            step.deal = step.deal  # takes over the key it has been given
        DealStep.objects.bulk_create(self._rows[DealStep])
        for row in self._events:
            row.call, row.visit, row.contact, row.deal = row.call, row.visit, row.contact, row.deal
            row.ref = row.deal_id
        LeadEvent.objects.bulk_create(self._events, batch_size=5000)

    def _keep(self, row: Any) -> Any:
        self._rows[type(row)].append(row)
        return row

    def _assigned(self, event: LeadEvent, by: User | None) -> None:
        event.value = str(by.pk) if by else ""

    def _call_in(self, event: LeadEvent, by: User | None) -> None:
        event.call = self._keep(
            InboundCall(lead=event.lead, at=event.at, recorded_at=event.at, recorded_by=by)
        )

    def _visit(self, event: LeadEvent, by: User | None) -> None:
        first = not any(row.visit for row in self._events[-80:] if row.lead is event.lead)
        event.visit = self._keep(
            Visit(lead=event.lead, at=event.at, recorded_at=event.at, is_first=first, received_by=by)
        )

    def _contact(self, event: LeadEvent, by: User | None) -> None:
        talked = event.value in EFFECTIVE
        event.contact = self._keep(
            Contact(
                customer_id=event.lead.customer_id,
                project=self._project,
                channel="phone",
                outcome=event.value,
                effective=talked,
                at=event.at,
                recorded_at=event.at,
                tapped_at=event.at,
                by=by,
                news="孩子明年上小学，最近在比学区。" if talked else "",
            )
        )

    def _deal(self, event: LeadEvent, by: User | None) -> None:
        assert by is not None
        deal = Deal(lead=event.lead, step=event.value, created_at=event.at, created_by=by)
        event.deal = self._keep(deal)
        self._keep(
            DealStep(
                deal=deal,
                step=event.value,
                at=event.at,
                entered_at=event.at,
                entered_by=by,
                approved_at=event.at,
                approved_by=by,
            )
        )

"""The world of the access matrix with what no address names as well, so that every page has something to show."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Model

from campaigns.models import Broadcast, FestivalDay, Greeting
from crm.models import (
    CalendarDay,
    Consent,
    Customer,
    Gateway,
    GatewaySignature,
    GatewayTemplate,
    JobRun,
    LoginEvent,
    Message,
    MessageText,
    Notice,
    OptOut,
    Project,
    ShiftDay,
    User,
    WeeklyRest,
)
from crm.outbox import open_run
from leads.actions.registering import Party, register_call
from leads.models import (
    GradeMeaning,
    ImportBatch,
    Lead,
    LeadEvent,
    ObjectionAnswer,
    RefusedRow,
    Script,
    SingleMessage,
    StaffName,
)
from tests.access.world import NOW, World
from tests.architecture.source import ROOT

NOTICE_KINDS = sorted(path.stem for path in (ROOT / "templates/notices").glob("*.html"))
WORDS = (
    "title",
    "why",
    "text",
    "name",
    "customer",
    "clause",
    "file",
    "by",
    "run",
    "device",
    "address",
    "from",
    "until",
)
"""Texts that a notice may hold."""
LATER = NOW + dt.timedelta(hours=4)


def furnish(world: World) -> dict[str, int]:
    """One of everything that `World` lacks, in the own project. Returns the things in another state, by kind."""
    things = world.things
    project, lead = Project.objects.get(pk=things["project"]), Lead.objects.get(pk=things["lead"])
    lin = world.people["consultant"]
    assert isinstance(lin, User)
    _sent(project, lead, lin, things)
    other = LeadEvent.objects.get(pk=things["event"]).lead
    party = Party(project, other.customer.phones.get().raw, "", "", None, lin)
    register_call(party=party, happened_at=NOW, talked=False, by=lin, at=NOW, note="x")
    gateway = Gateway.objects.get(pk=things["gateway"])
    consent = Consent.objects.create(
        customer=lead.customer, scope="calls", source="来访", wording="同意来电", at=NOW, by=lin
    )
    batch = ImportBatch.objects.get(pk=things["batch"])
    rows: tuple[Model, ...] = (
        OptOut(customer=lead.customer, scope="marketing_sms", source="短信", at=NOW, by=lin),
        OptOut(customer=lead.customer, scope="calls", source="短信", at=NOW, lifted_by=consent),
        GatewaySignature(gateway=gateway, signature="云栖里", note="x", changed_at=NOW),
        GatewayTemplate(gateway=gateway, code="T1", body="新品加推", note="x", changed_at=NOW),
        CalendarDay(day=dt.date(2026, 3, 4), kind="holiday", name="x"),
        JobRun(name="settle", project=project, started_at=NOW, finished_at=NOW, ok=True, result={"x": 1}),
        WeeklyRest(user=lin, weekday=2),
        ShiftDay(user=lin, day=dt.date(2026, 3, 5), kind="leave", approved_by=lin),
        ObjectionAnswer(project=project, cause="price", text="x", edited_at=NOW),
        RefusedRow(batch=batch, row=2, sheet="x", reasons=[{"code": "phone_empty", "value": "x"}], cells=["a", "b"]),
        StaffName(project=project, name="吴经理"),
        *(GradeMeaning(project=project, grade=letter, label="x", criteria="x", edited_at=NOW) for letter in "ABCD"),
        *(Script(project=project, clause=code, text="x", edited_at=NOW) for code in ("SC-1.1", "SC-2.1", "SC-2.2")),
        *(LoginEvent(user=lin, kind=kind, at=NOW, device="x", address="192.0.2.1") for kind in ("success", "failed")),
        *(
            Notice(user=user, project=project, kind=kind, key=kind, created_at=NOW, params=params())
            for user in world.people.values()
            if user is not None
            for kind in NOTICE_KINDS
        ),
    )  # fmt: skip
    for row in rows:
        row.save()
    stopped = Greeting.objects.create(
        project=project,
        festival=FestivalDay.objects.get(code="dragon_boat"),
        stopped_at=NOW,
        stopped_by=lin,
        reason="x",
    )
    return {"lead": other.pk, "greeting_run": stopped.pk}


def params() -> dict[str, Any]:
    """What any notice may name."""
    moments = {"day": NOW.date().isoformat(), "at": NOW.isoformat(), "due": NOW.isoformat()}
    return dict.fromkeys(WORDS, "x") | moments | {"count": 2}


def _sent(project: Project, lead: Lead, lin: User, things: dict[str, int]) -> None:
    """A broadcast that runs, with a message in every state, and a single message to the lead."""
    row = Broadcast.objects.get(pk=things["broadcast"])
    run = row.run
    assert run is not None
    row.summary |= {"messages": 5, "pieces": 5}
    row.save(update_fields=["summary"])
    single = open_run(
        project=project, kind="sales", title="x", body="样板间开放", consultant="林晓", starts_at=NOW,
        expires_at=LATER, by=lin, at=NOW,
    )  # fmt: skip
    SingleMessage.objects.create(lead=lead, run=single, by=lin, at=NOW)
    people = [lead.customer, *Customer.objects.exclude(pk=lead.customer_id).order_by("pk")]
    states = ("unknown", "delivered", "held", "refused", "queued")
    for number, (state, customer) in enumerate(zip(states, people, strict=False)):
        for order in (run, single) if customer == lead.customer else (run,):
            message = Message.objects.create(
                run=order, customer=customer, to=f"+861390013800{number}", state=state, counts=True, pieces=1,
                day=NOW.date(), not_before=NOW, changed_at=NOW,
            )  # fmt: skip
            MessageText.objects.create(message=message, opening="尊敬的贵宾", consultant="林晓")

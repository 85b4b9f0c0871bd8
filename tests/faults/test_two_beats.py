"""Two real schedulers at once, with every job of the table and a worker: what comes out is what one of them makes."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable

import pytest
from django.db.models import Count

from campaigns.actions import broadcasts as broadcasting
from campaigns.actions.broadcasts import BroadcastSheet
from campaigns.models import Broadcast
from crm.celery import app
from crm.models import Attempt, Contact, Customer, JobRun, Message, Notice, SendRun, User
from crm.roles import Role
from leads.actions import contacts, importing
from leads.actions.contacts import ContactSheet
from leads.models import CallTask, ImportBatch, LeadEvent, Visit
from tests.crm.smsc import running, smpp_gateway
from tests.factories import make_user
from tests.faults.backstage import Backstage, backstage
from tests.faults.ground import Part
from tests.launch.product import until
from tests.leads.stage import Stage, set_stage

pytestmark = [
    pytest.mark.processes,
    pytest.mark.xdist_group("processes"),
    pytest.mark.django_db(transaction=True),
]
MORNING = dt.datetime(2026, 3, 9, 2, 30, tzinfo=dt.UTC)
"""Monday 9 March 2026, 10:30 in Shanghai: the day has begun and is not settled yet."""
LAST_MONDAY = MORNING - dt.timedelta(days=7)
WAITING, CAPACITY, PEOPLE, ROWS = 7, 3, 40, 600
ENQUEUED = re.compile(r"event='task_enqueued' child_task_id='([\w-]+)' child_task_name='([\w.]+)'")
SUCCEEDED = re.compile(r"event='task_succeeded' .*?task_id='([\w-]+)'")


def ago(**values: float) -> dt.datetime:
    return MORNING - dt.timedelta(**values)


def day_full_of_calls(stage: Stage) -> None:
    """Lin has more calls than the day has room for, a promise that is due, and a visitor nobody has called."""
    stage.project.memberships.filter(user=stage.lin).update(capacity=CAPACITY)
    for number in range(WAITING):
        lead = stage.visitor(f"客户{number}", f"1390000{number:04}", at=LAST_MONDAY, grade="C").lead
        talked = ContactSheet("talked")
        later = LAST_MONDAY + dt.timedelta(hours=4)
        contacts.log_contact(lead_id=lead.pk, sheet=talked, happened_at=later, by=stage.lin, at=later)
    promised = stage.visitor("李雷", "13900139000", at=ago(hours=1), consultant=stage.mei).lead
    sheet = ContactSheet("callback_arranged", promised_at=MORNING + dt.timedelta(minutes=2))
    contacts.log_contact(
        lead_id=promised.pk, sheet=sheet, happened_at=ago(minutes=50), by=stage.mei, at=ago(minutes=50)
    )


def broadcast(stage: Stage, ma: User) -> Broadcast:
    """Written and asked for: rehearsal and start are the scheduler's."""
    for number in range(PEOPLE):
        stage.visitor(f"宾{number}", f"1380000{number:04}", at=ago(hours=2), grade="A", consultant=stage.mei)
    sheet = BroadcastSheet(
        title="加推",
        body="{project}本周六加推。",
        starts_at=MORNING,
        expires_at=MORNING + dt.timedelta(hours=6),
        filter={"grades": ["A"]},
    )
    return broadcasting.save_and_rehearse(project=stage.project, sheet=sheet, by=ma, at=ago(minutes=5))


def register(stage: Stage) -> ImportBatch:
    """A load whose worker was lost two minutes ago."""
    lines = ["到访日期,手机,姓名,等级,置业顾问"]
    lines += [f"2026-02-{1 + n % 27:02},1370000{n:04},姓名{n % 89},{'BC'[n % 2]},梅清" for n in range(ROWS)]
    by, at = stage.wu, ago(minutes=9)
    content = "\n".join(lines).encode()
    batch = importing.upload(project=stage.project, filename="x.csv", content=content, by=by, at=at)
    batch = importing.check(batch_id=batch.pk, by=by, at=at)
    return importing.start(batch_id=batch.pk, staff={"梅清": stage.mei.pk}, by=by, at=at)


def enqueued(beat: Part) -> dict[str, list[str]]:
    """The ids of what a scheduler has sent, by job."""
    found: dict[str, list[str]] = {}
    for task_id, name in ENQUEUED.findall(beat.said()):
        found.setdefault(name, []).append(task_id)
    return found


def both_at_work(behind: Backstage) -> bool:
    """Each scheduler sent each job, and of what each sent for it the worker has ended some."""
    ended = set(SUCCEEDED.findall(behind.worker.said()))
    jobs = {entry["task"] for entry in app.conf.beat_schedule.values()}
    sent = [enqueued(beat) for beat in behind.beats]
    return all(ended & set(each.get(job, [])) for each in sent for job in jobs)


def eventually(behind: Backstage, what: Callable[[], bool], patience: float = 90) -> None:
    assert until(what, patience), behind.worker.said()[-3000:]


def doubled() -> dict[str, list[object]]:
    """Rows that one scheduler would have made once."""
    rows = {
        "notices": Notice.objects.values("user", "key"),
        "tasks": CallTask.objects.open().values("lead", "kind", "clause", "occasion"),
        "messages": Message.objects.values("run", "to"),
        "attempts": Attempt.objects.values("message"),
        "visits": Visit.objects.values("lead", "at"),
        "events": LeadEvent.objects.filter(kind="visit").values("lead", "at"),
    }
    return {name: list(found.annotate(n=Count("pk")).filter(n__gt=1)) for name, found in rows.items()}


@pytest.mark.parametrize("beats", [1, 2])
def test_two_schedulers_make_what_one_makes(beats: int) -> None:
    stage = set_stage()
    ma = make_user(Role.MARKETING, stage.project, "马")
    with running(receipt_delay=0.2) as smsc:
        smpp_gateway(stage.project, smsc.port, rate=40, window=5, settings={"sessions": 2})
        day_full_of_calls(stage)
        row, batch = broadcast(stage, ma), register(stage)
        shift = (MORNING - dt.datetime.now(dt.UTC)).total_seconds()
        with backstage(shift, every=2, beats=beats) as behind:
            eventually(behind, lambda: Broadcast.objects.get().planned_at is not None)
            broadcasting.submit(broadcast_id=row.pk, by=ma, at=ago(minutes=2))
            broadcasting.approve(broadcast_id=row.pk, by=stage.wu, at=ago(minutes=1))
            eventually(behind, lambda: SendRun.objects.filter(state="finished").exists())
            eventually(behind, lambda: ImportBatch.objects.get(pk=batch.pk).state == "done")
            eventually(behind, lambda: both_at_work(behind))
            sent = [Counter({job: len(ids) for job, ids in enqueued(beat).items()}) for beat in behind.beats]
    assert len(sent) == beats
    assert all(min(each.values()) >= 1 for each in sent)

    assert {name: rows for name, rows in doubled().items() if rows} == {}
    assert smsc.seen == {f"86{number}": 1 for number in (f"1380000{n:04}" for n in range(PEOPLE))}
    late = CallTask.objects.open().filter(moved_reason="capacity").values_list("gave_way", flat=True)
    assert list(late) == [1] * (WAITING - CAPACITY)  # one day was settled, once
    assert list(JobRun.objects.exclude(ok=True).values_list("name", "ok", "result")) == []
    made = {
        "customers": Customer.objects.count(),
        "visits": Visit.objects.count(),
        "sms": Contact.objects.filter(channel="sms").count(),
        "promises told": Notice.objects.filter(kind="promise_due").count(),
        "windows told": Notice.objects.filter(kind="window_open").count(),
    }
    people = WAITING + 1 + PEOPLE
    assert made == {
        "customers": people + ROWS,
        "visits": people + ROWS,
        "sms": PEOPLE,
        "promises told": 1,
        "windows told": 2,
    }

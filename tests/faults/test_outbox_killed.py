"""Senders that are killed, frozen or doubled: nothing is lost, nothing reaches the SMSC twice (real processes, TCP).

The suite kills a dozen senders in a run of 600. CRM_FAULTS=full kills 100 in a run of 20,000; it takes minutes.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db.models import F

from crm import outbox
from crm.models import Customer, CustomerPhone, Gateway, Household, Message, Project, SendRun
from crm.outbox import sweeping
from tests.crm.smsc import smpp_gateway
from tests.crm.test_outbox_planning import make_run
from tests.factories import AT, make_project

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.xdist_group("processes"),
]
FULL = os.environ.get("CRM_FAULTS") == "full"
PEOPLE, KILLS = (20_000, 100) if FULL else (600, 12)
PATIENCE = 1200 if FULL else 240
LATER = AT + dt.timedelta(hours=2)


class Smsc:
    """The SMSC as a process of its own, with a log of every submit that it saw."""

    def __init__(self, folder: Path, control: str = "") -> None:
        self.log = folder / "submits.log"
        words = ["--port", "0", "--password", "tests-42", "--log", str(self.log)]
        if control:
            (folder / "control.json").write_text(control)
            words += ["--control", str(folder / "control.json")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crm.smsc", *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().split()[1])

    def seen(self) -> Counter[str]:
        time.sleep(1.0)  # its log is flushed twice a second
        return Counter("+" + line.split()[0] for line in self.log.read_text().splitlines())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def smsc(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Smsc]:
    running = Smsc(tmp_path, getattr(request, "param", ""))
    yield running
    running.stop()


def crowd(project: Project, count: int, at: dt.datetime = AT) -> SendRun:
    """A launched broadcast to so many people."""
    homes = Household.objects.bulk_create([Household(created_at=at) for _ in range(count)])
    people = Customer.objects.bulk_create(
        [Customer(household=home, name="王小明", created_at=at) for home in homes]
    )
    CustomerPhone.objects.bulk_create(
        [
            CustomerPhone(customer=each, e164=f"+86137{index:08}", raw="", reversed="", is_main=True)
            for index, each in enumerate(people)
        ]
    )
    run = make_run(project, starts_at=at, expires_at=at + dt.timedelta(hours=9), at=at)
    audience = Customer.objects.filter(pk__in=[each.pk for each in people]).values(customer_id=F("pk"))
    outbox.plan(run=run, audience=audience, at=at)
    outbox.launch(run_id=run.pk, by=None, at=at)
    return run


def start(gateway: Gateway, base: float, *words: str) -> subprocess.Popen[str]:
    found = settings.DATABASES["default"]
    environment = os.environ | {
        "DATABASE_URL": f"postgres://{found['USER']}@/{found['HOST']}/{found['NAME']}",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }
    argv = [sys.executable, "-W", "ignore", "-m", "tests.faults.senders", str(gateway.pk), str(base), *words]
    return subprocess.Popen(argv, env=environment, text=True, stdout=subprocess.PIPE)


def finish(gateway: Gateway, base: float) -> None:
    """What lost senders left is taken up, and the rest goes out; twice, as two ticks would."""
    for _ in range(2):
        start(gateway, base, "finish").wait(PATIENCE)
        Message.objects.filter(lease_until__isnull=False).update(lease_until=AT)  # their leases are over
        sweeping.reap(at=LATER)


def account(run: SendRun, seen: Counter[str]) -> tuple[list[str], list[str], int]:
    """Numbers that were lost, numbers that the SMSC saw twice, and how many outcomes are listed as unknown."""
    states = dict(run.messages.values_list("to", "state"))
    lost = [to for to, state in states.items() if not seen[to] and state != "unknown"]
    doubled = [to for to, count in seen.items() if count > 1]
    return lost, doubled, sum(1 for state in states.values() if state == "unknown")


def joined(gateway: Gateway, base: float, run: SendRun, seen: Counter[str]) -> list[str]:
    """Receipts are joined until every message that the SMSC has is known. Returns those that stay unknown."""
    for _ in range(3):
        sweeping.join(at=LATER)
        left = list(run.messages.filter(state="unknown").values_list("to", flat=True))
        if not any(seen[to] for to in left):
            break
        start(gateway, base, "finish").wait(PATIENCE)
    return left


def test_killed_senders_lose_nothing_and_double_nothing(smsc: Smsc) -> None:
    project = make_project()
    gateway = smpp_gateway(project, smsc.port, rate=300 if FULL else 60, window=10, settings={"sessions": 2})
    run, base = crowd(project, PEOPLE), time.time()
    start(gateway, base, "kill", str(KILLS), str(smsc.log), str(PEOPLE // KILLS // 2)).wait(PATIENCE)
    hit = sum(smsc.seen().values())
    assert hit > 0, "no sender was killed at its work"
    finish(gateway, base)
    seen = smsc.seen()
    lost, doubled, unknown = account(run, seen)
    assert (lost, doubled) == ([], [])
    assert unknown > 0, "nobody was killed between the commit and the answer"
    left = joined(gateway, base, run, seen)
    assert [
        to for to in left if seen[to]
    ] == []  # its receipt named each that the SMSC has; the rest is listed
    assert len(left) + len(seen) == PEOPLE
    assert set(run.messages.values_list("state", flat=True)) <= {"accepted", "delivered", "unknown"}
    sys.stdout.write(
        f"{PEOPLE} messages, {KILLS} kills, {hit} sent meanwhile: {unknown} unknown, {len(left)} after their receipts\n"
    )


@pytest.mark.parametrize("smsc", ['{"answer_delay": 0.15, "receipt_delay": 60}'], indirect=True)
def test_a_sender_frozen_beyond_its_lease_writes_nothing_when_it_wakes(smsc: Smsc) -> None:
    project = make_project()
    gateway = smpp_gateway(project, smsc.port, rate=200, window=1)
    run, base = crowd(project, 60), time.time()
    process = start(gateway, base, "freeze", "8")
    assert process.stdout is not None
    assert process.stdout.readline() == "frozen\n"
    Message.objects.filter(lease_until__isnull=False).update(lease_until=AT)
    assert sweeping.reap(at=LATER)["unknown"] > 0
    before = smsc.seen()
    process.wait(PATIENCE)
    finish(gateway, base)
    lost, doubled, _unknown = account(run, smsc.seen())
    assert 0 < sum(before.values()) < 60
    assert (lost, doubled) == ([], [])


def test_two_senders_and_a_flushed_broker_change_nothing(smsc: Smsc) -> None:
    project = make_project()
    gateway = smpp_gateway(project, smsc.port, rate=400, window=10)
    run, base = crowd(project, 300), time.time()
    twice = [start(gateway, base, "finish") for _ in range(2)]
    cache.clear()  # Redis holds no truth
    for process in twice:
        process.wait(PATIENCE)
    lost, doubled, unknown = account(run, smsc.seen())
    assert (lost, doubled, unknown) == ([], [], 0)

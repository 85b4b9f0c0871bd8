"""The worker that plans a broadcast is killed between two chunks: nothing of it leaves, and it is planned to its end."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from django.conf import settings

from campaigns import facts_broadcasts
from campaigns.actions import broadcasts
from campaigns.models import Broadcast
from crm import outbox
from crm.errors import RuleViolation
from crm.models import User
from crm.outbox.claiming import open_runs
from crm.outbox.staging import LOCK_RUN
from crm.roles import Role
from tests.campaigns.test_broadcasts import at, sheet
from tests.factories import make_user
from tests.leads.stage import Stage, set_stage

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.xdist_group("processes"),
]
PEOPLE, CHUNKS = 24, 3  # chunks of three people, this many of them written
ASKED = at("11-18 10:00")


def asked(stage: Stage, ma: User) -> Broadcast:
    row = broadcasts.save_broadcast(project=stage.project, sheet=sheet(), by=ma, at=ASKED)
    return broadcasts.ask_rehearsal(broadcast_id=row.pk, by=ma, at=ASKED)


def killed_between_two_chunks(broadcast: Broadcast) -> None:
    found = settings.DATABASES["default"]
    environment = os.environ | {
        "DATABASE_URL": f"postgres://{found['USER']}@/{found['HOST']}/{found['NAME']}",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }
    words = ["tests.faults.senders", "0", "0", "plan", str(broadcast.pk), ASKED.isoformat()]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", *words], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    for chunk in range(CHUNKS):
        assert process.stdout.readline() == "chunk\n"
        if chunk < CHUNKS - 1:
            process.stdin.write("\n")
            process.stdin.flush()
    process.send_signal(signal.SIGKILL)
    process.wait(20)


def rows_of(row: Broadcast) -> list[Any]:
    assert row.run is not None
    return list(row.run.messages.order_by("to").values_list("to", "state", "reason", "day", "text__opening"))


def test_a_plan_killed_between_two_chunks_is_planned_to_its_end() -> None:
    stage = set_stage()
    ma = make_user(Role.MARKETING, stage.project, "马")
    for number in range(PEOPLE):
        stage.visitor(f"安{number}", f"138{number:08}", at=at("11-01 10:00"), grade="A")
    row = asked(stage, ma)
    killed_between_two_chunks(row)

    row.refresh_from_db()
    assert row.run is not None
    written = row.run.messages.count()
    assert 0 < written < PEOPLE
    assert facts_broadcasts.to_plan() == [row.pk]  # the tick finds it
    with pytest.raises(RuleViolation):
        broadcasts.submit(broadcast_id=row.pk, by=ma, at=ASKED)
    with pytest.raises(RuleViolation):
        outbox.launch(run_id=row.run.pk, by=ma, at=ASKED)
    assert open_runs(row.run.gateway, at("11-20 11:00")) == []

    soon = ASKED + dt.timedelta(minutes=2)
    assert broadcasts.rehearse(broadcast_id=row.pk, at=soon)
    row.refresh_from_db()
    assert row.planned_at is not None
    whole, summary = rows_of(row), row.summary
    assert len(whole) == PEOPLE == summary["messages"]

    broadcasts.cancel(broadcast_id=row.pk, reason="试", by=ma, at=soon)
    again = asked(stage, ma)
    assert broadcasts.rehearse(broadcast_id=again.pk, at=ASKED)  # and now without anybody being killed
    again.refresh_from_db()
    assert (rows_of(again), again.summary) == (whole, summary)


def test_while_a_plan_is_made_nobody_makes_it_a_second_time() -> None:
    stage = set_stage()
    row = asked(stage, make_user(Role.MARKETING, stage.project, "马"))
    run = broadcasts._open(row.pk, ASKED)
    assert run is not None
    late = ASKED + dt.timedelta(hours=1)
    found: dict[str, Any] = settings.DATABASES["default"]
    with psycopg.connect(host=found["HOST"], user=found["USER"], dbname=found["NAME"]) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_RUN, run.pk])
        assert not broadcasts.rehearse(broadcast_id=row.pk, at=late)
    other.close()
    assert broadcasts.rehearse(broadcast_id=row.pk, at=late)

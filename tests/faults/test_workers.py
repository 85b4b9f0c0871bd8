"""A real worker that is killed, doubled, poisoned or left without its servers: plans and notices come out the same."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import Celery

from crm.celery import app
from crm.env import broker_url
from crm.launch.servers import Postgres, Valkey
from tests.faults.ground import Database, Ground, Part, worker
from tests.launch.product import until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

PLAN = """
SELECT l.id, l.state, l.grade, l.clause, l.due_at, l.opens_at, l.consultant_id, l.held_until, l.review_clause,
       l.rejudge_at, (SELECT array_agg((t.id, t.kind, t.clause, t.state, t.base_event_id, t.opens_at, t.due_at, t.policy_id,
                             t.credit_id, t.assignee_id, t.list_day, t.held_until) ORDER BY t.id)::text
                      FROM leads_calltask t WHERE t.lead_id = l.id)
FROM leads_lead l ORDER BY l.id
"""
DOUBLED = """
SELECT 'notice', user_id::text, key FROM crm_notice GROUP BY user_id, key HAVING count(*) > 1
UNION ALL SELECT 'task', lead_id::text, clause FROM leads_calltask WHERE state = 'open'
GROUP BY lead_id, kind, clause, occasion_id HAVING count(*) > 1
"""
COUNTS = """
SELECT (SELECT count(*) FROM crm_notice), (SELECT count(*) FROM leads_calltask), (SELECT count(*) FROM leads_leadevent),
       (SELECT count(*) FROM crm_contact), (SELECT count(*) FROM crm_auditevent)
"""
NEW_POLICY = """
INSERT INTO crm_policyversion (project_id, kind, number, values, reason, state, prepared_by_id, prepared_at, reviewed_by_id,
    reviewed_at, approved_by_id, approved_at, effective_from)
SELECT project_id, kind, number + 1, values || '{"ordinary_interval_days": 5, "visitor_second_days": 2}', '', state,
    1, now(), 2, now(), 3, now(), now()
FROM crm_policyversion WHERE kind = 'cadence' AND state = 'approved' ORDER BY project_id, number DESC LIMIT 1
RETURNING id, project_id
"""


class Hands:
    """A running worker, and what it is sent."""

    def __init__(self, database: Database, part: Part) -> None:
        self.database, self.part = database, part
        where = database.ground.where
        self.sender = Celery(broker=broker_url(where.redis_url))
        self.broker: Any = redis.Redis(unix_socket_path=f"{where.folder}/valkey.sock")

    def send(self, task: str, *args: int) -> None:
        self.sender.send_task(task, args=args)

    def idle(self) -> bool:
        return bool(self.broker.llen("celery") == 0 and self.broker.hlen("unacked") == 0)

    def wait_idle(self) -> None:
        """Nothing waits and nothing runs, also a moment later (a job may ask for the next)."""

        def twice() -> bool:
            found = self.idle()
            time.sleep(0.3)
            return found and self.idle()

        assert until(twice), self.part.said()[-3000:]

    def blocked(self) -> bool:
        return bool(self.database.ask("SELECT 1 FROM pg_locks WHERE NOT granted"))


@pytest.fixture(scope="module")
def hands(ground: Ground) -> Iterator[Hands]:
    with ground.fresh("hands") as database:
        part = worker(database, ground.folder / "worker")
        made = Hands(database, part)
        made.broker.flushall()
        part.start()
        try:
            part.wait_for("ready.")
            yield made
        finally:
            part.end()


def test_two_schedulers_double_nothing(hands: Hands) -> None:
    """Every job of the beat table started twice at the same moment, as two beats do, after each ran once."""
    jobs = [entry["task"] for entry in app.conf.beat_schedule.values()]
    for job in jobs:
        hands.send(job)
    hands.wait_idle()
    once = hands.database.ask(COUNTS), hands.database.ask(PLAN)
    for job in jobs:
        hands.send(job)
        hands.send(job)
    hands.wait_idle()
    assert hands.database.ask(DOUBLED) == []
    assert (hands.database.ask(COUNTS), hands.database.ask(PLAN)) == once
    assert hands.database.ask("SELECT name FROM crm_jobrun WHERE ok IS NOT true") == []


def test_a_poisoned_task_is_tried_once_and_recorded(hands: Hands) -> None:
    hands.send("leads.tasks.run_import", 10**6)
    hands.wait_idle()
    hands.part.wait_for("task_failed")
    time.sleep(1)
    assert hands.part.said().count("task_failed") == 1
    assert hands.database.ask("SELECT ok, result ->> 'error' FROM crm_jobrun WHERE name = 'import'") == [
        (False, "DoesNotExist")
    ]


def test_a_worker_killed_in_the_middle_of_replanning_leaves_the_plan_as_without(hands: Hands) -> None:
    """Its child, which a task of poison would kill as well, and the whole of it with the queue flushed: the sweep goes on."""
    version, project = hands.database.ask(NEW_POLICY)[0]
    before = hands.database.ask(PLAN)
    with hands.database.connect() as session:
        session.execute("BEGIN")
        last = "SELECT id FROM leads_lead WHERE project_id = %s AND state = 'live' ORDER BY id DESC LIMIT 1 FOR UPDATE"
        session.execute(last, [project])
        hands.send("leads.tasks.replan_project", project, version)
        assert until(hands.blocked)
        for child in hands.part.children():
            os.kill(child, signal.SIGKILL)
        hands.part.wait_for("WorkerLostError")
        hands.wait_idle()
        assert until(lambda: not hands.blocked(), 15)  # PostgreSQL saw that its client is dead, and let go
        time.sleep(1)
        assert not hands.blocked()  # the task does not come back by itself, again and again

        hands.send("leads.tasks.replan_project", project, version)
        assert until(hands.blocked)
        hands.part.kill()
        hands.broker.flushall()
        session.execute("ROLLBACK")
    assert hands.database.ask(PLAN) == before
    replanned = "SELECT 1 FROM crm_policyversion WHERE id = %s AND replanned_at IS NOT NULL"
    assert hands.database.ask(replanned, version) == []

    hands.part.start()
    hands.part.wait_for("ready.", 2)
    hands.send("leads.tasks.policies")  # what beat does every minute
    assert until(lambda: bool(hands.database.ask(replanned, version)))
    hands.wait_idle()
    after = hands.database.ask(PLAN)
    assert after != before
    assert hands.database.ask(DOUBLED) == []
    hands.database.ask("UPDATE leads_lead SET planned_at = NULL RETURNING id")
    hands.database.ask("UPDATE crm_policyversion SET replanned_at = NULL WHERE id = %s RETURNING id", version)
    hands.send("leads.tasks.policies")  # and now without anybody being killed
    assert until(lambda: bool(hands.database.ask(replanned, version)))
    hands.wait_idle()
    assert hands.database.ask(PLAN) == after


def test_a_worker_goes_on_after_both_servers_were_restarted(hands: Hands, ground: Ground) -> None:
    ground.restart(Valkey)
    ground.restart(Postgres)
    ended = "SELECT count(*) FROM crm_jobrun WHERE name = 'pool' AND ok AND started_at > %s"
    (now,) = hands.database.ask("SELECT now()")
    hands.send("leads.tasks.pool")
    assert until(lambda: hands.database.ask(ended, now)[0] > 0), hands.part.said()[-3000:]

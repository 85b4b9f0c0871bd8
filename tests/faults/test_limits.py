"""A task that goes beyond its limit of time or memory: it ends, that is on record, and a tick takes its work up again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings

from tests.faults.ground import Database, Part
from tests.faults.test_workers import DOUBLED, NEW_POLICY, PLAN, Hands
from tests.launch.product import until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
REPLANNED = "SELECT 1 FROM crm_policyversion WHERE id = %s AND replanned_at IS NOT NULL"
RECORD = "SELECT ok, result ->> 'error' FROM crm_jobrun WHERE name = 'replan' AND project_id = %s"
LAST_LEAD = (
    "SELECT id FROM leads_lead WHERE project_id = %s AND state = 'live' ORDER BY id DESC LIMIT 1 FOR UPDATE"
)
SOFT, HARD = 3, 7


@contextmanager
def at_work(database: Database, *more: str, soft: int = 240, hard: int = 300) -> Iterator[Hands]:
    words = [
        "tests.faults.limited",
        str(soft),
        str(hard),
        "worker",
        "--loglevel",
        "INFO",
        "--without-mingle",
        *more,
    ]
    part = Part("limited", database, database.ground.folder / "limited", words)
    hands = Hands(database, part)
    hands.broker.flushall()
    part.log.unlink(missing_ok=True)
    part.start()
    try:
        part.wait_for("ready.")
        yield hands
    finally:
        part.end()


def taken_up_again(hands: Hands, project: int, version: int) -> None:
    hands.send("leads.tasks.policies")  # what beat does every minute
    assert until(lambda: bool(hands.database.ask(REPLANNED, version))), hands.part.said()[-3000:]
    hands.wait_idle()
    assert hands.database.ask(RECORD, project) == [(True, None)]
    assert hands.database.ask(DOUBLED) == []


def beyond_its_time(database: Database, what: Callable[[Hands], None]) -> tuple[int, int]:
    """A replanning that waits for a row for ever, until it is ended; then nothing stands in its way any more."""
    version, project = database.ask(NEW_POLICY)[0]
    with at_work(database, soft=SOFT, hard=HARD) as hands:
        before = database.ask(PLAN)
        with database.connect() as session:
            session.execute("BEGIN")
            session.execute(LAST_LEAD, [project])
            hands.send("leads.tasks.replan_project", project, version)
            assert until(hands.blocked)
            what(hands)
            hands.wait_idle()
            assert until(lambda: not hands.blocked(), 15)  # it holds nothing and waits for nothing any more
            session.execute("ROLLBACK")
        assert database.ask(PLAN) == before
        taken_up_again(hands, project, version)
    return version, project


def test_a_task_beyond_its_soft_limit_says_so_on_the_record(database: Database) -> None:
    def ended(hands: Hands) -> None:
        project = "SELECT project_id FROM crm_jobrun WHERE name = 'replan' AND ok = false"
        assert until(lambda: bool(database.ask(project)), 30), hands.part.said()[-3000:]
        assert database.ask(RECORD, database.ask(project)[0]) == [(False, "SoftTimeLimitExceeded")]
        hands.part.wait_for("task_failed")

    beyond_its_time(database, ended)


def test_a_task_that_hears_nothing_is_killed_at_its_hard_limit(database: Database) -> None:
    """Frozen, it cannot react to the soft limit; the worker kills it, says so, and has another child."""

    def killed(hands: Hands) -> None:
        children = hands.part.children()
        for child in children:
            os.kill(child, signal.SIGSTOP)
        hands.part.wait_for("Hard time limit")
        assert until(lambda: len(set(hands.part.children()) - set(children)) >= 1)
        for child in set(children) & set(hands.part.children()):
            os.kill(child, signal.SIGCONT)

    beyond_its_time(database, killed)


def test_a_child_beyond_its_memory_ends_after_its_task_and_the_work_goes_on(database: Database) -> None:
    version, project = database.ask(NEW_POLICY)[0]
    with at_work(database, "--max-memory-per-child", "1000", "--concurrency", "1") as hands:
        (first,) = hands.part.children()
        taken_up_again(hands, project, version)
        assert until(lambda: first not in hands.part.children())
        assert len(hands.part.children()) == 1
        assert "task_failed" not in hands.part.said()


def test_the_limits_leave_room_for_each_other() -> None:
    """The hard one after the soft one, both before the broker gives the task to another worker."""
    patience = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    assert 0 < settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT < patience / 2
    assert 0 < settings.CELERY_WORKER_MAX_MEMORY_PER_CHILD <= 400_000

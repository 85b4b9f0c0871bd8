"""Two real scheduler processes at once, with every job of the table: what comes out is what one of them makes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import redis

from crm.celery import app
from tests.faults.ground import Ground, Part
from tests.faults.test_workers import DOUBLED
from tests.launch.product import until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
QUEUES = "celery,gateway.console,gateway.http,gateway.smpp"
EFFECTS = """
SELECT (SELECT count(*) FROM crm_notice), (SELECT count(*) FROM leads_calltask), (SELECT count(*) FROM leads_leadevent),
    (SELECT count(*) FROM crm_contact), (SELECT count(*) FROM crm_message), (SELECT count(*) FROM crm_attempt),
    (SELECT count(*) FROM crm_greetingkey), (SELECT count(*) FROM crm_occasion), (SELECT count(*) FROM crm_sendrun)
"""
SENT_TWICE = """
SELECT message_id FROM crm_attempt GROUP BY message_id HAVING count(*) > 1
UNION ALL SELECT min(id) FROM crm_message WHERE counts GROUP BY run_id, "to" HAVING count(*) > 1
"""
FAILED = "SELECT name, result ->> 'error' FROM crm_jobrun WHERE ok = false"
RAN = "SELECT count(*) FROM crm_jobrun WHERE ok"


def effects(ground: Ground, beats: int, seconds: float) -> tuple[Any, list[str]]:
    """What a worker and so many schedulers make of the demo's morning."""
    broker: Any = redis.Redis(unix_socket_path=f"{ground.where.folder}/valkey.sock")
    broker.flushall()
    folder = ground.folder / f"beats{beats}"
    with ground.fresh(f"beats{beats}") as database:
        words = ["celery", "-A", "crm", "worker", "--loglevel", "INFO", "--without-mingle", "-Q", QUEUES]
        parts = [Part("worker", database, folder, words)]
        parts += [
            Part(f"beat{n}", database, folder, ["tests.faults.beats", str(Path(folder) / f"schedule{n}")])
            for n in range(beats)
        ]
        for part in parts:
            part.start()
        try:
            parts[0].wait_for("ready.")
            assert until(lambda: database.ask(RAN)[0] > 0), parts[1].said()[-3000:]
            time.sleep(seconds)
            for part in parts[1:]:
                part.end()
            assert until(lambda: broker.llen("celery") == 0 and broker.hlen("unacked") == 0, 60)
            time.sleep(1)
            assert until(lambda: broker.llen("celery") == 0 and broker.hlen("unacked") == 0, 60)
            sent = [part.said() for part in parts[1:]]
            assert (database.ask(DOUBLED), database.ask(SENT_TWICE), database.ask(FAILED)) == ([], [], [])
            return database.ask(EFFECTS)[0], sent
        finally:
            for part in parts:
                part.end()


def test_two_schedulers_make_what_one_makes(ground: Ground) -> None:
    once, _said = effects(ground, 1, 12)
    twice, said = effects(ground, 2, 12)
    jobs = list(app.conf.beat_schedule)
    for log in said:  # both schedulers sent every job, more than once
        assert [job for job in jobs if log.count(f"sent {job}\n") < 2] == []
    assert twice == once

"""The outbox at size, beside its floors: a million people counted, planned, sent over the SMSC, watched, taken back.

    .venv/bin/python -m benchmarks.outbox plan      [--people 1000000] [--data FOLDER]
    .venv/bin/python -m benchmarks.outbox drain     [--people 1000000] [--first 300000] [--senders 2] [--data FOLDER]
    .venv/bin/python -m benchmarks.outbox lists     [--people 1000000] [--data FOLDER]

`plan` counts, plans, plans again, pauses, resumes and cancels. `drain` runs the product's own processes (a worker, a
sender with so many lines, the scheduler) against the SMSC over TCP, watches memory, the progress page and how soon
an opt-out is in force, and ends after `--first` messages. `lists` asks for every list over a broadcast that has run,
with each of its filters (benchmarks/outbox_lists.py). benchmarks/crowd.py says what stands behind it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.crowd import Crowd, coming_festival, crowd, figure, say

FLOOR = """
CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run_id bigint, customer_id bigint, channel text,
    "to" text, state text, not_before timestamptz, UNIQUE (run_id, channel, "to"))
"""
INSERT = """
INSERT INTO floor (run_id, customer_id, channel, "to", state, not_before)
SELECT 1, customer_id, 'sms', e164, 'queued', now() FROM crm_customerphone ON CONFLICT DO NOTHING
"""
SUM = "SELECT count(DISTINCT customer_id) FROM leads_lead WHERE project_id = %s AND state = 'live'"
CLAIM = """
UPDATE floor SET state = 'claimed' WHERE id IN (
    SELECT id FROM floor WHERE state = 'queued' LIMIT 2000 FOR UPDATE SKIP LOCKED) RETURNING id
"""
COUNT = "SELECT reason, held, count(*), sum(pieces), min(day) FROM judged GROUP BY 1, 2"
MARK = "UPDATE floor SET state = 'sent' WHERE id = ANY(%s)"


def timed(name: str, count: int, what: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = what()
    figure(name, time.perf_counter() - start, count)
    return result


def floors(people: int) -> None:
    """What bare SQL takes for a table of the same keys."""
    from django.db import connection

    from crm.models import Project

    with connection.cursor() as cursor:
        cursor.execute(FLOOR)
        site = [Project.objects.get().pk]
        timed("floor: bare count of the audience", people, lambda: cursor.execute(SUM, site))
        timed("floor: a bare conflict-ignoring insert", people, lambda: cursor.execute(INSERT))
        cursor.execute("CREATE INDEX ON floor (id) WHERE state = 'queued'")
        few = min(people, 100_000)

        def claim_and_mark() -> None:
            for _batch in range(few // 2000):
                cursor.execute(CLAIM)
                cursor.execute(MARK, [[row[0] for row in cursor.fetchall()]])

        timed(f"floor: claiming and marking alone ({few:,})", few, claim_and_mark)
        cursor.execute("DROP TABLE floor")


def plan(made: Crowd) -> None:
    """Counting and planning as a broadcast does; then what stops a run, at full size."""
    from campaigns import facts_audiences
    from campaigns.rules_audiences import Audience
    from crm import clock, outbox
    from crm.outbox import planning, sweeping

    people, project, at = made.people, made.project, clock.now()
    floors(people)
    audience, free = facts_audiences.audience_rows(project, Audience()), coming_festival(at)
    found = timed("counted while typing", people, lambda: facts_audiences.measure(project, Audience()))
    say(f"  {found}")

    with unwritten(planning):
        run = _draft(project)
        count = partial(outbox.plan, run=run, audience=audience, at=at, kept_free=free)
        timed("counted with every reason (nothing written)", people, count)
    run = _draft(project)
    result = timed("planned", people, lambda: outbox.plan(run=run, audience=audience, at=at, kept_free=free))
    say(f"  {result}")
    timed("planned again", people, lambda: outbox.plan(run=run, audience=audience, at=at, kept_free=free))
    outbox.launch(run_id=run.pk, by=None, at=clock.now())
    timed("a round of the sweep", 1, lambda: sweeping.sweep(at=clock.now()))
    timed("paused", 1, lambda: outbox.pause(run_id=run.pk, by=None, at=clock.now()))
    timed("resumed", 1, lambda: outbox.resume(run_id=run.pk, by=_writer(), at=clock.now()))
    timed("cancelled (the request)", 1, lambda: outbox.cancel(run_id=run.pk, by=None, at=clock.now()))
    timed("cancelled (the sweep after it)", people, lambda: sweeping.sweep(at=clock.now()))


@contextmanager
def unwritten(planning: Any) -> Iterator[None]:
    """The plan's own statement, counting what it would write."""
    written, planning.FRESH = planning.FRESH, COUNT
    try:
        yield
    finally:
        planning.FRESH = written


def _writer() -> Any:
    from crm.models import User

    return User.objects.get(username="writer")


def _draft(project: Any) -> Any:
    import datetime as dt

    from crm import clock, outbox

    return outbox.open_run(
        project=project, kind="broadcast", title="开盘", body="本周六上午十点开盘。", consultant="林晓",
        starts_at=clock.now(), expires_at=clock.now() + dt.timedelta(hours=5), by=None, at=clock.now(),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("plan", "drain", "lists"))
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="keep the servers' files here, outside of the repository")
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--first", type=int, default=300_000, help="end the drain after so many")
    options = parser.parse_args()
    with crowd(options.people, options.data and options.data.resolve()) as made:
        if options.what == "plan":
            plan(made)
        elif options.what == "lists":
            from benchmarks.outbox_lists import lists

            lists(made)
        else:
            from benchmarks.outbox_drain import drain

            drain(made, first=options.first, senders=options.senders)


if __name__ == "__main__":
    main()

"""The outbox beside its floors: planning a million, and draining over the SMSC by TCP.

    .venv/bin/python -m benchmarks.outbox plan [--people 1000000]
    .venv/bin/python -m benchmarks.outbox drain [--people 60000] [--senders 2]

It starts a PostgreSQL and a Valkey of its own in a temporary folder. Floors: a bare conflict-ignoring insert of as many
rows into a table of the same keys, and claiming and marking alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

AT = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
PASSWORD = "bench-42"  # noqa: S105


def say(name: str, seconds: float, count: int) -> None:
    sys.stdout.write(f"{name:<48}{seconds:>8.2f} s {count / seconds:>12,.0f} /s\n")
    sys.stdout.flush()


def timed(name: str, count: int, what: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = what()
    say(name, time.perf_counter() - start, count)
    return result


PEOPLE = """
INSERT INTO crm_household (id, created_at) SELECT n, now() FROM generate_series(1, {n}) n;
INSERT INTO crm_customer (id, household_id, name, salutation, relation, preference, bigrams, created_at)
SELECT n, n, (ARRAY['王','李','张','刘','陈'])[1 + n %% 5] || chr(19968 + n %% 5000) || chr(20000 + n / 5000 %% 5000),
    (ARRAY['mr','ms','unknown'])[1 + n %% 3], '', 'welcome', '{{}}', now() FROM generate_series(1, {n}) n;
INSERT INTO crm_customerphone (customer_id, e164, raw, reversed, is_main, live, bad_reason)
SELECT n, '+86138' || lpad(n::text, 8, '0'), '', '', true, true, '' FROM generate_series(1, {n}) n;
INSERT INTO crm_suppression (number, source, at)
SELECT '+86138' || lpad((n * 20)::text, 8, '0'), 'blacklist', now() FROM generate_series(1, {n} / 20) n;
INSERT INTO crm_contact (customer_id, project_id, channel, direction, purpose, clause, outcome, effective, automatic,
    at, recorded_at, news, questions, real_need, imported, doubtful)
SELECT 1 + (n * 7919) %% {n}, {project}, 'sms', 'out', 'broadcast', '', 'sent', false, true,
    '{at}'::timestamptz - (n %% 60) * interval '1 day', now(), '', '', '', false, ''
FROM generate_series(1::bigint, {n} * 3) n;
ANALYZE;
"""


def fill(people: int, history: bool = True) -> Any:
    """Customers, numbers, suppressions and a ledger of three contacts each."""
    from django.db import connection

    from crm.models import Project

    project = Project.objects.create(
        name="Bench", short_name="Bench", signature="云栖花园", hotline="0571-88880000"
    )
    sql = PEOPLE.format(n=people, project=project.pk, at=AT.isoformat()).replace("%%", "%")
    with connection.cursor() as cursor:
        for statement in sql.strip().split(";\n"):
            if history or "crm_contact" not in statement:
                cursor.execute(statement)
    return project


def open_run(project: Any) -> Any:
    from crm import outbox

    return outbox.open_run(
        project=project, kind="broadcast", title="开盘", body="本周六上午十点开盘。", consultant="林晓", starts_at=AT,
        expires_at=AT + dt.timedelta(hours=9), by=None, at=AT,
    )  # fmt: skip


FLOOR = """
CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run_id bigint, customer_id bigint, channel text,
    "to" text, state text, not_before timestamptz, UNIQUE (run_id, channel, "to"))
"""


def bench_plan(people: int) -> None:
    from django.db import connection
    from django.db.models import F

    from crm import outbox
    from crm.models import Customer
    from crm.outbox import judging, planning

    project = timed("filling", people, lambda: fill(people))
    with connection.cursor() as cursor:
        cursor.execute(FLOOR)
        insert = (
            'INSERT INTO floor (run_id, customer_id, channel, "to", state, not_before) '
            "SELECT 1, customer_id, 'sms', e164, 'queued', now() FROM crm_customerphone ON CONFLICT DO NOTHING"
        )
        timed("floor: a bare conflict-ignoring insert", people, lambda: cursor.execute(insert))
    audience = Customer.objects.values(customer_id=F("pk"))
    free = [dt.date(2026, 3, 20)]
    counted = open_run(project)

    def count() -> None:
        with planning._staged(audience):
            judging.judge(run=counted, start=AT, kept_free=free)

    timed("counted (judged, nothing written)", people, count)
    run = open_run(project)
    result = timed("planned", people, lambda: outbox.plan(run=run, audience=audience, at=AT, kept_free=free))
    sys.stdout.write(f"{result}\n")
    timed("planned again", people, lambda: outbox.plan(run=run, audience=audience, at=AT, kept_free=free))
    outbox.launch(run_id=run.pk, by=None, at=AT)
    timed("paused", people, lambda: outbox.pause(run_id=run.pk, by=None, at=AT))
    timed("cancelled", people, lambda: outbox.cancel(run_id=run.pk, by=None, at=AT))


def sender(gateway_id: int, until: float, out: Any) -> None:
    """One sender process: drains again and again, and says its memory in the end."""
    import django

    django.setup()
    from crm.outbox import draining

    sent = 0
    while time.time() < until:
        done = draining.drain(gateway_id=gateway_id, seconds=5.0, clock=lambda: AT)
        sent += done.sent
        if not done.sent:
            break
    out.put((sent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


def bench_drain(people: int, senders: int) -> None:
    from django.db import connection
    from django.db.models import F

    from crm import outbox
    from crm.facts_messages import progress
    from crm.gateways.secrets import seal
    from crm.models import Customer, Gateway

    project = fill(people, history=False)
    smsc = subprocess.Popen(
        [sys.executable, "-m", "crm.smsc", "--port", "0", "--password", PASSWORD],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert smsc.stdout is not None
        port = int(smsc.stdout.readline().split()[1])
        gateway = Gateway.objects.create(
            project=project, name="smsc", kind="smpp", is_default=True, rate=100_000, window=100, secret=seal(PASSWORD),
            settings={"host": "127.0.0.1", "port": port, "system_id": "bench", "source": "1069", "sessions": senders},
        )  # fmt: skip
        run = open_run(project)
        outbox.plan(run=run, audience=Customer.objects.values(customer_id=F("pk")), at=AT)
        outbox.launch(run_id=run.pk, by=None, at=AT)
        connection.close()
        spawn = multiprocessing.get_context("spawn")
        out = spawn.Queue()
        children = [
            spawn.Process(target=sender, args=(gateway.pk, time.time() + 900, out)) for _ in range(senders)
        ]
        start = time.perf_counter()
        for child in children:
            child.start()
        done = 0
        while any(child.is_alive() for child in children):
            time.sleep(0.5)
            found = progress([run.pk])[run.pk]
            if found.sent > done:
                done, last = found.sent, time.perf_counter()
        say(f"drained by {senders} senders over TCP", last - start, done)
        for _child in children:
            sent, memory = out.get(timeout=10)
            sys.stdout.write(f"  a sender: {sent} sent, {memory} MB at most\n")
        sys.stdout.write(f"  {dict(progress([run.pk])[run.pk].messages)}\n")
    finally:
        smsc.terminate()
        smsc.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("plan", "drain"))
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--senders", type=int, default=2)
    options = parser.parse_args()
    from crm.launch.servers import start_throwaway, stop_throwaway

    folder = Path(tempfile.mkdtemp(prefix="crm-bench-", dir="/tmp"))
    where, running = start_throwaway(folder)
    os.environ |= {
        "DATABASE_URL": where.database_url, "REDIS_URL": where.redis_url, "CRM_ENV": "test",
        "CRM_SECRET_KEY": "bench" * 12, "DJANGO_SETTINGS_MODULE": "crm.settings",
    }  # fmt: skip
    try:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        if options.what == "plan":
            bench_plan(options.people or 1_000_000)
        else:
            bench_drain(options.people or 60_000, options.senders)
    finally:
        stop_throwaway(folder, running)


if __name__ == "__main__":
    main()

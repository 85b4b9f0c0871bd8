"""A broadcast of the whole crowd, sent by the product's own processes over the SMSC, and watched while it runs.

Every thousandth number answers 退订 half a second after its message: the time from that moment at the latest until
the number is on the list of those who get no messages is how soon an opt-out is in force. It is an upper bound: the
message may have left up to a batch later than its attempt was written.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crowd import Crowd, figure, say
from crm.launch.process import spawn, stop

PASSWORD = "bench-42"  # noqa: S105
RECEIPT_AFTER = 0.5  # seconds
OPTS_OUT = "777"
QUIET = 5.0  # seconds between two looks at progress page and memory
OPTED = """
SELECT s.number, extract(epoch FROM (clock_timestamp() - t.started_at)) FROM crm_suppression s
JOIN crm_message m ON m."to" = s.number AND m.run_id = %s JOIN crm_attempt t ON t.message_id = m.id
WHERE s.source = 'reply' AND s.id > %s ORDER BY s.id
"""


@dataclass
class Watch:
    """What was seen while it ran."""

    pages: list[float] = field(default_factory=list)
    opted: list[float] = field(default_factory=list)
    memory: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # pid: (sent so far, KiB)
    rates: list[tuple[float, int]] = field(default_factory=list)


def part(made: Crowd, name: str, *words: str) -> subprocess.Popen[bytes]:
    folder = Path(made.environment["CRM_DATA"])
    return spawn(
        [sys.executable, "-m", *words], cwd=Path.cwd(), env=made.environment, log=folder / f"{name}.log"
    )


@contextmanager
def smsc(made: Crowd) -> Iterator[int]:
    """The product's own SMSC as a process; gives its port."""
    control = Path(made.environment["CRM_DATA"]) / "smsc.json"
    control.write_text(json.dumps({"receipt_delay": RECEIPT_AFTER, "ends": {OPTS_OUT: "reply:退订"}}))
    words = ["--port", "0", "--password", PASSWORD, "--control", str(control)]
    process = subprocess.Popen(
        [sys.executable, "-m", "crm.smsc", *words], stdout=subprocess.PIPE, text=True, env=made.environment
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().split()[1])
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def product(made: Crowd, senders: int) -> Iterator[subprocess.Popen[bytes]]:
    """Worker, senders and scheduler as `make run` starts them; gives the senders' parent."""
    worker = ["celery", "-A", "crm", "worker", "--loglevel", "WARNING", "--without-mingle"]
    schedule = str(Path(made.environment["CRM_DATA"]) / "schedule")
    lines = [*worker, "-Q", "gateway.smpp", "-n", "sender@%h", "--concurrency", str(senders)]
    running = [
        part(made, "sender", *lines),
        part(made, "worker", *worker),
        part(made, "beat", "celery", "-A", "crm", "beat", "--loglevel", "WARNING", "--pidfile=", "-s", schedule),
    ]  # fmt: skip
    try:
        yield running[0]
    finally:
        for process in reversed(running):
            stop(process, signal.SIGQUIT, 20)


def broadcast(made: Crowd, port: int, senders: int) -> Any:
    """Written, rehearsed, handed in, approved and started, by the product's own actions."""
    import datetime as dt

    from campaigns.actions import broadcasts
    from campaigns.models import Broadcast
    from crm import clock
    from crm.gateways.secrets import seal
    from crm.models import Gateway, User

    Gateway.objects.create(
        project=made.project, name="smsc", kind="smpp", is_default=True, rate=60_000, window=100,
        secret=seal(PASSWORD),
        settings={"host": "127.0.0.1", "port": port, "system_id": "bench", "source": "1069", "sessions": senders},
    )  # fmt: skip
    writer, manager = User.objects.get(username="writer"), User.objects.get(username="manager")
    at = clock.now()
    sheet = broadcasts.BroadcastSheet("开盘", "本周六上午十点开盘。", at, at + dt.timedelta(hours=5))
    row = broadcasts.save_and_rehearse(project=made.project, sheet=sheet, by=writer, at=at)
    began = time.perf_counter()
    broadcasts.rehearse(broadcast_id=row.pk, at=clock.now())
    figure("rehearsed as the worker does it", time.perf_counter() - began, made.people)
    broadcasts.submit(broadcast_id=row.pk, by=writer, at=clock.now())
    broadcasts.approve(broadcast_id=row.pk, by=manager, at=clock.now())
    broadcasts.start_due(broadcast_id=row.pk, at=clock.now())
    row = Broadcast.objects.select_related("run").get(pk=row.pk)
    assert row.standing == "running", row.problem
    return row


def drain(made: Crowd, *, first: int, senders: int) -> None:
    from django.db import connection

    from benchmarks.ground import silence
    from benchmarks.measure import Visitor
    from crm.models import User

    silence()
    with smsc(made) as port:
        row = broadcast(made, port, senders)
        page, watch = Visitor(User.objects.get(username="writer")), Watch()
        url = f"/campaigns/broadcasts/{row.pk}/"
        status, content = page.ask(url)
        assert status == 200, content[:300]
        connection.close()
        with product(made, senders) as parent:
            sent, seconds = observe(row.run_id, first, parent, watch, lambda: page.ask(url))
    report(made, watch, sent, seconds)


def observe(run_id: int, first: int, parent: Any, watch: Watch, look: Any) -> tuple[int, float]:
    """Look at it until so many are sent, or nothing moves any more. Seconds from the first that was sent."""
    from crm.facts_messages import progress

    began = moved = time.perf_counter()
    sent, looked, known = 0, 0.0, 0
    started = 0.0
    while time.perf_counter() - moved < 30:
        time.sleep(0.1)
        now = time.perf_counter()
        found = progress([run_id])[run_id]
        if found.sent > sent:
            started, moved, sent = started or now, now, found.sent
            watch.rates.append((now, sent))
        known = opted(run_id, known, watch)
        if sent and now - looked > QUIET:
            looked = now
            say(f"  {now - started:6.0f} s {sent:>9,}")
            for child in children(parent.pid):
                watch.memory.setdefault(child, []).append((sent, resident(child)))
            for _look in range(3):
                before = time.perf_counter()
                assert look()[0] == 200
                watch.pages.append((time.perf_counter() - before) * 1000)
        if sent >= first or not found.pending:
            break
    say(f"  first message after {started - began:.1f} s; {dict(found.messages)}")
    return sent - watch.rates[0][1], moved - started


def opted(run_id: int, known: int, watch: Watch) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM crm_suppression WHERE source = 'reply'")
        last = int((cursor.fetchone() or (0,))[0])
        if last > known:
            cursor.execute(OPTED, [run_id, known])
            watch.opted += [float(seconds) - RECEIPT_AFTER for _number, seconds in cursor.fetchall()]
    return last


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident(pid: int) -> int:
    """KiB of a process in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def report(made: Crowd, watch: Watch, sent: int, seconds: float) -> None:
    figure(f"sent of {made.people:,} over the SMSC", seconds, sent)
    third = len(watch.rates) // 3
    for name, rows in (("first", watch.rates[:third]), ("last", watch.rates[-third:])):
        if len(rows) > 1:
            rate = (rows[-1][1] - rows[0][1]) / (rows[-1][0] - rows[0][0])
            say(f"  {name} third: {rate:,.0f} messages a second")
    for pid, rows in watch.memory.items():
        peak = max(kib for _sent, kib in rows) // 1024
        say(f"  sender {pid}: {rows[0][1] // 1024} MB after {rows[0][0]:,}, {rows[-1][1] // 1024} MB after "
            f"{rows[-1][0]:,}, at most {peak} MB")  # fmt: skip
    pages, opt = sorted(watch.pages), sorted(watch.opted)
    if pages:
        p95 = pages[int(len(pages) * 0.95)]
        say(f"  progress page: {len(pages)} times, p50 {statistics.median(pages):.0f} ms, p95 {p95:.0f} ms")
    if opt:
        p95 = opt[int(len(opt) * 0.95)]
        say(f"  opt-outs: {len(opt)}, in force after {statistics.median(opt):.2f} s (p50), {p95:.2f} s (p95), "
            f"{opt[-1]:.2f} s at most")  # fmt: skip
    say(f"  load average {' '.join(f'{each:.1f}' for each in os.getloadavg())}")

"""A broadcast of the whole crowd, sent by the product's own processes over the SMSC, and watched while it runs.

Every thousandth number answers 退订 half a second after its message: the time from that moment at the latest until
the number is on the list of those who get no messages is how soon an opt-out is in force. It is an upper bound: the
message may have left up to a batch later than its attempt was written. At half of the way the run is paused and goes
on: how soon nothing leaves any more. At the end the SMSC's log is read for numbers that it saw twice.

It says at every stage how far it is, so that a run that somebody ends has told what it knew.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
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
STAGES = 10
STUCK = 60.0  # seconds without a message: it is over
PAUSE = 4.0  # seconds
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
    stages: list[tuple[float, int, dict[str, float]]] = field(
        default_factory=list
    )  # when, sent, processor time
    paused: float = 0.0  # seconds that do not count
    known: int = 0  # the last number that opted out


def part(made: Crowd, name: str, *words: str) -> subprocess.Popen[bytes]:
    folder = Path(made.environment["CRM_DATA"])
    return spawn(
        [sys.executable, "-m", *words], cwd=Path.cwd(), env=made.environment, log=folder / f"{name}.log"
    )


def log(made: Crowd) -> Path:
    """Where the SMSC writes down every submit that it saw."""
    return Path(made.environment["CRM_DATA"]) / "submits.log"


@contextmanager
def smsc(made: Crowd) -> Iterator[tuple[int, int]]:
    """The product's own SMSC as a process; gives its port and process."""
    control = Path(made.environment["CRM_DATA"]) / "smsc.json"
    log(made).unlink(missing_ok=True)
    control.write_text(json.dumps({"receipt_delay": RECEIPT_AFTER, "ends": {OPTS_OUT: "reply:退订"}}))
    words = ["--port", "0", "--password", PASSWORD, "--control", str(control), "--log", str(log(made))]
    process = subprocess.Popen(
        [sys.executable, "-m", "crm.smsc", *words], stdout=subprocess.PIPE, text=True, env=made.environment
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().split()[1]), process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def product(made: Crowd, senders: int) -> Iterator[dict[str, int]]:
    """Worker, senders and scheduler as `make run` starts them; gives their processes."""
    worker = ["celery", "-A", "crm", "worker", "--loglevel", "WARNING", "--without-mingle"]
    schedule = str(Path(made.environment["CRM_DATA"]) / "schedule")
    lines = [*worker, "-Q", "gateway.smpp", "-n", "sender@%h", "--concurrency", str(senders)]
    running = [
        part(made, "sender", *lines),
        part(made, "worker", *worker),
        part(made, "beat", "celery", "-A", "crm", "beat", "--loglevel", "WARNING", "--pidfile=", "-s", schedule),
    ]  # fmt: skip
    try:
        yield dict(zip(("senders", "worker", "beat"), (each.pid for each in running), strict=True))
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
    with smsc(made) as (port, pid):
        row = broadcast(made, port, senders)
        page, watch = Visitor(User.objects.get(username="writer")), Watch()
        url = f"/campaigns/broadcasts/{row.pk}/"
        status, content = page.ask(url)
        assert status == 200, content[:300]
        connection.close()
        with product(made, senders) as parts:
            observe(row.run_id, first, parts | {"smsc": pid}, watch, lambda: page.ask(url))
    report(made, watch)


def observe(run_id: int, first: int, parts: dict[str, int], watch: Watch, look: Any) -> None:
    """Look at it until so many are sent, or nothing moves any more."""
    from crm.facts_messages import progress

    began = moved = time.perf_counter()
    sent, looked, goal = 0, 0.0, min(first, progress([run_id])[run_id].planned)
    while time.perf_counter() - moved < STUCK:
        time.sleep(0.1)
        now = time.perf_counter()
        found = progress([run_id])[run_id]
        if found.sent > sent:
            if not watch.stages:
                say(f"  first message after {now - began:.1f} s")
                watch.stages.append((now, found.sent, processor(parts)))
            moved, sent = now, found.sent
        opted(run_id, watch)
        if sent and now - looked > QUIET:
            looked = now
            look_at(parts["senders"], sent, watch, look)
        if watch.stages and (sent >= goal * len(watch.stages) // STAGES or not found.pending):
            stage(watch, now, sent, processor(parts))
            if len(watch.stages) == STAGES // 2 + 1:
                watch.paused += pause(run_id, watch)
        if sent >= first or not found.pending:
            break
    say(f"  {dict(found.messages)}")


def look_at(parent: int, sent: int, watch: Watch, look: Any) -> None:
    for child in children(parent):
        watch.memory.setdefault(child, []).append((sent, resident(child)))
    for _look in range(3):
        before = time.perf_counter()
        assert look()[0] == 200
        watch.pages.append((time.perf_counter() - before) * 1000)


def stage(watch: Watch, now: float, sent: int, used: dict[str, float]) -> None:
    """One tenth more is sent: its rate, and where the processor time of a message went, in microseconds."""
    since, before, earlier = watch.stages[-1]
    now -= watch.paused
    watch.stages.append((now, sent, used))
    count = max(sent - before, 1)
    shares = " ".join(f"{name} {(used[name] - earlier[name]) / count * 1e6:.0f}" for name in used)
    say(f"  {sent:>9,} {count / (now - since):>7,.0f} /s   {shares}")


def pause(run_id: int, watch: Watch) -> float:
    """Stop in mid-run and go on, as the buttons do: seconds that it took and stood still."""
    from crm import clock, outbox
    from crm.facts_messages import progress
    from crm.models import User

    start = last = time.perf_counter()
    outbox.pause(run_id=run_id, by=None, at=clock.now())
    pressed, sent = time.perf_counter() - start, progress([run_id])[run_id].sent
    before = sent
    while time.perf_counter() - start < PAUSE:
        time.sleep(0.05)
        opted(run_id, watch)
        if (now := progress([run_id])[run_id].sent) > sent:
            last, sent = time.perf_counter(), now
    again = time.perf_counter()
    outbox.resume(run_id=run_id, by=User.objects.get(username="writer"), at=clock.now())
    resumed = time.perf_counter() - again
    while progress([run_id])[run_id].sent == sent and time.perf_counter() - again < STUCK:
        time.sleep(0.05)
    say(
        f"  paused in {pressed:.2f} s, {sent - before:,} more left within {last - start:.2f} s; "
        f"resumed in {resumed:.2f} s, the next left {time.perf_counter() - again:.1f} s later"
    )
    return time.perf_counter() - start


def opted(run_id: int, watch: Watch) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM crm_suppression WHERE source = 'reply'")
        last = int((cursor.fetchone() or (0,))[0])
        if last > watch.known:
            cursor.execute(OPTED, [run_id, watch.known])
            watch.opted += [float(seconds) - RECEIPT_AFTER for _number, seconds in cursor.fetchall()]
    watch.known = last


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident(pid: int) -> int:
    """KiB of a process in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def used_by(pid: int) -> float:
    """Seconds of processor time of a process and of its children, gone ones too."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        own = sum(int(each) for each in words[11:15]) / os.sysconf("SC_CLK_TCK")
        return own + sum(used_by(child) for child in children(pid))
    except OSError:
        return 0.0


def processor(parts: dict[str, int]) -> dict[str, float]:
    """Seconds of processor time of each part of the product so far, the database's among them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = int((cursor.fetchone() or (0,))[0])
    words = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    return {name: used_by(pid) for name, pid in (parts | {"database": int(words[1])}).items()}


def report(made: Crowd, watch: Watch) -> None:
    rows = watch.stages
    if len(rows) > 1:
        figure(f"sent of {made.people:,} over the SMSC", rows[-1][0] - rows[0][0], rows[-1][1] - rows[0][1])
    third = (len(rows) - 1) // 3
    for name, (one, two) in (("first", (0, third)), ("last", (-1 - third, -1))):
        if third:
            rate = (rows[two][1] - rows[one][1]) / (rows[two][0] - rows[one][0])
            say(f"  {name} third: {rate:,.0f} messages a second")
    for pid, seen in watch.memory.items():
        peak = max(kib for _sent, kib in seen) // 1024
        say(f"  sender {pid}: {seen[0][1] // 1024} MB after {seen[0][0]:,}, {seen[-1][1] // 1024} MB after "
            f"{seen[-1][0]:,}, at most {peak} MB")  # fmt: skip
    pages, opt = sorted(watch.pages), sorted(watch.opted)
    if pages:
        p95 = pages[int(len(pages) * 0.95)]
        say(f"  progress page: {len(pages)} times, p50 {statistics.median(pages):.0f} ms, p95 {p95:.0f} ms")
    if opt:
        p95 = opt[int(len(opt) * 0.95)]
        say(f"  opt-outs: {len(opt)}, in force after {statistics.median(opt):.2f} s (p50), {p95:.2f} s (p95), "
            f"{opt[-1]:.2f} s at most")  # fmt: skip
    with log(made).open() as lines:
        seen_by_it = Counter(line.split(" ", 1)[0] for line in lines)
    twice = sum(1 for count in seen_by_it.values() if count > 1)
    say(f"  the SMSC saw {len(seen_by_it):,} numbers, {twice} of them twice")
    say(f"  load average {' '.join(f'{each:.1f}' for each in os.getloadavg())}")

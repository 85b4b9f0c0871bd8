"""Sender processes for fault tests: a parent that loads the product once and forks senders, kills or freezes them.

    python -m tests.faults.senders GATEWAY BASE kill COUNT LOG MOST   kill COUNT senders at their work, two at a time
    python -m tests.faults.senders GATEWAY BASE freeze SECONDS stop one in the middle of its work, then let it go on
    python -m tests.faults.senders GATEWAY BASE finish         one sender, until nothing is left
    python -m tests.faults.senders 0 BASE crowd PORT COUNT     a project, its line and a launched run; says their ids
    python -m tests.faults.senders GATEWAY BASE reap           what lost senders left is taken up
    python -m tests.faults.senders 0 0 product PORT COUNT      the same crowd at the product's own clock, about noon
    python -m tests.faults.senders 0 0 pause RUN, resume RUN   what the buttons of a broadcast do
    python -m tests.faults.senders 0 0 plan BROADCAST WHEN     its rehearsal in chunks of 3, each asked for on stdin

BASE is the moment of the test at which real time 0 lies, so that every process agrees that it is ten in the morning.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

LEASE = 6.0  # seconds; short, so that a test can outlive it


def clock_from(base: float) -> Any:
    start = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
    return lambda: start + dt.timedelta(seconds=time.time() - base)


def work(gateway: int, base: float) -> int:
    """What one sender does: drain until two rounds in a row sent nothing."""
    from crm.gateways import smpp
    from crm.outbox import draining

    draining.LEASE = dt.timedelta(seconds=LEASE)
    vars(smpp)["SOCKET_TIMEOUT"] = LEASE / 4
    idle = 0
    while idle < 2:
        done = draining.drain(gateway_id=gateway, seconds=3.0, clock=clock_from(base))
        idle = 0 if done.sent or done.problem else idle + 1
    return 0


def fork(gateway: int, base: float) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        code = work(gateway, base)
    finally:
        os._exit(code)


def kill(gateway: int, base: float, count: int, log: Path, most: int) -> None:
    """Each time after the SMSC has seen a few more submits: whoever dies was at work."""
    chance = random.Random(count)
    alive = [fork(gateway, base), fork(gateway, base)]
    for _ in range(count):
        goal, patience = log.stat().st_size + 22 * chance.randint(1, most), time.monotonic() + 20
        while log.stat().st_size < goal and time.monotonic() < patience:
            time.sleep(0.005)
        victim = alive.pop(chance.randrange(2))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        alive.append(fork(gateway, base))
    for child in alive:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def freeze(gateway: int, base: float, seconds: float) -> None:
    child = fork(gateway, base)
    time.sleep(1.5)
    os.kill(child, signal.SIGSTOP)
    sys.stdout.write("frozen\n")
    sys.stdout.flush()
    time.sleep(seconds)
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)


def launched(port: int, count: int, at: dt.datetime, zone: str, rate: int) -> None:
    from tests.crm.smsc import smpp_gateway
    from tests.factories import make_project
    from tests.faults.test_outbox_killed import crowd

    project = make_project("重启园", time_zone=zone)
    gateway = smpp_gateway(project, port, rate=rate, window=10, settings={"sessions": 2})
    sys.stdout.write(f"{gateway.pk} {crowd(project, count, at).pk}\n")


def noon() -> str:
    """A zone in which it is about noon: the marketing hours are open whenever the test runs."""
    ahead = 12 - dt.datetime.now(dt.UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def press(button: str, run: int) -> None:
    from crm import clock, outbox
    from crm.models import User

    if button == "pause":
        outbox.pause(run_id=run, by=None, at=clock.now())
    else:
        outbox.resume(run_id=run, by=User.objects.order_by("pk")[0], at=clock.now())


def plan(broadcast: int, when: str) -> None:
    """A rehearsal that goes on to its next chunk only when it is told to, so that it can be killed between two."""
    from campaigns.actions import broadcasts
    from crm.outbox import planning, staging

    staging.CHUNK = 3
    write = planning._Writing.chunk

    def and_wait(self: Any, chunk: Any) -> None:
        write(self, chunk)
        sys.stdout.write("chunk\n")
        sys.stdout.flush()
        sys.stdin.readline()

    vars(planning)["_Writing"].chunk = and_wait
    broadcasts.rehearse(broadcast_id=broadcast, at=dt.datetime.fromisoformat(when))


def reap() -> None:
    from crm.models import Message
    from crm.outbox import sweeping

    start = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
    Message.objects.filter(lease_until__isnull=False).update(lease_until=start)
    sweeping.reap(at=start + dt.timedelta(hours=2))


def main() -> None:
    import django

    django.setup()
    gateway, base, what, *more = sys.argv[1:]
    if what == "kill":
        kill(int(gateway), float(base), int(more[0]), Path(more[1]), int(more[2]))
    elif what == "freeze":
        freeze(int(gateway), float(base), float(more[0]))
    elif what == "crowd":
        launched(
            int(more[0]), int(more[1]), dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC), "Asia/Shanghai", 150
        )
    elif what == "product":
        launched(int(more[0]), int(more[1]), dt.datetime.now(dt.UTC), noon(), 100)
    elif what in ("pause", "resume"):
        press(what, int(more[0]))
    elif what == "plan":
        plan(int(more[0]), more[1])
    elif what == "reap":
        reap()
    else:
        os.waitpid(fork(int(gateway), float(base)), 0)


if __name__ == "__main__":
    main()

"""Replanning everything under a new policy, and the jobs of a day, as the worker's two processes do them.

.venv/bin/python -m benchmarks.replan --leads 200000
.venv/bin/python -m benchmarks.replan --leads 100000 --one-project
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.ground import MOMENT, folder_of, ground, load_average, say, server_seconds, set_up

PROCESSES = 2  # the lanes of leads.actions.replanning
LATER = MOMENT.astimezone(dt.UTC) + dt.timedelta(minutes=5)


class Done(NamedTuple):
    """What one process did: leads, seconds of processor here and in the database, and its largest size in MB."""

    leads: int
    cpu: float
    there: float
    peak: float


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--leads", type=int, default=200_000)
    words.add_argument("--one-project", action="store_true", help="all leads in one project")
    words.add_argument("--data", type=Path, help="keep the database here and measure on what is kept")
    asked = words.parse_args()
    with ground(folder_of(asked.data, asked.leads, asked.one_project)):
        from benchmarks.load import describe, load

        loaded = load(asked.leads, one_project=asked.one_project)
        describe(loaded)
        _floor()
        _everything()
        _policy()
        _day()
        say(load_average())


def _tell(name: str, began: float, done: Sequence[Done]) -> None:
    took, leads = time.perf_counter() - began, sum(each.leads for each in done)
    say(
        f"{name:44}{took:>8.1f} s {leads:>9,} leads {took / max(leads, 1) * 1e6:>6.0f} µs a lead, "
        f"{sum(each.cpu for each in done):.1f} s of processor here, {sum(each.there for each in done):.1f} of the "
        f"database, {max(each.peak for each in done):.0f} MB at most"
    )


@contextmanager
def _spent() -> Iterator[Callable[[int], Done]]:
    """What is done from here on, by the number of leads."""
    cpu, there = time.process_time(), server_seconds()

    def done(leads: int) -> Done:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return Done(leads, time.process_time() - cpu, server_seconds() - there, peak)

    yield done


def _floor() -> None:
    """Reading all events as tuples, one process, and doing nothing with them."""
    from django.db import connection

    began, cpu = time.perf_counter(), time.process_time()
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, at, recorded_at, value, due, lead_id FROM leads_leadevent ORDER BY lead_id, at"
        )
        rows = 0
        while found := cursor.fetchmany(5000):
            rows += len(found)
    say(
        f"{'floor: bare SQL for all events':44}{time.perf_counter() - began:>8.1f} s {rows:>9,} rows, "
        f"{time.process_time() - cpu:.1f} s of processor"
    )


def _everything() -> None:
    """Every lead, ended ones too, whose plan then turns out to be the one that is stored."""
    from leads.models import Lead

    ids = list(Lead.objects.order_by("pk").values_list("pk", flat=True))
    half = len(ids) // PROCESSES
    _both("replanning all, two processes", replan_these, [ids[:half], ids[half:]])


def _policy() -> None:
    """SC-13: the live leads of every project under a version with other intervals, in slices that share the work.

    On kept data each run brings a version of its own, five minutes after the one before.
    """
    from django.db.models import Max

    from crm.models import PolicyVersion, Project, User

    people = list(User.objects.order_by("pk")[:3])
    number = PolicyVersion.objects.aggregate(last=Max("number"))["last"] + 1
    at = LATER + (number - 1) * dt.timedelta(minutes=5)
    longer = number % 2
    PolicyVersion.objects.bulk_create(
        PolicyVersion(
            project=project,
            number=number,
            values={
                "caller_interval_days": 5 + longer,
                "ordinary_interval_days": 6,
                "c_interval_days": 10 + longer,
            },
            state=PolicyVersion.State.APPROVED,
            prepared_by=people[0],
            reviewed_by=people[1],
            approved_by=people[2],
            prepared_at=at,
            reviewed_at=at,
            approved_at=at,
            effective_from=at,
        )
        for project in Project.objects.all()
    )
    versions = list(PolicyVersion.objects.filter(number=number).order_by("pk").values_list("pk", flat=True))
    parts = [[lane, *versions] for lane in range(PROCESSES)]
    _both("a new policy, two processes", replan_lane, parts)
    assert not PolicyVersion.objects.filter(replanned_at=None, number=number).exists()


def _both(name: str, work: Callable[[list[int]], Done], parts: list[list[int]]) -> None:
    """Both processes are up, with Django and a connection, before the clock starts, as a worker's are."""
    with ProcessPoolExecutor(
        PROCESSES, mp_context=multiprocessing.get_context("spawn"), initializer=set_up
    ) as pool:
        list(pool.map(_warm, range(PROCESSES)))
        began = time.perf_counter()
        _tell(name, began, list(pool.map(work, parts)))


def _warm(_process: int) -> None:
    import leads.tasks  # noqa: F401

    server_seconds()
    time.sleep(1)


def replan_these(ids: list[int]) -> Done:
    from leads.actions import planning

    with _spent() as done:
        return done(planning.replan(ids, at=LATER))


def replan_lane(lane_and_versions: list[int]) -> Done:
    """The slices of one lane of each version, one after the other."""
    from crm.models import PolicyVersion
    from leads.actions import replanning

    lane, *versions = lane_and_versions
    leads = 0
    with _spent() as done:
        for version in PolicyVersion.objects.in_bulk(versions).values():
            assert version.effective_from is not None
            left = 1
            while left:
                step = replanning.replan_slice(version=version, at=version.effective_from, lane=lane)
                leads, left = leads + step.done, step.left
        return done(leads)


def _day() -> None:
    """The jobs of one project's day, one process."""
    from crm.models import Project
    from leads.actions import settling, sweeping

    project = Project.objects.order_by("pk")[0]
    began = time.perf_counter()
    with _spent() as done:
        settled = settling.settle_day(project=project, at=LATER)
        _tell("settling a project's day", began, [done(settled.leads)])
    _one()
    for sweep in (
        sweeping.sweep_promises,
        sweeping.sweep_windows,
        sweeping.sweep_same_day,
        sweeping.sweep_reviews,
        sweeping.sweep_pool,
    ):
        began = time.perf_counter()
        told = sweep(project=project, at=LATER)
        say(f"{sweep.__name__:44}{time.perf_counter() - began:>8.3f} s {told:>9,} notices")


def _one() -> None:
    """One lead, as each logged call replans it."""
    from leads.actions import planning
    from leads.models import Lead

    ids = list(Lead.objects.filter(state=Lead.State.LIVE).order_by("pk").values_list("pk", flat=True)[:300])
    began = time.perf_counter()
    with _spent() as done:
        for pk in ids:
            planning.replan([pk], at=LATER)
        _tell("one lead at a time", began, [done(len(ids))])


if __name__ == "__main__":
    main()

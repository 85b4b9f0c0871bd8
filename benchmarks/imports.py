"""How fast a register is loaded, as the worker's two processes do it.

.venv/bin/python -m benchmarks.imports
.venv/bin/python -m benchmarks.imports --rows 20000 --profile

Rows a second of the whole load and of its parts, beside the floor for the same file: reading it, reading its phone
numbers and one COPY into a bare table. For 5,000 rows and for 50,000, of new customers and of customers half of whom
the database knows. The largest size of the two processes stands beside each.
"""

from __future__ import annotations

import argparse
import cProfile
import datetime as dt
import multiprocessing
import pstats
import random
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, NamedTuple

from benchmarks.ground import MOMENT, ground, load_average, say, server_seconds, set_up

HEADERS = (
    "意向等级",
    "联系电话",
    "置业顾问",
    "到访日期",
    "客户称呼",
    "备注",
    "认知途径",
    "需求面积",
    "主要抗性",
)
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
GIVEN = ("伟", "芳", "娜", "敏", "静", "强", "磊", "雨桐", "子涵", "建华", "晓东", "秀英")
REMARKS = (
    "看过样板间，嫌价格高",
    "朋友介绍",
    "关注学区，老人同住",
    "",
    "贷款有问题，等首付",
    "下周带家人再来",
)
SOURCES = ("路过", "老带新", "户外广告", "安居客", "抖音", "")
WANTED = ("89", "100-120", "三房", "三房两厅 100-120㎡", "", "")
OBJECTIONS = ("价格", "学区", "交通", "", "", "价格、户型")
LAST = date(2026, 2, 28)
STAFF = 20


def register(rows: int, seed: int = 7, known: int = 0) -> bytes:
    """A visit register in GB18030: every fourth row is of an earlier customer, every tenth number is oddly dressed.

    `seed` makes it other customers; the numbers of every second one of the first `known` rows are those of seed 7.
    """
    chance = random.Random(seed)  # noqa: S311 - the same file every time
    numbers: list[int] = []
    lines = [",".join(HEADERS)]
    for i in range(rows):
        again = numbers and chance.random() < 0.25
        first = 13800000000 if seed == 7 or (i < known and i % 2) else 15000000000
        number = chance.choice(numbers) if again else first + i * 7919 % 99_999_999
        if not again:
            numbers.append(number)
        day = LAST - timedelta(days=chance.randrange(300))
        name = chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(("先生", "女士", ""))
        cells = (
            chance.choice(("A", "B", "C", "D", "B类", "Ｃ")),
            _dressed(str(number), chance),
            f"顾问{chance.randrange(STAFF):02}",
            f"{day:%Y-%m-%d}" if chance.random() < 0.8 else f"{day.year}.{day.month}.{day.day}",
            name,
            chance.choice(REMARKS),
            chance.choice(SOURCES),
            chance.choice(WANTED),
            chance.choice(OBJECTIONS),
        )
        lines.append(",".join(cells))
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


def _dressed(number: str, chance: random.Random) -> str:
    if chance.random() < 0.9:
        return number
    return chance.choice(
        (f"{number}.0", f"+86 {number[:3]} {number[3:7]} {number[7:]}", f"0571-{number[3:]}转{number[-3:]}")
    )


SIZES = (5_000, 50_000)
PROCESSES = 2  # leads.actions.importing.LANES
AT = MOMENT.astimezone(dt.UTC)


class Done(NamedTuple):
    """What one process did: seconds of processor here and in the database, and its largest size in MB."""

    cpu: float
    there: float
    peak: float


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rows", type=int, default=SIZES[-1])
    words.add_argument("--profile", action="store_true", help="one process; print where its time goes")
    asked = words.parse_args()
    with ground():
        by, project = _centre()
        _floor(register(asked.rows))
        if asked.profile:
            _profile(by, project, register(asked.rows))
            return
        sizes = [rows for rows in SIZES if rows < asked.rows] + [asked.rows]
        for seed, rows in enumerate(sizes, 7 - len(sizes) + 1):
            _load(by, project, f"{rows:,} rows, new customers", register(rows, seed))
        _load(by, project, f"{rows:,} rows, half known", register(rows, 8, known=rows))
        _check(project)
        say(load_average())


@contextmanager
def _timed(name: str, rows: int) -> Iterator[None]:
    began, cpu = time.perf_counter(), time.process_time()
    yield
    _tell(name, rows, time.perf_counter() - began, time.process_time() - cpu)


def _tell(name: str, rows: int, took: float, cpu: float, more: str = "") -> None:
    say(
        f"{name:44}{took:>8.2f} s {rows / took:>9,.0f} rows/s {took / rows * 1e6:>6.0f} µs a row, "
        f"{cpu / rows * 1e6:.0f} µs of processor{more}"
    )


def _floor(content: bytes) -> None:
    """Reading the file, reading its numbers, and COPY of its rows into a bare table; one process."""
    from django.db import connection, transaction

    from crm.phones import parse
    from leads.registers.reading import analyse
    from leads.registers.sniffing import open_register

    count = content.count(b"\n") - 1
    with _timed("floor: cells, numbers, bare COPY", count):
        book = open_register(content)
        analyse(book, today=LAST)
        rows = [cells for _number, cells in book.sheets[0].rows()][1:]
        numbers = [parse(cells[1]).numbers for cells in rows]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE bare (cells text[], number text) ON COMMIT DROP")
            with cursor.copy("COPY bare FROM STDIN") as copy:
                for cells, found in zip(rows, numbers, strict=True):
                    copy.write_row((list(cells), found[0].e164))


def _started(by: Any, project: Any, content: bytes) -> Any:
    from leads.actions import importing

    rows = content.count(b"\n") - 1
    with _timed("  upload", rows):
        batch = importing.upload(project=project, filename="来访登记.csv", content=content, by=by, at=AT)
    with _timed("  dry run", rows):
        batch = importing.check(batch_id=batch.pk, by=by, at=AT)
    staff = dict.fromkeys(batch.report["check"]["staff"]) | batch.staff
    return importing.start(batch_id=batch.pk, staff=staff, by=by, at=AT)


def _load(by: Any, project: Any, name: str, content: bytes) -> None:
    """Load a register as the screens and the worker do, and say how it went."""
    from django.db import connection

    rows = content.count(b"\n") - 1
    with ProcessPoolExecutor(
        PROCESSES, mp_context=multiprocessing.get_context("spawn"), initializer=set_up
    ) as pool:
        before = max(pool.map(_warm, range(PROCESSES)))
        batch = _started(by, project, content)
        began = time.perf_counter()
        done = list(pool.map(_lane, [batch.pk] * PROCESSES))
        took = time.perf_counter() - began
    cpu, there = sum(each.cpu for each in done), sum(each.there for each in done)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # what autovacuum, off here, would have done by the next load
    batch.refresh_from_db()
    peak = max(each.peak for each in done)
    more = f" here, {there / rows * 1e6:.0f} of the database, {peak:.0f} MB at most ({before:.0f} before)"
    _tell(name, rows, took, cpu, more)
    say(
        f"  {batch.state}: {batch.accepted} accepted, {batch.refused} refused, {batch.report['run']['counts']}"
    )


def _warm(_process: int) -> float:
    """Both processes are up, with all the worker imports and a connection, before the clock starts. Returns the size in
    MB.
    """
    import leads.tasks  # noqa: F401

    server_seconds()
    time.sleep(1)
    return _megabytes()


def _megabytes() -> float:
    """The largest size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _lane(batch_id: int) -> Done:
    """The jobs of one of the worker's processes: each goes on, or comes back when the load has gone on a stage."""
    from leads.actions import importing_run
    from leads.models import ImportBatch

    cpu, there = time.process_time(), server_seconds()
    while ImportBatch.objects.filter(pk=batch_id, state=ImportBatch.State.RUNNING).exists():
        if not importing_run.advance(batch_id=batch_id, at=AT):
            time.sleep(0.005)
    return Done(time.process_time() - cpu, server_seconds() - there, _megabytes())


def _profile(by: Any, project: Any, content: bytes) -> None:
    batch = _started(by, project, content)
    profiler = cProfile.Profile()
    profiler.runcall(_lane, batch.pk)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(45)


def _centre() -> tuple[Any, Any]:
    """A project with a manager and consultants who are called as in the register."""
    from crm.actions.places import create_project
    from crm.models import Membership, User
    from crm.roles import Role

    admin = User.objects.create(username="admin", name="管理员")
    project = create_project(
        by=admin, at=AT, name="江畔", short_name="江畔", signature="江畔", hotline="0571-88886666"
    )
    people = [User(username=f"c{i}", name=f"顾问{i:02}") for i in range(STAFF)]
    manager = User(username="manager", name="经理")
    User.objects.bulk_create([*people, manager])
    Membership.objects.bulk_create(
        [
            *(Membership(user=user, project=project, role=Role.CONSULTANT.value) for user in people),
            Membership(user=manager, project=project, role=Role.SALES_MANAGER.value),
        ]
    )
    return manager, project


def _check(project: Any) -> None:
    """After it all: the longest list of any consultant and day, and whether every lead is in a bin."""
    from django.db.models import Count

    from leads.models import CallTask, Lead

    lists = CallTask.objects.open().values("assignee", "list_day").annotate(n=Count("lead", distinct=True))
    longest = max(row["n"] for row in lists.filter(list_day__gt=MOMENT.date()))
    today = CallTask.objects.open().filter(list_day__lte=MOMENT.date()).values("assignee")
    longest_today = max(row["n"] for row in today.annotate(n=Count("lead", distinct=True)))
    bins = Lead.objects.filter(project=project).bins(AT)
    say(
        f"longest list: today {longest_today}, of a later day {longest}; bins {bins} of {Lead.objects.count()}"
    )


if __name__ == "__main__":
    main()

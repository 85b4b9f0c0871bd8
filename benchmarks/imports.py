"""How fast a register is loaded: `.venv/bin/python benchmarks/imports.py [--rows 50000] [--profile]`.

Rows a second of the whole load and of its parts on throwaway servers, beside the floor for the same file: reading it,
reading its phone numbers and one COPY into a bare table. The peak of the process's memory stands at the end.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import os
import pstats
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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
LAST = date(2026, 11, 20)
STAFF = 20


def register(rows: int) -> bytes:
    """A visit register in GB18030: every fourth row is of an earlier customer, every tenth number is oddly dressed."""
    chance = random.Random(7)  # noqa: S311 - the same file every time
    numbers: list[int] = []
    lines = [",".join(HEADERS)]
    for i in range(rows):
        known = numbers and chance.random() < 0.25
        number = chance.choice(numbers) if known else 13800000000 + i * 7919 % 99_999_999
        if not known:
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


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


Spent = dict[str, tuple[float, float, float]]


def server_seconds() -> float:
    """Processor seconds of this connection's server process (a machine that does other work makes time lie)."""
    from django.db import connection

    if connection.connection is None:
        return 0.0
    fields = (
        Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Clock:
    """Seconds by name, in the order they were first measured: elapsed, processor here, processor of the database."""

    def __init__(self) -> None:
        self.spent: Spent = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.perf_counter(), time.process_time(), server_seconds()
        try:
            yield
        finally:
            ended = time.perf_counter(), time.process_time(), server_seconds()
            before = self.spent.get(name, (0.0, 0.0, 0.0))
            taken = (sum((was, end, -begin)) for was, begin, end in zip(before, began, ended, strict=True))
            self.spent[name] = (next(taken), next(taken), next(taken))

    def wrap(self, owner: Any, attribute: str, name: str) -> None:
        """Measure every call of a function of the product."""
        real: Callable[..., Any] = getattr(owner, attribute)

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return real(*args, **kwargs)

        setattr(owner, attribute, timed)


def floor(content: bytes) -> Spent:
    """Seconds of reading the file, reading its numbers, and COPY of its rows into a bare table."""
    from django.db import connection, transaction

    from crm.phones import parse
    from leads.registers.reading import analyse
    from leads.registers.sniffing import open_register

    clock = Clock()
    with clock.part("floor: cells"):
        book = open_register(content)
        analyse(book, today=LAST)
        rows = [cells for _number, cells in book.sheets[0].rows()][1:]
    with clock.part("floor: numbers"):
        numbers = [parse(cells[1]).numbers for cells in rows]
    with clock.part("floor: COPY"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bare (cells text[], number text) ON COMMIT DROP")
        with cursor.copy("COPY bare FROM STDIN") as copy:
            for cells, found in zip(rows, numbers, strict=True):
                copy.write_row((list(cells), found[0].e164))
    return clock.spent


def load(content: bytes, *, profile: bool) -> tuple[Any, Spent]:
    """Load the register as the screens and the worker do. Returns the batch and seconds by part."""
    from crm import clock as product_clock
    from leads.actions import importing, importing_run
    from leads.actions.importing_rows import SliceWriter

    by, project = _centre()
    clock, at = Clock(), product_clock.now()
    with clock.part("upload"):
        batch = importing.upload(project=project, filename="来访登记.csv", content=content, by=by, at=at)
    with clock.part("dry run"):
        batch = importing.check(batch_id=batch.pk, by=by, at=at)
    staff = dict.fromkeys(batch.report["check"]["staff"]) | batch.staff
    importing.start(batch_id=batch.pk, staff=staff, by=by, at=at, in_worker=False)
    clock.wrap(importing_run._Reading, "take", "  reading and numbers")
    clock.wrap(SliceWriter, "write", "  matching, writing, planning")
    clock.wrap(importing_run, "spread_overdue", "  spreading")
    profiler = cProfile.Profile()
    with clock.part("load"):
        if profile:
            profiler.enable()
        while importing_run.advance(batch_id=batch.pk, at=at):
            pass
        profiler.disable()
    if profile:
        out = io.StringIO()
        pstats.Stats(profiler, stream=out).sort_stats("tottime").print_stats(40)
        say(out.getvalue())
    batch.refresh_from_db()
    return batch, clock.spent


def _centre() -> tuple[Any, Any]:
    """A project with a manager and consultants who are called as in the register."""
    from crm import clock
    from crm.actions.places import create_project
    from crm.models import Membership, User
    from crm.roles import Role

    admin = User.objects.create(username="admin", name="管理员")
    project = create_project(
        by=admin, at=clock.now(), name="江畔", short_name="江畔", signature="江畔", hotline="0571-88886666"
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


def tell(spent: dict[str, Any], rows: int) -> None:
    for name, (elapsed, here, there) in spent.items():
        say(f"{name:32} {elapsed:8.2f} s {here:6.2f} s {there:7.2f} s {rows / elapsed:9.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    from crm.launch.servers import start_throwaway, stop_throwaway

    folder = Path(tempfile.mkdtemp(prefix="crm-bench-", dir="/tmp"))
    where, running = start_throwaway(folder)
    try:
        os.environ |= {
            "DATABASE_URL": where.database_url,
            "REDIS_URL": where.redis_url,
            "CRM_ENV": "test",
            "CRM_SECRET_KEY": "only-for-benchmarks-" + "x" * 50,
            "DJANGO_SETTINGS_MODULE": "crm.settings",
        }
        _run(options.rows, profile=options.profile)
    finally:
        stop_throwaway(folder, running)


def _run(rows: int, *, profile: bool) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    content = register(rows)
    say(f"{rows} rows, {len(content) / 2**20:.1f} MB")
    say(f"{'':32} {'elapsed':>10} {'here':>8} {'database':>9} {'rows/s':>9}")
    bare = floor(content)
    tell(bare, rows)
    tell({"floor": tuple(map(sum, zip(*bare.values(), strict=True)))}, rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    batch, spent = load(content, profile=profile)
    tell(spent, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"{batch.state}: {batch.accepted} accepted, {batch.refused} refused, {batch.report['run']['counts']}")
    say(f"peak memory {peak:.0f} MB ({before:.0f} MB after the floor)")


if __name__ == "__main__":
    main()

"""A load whose workers are killed with -9 in the middle, taken up by two workers and two ticks at once, ends as if nothing had happened."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.ground import Database, Ground, Part, worker
from tests.launch.product import ROOT, until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("faults")]

PROJECT, MANAGER, ROWS = "江畔雅苑", "jingli", 5000
START = """
import sys, django
django.setup()
from pathlib import Path
from crm import clock
from crm.models import Project, User
from leads.actions import importing
project, by, at = Project.objects.get(name=sys.argv[2]), User.objects.get(username=sys.argv[3]), clock.now()
batch = importing.upload(project=project, filename="x.csv", content=Path(sys.argv[1]).read_bytes(), by=by, at=at)
batch = importing.check(batch_id=batch.pk, by=by, at=at)
importing.start(batch_id=batch.pk, staff=dict.fromkeys(batch.report["check"]["staff"]) | batch.staff, by=by, at=at)
"""
TICK = """
import django
django.setup()
from leads import tasks
tasks.imports.delay(), tasks.imports.delay()
"""
STATE = """
SELECT p.e164, u.username, l.grade, l.visits, l.clause, l.due_at::date,
       (SELECT count(*) FROM leads_leadevent e WHERE e.lead_id = l.id),
       (SELECT count(*) FROM leads_calltask t WHERE t.lead_id = l.id AND t.state = 'open')
FROM leads_lead l JOIN crm_customerphone p ON p.customer_id = l.customer_id
LEFT JOIN crm_user u ON u.id = l.consultant_id WHERE l.batch_id IS NOT NULL
"""


def register(folder: Path) -> Path:
    """Visits of 2,000 to 4,000 customers, every one anew or again; three consultants and some who left."""
    chance = random.Random(11)
    lines = ["到访日期,手机,姓名,等级,置业顾问,主要抗性"]
    for i in range(ROWS):
        number = 15000000000 + chance.randrange(ROWS * 2 // 3)
        day = f"2026-{chance.randrange(1, 11):02}-{chance.randrange(1, 29):02}"
        staff = chance.choice(("林晓", "梅婷", "陈宇", "已离职"))
        lines.append(
            f"{day},{number},客户{i % 97},{chance.choice('ABCD')},{staff},{chance.choice(('价格', ''))}"
        )
    path = folder / "x.csv"
    path.write_bytes("\n".join(lines).encode("gb18030"))
    return path


def run(database: Database, data: Path, script: str, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT, env=database.environment(data), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def stands(database: Database) -> tuple[str, int]:
    rows = database.ask("SELECT state, progress FROM leads_importbatch")
    return rows[0] if rows else ("", 0)


def test_killed_workers_two_at_once_and_two_ticks(ground: Ground, database: Database, tmp_path: Path) -> None:
    file = register(tmp_path)
    with ground.fresh("undisturbed") as other:
        options = [f"--project={PROJECT}", f"--user={MANAGER}", "--consultant-for-unknown=pool"]
        other.must(tmp_path, "import_register", str(file), *options)
        whole = sorted(map(str, other.ask(STATE)))
        assert len(whole) > ROWS / 3
    workers: list[Part] = []
    try:
        workers += [worker(database, tmp_path / name) for name in ("one", "two")]
        for part in workers:
            part.start()
            part.wait_for("ready.")
        run(database, tmp_path, START, str(file), PROJECT, MANAGER)
        assert until(lambda: 0 < stands(database)[1] < ROWS)
        for part in workers:
            part.kill()
        state, progress = stands(database)
        assert state == "running"
        assert 0 < progress < ROWS, "killed in the middle"
        with database.connect() as session:
            moved = """jsonb_set(report, '{run,at}', '"2026-01-01T00:00:00+00:00"')"""
            session.execute(f"UPDATE leads_importbatch SET report = {moved}")
        again = [worker(database, tmp_path / name) for name in ("three", "four")]
        workers += again
        for part in again:
            part.start()
            part.wait_for("ready.")
        run(database, tmp_path, TICK)
        assert until(lambda: stands(database)[0] == "done", 180), stands(database)
    finally:
        for part in workers:
            part.end()
    assert stands(database)[1] == ROWS
    assert sorted(map(str, database.ask(STATE))) == whole

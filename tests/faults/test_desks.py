"""Many at once, and servers that go while they work, against real web processes (issue: nothing lost, nothing doubled)."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest
import redis

from crm.launch import probe
from crm.launch.servers import Postgres, Valkey
from tests.faults.browser import Person, together
from tests.faults.ground import Database, Ground, Part, web
from tests.launch.product import free_port, until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

OF_NUMBER = "SELECT customer_id FROM crm_customerphone WHERE e164 = %s"
CALLS = """
SELECT count(*) FROM leads_inboundcall c JOIN leads_lead l ON l.id = c.lead_id
JOIN crm_customerphone p ON p.customer_id = l.customer_id WHERE p.e164 = %s
"""
VISITS = CALLS.replace("leads_inboundcall", "leads_visit")


class Desk:
    """A running web on a database of its own."""

    def __init__(self, database: Database, part: Part, port: int) -> None:
        self.database, self.part, self.port = database, part, port

    def healthy(self) -> bool:
        return probe.healthy("127.0.0.1", self.port, "localhost")[0]

    def leads_of(self, phone: str) -> int:
        query = "SELECT count(*) FROM leads_lead WHERE customer_id = ANY(%s)"
        return int(self.database.ask(query, self.database.ask(OF_NUMBER, phone))[0])


@pytest.fixture(scope="module")
def desk(ground: Ground) -> Iterator[Desk]:
    port = free_port()
    with ground.fresh("desks") as database:
        part = web(database, ground.folder / "web", port)
        part.start()
        made = Desk(database, part, port)
        try:
            assert until(made.healthy), part.said()[-3000:]
            yield made
        finally:
            part.end()


@pytest.fixture(scope="module")
def lin(desk: Desk) -> Person:
    return Person(desk.port, "linxiao")


def test_fifty_registrations_of_one_number_are_one_customer(desk: Desk, lin: Person) -> None:
    answers = together([partial(lin.register_call, "13900000050") for _turn in range(50)])
    assert {answer.status_code for answer in answers} == {302}
    assert len(desk.database.ask(OF_NUMBER, "+8613900000050")) == 1
    assert desk.leads_of("+8613900000050") == 1
    assert desk.database.ask(CALLS, "+8613900000050") == [50]  # fifty calls rang: fifty lines of the register


def test_a_form_sent_twice_at_once_makes_one_record(desk: Desk, lin: Person) -> None:
    """Call, visit and log: the same submission eight times at the same moment, each answered as if it were the one."""
    once = str(uuid.uuid4())
    answers = together([partial(lin.register_call, "13900000051", once)] * 8)
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
        (302, answers[0].headers["location"])
    }
    assert desk.database.ask(CALLS, "+8613900000051") == [1]

    once = str(uuid.uuid4())
    (mine,) = desk.database.ask("SELECT id FROM crm_user WHERE username = 'linxiao'")
    answers = together([partial(lin.register_visit, "13900000052", once, consultant=mine)] * 8)
    assert {answer.status_code for answer in answers} == {302}
    assert desk.database.ask(VISITS, "+8613900000052") == [1]

    (lead,) = desk.database.ask(
        "SELECT l.id FROM leads_lead l WHERE customer_id = ANY(%s)",
        desk.database.ask(OF_NUMBER, "+8613900000052"),
    )
    form = {"outcome": "talked", "submission": str(uuid.uuid4())}
    answers = together([partial(lin.post, f"/leads/{lead}/log/", **form)] * 8)
    assert {answer.status_code for answer in answers} == {302}
    assert desk.database.ask(
        "SELECT count(*) FROM crm_contact WHERE submission = %s", form["submission"]
    ) == [1]
    assert desk.database.ask(
        "SELECT count(*) FROM leads_leadevent WHERE lead_id = %s AND kind = 'contact'", lead
    ) == [1]


CREATING: dict[str, tuple[str, str, dict[str, str], str]] = {
    "account": ("admin", "/users/new/", {"name": "新人", "username": "newcomer"},
                "SELECT count(*) FROM crm_user WHERE username = 'newcomer'"),
    "building": ("admin", "/buildings/new/", {"name": "十九号楼"},
                 "SELECT count(*) FROM crm_building WHERE name = '十九号楼'"),
    "unit type": ("admin", "/unit-types/new/", {"name": "顶层", "rooms": "3", "area_sqm": "99"},
                  "SELECT count(*) FROM crm_unittype WHERE name = '顶层'"),
    "occasion": ("cehua", "/occasions/new/", {
        "kind": "news", "title": "三期开盘", "text": "三期开盘", "starts_on": "2099-05-01", "ends_on": "2099-05-03",
    }, "SELECT count(*) FROM crm_occasion WHERE title = '三期开盘'"),
    "deal": ("neiye", "/leads/{deal_lead}/deal/", {"step": "subscribed", "unit_text": "3-1201", "happened_at": "{now}"},
             "SELECT count(*) FROM leads_deal WHERE unit_text = '3-1201'"),
}  # fmt: skip


@pytest.mark.parametrize("what", CREATING)
def test_a_double_click_on_any_other_form_makes_one_record(desk: Desk, what: str) -> None:
    """Nothing of these carries a submission: constraints and locks keep them single, in words and never as a 500."""
    login, path, form, count = CREATING[what]
    query = "SELECT lead_id FROM leads_deal ORDER BY id LIMIT 1"
    now = "SELECT to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD\"T\"HH24:MI')"
    words = {"deal_lead": desk.database.ask(query)[0], "now": desk.database.ask(now)[0]}
    filled = {name: value.format(**words) for name, value in form.items()}
    person = Person(desk.port, login)
    answers = together([partial(person.post, path.format(**words), **filled)] * 4)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] in (200, 302), answers[
        0
    ].text  # the first password of an account is shown once, in a page
    assert set(statuses[1:]) <= {409, 422}, statuses
    assert desk.database.ask(count) == [1]


def test_two_who_log_the_same_task_make_one_record_and_the_second_is_told(desk: Desk, lin: Person) -> None:
    query = """
    SELECT t.id FROM leads_calltask t JOIN crm_user u ON u.id = t.assignee_id
    JOIN leads_lead l ON l.id = t.lead_id
    WHERE u.username = 'linxiao' AND t.state = 'open' AND t.kind = 'cadence' AND l.kind = 'ordinary' ORDER BY t.id LIMIT 1
    """
    task = desk.database.ask(query)[0]
    stands_in = "UPDATE leads_calltask SET assignee_id = (SELECT id FROM crm_user WHERE username = 'meiting')"
    desk.database.ask(f"{stands_in} WHERE id = %s RETURNING id", task)
    mei = Person(desk.port, "meiting")
    assert mei.get(f"/today/{task}/").status_code == 200
    before = desk.database.ask("SELECT count(*) FROM crm_contact")[0]
    answers = together([
        partial(person.post, f"/today/{task}/", outcome="talked", submission=str(uuid.uuid4()))
        for person in (lin, mei)
    ])  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    second = next(answer for answer in answers if answer.status_code == 422)
    assert "has already logged this at" in second.text
    assert desk.database.ask("SELECT count(*) FROM crm_contact")[0] == before + 1


def test_metrics_add_up_over_processes_and_outlive_one(desk: Desk) -> None:
    headers = {"authorization": f"Bearer {desk.part.more['CRM_METRICS_TOKEN']}"}
    line = 'crm_http_requests_total{method="GET",route="account_login",status="2xx"} '

    def count() -> float:
        text = httpx.get(f"http://127.0.0.1:{desk.port}/metrics", headers=headers).text
        found = [row for row in text.splitlines() if row.startswith(line)]
        return float(found[0].removeprefix(line)) if found else 0.0

    before, children = count(), desk.part.children()
    assert len(children) == 2
    together([partial(httpx.get, f"http://127.0.0.1:{desk.port}/accounts/login/")] * 20)
    assert count() == before + 20
    os.kill(children[0], signal.SIGKILL)
    assert until(lambda: len(set(desk.part.children()) - set(children)) == 1)
    assert until(desk.healthy)
    assert count() == before + 20
    files = list((desk.part.data / "metrics").glob("counter_*.db"))
    assert {file.name for file in files} <= {"counter_0.db", "counter_1.db"}


def test_a_flushed_and_restarted_valkey_signs_nobody_out(desk: Desk, ground: Ground, lin: Person) -> None:
    answers: list[int] = []
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            answers.append(lin.get("/today/").status_code)

    with ThreadPoolExecutor(2) as pool:
        workers = [pool.submit(work) for _turn in range(2)]
        time.sleep(0.3)
        redis.Redis(unix_socket_path=f"{ground.where.folder}/valkey.sock").flushall()
        time.sleep(0.3)
        ground.restart(Valkey)
        time.sleep(0.5)
        done.set()
        for each in workers:
            each.result()
    assert set(answers) == {200}
    assert lin.register_call("13900000053").status_code == 302
    assert until(desk.healthy)


def test_a_valkey_that_hangs_stops_no_page_for_ever(desk: Desk, ground: Ground, lin: Person) -> None:
    """Pages go on from the database, late; a page that queues a job answers, and the sweep finds what was asked."""
    manager = Person(desk.port, "jingli")
    member = desk.database.ask("SELECT id FROM crm_user WHERE username = 'linxiao'")[0]
    settled = """
    INSERT INTO crm_jobrun (name, project_id, started_at, ok, result) SELECT 'settle_day', m.project_id, now(), true, '{}'
    FROM crm_membership m JOIN crm_user u ON u.id = m.user_id WHERE u.username = 'jingli' RETURNING id
    """
    assert len(desk.database.ask(settled)) == 1
    week = {f"day_{weekday}": "nobody" if weekday == 6 else "works" for weekday in range(7)}
    with ground.hanging(Valkey):
        began = time.monotonic()
        assert lin.get("/today/").status_code == 200
        page = time.monotonic() - began
        began = time.monotonic()
        saved = manager.post(f"/shifts/{member}/week/", **week)
        queued = time.monotonic() - began
    assert saved.status_code == 302, saved.text
    undone = "SELECT count(*) FROM crm_jobrun WHERE name = 'settle_day' AND ok IS NULL"
    assert desk.database.ask(undone) == [1]
    figures = f"page {page:.1f} s, queued {queued:.1f} s, {saved.status_code}"
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert (page < 15 * busy, queued < 25 * busy) == (True, True), figures


def test_a_restart_of_the_database_under_load_loses_nothing(desk: Desk, ground: Ground, lin: Person) -> None:
    """Requests in flight fail with a page that says so; what was confirmed is there whole, what was not is there not or whole."""
    done = threading.Event()
    seen: dict[str, httpx.Response] = {}

    def register(desk_number: int) -> None:
        for turn in range(500):
            if done.is_set():
                return
            phone = f"1391{desk_number:02}{turn:05}"
            seen[phone] = lin.register_call(phone)

    with ThreadPoolExecutor(4) as pool:
        desks = [pool.submit(register, number) for number in range(4)]
        time.sleep(1)
        ground.restart(Postgres)
        assert until(desk.healthy)
        time.sleep(1.5)
        done.set()
        for each in desks:
            each.result()
    statuses = {answer.status_code for answer in seen.values()}
    assert 302 in statuses
    assert statuses <= {302, 503}
    for phone, answer in seen.items():
        whole = (desk.database.ask(CALLS, f"+86{phone}"), desk.leads_of(f"+86{phone}"))
        assert whole == ([1], 1) or (answer.status_code != 302 and whole == ([0], 0)), (
            phone,
            answer.status_code,
            whole,
        )
    failed = [answer for answer in seen.values() if answer.status_code != 302]
    assert all("does not answer at the moment" in answer.text for answer in failed), failed[0].text
    assert {lin.register_call(f"1392000000{n}").status_code for n in range(8)} == {302}


def test_a_web_that_is_told_to_end_finishes_what_it_began(desk: Desk, lin: Person) -> None:
    """The last test: the request waits for a lock while gunicorn gets SIGTERM, and is answered whole."""
    assert desk.part.process is not None
    with desk.database.connect() as session, ThreadPoolExecutor(1) as pool:
        session.execute("BEGIN")
        session.execute("LOCK TABLE leads_inboundcall IN ACCESS EXCLUSIVE MODE")
        waiting = pool.submit(lin.register_call, "13900000054")
        lock = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        assert until(lambda: desk.database.ask(lock)[0] > 0)
        desk.part.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        session.execute("COMMIT")
        assert waiting.result().status_code == 302
    assert desk.database.ask(CALLS, "+8613900000054") == [1]
    assert until(lambda: desk.part.process is not None and desk.part.process.poll() == 0)
    assert Path(desk.part.log).exists()

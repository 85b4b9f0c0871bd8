"""The lists over a broadcast that has run: messages by state, who was left out, replies, unknown outcomes.

Its states are written by SQL: nearly everything delivered, a few of each other fate, a thousand at the very end still
to be sent. Each list is asked for with each of its filters, and every statement behind it is explained: one that reads
a large table from end to end is named.
"""

from __future__ import annotations

import re
import statistics
import time
from typing import Any

from benchmarks.crowd import Crowd, say

LARGE = ("crm_message", "crm_messagetext", "crm_exclusion", "crm_attempt", "crm_sentpart", "crm_receipt",
         "crm_inboundmessage", "crm_customer", "crm_customerphone", "crm_contact")  # fmt: skip
ROUNDS = 7
STATES = """
UPDATE crm_message SET changed_at = now(), attempts = 1, state = CASE
    WHEN id > %(last)s - 1000 THEN 'queued' WHEN id > %(last)s - 1200 THEN 'sending'
    WHEN id > %(last)s - 4000 THEN 'accepted'
    WHEN id %% 40000 = 0 THEN 'unknown' WHEN id %% 30000 = 0 THEN 'refused' WHEN id %% 50 = 0 THEN 'undelivered'
    WHEN id %% 35000 = 0 THEN 'suppressed' WHEN id = %(last)s / 2 * 2 - 5001 THEN 'no_receipt' ELSE 'delivered' END
WHERE run_id = %(run)s
"""
SENT = "run_id = %(run)s AND state IN ('accepted', 'delivered', 'undelivered')"
AROUND = f"""
INSERT INTO crm_attempt (message_id, n, gateway_id, started_at, ended_at, outcome, code)
    SELECT id, 1, %(gateway)s, now(), now(), 'accepted', '' FROM crm_message WHERE {SENT};
INSERT INTO crm_sentpart (gateway_id, gateway_ref, message_id, part, of)
    SELECT %(gateway)s, id::text, id, 1, 1 FROM crm_message WHERE {SENT};
INSERT INTO crm_receipt (gateway_id, gateway_ref, part, status, code, hint, at, received_at, message_id)
    SELECT %(gateway)s, id::text, 1, CASE state WHEN 'undelivered' THEN state ELSE 'delivered' END, '', '',
        now(), now(), id FROM crm_message WHERE {SENT} AND state <> 'accepted';
INSERT INTO crm_inboundmessage (gateway_id, gateway_ref, project_id, sender, customer_id, answers_id, text, meaning, at,
    received_at, handled_at)
    SELECT %(gateway)s, 'r' || id, %(project)s, "to", customer_id, id, '好的',
        CASE WHEN id %% 3 = 0 THEN 'opt_out' ELSE 'reply' END,
        now() - id %% 5000000 * interval '1 second', now(), CASE WHEN id %% 200 <> 0 THEN now() END
    FROM crm_message WHERE run_id = %(run)s
"""


def lists(made: Crowd) -> None:
    from django.db import connection

    from benchmarks.ground import silence
    from benchmarks.measure import Visitor
    from crm.models import User

    silence()
    row, other = _finished(made), _planned(made)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT customer_id FROM crm_message WHERE run_id = %s LIMIT 1 OFFSET 5000", [row.run_id]
        )
        person = int((cursor.fetchone() or (0,))[0])
    visitors = {name: Visitor(User.objects.get(username=name)) for name in ("writer", "manager")}
    for who, url in _urls(row, other, made.project.pk, person):
        measure(visitors[who], url)


def _urls(row: Any, other: Any, project: int, person: int) -> list[tuple[str, str]]:
    from crm.rules_messages import RunKind, State
    from leads.models import Lead

    people, run, mine = (
        f"/campaigns/broadcasts/{row.pk}/people/",
        f"/api/v1/runs/{row.run_id}/messages/",
        "/api/v1/projects",
    )
    lead = Lead.objects.filter(customer=person).values_list("pk", flat=True)[0]
    return [
        ("writer", "/campaigns/"),
        ("writer", f"/campaigns/broadcasts/{row.pk}/"),
        ("writer", people),
        *(("writer", f"{people}?state={state.value}") for state in State),
        ("writer", f"/campaigns/broadcasts/{other.pk}/people/?state=delivered"),
        *(("writer", f"{people}?left={reason}") for reason in ("all", "cap", "opted_out", "too_long")),
        ("writer", f"/api/v1/broadcasts/{row.pk}/people/"),
        ("writer", f"/api/v1/broadcasts/{row.pk}/left-out/"),
        ("writer", f"/api/v1/broadcasts/{row.pk}/left-out/?reason=cap"),
        ("writer", run),
        *(("writer", f"{run}?state={state.value}") for state in State),
        ("writer", f"{mine}/{project}/messages/"),
        *(("writer", f"{mine}/{project}/messages/?state={state.value}") for state in State),
        *(("writer", f"{mine}/{project}/messages/?kind={kind.value}") for kind in RunKind),
        ("writer", f"{mine}/{project}/messages/?kind=sales&state=delivered"),
        ("writer", f"{mine}/{project}/runs/"),
        ("writer", "/messages/unknown/"),
        ("writer", "/api/v1/messages/unknown/"),
        ("manager", "/inbox/"),
        ("manager", "/inbox/?all=1"),
        ("manager", "/api/v1/replies/"),
        ("manager", f"/leads/{lead}/"),
    ]


def measure(visitor: Any, url: str) -> None:
    """One line: milliseconds of the page, statements, the slowest of them, and what reads a large table whole."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    walls = []
    for _round in range(ROUNDS):
        with CaptureQueriesContext(connection) as caught:
            before = time.perf_counter()
            status, _content = visitor.ask(url)
            walls.append((time.perf_counter() - before) * 1000)
    slowest = max((float(each["time"]) * 1000 for each in caught.captured_queries), default=0.0)
    whole: set[str] = set()
    for each in caught.captured_queries:
        if (
            each["sql"].lstrip("(").startswith("SELECT") and "$1" not in each["sql"]
        ):  # that one is explained elsewhere
            whole |= _read_whole(each["sql"])
    figures = f"{status:>4}{statistics.median(walls):>8.0f} ms{len(caught):>4}{slowest:>8.0f} ms"
    say(f"{url:<62}{figures}  {' '.join(sorted(whole))}")
    if slowest > 20:
        worst = max(caught.captured_queries, key=lambda each: float(each["time"]))
        say("    " + re.sub(r"\s+", " ", worst["sql"])[:600])


def _read_whole(sql: str) -> set[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        told = "\n".join(row[0] for row in cursor.fetchall())
    return {table for table in LARGE if re.search(rf"Seq Scan on {table}\b", told)}


def _finished(made: Crowd) -> Any:
    """A broadcast to everybody, launched; its states as after a run."""
    from django.db import connection

    from benchmarks.outbox_drain import broadcast

    row = broadcast(made, 1, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM crm_message WHERE run_id = %s", [row.run_id])
        last = int((cursor.fetchone() or (0,))[0])
        values = {"run": row.run_id, "last": last, "gateway": row.run.gateway_id, "project": made.project.pk}
        cursor.execute(STATES, values)
        for statement in AROUND.split(";"):
            cursor.execute(statement, values)
    return row


def _planned(made: Crowd) -> Any:
    """Another one to everybody, rehearsed only."""
    import datetime as dt

    from campaigns.actions import broadcasts
    from campaigns.models import Broadcast
    from crm import clock
    from crm.models import User

    writer, at = User.objects.get(username="writer"), clock.now()
    sheet = broadcasts.BroadcastSheet(
        "加推", "加推。", at + dt.timedelta(days=40), at + dt.timedelta(days=40, hours=5)
    )
    row = broadcasts.save_and_rehearse(project=made.project, sheet=sheet, by=writer, at=at)
    broadcasts.rehearse(broadcast_id=row.pk, at=clock.now())
    return Broadcast.objects.get(pk=row.pk)

"""Delivery receipts: they come twice, out of order, and before the answer they belong to.

9. One row for each (gateway, id, part, status); states only move forward. A receipt whose part is not known yet is
   kept without a message and joined when the answer is recorded; the sweep joins what both sides just missed.
   A receipt for a message whose answer was never heard (it carries our number and reference) turns `unknown` into
   `accepted`, and then into what it says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, transaction

from crm.gateways.line import Report
from crm.models import Gateway

STORE = """
INSERT INTO crm_receipt (gateway_id, gateway_ref, part, status, code, hint, at, received_at, message_id)
SELECT %(gateway)s, v.ref, v.part, v.status, left(v.code, 32), v.hint, v.at, %(at)s, s.message_id
FROM (SELECT DISTINCT ON (ref, part, status) * FROM unnest(%(refs)s::text[], %(parts)s::int[], %(statuses)s::text[],
    %(codes)s::text[], %(hints)s::text[], %(ats)s::timestamptz[]) AS v(ref, part, status, code, hint, at)) v
LEFT JOIN crm_sentpart s ON s.gateway_id = %(gateway)s AND s.gateway_ref = v.ref
ON CONFLICT (gateway_id, gateway_ref, part, status) DO NOTHING
RETURNING message_id
"""
# All parts delivered: delivered. One part failed and none of its own can still say otherwise: undelivered.
SETTLE = """
WITH said AS (
    SELECT r.message_id, count(DISTINCT r.gateway_ref) FILTER (WHERE r.status = 'delivered') AS good,
        count(DISTINCT r.gateway_ref) FILTER (WHERE r.status = 'undelivered') AS bad,
        max(s.of) AS parts, max(r.code) FILTER (WHERE r.status = 'undelivered') AS code
    FROM crm_receipt r JOIN crm_sentpart s ON s.gateway_id = r.gateway_id AND s.gateway_ref = r.gateway_ref
    WHERE r.message_id = ANY(%(ids)s) GROUP BY r.message_id
)
UPDATE crm_message m SET state = CASE WHEN good >= parts THEN 'delivered' ELSE 'undelivered' END, changed_at = %(at)s,
    reason = CASE WHEN good >= parts THEN '' ELSE left(coalesce(code, ''), 16) END
FROM said
WHERE m.id = said.message_id AND m.state IN ('accepted', 'no_receipt') AND (good >= parts OR bad > 0)
"""
JOIN = """
UPDATE crm_receipt r SET message_id = s.message_id FROM crm_sentpart s
WHERE r.message_id IS NULL AND s.gateway_id = r.gateway_id AND s.gateway_ref = r.gateway_ref
  AND r.gateway_id = %(gateway)s AND r.gateway_ref = ANY(%(refs)s) RETURNING r.message_id
"""


@transaction.atomic
def take_reports(*, gateway: Gateway, reports: Sequence[Report], at: dt.datetime) -> int:
    """Store receipts and move their messages forward. Returns how many were new."""
    if not reports:
        return 0
    values: dict[str, Any] = {
        "gateway": gateway.pk,
        "at": at,
        "refs": [report.ref[:64] for report in reports],
        "parts": [report.part for report in reports],
        "statuses": [report.status for report in reports],
        "codes": [report.code for report in reports],
        "hints": [report.hint[:48] for report in reports],
        "ats": [report.at for report in reports],
    }
    with connection.cursor() as cursor:
        cursor.execute(STORE, values)
        rows = cursor.fetchall()
    settle([row[0] for row in rows if row[0] is not None], at=at)
    return len(rows)


def settle(message_ids: Collection[int], *, at: dt.datetime) -> None:
    """Move messages forward to what their receipts say."""
    if not message_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"ids": sorted(set(message_ids)), "at": at})


def join_early(*, gateway_id: int, refs: Sequence[str], at: dt.datetime) -> int:
    """Join receipts that came before the answer which names their part. Returns how many."""
    if not refs:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(JOIN, {"gateway": gateway_id, "refs": list(refs)})
        ids = [row[0] for row in cursor.fetchall()]
    settle(ids, at=at)
    return len(ids)

"""What no page can do without: a bare Django view of 50 rows, and the bare SQL for the rows of Today and of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory

from benchmarks.load import Loaded
from leads.models import Lead

TEMPLATE = """<table>{% for row in rows %}<tr><td><a href="/leads/{{ row.pk }}/">{{ row.customer.name }}</a></td>
<td>{{ row.grade }}</td><td>{{ row.stage }}</td><td>{{ row.due_at|date:"Y-m-d H:i" }}</td></tr>{% endfor %}</table>"""
TODAY = """SELECT t.id, t.clause, t.due_at, t.list_day, l.id, l.grade, c.name, p.e164
 FROM leads_calltask t JOIN leads_lead l ON l.id = t.lead_id JOIN crm_customer c ON c.id = l.customer_id
 LEFT JOIN crm_customerphone p ON p.customer_id = c.id AND p.is_main AND p.live
 WHERE t.state = 'open' AND t.assignee_id = %s AND t.list_day <= %s"""
LIST = """SELECT l.id, l.grade, l.stage, l.due_at, c.name FROM leads_lead l JOIN crm_customer c ON c.id = l.customer_id
 WHERE l.project_id = %s AND l.merged_into_id IS NULL AND l.grade = 'A' ORDER BY l.id DESC LIMIT 31"""


def floors(loaded: Loaded) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "floor: a bare view of 50 rows", partial(_bare, RequestFactory().get("/"))
    consultant = loaded.consultants[0]
    project = loaded.managers[0].memberships.get().project_id
    yield "floor: bare SQL for the rows of Today", partial(_sql, TODAY, [consultant.pk, "2026-03-03"])
    yield "floor: bare SQL for a filtered list", partial(_sql, LIST, [project])


_template = engines["django"].from_string(TEMPLATE)


def _bare(request: HttpRequest) -> tuple[int, bytes]:
    rows = Lead.objects.select_related("customer").order_by("-pk")[:50]
    return 200, _template.render({"rows": rows}, request).encode()


def _sql(statement: str, values: list[object]) -> tuple[int, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return 200, str(len(cursor.fetchall())).encode()

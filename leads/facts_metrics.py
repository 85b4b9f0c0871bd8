"""Figures of sales for the page of metrics. A project is its number; nobody's name or phone number is in them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db.models import Count, F, Q

from crm.facts_metrics import Figure
from crm.models import Project
from leads.models import CallTask, ImportBatch, Lead
from leads.rules_due import SAME_DAY
from leads.states import Bin

NO_IMPORT: dict[tuple[str, ...], float] = {("running",): 0, ("failed",): 0}


def figures(now: dt.datetime) -> list[Figure]:
    """Three queries, and one for each time zone that projects have."""
    return [*_duties(now), _same_day(now), *_leads(now), _imports()]


def _duties(now: dt.datetime) -> list[Figure]:
    labels = ("project", "clause")
    kinds = {
        "open": Figure("crm_duties_open", "Open duties, by the section of the procedure.", labels),
        "overdue": Figure("crm_duties_overdue", "Open duties past their moment.", labels),
        "held": Figure("crm_duties_held", "Open duties that wait for the cap.", labels),
    }
    rows = (
        CallTask.objects.open()
        .filter(lead__merged_into=None)
        .order_by()
        .values("lead__project", "clause")
        .annotate(
            open=Count("pk"),
            overdue=Count("pk", filter=Q(due_at__lt=now)),
            held=Count("pk", filter=Q(held_until__gt=now)),
        )
    )
    for row in rows:
        key = (str(row["lead__project"]), str(row["clause"]).split(".")[0])
        for kind, figure in kinds.items():
            figure.values[key] = figure.values.get(key, 0) + row[kind]
    return list(kinds.values())


def _same_day(now: dt.datetime) -> Figure:
    """Callbacks of SC-1 to SC-4 that are due today, by how they stand."""
    zones: dict[str, list[Project]] = defaultdict(list)
    for project in Project.objects.filter(active=True):
        zones[project.zone.key].append(project)
    figure = Figure("crm_same_day_callbacks", "Same-day callbacks due today.", ("project", "state"))
    in_time = Q(state="done", closed_at__lte=F("due_at"))
    for projects in zones.values():
        zone = projects[0].zone
        begins = dt.datetime.combine(now.astimezone(zone).date(), dt.time.min, zone)
        due = CallTask.objects.filter(
            clause__in=SAME_DAY, due_at__gte=begins, due_at__lt=begins + dt.timedelta(days=1)
        )
        rows = (
            due.filter(lead__project__in=projects, lead__merged_into=None).order_by().values("lead__project")
        )
        counted = rows.annotate(
            in_time=Count("pk", filter=in_time),
            late=Count("pk", filter=Q(state="done") & ~in_time),
            missed=Count("pk", filter=Q(state="missed") | Q(state="open", due_at__lt=now)),
            open=Count("pk", filter=Q(state="open", due_at__gte=now)),
        )
        for row in counted:
            for state in ("in_time", "late", "missed", "open"):
                figure.values[str(row["lead__project"]), state] = row[state]
    return figure


def _leads(now: dt.datetime) -> list[Figure]:
    bins = Figure("crm_leads", "Leads by bin (PX-10).", ("project", "bin"))
    rows = Lead.objects.current().with_bin(now).order_by().values("project", "bin").annotate(n=Count("pk"))
    for row in rows:
        bins.values[str(row["project"]), row["bin"]] = row["n"]
    pool: dict[tuple[str, ...], float] = {
        (project,): count for (project, name), count in bins.values.items() if name == Bin.POOL.value
    }
    return [bins, Figure("crm_leads_unassigned", "Live leads without a consultant.", ("project",), pool)]


def _imports() -> Figure:
    figure = Figure(
        "crm_imports", "Imports that run or have stopped with an error.", ("state",), NO_IMPORT.copy()
    )
    rows = ImportBatch.objects.filter(state__in=["running", "failed"]).order_by().values("state")
    for row in rows.annotate(n=Count("pk")):
        figure.values[(row["state"],)] = row["n"]
    return figure

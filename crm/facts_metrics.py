"""Figures of the kernel for the page of metrics: jobs, notices. Numbers only, labels from bounded lists."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Count, Min, Q

from crm.models import JobRun, Notice


@dataclass(frozen=True, slots=True)
class Figure:
    """One gauge: `values` by label values, in the order of `labels`. No label holds a person's name or number."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    values: dict[tuple[str, ...], float] = field(default_factory=dict)


def figures(now: dt.datetime) -> list[Figure]:
    """Two queries."""
    since = Figure(
        "crm_job_seconds_since_success", "Age of the last good run, the oldest project's.", ("job",)
    )
    failing = Figure("crm_job_failing", "Runs of the job whose last end was a failure.", ("job",))
    rows = JobRun.objects.order_by().values("name")
    for row in rows.annotate(last=Min("succeeded_at"), failing=Count("pk", filter=Q(ok=False))):
        job = (str(row["name"]),)
        failing.values[job] = row["failing"]
        if row["last"] is not None:
            since.values[job] = (now - row["last"]).total_seconds()
    unread = Notice.objects.filter(read_at=None).count()
    return [since, failing, Figure("crm_notices_unread", "Notices that nobody has read.", (), {(): unread})]

"""The beat table: every scheduled job, how often it runs, and what its last run did."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from celery.schedules import crontab
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from crm import clock, health
from crm.access import require_somewhere
from crm.celery import app
from crm.gates import user_of
from crm.models import JobRun
from crm.pages import page
from crm.roles import Action

LABELS: dict[str, str | Promise] = {
    "heartbeat": gettext_lazy("Proves that scheduler, broker and worker work together"),
    "forget": gettext_lazy("Removes old login history and sessions that are over"),
    "start_day": gettext_lazy("Settles the lists of the day: shifts, stand-ins, capacity"),
    "promises": gettext_lazy("Promised callbacks that are due"),
    "windows": gettext_lazy("Contact windows that open"),
    "same_day": gettext_lazy("Same-day duties not reached before closing"),
    "reviews": gettext_lazy("Reviews and repairs whose time is up"),
    "pool": gettext_lazy("Leads that nobody takes care of"),
    "occasions": gettext_lazy("Greetings and milestone calls whose time is up"),
    "greetings": gettext_lazy("Festivals that come near: greetings planned and sent"),
    "broadcasts": gettext_lazy("Broadcasts: rehearsed, and started when their hour comes"),
    "greet": gettext_lazy("One project's greeting of a festival"),
    "milestones": gettext_lazy("Milestones: planned ahead and told"),
    "milestone": gettext_lazy("One milestone of a project"),
    "imports": gettext_lazy("Imports that wait or were interrupted"),
    "calendar": gettext_lazy("Duties in working days after the calendar was corrected"),
    "policies": gettext_lazy("Policies that come into force"),
    "backup": gettext_lazy("Writes the day's backup, where one is scheduled"),
    "outbox": gettext_lazy("Messages that wait are put in order and sent"),
    "stops": gettext_lazy("Customers' replies and opt-outs reach their leads"),
    "singles": gettext_lazy("Single messages that left reach their leads' history"),
    "settle_day": gettext_lazy("Settles one project's lists anew"),
    "replan": gettext_lazy("Recomputes the plans of one project"),
    "import": gettext_lazy("Imports a register"),
    "undo_import": gettext_lazy("Undoes an import"),
}
"""What each job of crm/celery.py does, in the reader's words."""


RESULTS: dict[str, str | Promise] = {
    "found": gettext_lazy("found"),
    "projects": gettext_lazy("projects"),
    "day": gettext_lazy("day"),
    "leads": gettext_lazy("leads"),
    "gave_way": gettext_lazy("given way"),
    "waiting": gettext_lazy("waiting"),
    "done": gettext_lazy("done"),
    "left": gettext_lazy("left"),
    "file": gettext_lazy("file"),
    "bytes": gettext_lazy("bytes"),
    "rows": gettext_lazy("rows"),
    "why": gettext_lazy("reason:"),
    "error": gettext_lazy("error"),
}
"""What a run may report, in the reader's words; anything else it keeps is not for the reader."""


def _said(run: JobRun) -> list[tuple[str, Any]]:
    return [(str(RESULTS[key]), value) for key, value in run.result.items() if key in RESULTS]


def _often(schedule: Any) -> str:
    """How often a job runs."""
    if isinstance(schedule, crontab):
        return str(schedule)
    seconds = int(schedule)
    if seconds % 60 or seconds < 60:
        return ngettext("every second", "every %(n)s seconds", seconds) % {"n": seconds}
    return ngettext("every minute", "every %(n)s minutes", seconds // 60) % {"n": seconds // 60}


@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """The table, with the runs of the projects one administers."""
    reach = require_somewhere(user_of(request), Action.ADMINISTER).all_projects()
    now = clock.now()
    runs: dict[str, list[tuple[JobRun, list[tuple[str, Any]]]]] = defaultdict(list)
    rows = JobRun.objects.select_related("project").order_by("name", "project__name")
    for run in rows if reach is None else rows.filter(Q(project=None) | Q(project__in=reach)):
        runs[run.name].append((run, _said(run)))
    table = [
        {
            "name": name,
            "label": LABELS.get(name, name),
            "often": _often(entry["schedule"]),
            "runs": runs.pop(name, []),
        }
        for name, entry in app.conf.beat_schedule.items()
    ]
    others = [
        {"name": name, "label": LABELS.get(name, name), "often": _("when asked for"), "runs": left}
        for name, left in runs.items()
    ]
    context = {"table": table + others, "health": health.examine(at=now), "now": now}
    return page(request, "crm/jobs.html", context)

"""Marketing's home: what comes, what runs, what waits for approval, what has to be read. Constant queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from campaigns.facts_festivals import coming
from campaigns.models import Broadcast, Correction, GreetingText, Invitation, Milestone
from crm.facts_messages import Progress, progress
from crm.models import Message, Project, SendRun
from crm.rules_messages import State

AHEAD = 60
MOST = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the home: `day` it is about, `kind` names its words in the template, `state` in words."""

    day: dt.date
    kind: str
    title: str
    url: str
    state: Any = ""


def home(project: Project, today: dt.date) -> dict[str, Any]:
    """Everything the page shows, for one project. Nine queries, whatever there is."""
    zone = project.zone
    broadcasts = list(
        Broadcast.objects.filter(project=project, state__in=["submitted", "approved", "overdue"]).order_by(
            "starts_at", "pk"
        )[:MOST]
    )
    milestones = list(
        Milestone.objects.filter(project=project, day__gte=today)
        .exclude(state="cancelled")
        .order_by("day", "pk")[:MOST]
    )
    lines = [
        Line(row.day, "festival", row.name, reverse("campaigns:greetings"))
        for row in coming(today=today, days=AHEAD)
    ]
    lines += [_milestone(row) for row in milestones]
    lines += [_broadcast(row, zone) for row in broadcasts]
    waiting = [_milestone(row) for row in milestones if row.state == "submitted"]
    waiting += [_broadcast(row, zone) for row in broadcasts if row.state in ("submitted", "overdue")]
    return {
        "lines": sorted(lines, key=lambda line: (line.day, line.kind, line.title)),
        "waiting": waiting + _texts(project) + _corrections(project),
        "running": _running(project),
        "unknown": Message.objects.filter(run__project=project, state=State.UNKNOWN).count(),
    }


def _milestone(row: Milestone) -> Line:
    url = reverse("campaigns:milestone", args=[row.pk])
    return Line(row.day, "milestone", row.title, url, row.get_state_display())


def _broadcast(row: Broadcast, zone: dt.tzinfo) -> Line:
    url = reverse("campaigns:broadcast", args=[row.pk])
    return Line(row.starts_at.astimezone(zone).date(), "broadcast", row.title, url, row.get_state_display())


def _texts(project: Project) -> list[Line]:
    """Greeting texts that nobody has approved."""
    rows = GreetingText.objects.filter(
        project=project, state=GreetingText.State.PROPOSED, reason=""
    ).order_by("pk")
    return [
        Line(
            row.prepared_at.astimezone(project.zone).date(),
            "greeting",
            row.body,
            reverse("campaigns:greeting", args=[row.code]),
        )
        for row in rows[:MOST]
    ]


def _corrections(project: Project) -> list[Line]:
    """Corrections of milestones that nobody has decided about."""
    rows = Correction.objects.filter(milestone__project=project, approved_at=None, declined_at=None)
    return [
        Line(
            row.becomes or row.was,
            "correction",
            row.milestone.title,
            reverse("campaigns:milestone", args=[row.milestone_id]),
        )
        for row in rows.select_related("milestone").order_by("pk")[:MOST]
    ]


def _running(project: Project) -> list[tuple[SendRun, Progress, str]]:
    """What is being sent or was paused, single messages and tests aside, each with its page."""
    rows = list(
        SendRun.objects.filter(
            project=project, state__in=["running", "paused"], kind__in=["festival", "milestone", "broadcast"]
        )
        .select_related("broadcast", "milestone", "greeting", "correction")
        .order_by("-pk")[:MOST]
    )
    done = progress([row.pk for row in rows])
    guests = dict(Invitation.objects.filter(run__in=rows).values_list("run", "milestone"))
    return [(row, done[row.pk], _page_of(row, guests.get(row.pk))) for row in rows]


def _page_of(run: SendRun, guests_of: int | None) -> str:
    if guests_of is not None:
        return reverse("campaigns:guests", args=[guests_of])
    for name, view in (("broadcast", "broadcast"), ("milestone", "milestone"), ("greeting", "greeting_run")):
        owner = getattr(run, name, None)
        if owner is not None:
            return reverse(f"campaigns:{view}", args=[owner.pk])
    correction = getattr(run, "correction", None)
    return reverse("campaigns:milestone", args=[correction.milestone_id]) if correction is not None else ""

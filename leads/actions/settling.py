"""The start of a project's day: lists are settled so that each can be finished (PX-7, PX-13, SC-6).

Safe to run twice, late, or not at all: lists are read by list day, so an unsettled day shows what is due; settling adds
rest days, the cap and what gives way.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from crm.models import JobRun, Project
from leads import facts
from leads.actions import planning
from leads.actions.history import lock_leads
from leads.actions.spreading import capacities
from leads.models import CallTask, Lead
from leads.rules_settle import Line, cannot_wait, give_way
from leads.states import Held

HOURS_BEFORE_OPENING = 2


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement did: leads looked at, lines that gave way."""

    day: dt.date
    leads: int
    gave_way: int


def settle_day(*, project: Project, at: dt.datetime) -> Settled:
    """Settle the lists of the project's present day."""
    frame = facts.frame(project.pk, at)
    today = frame.today(at)
    ahead = today + dt.timedelta(days=frame.policy.slack_buyer_days)
    due = CallTask.objects.open().filter(lead__project=project, lead__merged_into=None)
    ids = due.filter(Q(list_day__lte=ahead) | Q(due_at__lte=frame.clock.closing(ahead)))
    count = planning.replan(set(ids.values_list("lead_id", flat=True)), at=at, place_again=True)
    return Settled(today, count, _give_way(frame, today, at))


@transaction.atomic
def _give_way(frame: facts.Frame, today: dt.date, at: dt.datetime) -> int:
    """PX-13: what exceeds a consultant's capacity moves to tomorrow, is shown as such and goes first then.

    Leads are locked before their tasks. Race: who logs a call meanwhile takes them in this order too.
    """
    due = (
        CallTask.objects.open()
        .filter(
            lead__project=frame.project, lead__merged_into=None, list_day__lte=today, assignee__isnull=False
        )
        .exclude(held_until__gt=at)
    )
    lock_leads(Lead.objects.filter(pk__in=due.values("lead")))
    rows = list(due.select_related("lead").select_for_update(of=("self",)).order_by("pk"))
    by_consultant: dict[int, dict[int, list[CallTask]]] = defaultdict(lambda: defaultdict(list))
    for task in rows:
        assert task.assignee_id is not None
        by_consultant[task.assignee_id][task.lead_id].append(task)
    room = capacities(frame.project, by_consultant.keys(), frame.policy.capacity_day)
    done = _done_today(frame, today, at)
    moved: list[CallTask] = []
    for consultant, leads in by_consultant.items():
        lines = [_line(tasks, today) for tasks in leads.values()]
        _kept, late = give_way(lines, max(room[consultant] - done.get(consultant, 0), 0))
        for line in late:
            moved += leads[line.key]
    tomorrow = today + dt.timedelta(days=1)
    for task in moved:
        task.list_day, task.moved_reason = tomorrow, Held.CAPACITY
        task.gave_way = _gave_way_before(task, today) + 1
        task.gave_way_on = today
    CallTask.objects.bulk_update(
        moved, ["list_day", "moved_reason", "gave_way", "gave_way_on"], batch_size=500
    )
    Lead.objects.filter(pk__in={task.lead_id for task in moved}).update(
        opens_at=frame.clock.midnight(tomorrow),
        held_until=frame.clock.midnight(tomorrow),
        held_reason=Held.CAPACITY,
    )
    return len({task.lead_id for task in moved})


def _gave_way_before(task: CallTask, today: dt.date) -> int:
    """Days on which a task gave way, without today: a settlement that runs again neither counts nor sorts anew."""
    return task.gave_way - 1 if task.gave_way_on == today else task.gave_way


def _line(tasks: list[CallTask], today: dt.date) -> Line:
    """One lead's tasks of today are one line and one call; the most binding of them speaks for it."""
    task = min(tasks, key=lambda task: (not cannot_wait(task.kind, task.clause), task.due_at, task.pk))
    gave_way = max(_gave_way_before(row, today) for row in tasks)
    return Line(task.lead_id, task.kind, task.clause, task.due_at, gave_way)


def _done_today(frame: facts.Frame, today: dt.date, at: dt.datetime) -> dict[int, int]:
    """Leads each consultant has finished today, so that a late second run counts them as used capacity."""
    rows = CallTask.objects.filter(
        lead__project=frame.project, state=CallTask.State.DONE, closed_at__gte=frame.clock.midnight(today)
    ).values_list("assignee_id", "lead_id")
    found: dict[int, set[int]] = defaultdict(set)
    for assignee, lead_id in rows:
        if assignee is not None:
            found[assignee].add(lead_id)
    return {assignee: len(leads) for assignee, leads in found.items()}


def unsettled(*, at: dt.datetime) -> list[Project]:
    """Active projects whose day has begun two hours before opening and whose lists are not settled for it."""
    rows = Project.objects.filter(active=True).order_by("pk")
    settled = dict(JobRun.objects.filter(name="settle_day", ok=True).values_list("project_id", "result__day"))
    found = []
    for project in rows:
        local = at.astimezone(project.zone)
        begins = max(project.opens_at.hour - HOURS_BEFORE_OPENING, 0)
        if local.hour >= begins and settled.get(project.pk) != local.date().isoformat():
            found.append(project)
    return found

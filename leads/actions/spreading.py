"""PX-15: leads that are due anyway are spread over the coming days within everybody's capacity; never a heap."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from django.db import transaction
from django.db.models import Count, Value
from django.db.models.functions import Greatest

from crm.facts_shifts import absences
from crm.models import Project, User
from crm.models.bulk import these
from crm.roles import Role
from leads import facts
from leads.actions import planning
from leads.models import CallTask, ImportBatch, LeadEvent
from leads.rules_due import SAME_DAY
from leads.rules_settle import Waiting, spread
from leads.rules_types import DutyKind, EventKind

SPREAD_DAYS = 120
Loads = dict[int, dict[dt.date, int]]
"""How many leads stand on each consultant's list of each day."""


def is_due_anyway(kind: str, clause: str, due: dt.datetime, closing: dt.datetime) -> bool:
    """What is spread: calls of the cadence due by the end of the day; same-day duties and promises stay."""
    return kind == DutyKind.CADENCE and due <= closing and clause not in SAME_DAY


@transaction.atomic
def spread_overdue(
    *,
    project: Project,
    lead_ids: Collection[int],
    by: User | None,
    at: dt.datetime,
    batch: ImportBatch | None = None,
) -> int:
    """Spread those of the leads that are due anyway, A first. Returns how many were given a later day.

    `batch`: the load that makes it necessary.
    """
    frame = facts.frame(project.pk, at)
    today = frame.today(at)
    closing = frame.clock.closing(today)
    rows = (
        CallTask.objects.open()
        .filter(lead__in=these(lead_ids), kind=CallTask.Kind.CADENCE, due_at__lte=closing)
        .exclude(assignee=None)
        .values_list("lead_id", "assignee_id", "lead__grade", "due_at", "kind", "clause")
    )
    mine: dict[int, list[Waiting]] = defaultdict(list)
    for lead_id, consultant, grade, moment, kind, clause in rows:
        if is_due_anyway(kind, clause, moment, closing):
            mine[consultant].append(Waiting(lead_id, grade, moment))
    loads = list_loads(mine.keys(), today)
    for consultant, waiting in mine.items():
        # What is being spread stands on the lists already; it must not take its own room.
        loads[consultant][today] = max(loads[consultant].get(today, 0) - len(waiting), 0)
    days = days_for(frame, mine, loads, today)
    events = [
        LeadEvent(
            lead_id=lead_id,
            kind=EventKind.CATCH_UP,
            at=at,
            recorded_at=at,
            by=by,
            due=frame.clock.closing(day),
            batch=batch,
        )
        for lead_id, day in days.items()
        if day > today
    ]
    LeadEvent.objects.bulk_create(events, batch_size=1000)
    planning.replan([event.lead_id for event in events], at=at)
    return len(events)


def days_for(
    frame: facts.Frame, mine: Mapping[int, Collection[Waiting]], loads: Loads, today: dt.date
) -> dict[int, dt.date]:
    """A day for each waiting lead (by `Waiting.key`): within its consultant's capacity, on a day they work."""
    away = absences(mine.keys(), today, today + dt.timedelta(days=SPREAD_DAYS))
    room = capacities(frame.project, mine.keys(), frame.policy.capacity_day)
    days: dict[int, dt.date] = {}
    for consultant, waiting in mine.items():
        load, gone = loads[consultant], away[consultant]

        def load_of(day: dt.date, load: dict[dt.date, int] = load) -> int:
            return load.get(day, 0)

        def works(day: dt.date, gone: Collection[dt.date] = gone) -> bool:
            return day not in gone

        policy = replace(frame.policy, capacity_day=room[consultant])
        days |= spread(list(waiting), load_of, policy, today, works)
    return days


def list_loads(consultants: Collection[int], first: dt.date, *, without: Collection[int] = ()) -> Loads:
    """How many leads stand on each consultant's list of each day from `first` on; older ones stand on `first`.

    `without`: leads whose duties (occasion calls apart) are left out, for they are about to be planned anew.
    """
    rows = CallTask.objects.open().filter(assignee__in=consultants)
    if without:
        rows = rows.exclude(lead__in=these(without), occasion=None)
    counted = rows.values("assignee_id", day=Greatest("list_day", Value(first))).annotate(
        n=Count("lead_id", distinct=True)
    )
    loads: Loads = {consultant: {} for consultant in consultants}
    for row in counted:
        loads[row["assignee_id"]][row["day"]] = row["n"]
    return loads


def capacities(project: Project, consultants: Collection[int], default: int) -> dict[int, int]:
    """PX-13: conversations a day of each consultant: their own number in this project, or the policy's."""
    own = project.memberships.filter(user__in=consultants, role=Role.CONSULTANT.value, active=True).exclude(
        capacity=None
    )
    found = dict.fromkeys(consultants, default)
    found.update(
        (user_id, number) for user_id, number in own.values_list("user_id", "capacity") if number is not None
    )
    return found

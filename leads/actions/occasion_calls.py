"""Calls owed because of an occasion: greetings of key customers (SC-5.1), milestones by phone (SC-3.1, SC-5.2).

Whoever owns the occasion says which leads and which window; all that follows comes from each lead's history
(`occasion_fates`): who talks to the customer in the window has made the call, a moment that passed is missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from crm.models import Occasion, Project
from crm.models.bulk import write_changed
from leads import facts
from leads.actions import planning
from leads.models import CallTask, Lead

KINDS = {
    Occasion.Kind.FESTIVAL: CallTask.Kind.GREETING,
    Occasion.Kind.MILESTONE: CallTask.Kind.MILESTONE,
}
State = CallTask.State


@transaction.atomic
def plan_calls(
    *,
    occasion: Occasion,
    clause: str,
    lead_ids: Collection[int],
    opens_at: dt.datetime,
    due_at: dt.datetime,
    at: dt.datetime,
) -> int:
    """Owe each of these leads one call because of `occasion`, by `clause` (SC-5.1, SC-5.2, SC-3.1), in [opens, due].

    Run again it moves the window of calls that are open or withdrawn and adds the missing ones; a call that was made
    or missed stays as it is. Returns how many stand open afterwards. At most a thousand leads at a time: their rows are
    locked meanwhile.
    """
    ids = sorted(set(lead_ids))
    leads = Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids, merged_into=None).order_by("pk")
    rows = list(leads)
    frames = facts.frames({lead.project_id for lead in rows}, at)
    known = {task.lead_id: task for task in CallTask.objects.filter(occasion=occasion, lead__in=ids)}
    new, moved = [], []
    for lead in rows:
        task = known.get(lead.pk)
        if task is None:
            task = CallTask(lead=lead, occasion=occasion, created_at=at)
            new.append(task)
        elif task.state in (State.DONE, State.MISSED):
            continue
        else:
            moved.append(task)
        frame = frames[lead.project_id]
        task.kind, task.clause, task.channel = KINDS[Occasion.Kind(occasion.kind)], clause, "phone"
        task.policy_id, task.why = frame.versions[-1].version, {"occasion": occasion.pk}
        task.opens_at, task.due_at, task.list_day = opens_at, due_at, frame.clock.local_day(due_at)
        task.state, task.closed_at = State.OPEN, None
        task.credit_id = task.assignee_id = lead.consultant_id
    CallTask.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    write_changed(
        moved, ("clause", "policy_id", "why", "opens_at", "due_at", "list_day", "state", "closed_at")
    )
    planning.replan([lead.pk for lead in rows], at=at, place_again=True)
    return CallTask.objects.open().filter(occasion=occasion, lead__in=ids).count()


@transaction.atomic
def withdraw_calls(
    *, occasion: Occasion, project: Project, at: dt.datetime, reason: str, keep: Collection[int] = ()
) -> int:
    """Take a project's open calls of an occasion off the lists, but for the leads in `keep`; they stay on record."""
    rows = CallTask.objects.open().filter(occasion=occasion, lead__project=project)
    tasks = list(rows.select_for_update(of=("self",)).order_by("pk"))
    kept = set(keep)
    withdrawn = [task for task in tasks if task.lead_id not in kept]
    for task in withdrawn:
        task.state, task.closed_at = State.SUPERSEDED, at
        task.why = {**task.why, "withdrawn": at.isoformat(), "reason": reason}
    write_changed(withdrawn, ("state", "closed_at", "why"))
    return len(withdrawn)


def close_passed(*, at: dt.datetime, most: int = 5000) -> int:
    """Sweep: calls whose moment has passed are missed. Late or twice it changes nothing. Returns the leads."""
    passed = CallTask.objects.open().filter(occasion__isnull=False, due_at__lte=at)
    ids = list(passed.order_by("due_at").values_list("lead_id", flat=True)[:most])
    planning.replan(ids, at=at)
    return len(set(ids))

"""Short sweeps over stored due moments. Each may run twice, late or after a gap: a notice's key makes it once only.

What they find reaches people as notices behind the bell; they change no duty.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

from django.db.models import Count

from crm.access import colleagues
from crm.actions.notices import Telling, tell
from crm.models import Project
from crm.roles import Role
from leads import facts
from leads.models import CallTask, Lead

PROMISE_LEAD = dt.timedelta(minutes=10)
BEFORE_CLOSING = dt.timedelta(hours=1)
LATEST = dt.timedelta(days=2)


def _managers(project: Project) -> list[int]:
    return list(colleagues(project.pk, Role.SALES_MANAGER).values_list("pk", flat=True))


def sweep_promises(*, project: Project, at: dt.datetime) -> int:
    """Tell who promised a callback ten minutes before it is due, or as soon after as the sweep comes round."""
    rows = CallTask.objects.open().filter(
        lead__project=project,
        kind=CallTask.Kind.PROMISE,
        due_at__lte=at + PROMISE_LEAD,
        due_at__gt=at - LATEST,
        assignee__isnull=False,
    )
    return tell(
        (
            Telling(
                task.assignee_id,
                project.pk,
                "promise_due",
                f"promise:{task.pk}:{task.due_at.isoformat()}",
                {"due": task.due_at.isoformat(), "name": task.lead.customer.name},
                f"/today/{task.pk}/",
            )
            for task in rows.select_related("lead__customer")
            if task.assignee_id is not None
        ),
        at=at,
    )


def sweep_windows(*, project: Project, at: dt.datetime) -> int:
    """SC-8: when a contact window has opened, tell each consultant how many lines wait."""
    frame = facts.frame(project.pk, at)
    today = frame.today(at)
    local = frame.clock.local(at).time()
    opened = [window for window in frame.windows if window[0] <= local < window[1]]
    if not opened:
        return 0
    start = opened[-1][0].strftime("%H:%M")
    rows = (
        CallTask.objects.open()
        .filter(lead__project=project, lead__merged_into=None, list_day__lte=today, assignee__isnull=False)
        .exclude(held_until__gt=at)
        .values("assignee_id")
        .annotate(n=Count("lead_id", distinct=True))
    )
    return tell(
        (
            Telling(
                row["assignee_id"],
                project.pk,
                "window_open",
                f"window:{project.pk}:{today}:{start}",
                {"count": row["n"], "from": start, "until": opened[-1][1].strftime("%H:%M")},
                "/today/",
            )
            for row in rows
        ),
        at=at,
    )


def sweep_same_day(*, project: Project, at: dt.datetime) -> int:
    """Same-day duties not yet reached: the consultant an hour before closing, the manager at closing."""
    frame = facts.frame(project.pk, at)
    rows = list(
        CallTask.objects.same_day_open(project)
        .filter(due_at__lte=at + BEFORE_CLOSING, due_at__gt=at - LATEST)
        .exclude(held_until__gt=at)
        .select_related("lead__customer")
    )
    tellings = [
        Telling(
            task.assignee_id,
            project.pk,
            "same_day_left",
            f"same_day:{task.pk}",
            {"name": task.lead.customer.name, "clause": task.clause},
            f"/today/{task.pk}/",
        )
        for task in rows
        if task.assignee_id is not None and task.due_at > at
    ]
    missed = Counter(frame.clock.local_day(task.due_at) for task in rows if task.due_at <= at)
    tellings += [
        Telling(
            manager,
            project.pk,
            "same_day_missed",
            f"same_day_missed:{project.pk}:{day}",
            {"count": count, "day": day.isoformat()},
            "/leads/?due=overdue",
        )
        for manager in (_managers(project) if missed else [])
        for day, count in missed.items()
    ]
    return tell(tellings, at=at)


def sweep_reviews(*, project: Project, at: dt.datetime) -> int:
    """Grade duties of yesterday and reviews past their day: the consultant, and the manager as escalation."""
    rows = list(
        CallTask.objects.open()
        .filter(
            lead__project=project,
            lead__merged_into=None,
            kind__in=[CallTask.Kind.GRADE, CallTask.Kind.REPAIR],
            due_at__lte=at,
        )
        .select_related("lead__customer")
    )
    managers = _managers(project) if rows else []
    return tell(
        (
            Telling(
                user_id,
                project.pk,
                f"{task.kind}_overdue",
                f"{task.kind}_overdue:{task.pk}",
                {"name": task.lead.customer.name, "clause": task.clause},
                f"/leads/{task.lead_id}/",
            )
            for task in rows
            for user_id in {*managers, *([task.assignee_id] if task.assignee_id else [])}
        ),
        at=at,
    )


def sweep_pool(*, project: Project, at: dt.datetime) -> int:
    """PX-6: leads without a consultant beyond the policy's working days are the manager's."""
    frame = facts.frame(project.pk, at)
    limit = frame.calendar.add_working_days(frame.today(at), -frame.policy.pool_limit_working_days)
    count = (
        Lead.objects.current()
        .filter(
            project=project,
            consultant=None,
            state=Lead.State.LIVE,
            created_at__lt=frame.clock.midnight(limit),
        )
        .count()
    )
    if not count:
        return 0
    today = frame.today(at)
    return tell(
        (
            Telling(
                manager,
                project.pk,
                "pool_waiting",
                f"pool:{project.pk}:{today}",
                {"count": count},
                "/assigning/",
            )
            for manager in _managers(project)
        ),
        at=at,
    )

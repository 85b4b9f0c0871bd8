"""Recomputing what a new policy (SC-13) or a corrected calendar dates otherwise, in slices that may be lost, doubled or
repeated.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from crm.models import AuditEvent, PolicyVersion
from leads.actions import planning
from leads.models import CallTask, Lead

SLICE = 5000
LANES = 2
"""Jobs that work on one project side by side: one for each process of the worker."""


@dataclass(frozen=True, slots=True)
class Step:
    """Leads recomputed by this slice, and leads still to do."""

    done: int
    left: int


def waiting(*, at: dt.datetime) -> QuerySet[PolicyVersion]:
    """Approved versions in force whose leads are not recomputed yet."""
    return PolicyVersion.objects.filter(
        kind="cadence",
        state=PolicyVersion.State.APPROVED,
        effective_from__lte=at,
        replanned_at=None,
        number__gt=1,
    )


def replan_slice(*, version: PolicyVersion, at: dt.datetime, lane: int | None = None) -> Step:
    """Recompute the next leads that were planned before the version came into force. Where it stopped it goes on.

    `lane` takes every LANES-th lead only: jobs of different lanes never wait for each other.
    """
    if version.effective_from is None or version.approved_at is None or version.effective_from > at:
        return Step(0, 0)
    since = max(version.effective_from, version.approved_at)
    behind = Lead.objects.current().filter(project=version.project_id, state=Lead.State.LIVE)
    behind = behind.filter(Q(planned_at__lt=since) | Q(planned_at=None))
    mine = behind if lane is None else behind.alias(lane=F("pk") % LANES).filter(lane=lane)
    done, last = 0, 0
    while done < SLICE and (taken := planning.replan_first(mine.filter(pk__gt=last), at=at)):
        done, last = done + len(taken), taken[-1]
    left = mine.count()
    if not left and not behind.exists():
        PolicyVersion.objects.filter(pk=version.pk, replanned_at=None).update(replanned_at=at)
    return Step(done, left)


#: deeds after which a day may be worked or free otherwise than when a duty was dated
CALENDAR_DEEDS = ("calendar.corrected", "calendar.correction_undone", "calendar.loaded")


def dated_by_another_calendar() -> QuerySet[Lead]:
    """Leads with a duty counted in working days (PX-1, PX-2) that were planned before the calendar last changed."""
    deeds = AuditEvent.objects.filter(target__in=["day", "year"], verb__in=CALENDAR_DEEDS)
    changed = deeds.order_by("-at").values("at")[:1]
    counted = CallTask.objects.open().filter(kind__in=[CallTask.Kind.GRADE, CallTask.Kind.REPAIR])
    rows = Lead.objects.current().filter(state=Lead.State.LIVE, planned_at__lt=Subquery(changed))
    return rows.filter(Exists(counted.filter(clause__in=["PX-1", "PX-2"], lead=OuterRef("pk"))))


def follow_calendar(*, at: dt.datetime) -> Step:
    """Date the working-day duties of the next leads afresh. Planned since, they are not found again."""
    behind = dated_by_another_calendar()
    done = planning.replan(list(behind.order_by("pk").values_list("pk", flat=True)[:SLICE]), at=at)
    return Step(done, behind.count() if done == SLICE else 0)

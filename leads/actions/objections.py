"""Objections and points of interest. Recording an objection alone never slows the calls (SC-2.3b)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from crm.errors import RuleViolation
from crm.models import User
from leads.actions import planning
from leads.actions.history import append, lock_lead
from leads.models import Interest, Lead, Objection
from leads.rules_types import EventKind
from leads.vocabulary import CAUSES


def append_raised(
    lead: Lead,
    causes: Iterable[str],
    *,
    happened_at: dt.datetime,
    by: User | None,
    at: dt.datetime,
    note: str = "",
) -> None:
    """Open an objection for each cause that is not open yet."""
    for cause in causes:
        if cause not in CAUSES:
            raise RuleViolation(_("Choose one of the listed causes."), "SC-2.1", "objections_raised")
        _row, created = Objection.objects.get_or_create(
            lead=lead,
            cause=cause,
            dissolved_at=None,
            defaults={"raised_at": happened_at, "raised_by": by, "note": note},
        )
        if created:
            append(
                lead,
                EventKind.OBJECTION,
                happened_at=happened_at,
                by=by,
                at=at,
                value="raised",
                note=note,
                data={"cause": cause},
            )


def append_dissolved(
    lead: Lead, ids: Iterable[int], *, happened_at: dt.datetime, by: User | None, at: dt.datetime
) -> None:
    """Mark open objections of this lead as dissolved; ids of other leads are ignored."""
    for row in lead.objections.filter(pk__in=list(ids), dissolved_at=None):
        row.dissolved_at, row.dissolved_by = happened_at, by
        row.save(update_fields=["dissolved_at", "dissolved_by"])
        append(
            lead,
            EventKind.OBJECTION,
            happened_at=happened_at,
            by=by,
            at=at,
            value="dissolved",
            data={"cause": row.cause},
        )


@transaction.atomic
def raise_objections(*, lead_id: int, causes: Iterable[str], note: str, by: User, at: dt.datetime) -> Lead:
    """Record objections outside a conversation."""
    lead = lock_lead(lead_id)
    append_raised(lead, causes, happened_at=at, by=by, at=at, note=note)
    planning.replan([lead.pk], at=at)
    return lead


@transaction.atomic
def dissolve_objections(*, lead_id: int, ids: Iterable[int], by: User, at: dt.datetime) -> Lead:
    """Mark objections as dissolved outside a conversation."""
    lead = lock_lead(lead_id)
    append_dissolved(lead, ids, happened_at=at, by=by, at=at)
    planning.replan([lead.pk], at=at)
    return lead


@transaction.atomic
def set_interests(*, lead_id: int, points: Iterable[str], by: User, at: dt.datetime) -> None:
    """Make the lead's points of interest exactly these."""
    lead = lock_lead(lead_id)
    wanted = {point.strip()[:40] for point in points if point.strip()}
    lead.interests.exclude(point__in=wanted).delete()
    Interest.objects.bulk_create(
        [Interest(lead=lead, point=point, noted_at=at, noted_by=by) for point in sorted(wanted)],
        ignore_conflicts=True,
    )

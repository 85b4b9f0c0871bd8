"""Who owns a lead: assigning, reassigning, and handing over what a leaver leaves (PX-4, PX-6, PX-7, PX-15)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from crm.access import colleagues
from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Project, User
from crm.roles import Role
from leads.actions import planning
from leads.actions.spreading import spread_overdue
from leads.models import Lead, LeadEvent
from leads.rules_types import EventKind


@dataclass(frozen=True, slots=True)
class Assigned:
    """How many leads went to whom: user id to number."""

    leads: int
    by_consultant: dict[int, int]


@transaction.atomic
def assign(
    *,
    project: Project,
    lead_ids: Collection[int],
    to: Sequence[User],
    by: User,
    at: dt.datetime,
    reason: str = "",
) -> Assigned:
    """Give leads to one consultant, or evenly to several, A and B first; then plan, and spread what is due.

    Leads of other projects, merged or ended ones are left alone. Safe to repeat: a lead that is already theirs stays.
    """
    if not to:
        raise RuleViolation(_("Choose at least one consultant."), "PX-6", "to")
    allowed = set(colleagues(project.pk, Role.CONSULTANT).values_list("pk", flat=True))
    if strangers := [str(user) for user in to if user.pk not in allowed]:
        raise RuleViolation(
            _("Not a consultant of this project: %(names)s.") % {"names": ", ".join(strangers)}, "PX-6", "to"
        )
    leads = list(
        Lead.objects.select_for_update(of=("self",))
        .filter(pk__in=lead_ids, project=project, merged_into=None)
        .exclude(state__in=[Lead.State.LOST, Lead.State.INVALID])
        .order_by("pk")
    )
    share: Counter[int] = Counter()
    events = []
    for lead in sorted(leads, key=lambda row: (row.grade or "B", row.pk)):
        if lead.consultant_id is not None and lead.consultant_id in {user.pk for user in to}:
            continue
        consultant = min(to, key=lambda user: (share[user.pk], user.pk))
        share[consultant.pk] += 1
        events.append(_assigned_event(lead.pk, str(consultant.pk), reason, by, at))
    LeadEvent.objects.bulk_create(events, batch_size=1000)
    ids = [event.lead_id for event in events]
    planning.replan(ids, at=at)
    spread_overdue(project=project, lead_ids=ids, by=by, at=at)
    audit.record("leads.assigned", by=by, at=at, project=project, leads=len(ids), reason=reason)
    return Assigned(len(ids), dict(share))


@transaction.atomic
def to_pool(*, project: Project, lead_ids: Collection[int], by: User, at: dt.datetime, reason: str) -> int:
    """Take leads back: nobody owns them, the cadence stands still, the manager answers (PX-6)."""
    if not reason.strip():
        raise RuleViolation(
            _("Give the reason for taking the leads back."), "PX-6", "reason", code="reason_needed"
        )
    rows = Lead.objects.select_for_update(of=("self",)).filter(
        pk__in=lead_ids, project=project, merged_into=None, consultant__isnull=False
    )
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    LeadEvent.objects.bulk_create([_assigned_event(pk, "", reason, by, at) for pk in ids], batch_size=1000)
    planning.replan(ids, at=at)
    audit.record("leads.to_pool", by=by, at=at, project=project, leads=len(ids), reason=reason)
    return len(ids)


@transaction.atomic
def hand_over(
    *, project: Project, leaver: User, to: Sequence[User], by: User, at: dt.datetime, reason: str
) -> Assigned:
    """PX-7: everything a leaver owns in the project moves in one transaction, promises and appointments with it."""
    if leaver in to:
        raise RuleViolation(_("Hand over to somebody else."), "PX-7", "to")
    ids = Lead.objects.current().filter(project=project, consultant=leaver).values_list("pk", flat=True)
    return assign(project=project, lead_ids=list(ids), to=to, by=by, at=at, reason=reason or _("Hand-over"))


def _assigned_event(lead_id: int, value: str, reason: str, by: User | None, at: dt.datetime) -> LeadEvent:
    return LeadEvent(
        lead_id=lead_id, kind=EventKind.ASSIGNED, at=at, recorded_at=at, by=by, value=value, note=reason[:500]
    )

"""Who owns a lead: assigning, reassigning, and handing over what a leaver leaves (PX-4, PX-6, PX-7, PX-15)."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import Count, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from crm.access import colleagues
from crm.actions import audit
from crm.errors import RuleViolation
from crm.facts_shifts import absences
from crm.models import Project, User
from crm.roles import Role
from leads import facts
from leads.actions import planning
from leads.models import CallTask, ImportBatch, Lead, LeadEvent
from leads.rules_due import SAME_DAY
from leads.rules_settle import Waiting, spread
from leads.rules_types import EventKind

SPREAD_DAYS = 120


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


@transaction.atomic
def spread_overdue(
    *,
    project: Project,
    lead_ids: Collection[int],
    by: User | None,
    at: dt.datetime,
    batch: ImportBatch | None = None,
) -> int:
    """PX-15: leads that are due anyway are spread, so many a day within capacity, A first; never a heap.

    Same-day duties and promises stay where they are. `batch`: the load that makes it necessary. Returns how many leads
    were given a later day.
    """
    frame = facts.frame(project.pk, at)
    today = frame.today(at)
    rows = (
        CallTask.objects.open()
        .filter(
            lead__in=lead_ids,
            kind=CallTask.Kind.CADENCE,
            due_at__lte=frame.clock.closing(today),
            assignee__isnull=False,
        )
        .exclude(clause__in=SAME_DAY)
        .values_list("lead_id", "assignee_id", "lead__grade", "due_at")
    )
    mine: dict[int, list[Waiting]] = defaultdict(list)
    for lead_id, consultant, grade, moment in rows:
        mine[consultant].append(Waiting(lead_id, grade, moment))
    days = _spread_days(project, mine, frame, today)
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


def _spread_days(
    project: Project, mine: dict[int, list[Waiting]], frame: facts.Frame, today: dt.date
) -> dict[int, dt.date]:
    """A day for each waiting lead: within its consultant's capacity, on a day they work."""
    away = absences(mine.keys(), today, today + dt.timedelta(days=SPREAD_DAYS))
    loads = list_loads(mine.keys(), today)
    room = capacities(project, mine.keys(), frame.policy.capacity_day)
    days: dict[int, dt.date] = {}
    for consultant, waiting in mine.items():
        load, gone = loads[consultant], away[consultant]

        def load_of(day: dt.date, load: dict[dt.date, int] = load) -> int:
            return load.get(day, 0)

        def works(day: dt.date, gone: Collection[dt.date] = gone) -> bool:
            return day not in gone

        # What is being spread stands on the lists already; it must not take its own room.
        load[today] = max(load.get(today, 0) - len(waiting), 0)
        days |= spread(
            waiting,
            load_of,
            replace(frame.policy, capacity_day=room[consultant]),
            today,
            works,
        )
    return days


def list_loads(consultants: Collection[int], first: dt.date) -> dict[int, dict[dt.date, int]]:
    """How many leads stand on each consultant's list of each day from `first` on; older ones stand on `first`."""
    rows = (
        CallTask.objects.open()
        .filter(assignee__in=consultants)
        .values("assignee_id", day=Greatest("list_day", Value(first)))
        .annotate(n=Count("lead_id", distinct=True))
    )
    loads: dict[int, dict[dt.date, int]] = {consultant: {} for consultant in consultants}
    for row in rows:
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

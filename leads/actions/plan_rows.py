"""What is stored of plans: the columns that a plan writes, and the rows of duties that a new plan is compared with."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields

from crm.models.bulk import Differences, rows_of, these
from leads.models import CallTask, Lead
from leads.models.querysets import LeadQuerySet
from leads.models.tasks import OF_THE_CADENCE
from leads.rules_types import Plan

TASK_FIELDS = (
    "state",
    "channel",
    "policy_id",
    "why",
    "opens_at",
    "due_at",
    "credit_id",
    "assignee_id",
    "list_day",
    "moved_reason",
    "held_until",
    "held_reason",
    "gave_way",
    "gave_way_on",
    "tries",
    "next_try_at",
    "first_try_at",
    "excused",
    "closed_at",
    "closed_by_event_id",
)
LEAD_FIELDS = (
    "kind",
    "state",
    "stage",
    "grade",
    "quality",
    "is_key",
    "weekly",
    "end_reason",
    "consultant_id",
    "stand_in_id",
    "quiet_clause",
    "clause",
    "opens_at",
    "due_at",
    "held_until",
    "held_reason",
    "review_clause",
    "review_due_at",
    "rejudge_at",
    "refusals",
    "visits",
    "last_talk_at",
    "last_visit_at",
)
ENDED = ("lead", "kind", "clause", "base_event", "state", "closed_by_event")
Key = tuple[str, str, int]
End = tuple[str, int | None]
"""How a duty that is on record ended: its state, and the event that closed it."""


@dataclass(slots=True, eq=False)
class LightLead:
    """A lead in bulk, on its way into the table by COPY or out of it: what `Lead` is, at a tenth of the cost."""

    id: int
    project_id: int
    household_id: int
    customer_id: int
    batch_id: int | None
    created_at: dt.datetime
    created_by_id: int | None
    heard_via_id: int | None = None
    wanted: str = ""
    budget: str = ""
    # the plan, as `LEAD_FIELDS`
    kind: str = ""
    state: str = ""
    stage: str = ""
    grade: str = ""
    quality: str = ""
    is_key: bool = False
    weekly: bool = False
    end_reason: str = ""
    consultant_id: int | None = None
    stand_in_id: int | None = None
    quiet_clause: str = ""
    clause: str = ""
    opens_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    held_until: dt.datetime | None = None
    held_reason: str = ""
    review_clause: str = ""
    review_due_at: dt.datetime | None = None
    rejudge_at: dt.datetime | None = None
    refusals: int = 0
    visits: int = 0
    last_talk_at: dt.datetime | None = None
    last_visit_at: dt.datetime | None = None
    planned_at: dt.datetime | None = None

    @property
    def pk(self) -> int:
        return self.id


@dataclass(slots=True, eq=False)
class NewTask:
    """A task on its way into the table by COPY, as `LightLead` is."""

    lead_id: int
    kind: str
    clause: str
    base_event_id: int
    created_at: dt.datetime
    opens_at: dt.datetime
    due_at: dt.datetime
    list_day: dt.date
    state: str = ""
    channel: str = ""
    policy_id: int = 0
    why: dict[str, object] = field(default_factory=dict)
    credit_id: int | None = None
    assignee_id: int | None = None
    moved_reason: str = ""
    held_until: dt.datetime | None = None
    held_reason: str = ""
    tries: int = 0
    next_try_at: dt.datetime | None = None
    first_try_at: dt.datetime | None = None
    excused: str = ""
    closed_at: dt.datetime | None = None
    closed_by_event_id: int | None = None


LIGHT_LEAD = tuple(each.name for each in fields(LightLead))
NEW_TASK = tuple(each.name for each in fields(NewTask))
AnyLead = Lead | LightLead
AnyTask = CallTask | NewTask


@dataclass(slots=True)
class Stored:
    """The rows of one lead by the key of their duty: in full what may have to change, of the others only their end."""

    tasks: dict[Key, CallTask] = field(default_factory=dict)
    ends: dict[Key, End] = field(default_factory=dict)


def light(leads: LeadQuerySet) -> list[LightLead]:
    """The leads of a queryset, read without a model for each."""
    return [LightLead(*row) for row in rows_of(leads.values_list(*LIGHT_LEAD))]


def stored_duties(ids: Collection[int], plans: Mapping[int, Plan]) -> tuple[dict[int, Stored], Differences]:
    """What is stored of each lead's duties. Most ended ones stay as they are: of those only the end is read."""
    found: dict[int, Stored] = defaultdict(Stored)
    before = Differences(TASK_FIELDS)
    if not ids:
        return found, before
    # Exactly the duties of the cadence have a base event, and `task_key` holds all that is asked of those that ended.
    rows = CallTask.objects.filter(lead__in=these(ids), base_event__isnull=False).order_by()
    ended = rows.exclude(state=CallTask.State.OPEN)
    for row in rows_of(ended.values_list(*ENDED)):
        found[row[0]].ends[row[1:4]] = row[4:6]  # many and cheap: no names, no second look
    differing = {
        (lead_id, key)
        for lead_id, plan in plans.items()
        for key, end in _ends_of(plan)
        if found[lead_id].ends.get(key, end) != end
    }
    again = ended.filter(lead__in=these({lead_id for lead_id, _key in differing})) if differing else ()
    held = rows.filter(state=CallTask.State.OPEN, kind__in=OF_THE_CADENCE)  # which has an index of its own
    for task in (*held, *again):
        key = task.kind, task.clause, task.base_event_id
        if task.state == CallTask.State.OPEN or (task.lead_id, key) in differing:
            before.note(task)
            found[task.lead_id].tasks[key] = task
    return found, before


def _ends_of(plan: Plan) -> Iterator[tuple[Key, End | None]]:
    """How each duty of a plan ended; None for one that is open."""
    for ended in plan.closed:
        yield ended.duty.key, (ended.state, ended.closed_by)
    for duty in plan.open_duties:
        yield duty.key, None

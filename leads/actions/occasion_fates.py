"""What became of greetings and milestone calls (SC-5), derived from the history at each replan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm.models.bulk import these, write_changed
from leads import rules
from leads.actions.placing import Surroundings, put_on_a_list
from leads.actions.plan_rows import AnyLead
from leads.models import CallTask
from leads.rules_due import Terms
from leads.rules_occasions import OccasionCall, fate_of
from leads.rules_types import History, Plan

FIELDS = (
    "state",
    "closed_at",
    "closed_by_event_id",
    "tries",
    "first_try_at",
    "next_try_at",
    "excused",
    "credit_id",
    "assignee_id",
    "list_day",
    "moved_reason",
)


def settle(
    leads: Sequence[AnyLead],
    plans: Mapping[int, Plan],
    histories: Mapping[int, History],
    around: Surroundings,
) -> None:
    """Bring the occasion calls of these leads up to their histories. The caller holds the leads' row locks.

    A withdrawn call (`why.withdrawn`) stays superseded: a decision, not a consequence of the history.
    """
    of = {lead.pk: lead for lead in leads}
    changed = []
    calls = CallTask.objects.filter(lead__in=these(of), occasion__isnull=False).exclude(
        why__has_key="withdrawn"
    )
    for task in calls:
        before = _stored(task)
        _bring_up(task, of[task.lead_id], plans[task.lead_id], histories[task.lead_id], around)
        if _stored(task) != before:
            changed.append(task)
    write_changed(changed, FIELDS)


def _bring_up(task: CallTask, lead: AnyLead, plan: Plan, history: History, around: Surroundings) -> None:
    frame = around.frames[lead.project_id]
    owner = int(plan.consultant) if plan.consultant else None
    terms = Terms(frame.versions[-1], frame.clock, frame.calendar)
    call = OccasionCall(task.opens_at, task.due_at, task.state)
    fate = fate_of(call, rules.valid_events(history.events), plan, terms, around.at)
    if fate is None:
        return
    reopened = not fate.state and task.state != CallTask.State.OPEN
    task.state = fate.state or CallTask.State.OPEN
    task.closed_at, task.closed_by_event_id = fate.closed_at, fate.closed_by or None
    task.tries, task.first_try_at, task.next_try_at = fate.tries, fate.first_try_at, fate.next_try_at
    task.excused = "pool" if fate.state == CallTask.State.MISSED and owner is None else ""
    if not fate.state and (around.place_again or reopened or task.credit_id != owner):
        put_on_a_list(task, owner, around.of(lead.project_id))


def _stored(task: CallTask) -> tuple[object, ...]:
    return tuple(getattr(task, name) for name in FIELDS)

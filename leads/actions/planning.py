"""Making the stored duties match the plan that the history amounts to. The only writer of tasks and of a lead's plan.

`replan` may be called at any time, twice, or late: it folds the whole history anew and writes only what differs. The
caller holds the lead's row lock when it has just appended to its history; two replans of one lead come one after the
other because `replan` takes the same locks, in order of id.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import cast

from django.db import transaction
from django.db.models import Model

from crm.facts_shifts import absences_with_stand_ins
from crm.models.bulk import Differences, no_collecting, these, write_changed
from crm.models.copying import copy_rows
from leads import facts, rules
from leads.actions import occasion_fates
from leads.actions.placing import Listed, Surroundings, listed, moment_listed, put_on_a_list
from leads.actions.plan_rows import (
    LEAD_FIELDS,
    NEW_TASK,
    AnyLead,
    AnyTask,
    Key,
    LightLead,
    NewTask,
    Stored,
    light,
    stored_duties,
)
from leads.facts_cap import Taken, taken
from leads.models import CallTask, Lead
from leads.models.querysets import LeadQuerySet
from leads.rules_bins import row_of
from leads.rules_settle import is_urgent
from leads.rules_types import ClosedDuty, Duty, DutyKind, History, Plan
from leads.states import Held

CHUNK = 1000
FEW = 50
"""Of so many leads the garbage may be looked for: it costs a request less than to look for it at the end."""
HORIZON = dt.timedelta(days=35)
OPEN = CallTask.State.OPEN.value
BY_MESSAGE = "message"
Frames = dict[int, facts.Frame]


@dataclass(slots=True)
class _Context:
    """What a chunk of leads is planned with, and the rows that come of it."""

    surroundings: Surroundings
    taken: Taken
    insert: list[AnyTask] = field(default_factory=list)
    update: list[AnyTask] = field(default_factory=list)

    @property
    def at(self) -> dt.datetime:
        return self.surroundings.at

    @property
    def frames(self) -> dict[int, facts.Frame]:
        return self.surroundings.frames


def replan(lead_ids: Collection[int], *, at: dt.datetime, place_again: bool = False) -> int:
    """Recompute the plan of these leads. Returns how many leads there were. Ten queries for each thousand.

    `place_again` also looks anew at whose list and which day, where nothing about the duty itself has changed
    (the day's start: rest days, leave and yesterday's lists may have).
    """
    done = 0
    for chunk in _chunks(sorted(set(lead_ids))):
        with no_collecting() if len(chunk) > FEW else nullcontext():
            done += _replan_chunk(chunk, at, place_again)
    return done


def replan_row(
    lead: Lead, *, at: dt.datetime, is_new: bool = False, frame: facts.Frame | None = None
) -> None:
    """Recompute the plan of one lead in hand, which the caller's transaction has just made or has locked and read: it
    is read neither before nor after, and carries its new plan. When it `is_new`, with its whole party, nothing of
    theirs but the history is looked for.
    """
    frames = None if frame is None else {frame.project.pk: frame}
    _replan_locked([lead], facts.histories([lead.pk]), at, frames=frames, is_new=is_new)


def plan_new(
    leads: Collection[LightLead], histories: Mapping[int, History], frame: facts.Frame, *, at: dt.datetime
) -> list[NewTask]:
    """Plan a project's leads that are being registered in bulk, from the history in hand: writes their plan onto the
    rows and returns their tasks. Nothing of theirs is read or stored; that is the caller's.
    """
    plans = {lead.id: _plan(histories[lead.id], frame) for lead in leads}
    frames = {frame.project.pk: frame}
    context = _Context(_surroundings(plans, frames, at), Taken())
    nothing = Stored()
    for lead in leads:
        _settle_lead(lead, plans[lead.id], nothing, context)
        lead.planned_at = at
    return cast(list[NewTask], context.insert)


def plan_known(
    leads: Sequence[Lead], histories: Mapping[int, History], frame: facts.Frame, *, at: dt.datetime
) -> None:
    """As `replan`, for leads whose rows the caller has locked and whose history it has in hand."""
    if leads:
        _replan_locked(leads, histories, at, frames={frame.project.pk: frame})


def outlook(
    frame: facts.Frame, histories: Mapping[int, History], *, at: dt.datetime
) -> Iterator[tuple[int, str, list[tuple[Duty, Listed]]]]:
    """What histories of a project's leads would amount to: (lead, grade, each open duty and where it would stand)."""
    plans = {lead: _plan(history, frame) for lead, history in histories.items()}
    project = frame.project.pk
    place = _surroundings(plans, {project: frame}, at).of(project)
    for lead, plan in plans.items():
        owner = int(plan.consultant) if plan.consultant else None
        duties = [
            (
                duty,
                listed(duty.kind, duty.clause, moment_listed(duty.kind, duty.opens, duty.due), owner, place),
            )
            for duty in plan.open_duties
        ]
        yield lead, plan.grade, duties


def replan_party(lead: Lead, *, at: dt.datetime) -> None:
    """Recompute a lead and its party's leads in other projects: the cap of SC-6 knows no project."""
    ids = Lead.objects.current().filter(household_id=lead.household_id).values_list("pk", flat=True)
    replan(ids, at=at)


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    rows = iter(ids)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


@transaction.atomic(savepoint=False)
def replan_first(rows: LeadQuerySet, *, at: dt.datetime) -> list[int]:
    """Recompute the first leads of a queryset that says which are behind. Returns which those were.

    What another job has recomputed while this one waited for its lock is no longer behind, and not done twice.
    """
    leads = light(rows.select_for_update(of=("self",)).order_by("pk")[:CHUNK])
    with no_collecting():
        _replan_locked(leads, facts.histories([lead.pk for lead in leads]), at)
    return [lead.pk for lead in leads]


@transaction.atomic(savepoint=False)
def _replan_chunk(ids: list[int], at: dt.datetime, place_again: bool) -> int:
    rows = Lead.objects.select_for_update(of=("self",)).filter(pk__in=these(ids), merged_into=None)
    leads = light(rows.order_by("pk"))
    _replan_locked(leads, facts.histories([lead.pk for lead in leads]), at, place_again=place_again)
    return len(leads)


def _replan_locked(
    leads: Sequence[AnyLead],
    histories: Mapping[int, History],
    at: dt.datetime,
    *,
    place_again: bool = False,
    frames: Frames | None = None,
    is_new: bool = False,
) -> None:
    """1. fold the histories; 2. read what of the duties may differ from the plans; 3. write what does."""
    ids = [lead.pk for lead in leads]
    before = Differences(LEAD_FIELDS)
    for lead in leads:
        before.note(lead)
    if frames is None:
        in_hand = [
            lead.project for lead in leads if isinstance(lead, Lead) and "project" in lead._state.fields_cache
        ]
        frames = facts.frames({lead.project_id for lead in leads}, at, known=in_hand)
    plans = _plans(leads, histories, frames)
    surroundings = _surroundings(plans, frames, at, place_again=place_again)
    context = _Context(surroundings, Taken() if is_new else _taken(leads, plans, frames, at))
    stored, tasks_before = stored_duties(() if is_new else ids, plans)
    for lead in leads:
        _settle_lead(lead, plans[lead.pk], stored[lead.pk], context)
    if not is_new:
        occasion_fates.settle(leads, plans, histories, context.surroundings)
    # Rows that leave a state go first, so that one open task a lead and kind holds at every statement.
    for leaves in (True, False):
        left = [task for task in context.update if (task.state != OPEN) is leaves]
        write_changed(*tasks_before.of(cast(list[Model], left)))
    new = cast(list[NewTask], context.insert)
    copy_rows(CallTask, NEW_TASK, map(attrgetter(*NEW_TASK), new))
    _store_leads(leads, before, at)


def _store_leads(leads: Sequence[AnyLead], before: Differences, at: dt.datetime) -> None:
    """What changed of the leads, and that all were planned: one new version of each row."""
    changed, fields = before.of(leads)
    same = {lead.pk for lead in leads} - {lead.pk for lead in changed}
    for lead in leads:
        lead.planned_at = at
    write_changed(changed, [*fields, "planned_at"], Lead)
    if same:
        Lead.objects.filter(pk__in=these(same)).update(planned_at=at)


def _taken(leads: Sequence[AnyLead], plans: Mapping[int, Plan], frames: Frames, at: dt.datetime) -> Taken:
    """What the cap counts of these leads; of messages only where somebody is owed one instead of a call (SC-7)."""
    owed: dict[int, list[int]] = {}
    for lead in leads:
        if any(duty.channel == BY_MESSAGE for duty in plans[lead.pk].open_duties):
            owed.setdefault(lead.project_id, []).append(lead.customer_id)
    return taken([lead.household_id for lead in leads], owed, frames, at)


def _plans(leads: Collection[AnyLead], histories: Mapping[int, History], frames: Frames) -> dict[int, Plan]:
    return {lead.pk: _plan(histories[lead.pk], frames[lead.project_id]) for lead in leads}


def _plan(history: History, frame: facts.Frame) -> Plan:
    return rules.plan(history, frame.versions, frame.clock, frame.calendar)


def _surroundings(
    plans: Mapping[int, Plan], frames: Frames, at: dt.datetime, *, place_again: bool = False
) -> Surroundings:
    owners = {int(plan.consultant) for plan in plans.values() if plan.consultant}
    away = absences_with_stand_ins(owners, at.date() - dt.timedelta(days=1), at.date() + HORIZON)
    return Surroundings(at, place_again, frames, away)


def _settle_lead(lead: AnyLead, plan: Plan, stored: Stored, context: _Context) -> None:
    """Match one lead's rows with its plan: closed ones, open ones, and those the plan no longer knows."""
    known: set[Key] = set()
    for ended in plan.closed:
        key = ended.duty.key
        known.add(key)
        if stored.ends.get(key) != (ended.state, ended.closed_by):
            _store_closed(lead, plan, ended, stored.tasks.get(key), context)
    open_tasks: dict[str, AnyTask] = {}
    for duty in plan.open_duties:
        known.add(duty.key)
        open_tasks[duty.kind] = _store_open(lead, plan, duty, stored.tasks.get(duty.key), context)
    for key, task in stored.tasks.items():
        if key not in known and task.state == OPEN:
            # PX-14: what the plan has forgotten after its moment passed stays on record as missed.
            passed = task.due_at <= context.at
            task.state = CallTask.State.MISSED.value if passed else CallTask.State.SUPERSEDED.value
            task.closed_at = context.at
            context.update.append(task)
    _project(lead, plan, open_tasks, context)


def _why(duty: Duty) -> dict[str, object]:
    """The JSON from which the due moment can be computed again: `rules_due.due_of` reads just this."""
    return {
        "base_event": duty.base_event,
        "base_day": duty.base_day.isoformat(),
        "interval": duty.interval,
        "policy": duty.policy_version,
        "adjustments": [
            {
                "kind": step.kind,
                "event": step.event,
                "day": step.day.isoformat() if step.day else None,
                "number": step.number,
                "at": step.at.isoformat() if step.at else None,
            }
            for step in duty.adjustments
        ],
    }


def _task_for(lead: AnyLead, duty: Duty, task: AnyTask | None, context: _Context) -> AnyTask:
    """The row of a duty with what follows from the duty alone."""
    if task is None:
        task = NewTask(
            lead_id=lead.pk,
            kind=duty.kind,
            clause=duty.clause,
            base_event_id=duty.base_event,
            created_at=context.at,
            opens_at=duty.opens,
            due_at=duty.due,
            list_day=context.frames[lead.project_id].clock.local_day(duty.due),
        )
    task.channel = duty.channel
    task.policy_id = duty.policy_version
    task.why = _why(duty)
    task.opens_at, task.due_at = duty.opens, duty.due
    task.tries, task.next_try_at, task.first_try_at = duty.tries, duty.next_try_at, duty.first_try_at
    return task


def _store_closed(
    lead: AnyLead, plan: Plan, ended: ClosedDuty, task: AnyTask | None, context: _Context
) -> None:
    if task is None and ended.state == CallTask.State.SUPERSEDED.value:
        return
    is_new = task is None
    task = _task_for(lead, ended.duty, task, context)
    task.state = ended.state
    task.closed_at = ended.closed_at
    task.closed_by_event_id = ended.closed_by or None
    task.excused = ended.excuse or task.excused
    if is_new:
        task.credit_id = task.assignee_id = int(plan.consultant) if plan.consultant else None
    (context.insert if is_new else context.update).append(task)


def _store_open(lead: AnyLead, plan: Plan, duty: Duty, task: AnyTask | None, context: _Context) -> AnyTask:
    is_new = task is None
    moved = task is None or task.due_at != duty.due or task.state != OPEN
    task = _task_for(lead, duty, task, context)
    task.state = OPEN
    task.closed_at = task.closed_by_event_id = None
    owner = int(plan.consultant) if plan.consultant else None
    if moved or context.surroundings.place_again or task.credit_id != owner:
        put_on_a_list(task, owner, context.surroundings.of(lead.project_id))
    _hold_by_cap(task, duty, lead, context)
    (context.insert if is_new else context.update).append(task)
    return task


def _hold_by_cap(task: AnyTask, duty: Duty, lead: AnyLead, context: _Context) -> None:
    """SC-6: a call or message waits until the customer has had room; same-day duties and promises up to two talks a
    day pass.
    """
    task.held_until, task.held_reason = None, ""
    if duty.kind not in (DutyKind.CADENCE, DutyKind.PROMISE):
        return
    frame = context.frames[lead.project_id]
    today = frame.today(context.at)
    listed = max(today, task.list_day)
    if duty.channel == BY_MESSAGE:
        free = context.taken.write_from(duty.clause, lead.customer_id, frame, listed)
    else:
        urgent = is_urgent(duty.kind, duty.clause)
        free = context.taken.call_from(lead.household_id, frame, today, listed, urgent)
    if free > listed:
        task.held_until, task.held_reason = frame.clock.midnight(free), Held.CAP


def _project(lead: AnyLead, plan: Plan, tasks: dict[str, AnyTask], context: _Context) -> None:
    """Write the plan's summary onto the lead's row, which lists, bins and counts read."""
    frame = context.frames[lead.project_id]
    row = row_of(plan, frame.clock)
    lead.kind, lead.state, lead.stage = plan.kind, plan.state, _stage(plan)
    lead.grade, lead.quality, lead.is_key, lead.weekly = plan.grade, plan.quality, plan.is_key, plan.weekly
    lead.end_reason = plan.state_reason if plan.state in ("lost", "invalid") else ""
    lead.consultant_id = int(plan.consultant) if plan.consultant else None
    lead.quiet_clause = plan.quiet_clause
    lead.rejudge_at = frame.clock.midnight(plan.rejudge_on) if plan.rejudge_on else None
    lead.refusals, lead.visits = plan.refusals, plan.visits
    lead.last_talk_at, lead.last_visit_at = plan.last_talk_at, plan.last_visit_at
    lead.review_clause, lead.review_due_at = row.review_clause, row.review_due_at
    lead.clause, lead.due_at, lead.opens_at, lead.stand_in_id = "", row.due_at, row.opens_at, None
    lead.held_until, lead.held_reason = row.held_until, row.held_reason
    duty = plan.next_duty
    if duty is None:
        return
    task = tasks[duty.kind]
    lead.clause = duty.clause
    lead.opens_at = max(frame.clock.midnight(task.list_day), duty.opens)
    if task.assignee_id != task.credit_id:
        lead.stand_in_id = task.assignee_id
    if task.held_until is not None:
        lead.held_until, lead.held_reason = task.held_until, task.held_reason
    elif task.moved_reason and task.assignee_id == task.credit_id:
        lead.held_until, lead.held_reason = frame.clock.midnight(task.list_day), task.moved_reason


def _stage(plan: Plan) -> str:
    if plan.state == "closed":
        return Lead.Stage.HANDED_OVER.value
    reached = set(plan.deals.values())
    if reached & {"signed", "paid"}:
        return Lead.Stage.SIGNED.value
    if "subscribed" in reached:
        return Lead.Stage.SUBSCRIBED.value
    return (Lead.Stage.VISITOR if plan.visits else Lead.Stage.CALLER).value

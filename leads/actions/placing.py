"""Whose list a task stands on and on which day (PX-7); for duties of the cadence and occasion calls alike."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from crm.facts_shifts import Absence, who_stands_in
from leads import facts
from leads.models import CallTask
from leads.rules_settle import OWNER, place
from leads.rules_settle import Absence as Away


@dataclass(frozen=True, slots=True)
class Place:
    """One project's part of `Surroundings`."""

    at: dt.datetime
    frame: facts.Frame
    away: dict[int, dict[dt.date, Absence]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tasks are placed by: the moment, the projects' frames, who is away when.

    `place_again` looks anew at tasks about which nothing else has changed (the day's start).
    """

    at: dt.datetime
    place_again: bool
    frames: dict[int, facts.Frame]
    away: dict[int, dict[dt.date, Absence]]

    def of(self, project_id: int) -> Place:
        return Place(self.at, self.frames[project_id], self.away)


def put_on_a_list(task: CallTask, owner: int | None, where: Place) -> None:
    """The owner's list of the due day, unless a rest day or leave is in the way; the credit stays with the owner.

    A data repair stands there from the day it is owed: it is done instead of a call that cannot be made (PX-1).
    """
    away = where.away.get(owner, {}) if owner is not None else {}

    def absence_of(day: dt.date) -> Away | None:
        gone = away.get(day)
        if gone is None or owner is None:
            return None
        return Away(gone.kind, str(who_stands_in(owner, day, where.away) or ""))

    wanted = task.opens_at if task.kind == CallTask.Kind.REPAIR else task.due_at
    due_day, today = where.frame.clock.local_day(wanted), where.frame.today(where.at)
    placement = place(task.kind, task.clause, due_day, today, absence_of, where.frame.policy)
    task.credit_id = owner
    if placement.assignee == OWNER:
        task.assignee_id = owner
    else:
        task.assignee_id = int(placement.assignee) if placement.assignee else None
    # An overdue line has stood on the list since its own day; only a move makes another day of it.
    task.list_day = min(placement.list_day, due_day) if not placement.reason else placement.list_day
    task.moved_reason = placement.reason

"""Whose list a task stands on and on which day (PX-7); for duties of the cadence and occasion calls alike."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import NamedTuple

from crm.facts_shifts import Absence, who_stands_in
from leads import facts
from leads.actions.plan_rows import NewTask
from leads.models import CallTask
from leads.rules_settle import OWNER, place
from leads.rules_settle import Absence as Away


@dataclass(frozen=True, slots=True)
class Place:
    """One project's part of `Surroundings`."""

    today: dt.date
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
    _places: dict[int, Place] = field(default_factory=dict)

    def of(self, project_id: int) -> Place:
        place = self._places.get(project_id)
        if place is None:
            frame = self.frames[project_id]
            place = self._places[project_id] = Place(frame.today(self.at), frame, self.away)
        return place


class Listed(NamedTuple):
    """Whose list a line stands on, on which day, and why it is not the owner's list of the due day."""

    assignee: int | None
    day: dt.date
    reason: str


def moment_listed(kind: str, opens: dt.datetime, due: dt.datetime) -> dt.datetime:
    """The moment whose day a duty stands on a list: its due one. A data repair stands there from the day it is owed: it
    is done instead of a call that cannot be made (PX-1).
    """
    return opens if kind == CallTask.Kind.REPAIR else due


def put_on_a_list(task: CallTask | NewTask, owner: int | None, where: Place) -> None:
    """Write whose list a task stands on; the credit stays with the owner."""
    wanted = moment_listed(task.kind, task.opens_at, task.due_at)
    task.credit_id = owner
    task.assignee_id, task.list_day, task.moved_reason = listed(task.kind, task.clause, wanted, owner, where)


def listed(kind: str, clause: str, due: dt.datetime, owner: int | None, where: Place) -> Listed:
    """The owner's list of the due day, unless a rest day or leave is in the way."""
    due_day, today = where.frame.clock.local_day(due), where.today
    away = where.away.get(owner) if owner is not None else None
    if not away:
        return Listed(owner, due_day, "")

    def absence_of(day: dt.date) -> Away | None:
        gone = away.get(day)
        if gone is None or owner is None:
            return None
        return Away(gone.kind, str(who_stands_in(owner, day, where.away) or ""))

    placement = place(kind, clause, due_day, today, absence_of, where.frame.policy)
    stand_in = int(placement.assignee) if placement.assignee not in ("", OWNER) else None
    assignee = owner if placement.assignee == OWNER else stand_in
    # An overdue line has stood on the list since its own day; only a move makes another day of it.
    day = placement.list_day if placement.reason else min(placement.list_day, due_day)
    return Listed(assignee, day, placement.reason)

"""Before a load writes anything: what it will make owed, and on which day what is due anyway is called (PX-15).

Only the whole register tells who comes first. So each slice is looked at beforehand; then the days are given out, A
first, within everybody's capacity; then the slices are written, each row once, in its final state.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection
from functools import lru_cache
from itertools import count
from typing import Any

from crm.models import Project
from leads import facts
from leads.actions import importing_events as events
from leads.actions import planning
from leads.actions.importing_match import NEW, match
from leads.actions.importing_notes import Answers
from leads.actions.spreading import days_for, is_due_anyway, list_loads
from leads.models import HeardVia, ImportBatch
from leads.registers.kept import Kept
from leads.rules_settle import Waiting

Outlook = dict[str, Any]


@lru_cache(maxsize=5000)
def _text(moment: dt.date) -> str:
    """A day or a moment; thousands of leads share a few."""
    return moment.isoformat()


_moment = lru_cache(maxsize=5000)(dt.datetime.fromisoformat)


def look(batch: ImportBatch, kept: Kept, answers: Answers, *, frame: facts.Frame, at: dt.datetime) -> Outlook:
    """What the leads of a slice will owe, as JSON; reads only.

    "waiting": [key of the lead, consultant, grade, due moment, length of its stored history] of those due anyway;
    "lists": [consultant, day, how many others stand on their list]; "known": leads that the database holds; "sources":
    how they heard of the project.
    """
    found = match(batch, kept, at=at, look_only=True)
    known = list(found.known.values())
    stored = facts.histories(known) if known else {}
    had_owner = events.owned(known)
    own = {entry.lead for entry in found.entries if events.is_new(entry.lead)}
    happened = events.events_of(found.entries, answers, had_owner, own, at)
    histories = events.histories(stored, count(NEW), happened, at)
    closing = frame.clock.closing(frame.today(at))
    waiting: list[list[object]] = []
    lists: Counter[tuple[int, dt.date]] = Counter()
    for lead, grade, duties in planning.outlook(frame, histories, at=at):
        due = [
            (duty, place.assignee)
            for duty, place in duties
            if place.assignee is not None and is_due_anyway(duty.kind, duty.clause, duty.due, closing)
        ]
        for duty, assignee in due:
            length = len(stored[lead].events) if lead in stored else 0
            waiting.append([lead, assignee, grade, _text(duty.due), length])
        if not due:
            lists.update(
                {(place.assignee, place.day) for _duty, place in duties if place.assignee is not None}
            )
    listed = [[consultant, day.isoformat(), number] for (consultant, day), number in lists.items()]
    sources = sorted({entry.row.source for entry in found.entries} - {""})
    return {"waiting": waiting, "lists": listed, "known": known, "sources": sources}


def heard_via(project: Project, names: Collection[str]) -> dict[str, int]:
    """The keys of a project's sources by name; those it has not named yet are made."""
    rows = HeardVia.objects.filter(project=project, name__in=names).order_by()
    found = dict(rows.values_list("name", "pk"))
    if missing := sorted(set(names) - found.keys()):
        made = [HeardVia(project=project, name=name) for name in missing]
        HeardVia.objects.bulk_create(made, ignore_conflicts=True)
        found = dict(rows.values_list("name", "pk"))
    return found


def give_days(batch: ImportBatch, *, at: dt.datetime) -> None:
    """Give out the days by the outlooks of all slices, and keep with each slice those of its leads.

    Sources are made here: two slices that named the same new one would wait for each other to the end.
    """
    slices = list(batch.slices.only("pk", "outlook"))
    heard_via(batch.project, {name for each in slices for name in (each.outlook or {}).get("sources", ())})
    mine: dict[int, list[Waiting]] = defaultdict(list)
    known: list[int] = []
    for each in slices:
        outlook = each.outlook or {}
        known += outlook["known"]
        for lead, consultant, grade, due, _length in outlook["waiting"]:
            mine[consultant].append(Waiting(lead, grade, _moment(due)))
    frame = facts.frame(batch.project_id, at)
    today = frame.today(at)
    loads = list_loads(mine.keys(), today, without=known)
    for each in slices:
        for consultant, day, number in (each.outlook or {})["lists"]:
            if consultant in loads:
                stands = max(dt.date.fromisoformat(day), today)
                loads[consultant][stands] = loads[consultant].get(stands, 0) + number
    days = days_for(frame, mine, loads, today)
    for each in slices:
        waiting = (each.outlook or {})["waiting"]
        each.days = {
            str(lead): (_text(days[lead]), length)
            for lead, _consultant, _grade, _due, length in waiting
            if days[lead] > today
        }
        each.save(update_fields=["days"])

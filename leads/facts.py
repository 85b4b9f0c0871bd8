"""From the tables to the plain data the rules read: always for many leads at once, in a constant number of queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any

from crm.contact_cap import Ledger
from crm.models import CalendarDay, Contact, Project
from crm.models import PolicyVersion as PolicyRow
from crm.models.bulk import rows_of, these
from crm.states import Channel
from crm.workdays import Calendar, Window, windows_of
from leads import policy as policies
from leads.models import LeadEvent
from leads.rules_types import Event, History, PolicyVersion, ProjectClock

EVENT_FIELDS = (
    "id",
    "kind",
    "at",
    "recorded_at",
    "value",
    "due",
    "ref",
    "imported",
    "channel",
    "appointment",
    "lead_id",
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the rules need to know of one project at one moment: its policies in force, clock, calendar, windows."""

    project: Project
    versions: tuple[PolicyVersion, ...]
    clock: ProjectClock
    calendar: Calendar
    windows: tuple[Window, ...]

    @property
    def policy(self) -> policies.Policy:
        """The version in force now."""
        return self.versions[-1].policy

    def today(self, at: dt.datetime) -> dt.date:
        return self.clock.local_day(at)


def calendar() -> Calendar:
    """The working calendar. One query; equal rows are one calendar."""
    return _calendar(tuple(rows_of(CalendarDay.objects.order_by("day").values_list("day", "kind", "name"))))


@lru_cache(maxsize=8)
def _calendar(rows: tuple[tuple[Any, ...], ...]) -> Calendar:
    return Calendar.from_rows(rows)


def frames(project_ids: Iterable[int], at: dt.datetime, *, known: Iterable[Project] = ()) -> dict[int, Frame]:
    """The frames of some projects at `at`. Three queries, whatever their number; two when they are all `known`."""
    wanted = set(project_ids)
    have = {project.pk: project for project in known if project.pk in wanted}
    if len(have) < len(wanted):
        have |= {row.pk: row for row in Project.objects.filter(pk__in=wanted.difference(have))}
    rows = PolicyRow.objects.filter(
        project__in=wanted, kind="cadence", state=PolicyRow.State.APPROVED, effective_from__lte=at
    ).order_by("project_id", "effective_from", "number")
    versions: dict[int, list[PolicyVersion]] = defaultdict(list)
    for pk, project_id, since, values in rows.values_list("pk", "project_id", "effective_from", "values"):
        assert since is not None
        versions[project_id].append(PolicyVersion(since, pk, policies.parse(values)))
    days = calendar()
    return {
        project.pk: Frame(
            project=project,
            versions=tuple(versions[project.pk]),
            clock=ProjectClock.of(project.time_zone, versions[project.pk][-1].policy.closing_time),
            calendar=days,
            windows=windows_of(project.windows),
        )
        for project in have.values()
    }


def frame(project_id: int, at: dt.datetime) -> Frame:
    """The frame of one project."""
    return frames([project_id], at)[project_id]


def policy_in_force(project_id: int, at: dt.datetime) -> PolicyVersion:
    """The newest approved version whose date has come."""
    row = (
        PolicyRow.objects.filter(
            project=project_id, kind="cadence", state=PolicyRow.State.APPROVED, effective_from__lte=at
        )
        .order_by("-effective_from", "-number")
        .first()
    )
    assert row is not None
    assert row.effective_from is not None
    return PolicyVersion(row.effective_from, row.pk, policies.parse(row.values))


def histories(lead_ids: Collection[int]) -> dict[int, History]:
    """The history of each lead, events in order of (at, id). One query."""
    rows = LeadEvent.objects.filter(lead__in=these(lead_ids)).order_by()
    of_lead: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows_of(rows.values_list(*EVENT_FIELDS)):
        of_lead[row[-1]].append(row)
    found, new = dict.fromkeys(lead_ids, History(())), tuple.__new__
    for lead_id, events in of_lead.items():
        # The index gives each lead's in order already: to see that costs less than to have the database sort all.
        events.sort(key=_ORDER)
        found[lead_id] = History(tuple([new(Event, row[:-1]) for row in events]))
    return found


_ORDER = itemgetter(EVENT_FIELDS.index("at"), EVENT_FIELDS.index("id"))


@dataclass(slots=True)
class Had:
    """What one party had from us of late: when it was spoken with, when a number of theirs was dialled."""

    talks: list[dt.datetime] = field(default_factory=list)
    dialled: list[dt.datetime] = field(default_factory=list)

    def in_days(self, clock: ProjectClock, today: dt.date) -> Ledger:
        """The same by a project's days, as the cap of SC-6 reads it."""
        return Ledger(
            conversations=tuple(clock.local_day(at) for at in self.talks),
            tries_today=sum(clock.local_day(at) == today for at in self.dialled),
            tries_on=today,
        )


def had(household_ids: Collection[int], since: dt.datetime) -> dict[int, Had]:
    """What each party had from us since a moment, over every project and purpose (SC-6). One query.

    What the customer began (an incoming call) is no nuisance and does not count.
    """
    rows = Contact.objects.filter(
        customer__household__in=these(household_ids), at__gte=since, direction="out", voided_at=None
    ).values_list("customer__household_id", "at", "effective", "channel")
    found: dict[int, Had] = defaultdict(Had)
    for household_id, at, effective, channel in rows:
        if effective:
            found[household_id].talks.append(at)
        if channel == Channel.PHONE:
            found[household_id].dialled.append(at)
    return found

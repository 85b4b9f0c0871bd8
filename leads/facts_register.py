"""What the desk may know: whether a number is known here and whose it is, who is on duty, where a new entry went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from crm.access import colleagues
from crm.facts_shifts import absences
from crm.models import CustomerPhone, Project, User
from crm.phones import parse
from crm.roles import Role
from leads.models import CallTask, Lead

SHORTEST = 7


@dataclass(frozen=True, slots=True)
class Known:
    """All that is said of a known number: whose lead it is ("" for nobody's) and the last visit. Nothing private."""

    consultant: str
    last_visit: dt.date | None
    last_talk: dt.date | None


@dataclass(frozen=True, slots=True)
class Onwards:
    """Where a registration went: what is due, until when, by whom ("" when nobody owns the lead yet), and until when
    the visitor is to be graded (SC-2.6).
    """

    consultant: str
    clause: str
    due_at: dt.datetime | None
    by: str
    grade_by: dt.datetime | None = None


def known_number(project: Project, typed: str) -> Known | None:
    """Whether the whole of a typed number belongs to a lead of this project (PX-3). Exact matches only."""
    if sum(character.isdecimal() for character in typed) < SHORTEST:
        return None
    identities = [number.identity for number in parse(typed, project.region).numbers]
    if not identities:
        return None
    holders = CustomerPhone.objects.filter(e164__in=identities, live=True)
    lead = (
        Lead.objects.current()
        .filter(project=project, household__in=holders.values("customer__household"))
        .select_related("consultant")
        .first()
    )
    if lead is None:
        return None
    visit, talk = lead.last_visit_at, lead.last_talk_at
    return Known(
        consultant=str(lead.consultant) if lead.consultant else "",
        last_visit=visit.astimezone(project.zone).date() if visit else None,
        last_talk=talk.astimezone(project.zone).date() if talk else None,
    )


def is_whole(project: Project, typed: str) -> bool:
    """Whether what is typed is a whole number already, so that "new" can be said of it."""
    return sum(character.isdecimal() for character in typed) >= SHORTEST and bool(
        parse(typed, project.region).numbers
    )


def consultants_of(project: Project, day: dt.date) -> tuple[list[User], frozenset[int]]:
    """The consultants of a project, and which of them are off on `day` (PX-7)."""
    people = list(colleagues(project.pk, Role.CONSULTANT))
    return people, off_on([person.pk for person in people], day)


def off_on(user_ids: Iterable[int], day: dt.date) -> frozenset[int]:
    """Which of these people are off on `day`. Two queries."""
    away = absences(list(user_ids), day, day)
    return frozenset(pk for pk, days in away.items() if day in days)


def onwards(lead: Lead) -> Onwards:
    """What is due next for a lead just registered, and who is to do it."""
    kinds = [CallTask.Kind.CADENCE, CallTask.Kind.PROMISE, CallTask.Kind.GRADE]
    rows = CallTask.objects.open().filter(lead=lead, kind__in=kinds).select_related("assignee")
    tasks = list(rows.order_by("due_at"))
    task = next((task for task in tasks if task.kind != CallTask.Kind.GRADE), None)
    grade = next((task for task in tasks if task.kind == CallTask.Kind.GRADE), None)
    return Onwards(
        consultant=str(lead.consultant) if lead.consultant else "",
        clause=task.clause if task else lead.quiet_clause,
        due_at=task.due_at if task else None,
        by=str(task.assignee) if task and task.assignee else "",
        grade_by=grade.due_at if grade else None,
    )

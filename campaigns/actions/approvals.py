"""What somebody wrote and somebody else approves (SC-13): who may not, and who is told.

Everybody who wrote on it since it was begun counts as its author, not only who saved it last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.utils.translation import gettext as _

from campaigns.models import Broadcast, Correction, GreetingText, Milestone
from crm.access import colleagues
from crm.actions.notices import Telling, tell, untell
from crm.errors import RuleViolation
from crm.models import User
from crm.roles import Role

APPROVERS = (Role.SALES_MANAGER, Role.SALES_DIRECTOR)
Written = Broadcast | Milestone | Correction | GreetingText


def not_own(row: Written, by: User) -> None:
    """RuleViolation for who has written on it."""
    if by.pk in _authors(row):
        raise RuleViolation(_("Another person approves what you wrote."), "SC-13", code="own_work")


def waits_for_approval(row: Written, title: str, at: dt.datetime) -> None:
    """Those who may approve it are told, its authors not."""
    people = colleagues(_project_of(row), *APPROVERS).exclude(pk__in=_authors(row))
    _tell(row, "to_approve", list(people.values_list("pk", flat=True)), title, at)


def decided(row: Written, at: dt.datetime) -> None:
    """It waits no more: nobody's bell says so any longer."""
    people = colleagues(_project_of(row), *APPROVERS).values_list("pk", flat=True)
    untell(users=people, kind="to_approve", key=_key("to_approve", row), at=at)


def sent_back(row: Written, title: str, why: str, at: dt.datetime) -> None:
    """Its authors are told."""
    decided(row, at)
    _tell(row, "sent_back", _authors(row), title, at, why=why)


def start_missed(row: Broadcast, at: dt.datetime) -> None:
    """Its authors are told, and who may start it after all."""
    people = {*_authors(row)}
    people |= {*colleagues(row.project_id, *APPROVERS).values_list("pk", flat=True)}
    _tell(row, "start_missed", sorted(people), row.title, at)


def _authors(row: Written) -> list[int]:
    if isinstance(row, Correction | GreetingText):
        return [row.prepared_by_id]
    return list(row.writers.values_list("pk", flat=True))


def _project_of(row: Written) -> int:
    return row.milestone.project_id if isinstance(row, Correction) else row.project_id


def _page_of(row: Written) -> str:
    match row:
        case GreetingText():
            return f"/campaigns/greetings/{row.code}/"
        case Correction():
            return f"/campaigns/milestones/{row.milestone_id}/"
    return f"/campaigns/{row._meta.model_name}s/{row.pk}/"


def _key(kind: str, row: Written) -> str:
    return f"{kind}-{row._meta.model_name}-{row.pk}-"


def _tell(
    row: Written, kind: str, people: Collection[int], title: str, at: dt.datetime, why: str = ""
) -> None:
    project, url, key = _project_of(row), _page_of(row), f"{_key(kind, row)}{at:%Y%m%d%H%M%S}"
    said = {"title": title, "why": why, "what": row._meta.model_name}
    tell([Telling(pk, project, kind, key, said, url) for pk in people], at=at)

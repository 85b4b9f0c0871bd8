"""What somebody wrote and somebody else approves (SC-13): who may not, and who is told.

Everybody who wrote on it since it was begun counts as its author, not only who saved it last.
"""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from campaigns.models import Broadcast, Milestone
from crm.access import colleagues
from crm.actions.notices import Telling, tell
from crm.errors import RuleViolation
from crm.models import User
from crm.roles import Role

APPROVERS = (Role.SALES_MANAGER, Role.SALES_DIRECTOR)
Written = Broadcast | Milestone


def not_own(row: Written, by: User) -> None:
    """RuleViolation for who has written on it."""
    if row.writers.filter(pk=by.pk).exists():
        raise RuleViolation(_("Another person approves what you wrote."), "SC-13", code="own_work")


def waits_for_approval(row: Written, title: str, at: dt.datetime) -> None:
    """Those who may approve it are told, its authors not."""
    writers = row.writers.values("pk")
    people = colleagues(row.project_id, *APPROVERS).exclude(pk__in=writers).values_list("pk", flat=True)
    _tell(row, "to_approve", list(people), title, at)


def sent_back(row: Written, title: str, at: dt.datetime) -> None:
    """Its authors are told."""
    _tell(row, "sent_back", list(row.writers.values_list("pk", flat=True)), title, at, why=row.reason)


def start_missed(row: Broadcast, at: dt.datetime) -> None:
    """Its authors are told, and who may start it after all."""
    people = {*row.writers.values_list("pk", flat=True)}
    people |= {*colleagues(row.project_id, *APPROVERS).values_list("pk", flat=True)}
    _tell(row, "start_missed", sorted(people), row.title, at)


def _tell(row: Written, kind: str, people: list[int], title: str, at: dt.datetime, why: str = "") -> None:
    what = row._meta.model_name
    url = f"/campaigns/{what}s/{row.pk}/"
    key = f"{kind}-{what}-{row.pk}-{at:%Y%m%d%H%M%S}"
    tell([Telling(pk, row.project_id, kind, key, {"title": title, "why": why}, url) for pk in people], at=at)

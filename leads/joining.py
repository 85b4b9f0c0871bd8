"""Joining two parties: who may, and which action the form of a merge means (PX-3)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from crm.models import Customer, User
from leads.actions import merging as actions
from leads.gates import may_join, open_lead, user_of
from leads.models import Lead, MergeRecord


def lead_to_join(request: HttpRequest, pk: int) -> Lead:
    """A lead whose whole party the user decides on: 404 when it is invisible, 403 when it may only be looked at."""
    row, user = open_lead(request, pk), user_of(request)
    if not may_join(user, row):
        raise PermissionDenied
    return row


def join(lead: Lead, other: Customer, said: dict[str, Any], *, by: User, at: dt.datetime) -> MergeRecord:
    if said["how"] == "link":
        return actions.link_party(main=lead.customer, other=other, relation=said["relation"], by=by, at=at)
    return actions.merge_customers(winner=lead.customer, loser=other, reason=said["reason"], by=by, at=at)

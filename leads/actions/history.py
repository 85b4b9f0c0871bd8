"""Appending to a lead's history. Every other action writes through here, then asks for the plan to be
recomputed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from django.utils.translation import gettext as _

from crm.errors import RuleViolation
from crm.models import User
from leads.models import Lead, LeadEvent
from leads.models.querysets import LeadQuerySet

OLDEST = dt.timedelta(days=366)
NOTE_LENGTH = 500
FARTHEST_DAYS = 180


def lock_leads(rows: LeadQuerySet) -> dict[int, Lead]:
    """These leads, locked until the transaction ends, in order of id: nobody waits for who waits for them.

    Whoever takes more than leads takes numbers before them (`lock_numbers`) and people after them.
    """
    rows = rows.select_for_update(of=("self",)).select_related("customer", "project").order_by("pk")
    return {lead.pk: lead for lead in rows}


def lock_lead(lead_id: int) -> Lead:
    """The lead, locked until the transaction ends: two people working on it come one after the other.

    Its party's leads in other projects too, for their plans follow (SC-6). Race: the party was joined with another
    meanwhile; then the lead is looked for alone. Or it is gone: the load that brought it was undone.
    """
    party = Lead.objects.filter(pk=lead_id).values("household")
    lead = lock_leads(Lead.objects.filter(household__in=party)).get(lead_id)
    lead = lead or lock_leads(Lead.objects.filter(pk=lead_id)).get(lead_id)
    if lead is None:
        raise RuleViolation(
            _("This lead is gone: the load that brought it was undone."), "PX-15", code="gone"
        )
    if lead.merged_into_id is not None:
        raise RuleViolation(_("This lead was merged into another; open that one."), "PX-3", code="merged")
    return lead


def event_of(
    lead: Lead,
    kind: str,
    *,
    happened_at: dt.datetime,
    by: User | None,
    at: dt.datetime,
    value: str = "",
    **fields: Any,
) -> LeadEvent:
    """One event, not stored yet: `happened_at` is when it took place, `at` when it is entered."""
    if len(fields.get("note", "")) > NOTE_LENGTH:
        raise RuleViolation(
            _("At most %(most)d characters.") % {"most": NOTE_LENGTH}, field="note", code="too_long"
        )
    return LeadEvent(lead=lead, kind=kind, at=happened_at, recorded_at=at, by=by, value=value, **fields)


def append(lead: Lead, kind: str, **fields: Any) -> LeadEvent:
    """Append one event, told as for `event_of`."""
    event = event_of(lead, kind, **fields)
    event.save(force_insert=True)
    return event


def append_all(events: Sequence[LeadEvent]) -> None:
    """Append several events of `event_of` in their order, by one statement."""
    LeadEvent.objects.bulk_create(events)


def check_happened(happened_at: dt.datetime, at: dt.datetime, field: str) -> None:
    """What is registered has happened, and not long ago: older records are loaded as history (PX-15). Two minutes of
    grace for a clock that runs ahead.
    """
    if happened_at < at - OLDEST:
        raise RuleViolation(
            _("This lies more than a year back. Load old records as a register instead."),
            "PX-15",
            field,
            code="too_old",
        )
    if happened_at > at + dt.timedelta(minutes=2):
        raise RuleViolation(
            _("This moment lies in the future. Enter when it happened."), field=field, code="future"
        )


def check_ahead(
    moment: dt.datetime | None, *, after: dt.datetime, days: int, field: str, confirm: Collection[str]
) -> None:
    """A promise or appointment lies ahead; beyond the policy's days it asks, beyond half a year it is
    refused.
    """
    if moment is None:
        return
    if moment <= after:
        raise RuleViolation(
            _("This moment has passed. Enter one that lies ahead."), "PX-1", field, code="past"
        )
    ahead = (moment - after).days
    if ahead > FARTHEST_DAYS:
        raise RuleViolation(_("At most half a year ahead."), "PX-1", field, code="too_far")
    if ahead > days and f"long_{field}" not in confirm:
        raise RuleViolation(
            _("Nobody calls for more than %(days)d days then. Confirm that the customer wishes it.")
            % {"days": days},
            "PX-1",
            field,
            code="ask",
            confirm=f"long_{field}",
        )

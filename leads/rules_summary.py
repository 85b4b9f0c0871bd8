"""What the screens ask of a finished plan: why nobody calls, what it waits for, what to suggest. Pure."""

from __future__ import annotations

from datetime import timedelta

from leads.rules_due import Terms
from leads.rules_regular import quiet_clause
from leads.rules_types import Adjust, Plan


def sum_up(lead: Plan, terms: Terms) -> None:
    """What the screens ask of a plan: why nobody calls, what it waits for, what to suggest."""
    if terms.superseded:
        _forget_resumed(lead)
    cadence = lead.cadence
    if cadence is None and lead.state == "live" and lead.phase != "new":
        lead.quiet_clause = quiet_clause(lead)
        if lead.quiet_clause in ("SC-1.4", "SC-2.5"):
            talked = [day for day in (lead.judged_day, lead.last_talk_day, lead.last_visit_day) if day]
            lead.rejudge_on = max(talked) + timedelta(days=terms.policy.rejudge_days) if talked else None
    elif cadence is not None:
        for step in cadence.adjustments:
            if step.kind in (Adjust.PROMISE, Adjust.APPOINTMENT):
                lead.hold, lead.held_until = step.kind, step.day
    if lead.refusals >= terms.policy.refusals_suggest_fewer and lead.preference == "welcome":
        lead.suggestions = ("fewer",)


def _forget_resumed(lead: Plan) -> None:
    """A superseded duty that came back is the same duty: only its last end stays on record."""
    seen = {duty.key for duty in (lead.cadence, lead.upcoming, *lead.open_duties) if duty is not None}
    kept = []
    for past in reversed(lead.closed):
        if past.state != "superseded" or past.duty.key not in seen:
            kept.append(past)
            seen.add(past.duty.key)
    lead.closed = kept[::-1]

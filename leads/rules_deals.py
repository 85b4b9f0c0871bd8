"""PX-9: where a lead's deals stand. Pure; what a step makes owed is said in ``leads.rules``."""

from __future__ import annotations

from enum import StrEnum

from leads.policy import Policy
from leads.rules_types import DealStage, Event, Plan

_RANK = {
    DealStage.REGISTERED: 0,
    DealStage.SUBSCRIBED: 1,
    DealStage.SIGNED: 2,
    DealStage.PAID: 3,
    DealStage.HANDED_OVER: 4,
}
_UNDOING = frozenset({DealStage.REFUNDED, DealStage.FORFEITED, DealStage.CANCELLED})


class Turn(StrEnum):
    """What a step of a deal means for the cadence."""

    NOTHING = ""
    CLOSING = "closing"  # a deal reached the closing step (SC-4.1)
    UNDONE = "undone"  # the last running deal fell through (PX-9)
    HANDED_OVER = "handed_over"  # the last running deal was handed over (SC-4.2)


def note_deal(lead: Plan, e: Event, policy: Policy) -> Turn:
    """Keep the step of deal ``e.ref``; a step entered after a later one changes nothing."""
    deal = e.ref or 0
    before = lead.deals.get(deal)
    if e.value in _UNDOING:
        if before is None:
            return Turn.NOTHING
        del lead.deals[deal]
        return Turn.UNDONE if lead.phase == "buyer" and not running(lead, policy) else Turn.NOTHING
    stage = DealStage(e.value)
    if before is not None and _RANK[stage] <= _RANK[DealStage(before)]:
        return Turn.NOTHING
    lead.deals[deal] = stage
    if stage == DealStage.HANDED_OVER:
        return Turn.NOTHING if running(lead, policy) else Turn.HANDED_OVER
    if not _closed(stage, policy):
        return Turn.NOTHING
    known = before is not None and _closed(before, policy) and lead.phase == "buyer" and lead.state == "live"
    return Turn.NOTHING if known else Turn.CLOSING


def running(lead: Plan, policy: Policy) -> bool:
    """Whether a closed deal has not been handed over yet."""
    return any(_closed(stage, policy) and stage != DealStage.HANDED_OVER for stage in lead.deals.values())


def _closed(stage: str, policy: Policy) -> bool:
    return _RANK[DealStage(stage)] >= _RANK[DealStage(policy.closing_step)]

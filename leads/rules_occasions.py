"""Calls owed because of an occasion (SC-5.1 greetings, SC-5.2 milestones), beside the cadence. Pure.

What became of one is derived from the lead's history like everything else: nothing is ticked off by hand. One call
to the customer answers the occasion and whatever else is owed (SC-2.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from crm.states import EFFECTIVE, MESSAGE_CHANNELS, UNANSWERED
from leads.rules_due import Terms
from leads.rules_tries import next_try, slot_of
from leads.rules_types import DutyState, Event, Plan


class Fate(NamedTuple):
    """What became of an occasion call; ``state`` "" while it is open. ``closed_by`` 0 when no event closed it."""

    state: str
    closed_at: datetime | None = None
    closed_by: int = 0
    tries: int = 0
    first_try_at: datetime | None = None
    next_try_at: datetime | None = None


class OccasionCall(NamedTuple):
    """A stored occasion call: its window and the state it is in (open, done, missed, superseded)."""

    opens: datetime
    due: datetime
    state: str = "open"


def fate_of(
    call: OccasionCall, events: Sequence[Event], plan: Plan, terms: Terms, at: datetime
) -> Fate | None:
    """Done by the first conversation or visit in [opens, due]; otherwise missed once its moment has passed.

    A day too late a greeting is none: a talk after ``due`` closes nothing. Who must not be called (do not contact,
    messages only), whose lead has ended as lost or invalid, or whose only number is wrong (PX-1: nothing to dial until
    it is put right) is owed no call any more. None: what ended before its
    moment passed, or by it, stays as it is whatever is edited later (PX-14).
    """
    opens, due = call.opens, call.due
    tries: list[datetime] = []
    for event in events:
        if not opens <= event.at <= due:
            continue
        if _answers(event):
            return Fate(DutyState.DONE, event.at, event.id, len(tries), tries[0] if tries else event.at)
        if event.kind == "contact" and event.value in UNANSWERED and event.channel not in MESSAGE_CHANNELS:
            tries.append(event.at)
    first = tries[0] if tries else None
    if at >= due and call.state in (DutyState.MISSED, DutyState.SUPERSEDED):
        return None
    if _nobody_to_call(plan):
        return (
            None
            if call.state == DutyState.SUPERSEDED
            else Fate(DutyState.SUPERSEDED, at, 0, len(tries), first)
        )
    if at >= due:
        return Fate(DutyState.MISSED, due, 0, len(tries), first)
    return Fate("", None, 0, len(tries), first, _next_try(tries, due, terms))


def _nobody_to_call(plan: Plan) -> bool:
    return (
        plan.state in ("lost", "invalid")
        or plan.preference in ("do_not_contact", "messages_only")
        or plan.repair is not None
    )


def _answers(event: Event) -> bool:
    """A conversation over any channel, the customer's own call that was taken, or a visit."""
    if event.kind == "contact":
        return event.value in EFFECTIVE
    return event.kind == "visit" or (event.kind == "call_in" and event.value == "talked")


def _next_try(tries: list[datetime], due: datetime, terms: Terms) -> datetime | None:
    """PX-2: another slot; the evening one at the latest while the occasion lasts."""
    if not tries:
        return None
    local = [terms.clock.local(moment) for moment in tries]
    noted = tuple((moment.date(), slot_of(moment.time(), terms.policy)) for moment in local)
    return min(next_try(noted, local[-1], True, terms), due)

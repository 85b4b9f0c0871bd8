"""PX-2: tries that nobody answered. Pure."""

from __future__ import annotations

from datetime import date, datetime, time

from leads.policy import Policy
from leads.rules_due import ONE_DAY, SAME_DAY, Terms
from leads.rules_types import Duty, Event, Plan

SLOTS = (0, 1, 2)


def slot_of(moment: time, policy: Policy) -> int:
    """0 morning, 1 afternoon, 2 evening."""
    return 0 if moment < policy.afternoon_from else 1 if moment < policy.evening_from else 2


def note_try(lead: Plan, e: Event, terms: Terms) -> bool:
    """Count a try towards every duty whose window is open; False when none is.

    The duty stays as it is due; it learns when it is to be tried next.
    """
    local = terms.clock.local(e.at)
    cadence, upcoming, promise = lead.cadence, lead.upcoming, lead.promise
    tried = [duty is not None and duty.opens <= e.at for duty in (cadence, upcoming, promise)]
    if not any(tried):
        return False
    lead.tries = (*lead.tries, (local.date(), slot_of(local.time(), terms.policy)))
    if cadence is not None and tried[0]:
        lead.cadence = _tried(cadence, lead, e, local, terms)
    if upcoming is not None and tried[1]:
        lead.upcoming = _tried(upcoming, lead, e, local, terms)
    if promise is not None and tried[2]:
        lead.promise = _tried(promise, lead, e, local, terms)
    return True


def given_up(tries: tuple[tuple[date, int], ...], terms: Terms) -> bool:
    """Six tries over at least three slots and two weekdays (defaults); a slot after closing is not asked for."""
    policy = terms.policy
    return (
        len(tries) >= policy.tries_before_review
        and len({slot for _, slot in tries}) >= min(policy.tries_slots, len(_open_slots(terms)))
        and len({day.weekday() for day, _ in tries}) >= policy.tries_weekdays
    )


def _open_slots(terms: Terms) -> list[int]:
    """The slots whose tries lie before closing."""
    begins = (terms.policy.morning_try, terms.policy.afternoon_try, terms.policy.evening_try)
    return [slot for slot in SLOTS if begins[slot] < terms.clock.closes]


def next_try(
    tries: tuple[tuple[date, int], ...], local: datetime, keep_today: bool, terms: Terms
) -> datetime:
    """When to try again: another slot of today, then the least tried slot of tomorrow.

    A same-day duty (``keep_today``) uses every slot left before closing, others two tries a day (default).
    """
    policy, clock = terms.policy, terms.clock
    today = local.date()
    begins = (policy.morning_try, policy.afternoon_try, policy.evening_try)
    counts, used = [0, 0, 0], []
    for day, slot in tries:
        counts[slot] += 1
        if day == today:
            used.append(slot)
    if keep_today or len(used) < policy.same_day_tries:
        now, closes = local.time(), clock.closes
        for slot in SLOTS:
            if slot not in used and now < begins[slot] < closes:
                return clock.moment(today, begins[slot])
    least = min(_open_slots(terms), key=lambda slot: (counts[slot], slot))
    return clock.moment(today + ONE_DAY, begins[least])


def _tried(duty: Duty, lead: Plan, e: Event, local: datetime, terms: Terms) -> Duty:
    keep_today = duty.clause in SAME_DAY and duty.due >= e.at
    return duty._replace(
        tries=duty.tries + 1,
        first_try_at=duty.first_try_at or e.at,
        next_try_at=next_try(lead.tries, local, keep_today, terms),
    )

"""Who is away on which day, for any number of users in two queries (PX-7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

from crm.models import ShiftDay, WeeklyRest


class Absence(NamedTuple):
    """One day on which a person does not work: `kind` is "rest" or "leave" (crm.models.ShiftDay.Kind)."""

    kind: str
    stand_in_id: int | None


def absences_with_stand_ins(
    user_ids: Collection[int], first: dt.date, last: dt.date
) -> dict[int, dict[dt.date, Absence]]:
    """The same, and for whoever stands in for them as well, and for theirs: two queries for each link of the chain."""
    found: dict[int, dict[dt.date, Absence]] = {}
    wanted = set(user_ids)
    while wanted:
        found |= absences(wanted, first, last)
        named = {gone.stand_in_id for user in wanted for gone in found[user].values()}
        wanted = {user for user in named if user is not None and user not in found}
    return found


def who_stands_in(user_id: int, day: dt.date, away: dict[int, dict[dt.date, Absence]]) -> int | None:
    """Who works in place of somebody away that day; a stand-in who rests too has one of their own. None: nobody."""
    asked: set[int] = set()
    while user_id not in asked:
        asked.add(user_id)
        gone = away.get(user_id, {}).get(day)
        if gone is None:
            return user_id
        if gone.stand_in_id is None:
            return None
        user_id = gone.stand_in_id
    return None


def absences(user_ids: Collection[int], first: dt.date, last: dt.date) -> dict[int, dict[dt.date, Absence]]:
    """Each user's days away from `first` to `last`, both included; an empty dict for who is always there.

    A dated row is the whole answer for its day: worked after all, or away with the stand-in it names, or with
    nobody. Only days without one follow the weekly rest.
    """
    found: dict[int, dict[dt.date, Absence]] = {user_id: {} for user_id in user_ids}
    weekly = WeeklyRest.objects.filter(user__in=user_ids).values_list("user_id", "weekday", "stand_in_id")
    for user_id, weekday, stand_in_id in weekly:
        day = first + dt.timedelta(days=(weekday - first.weekday()) % 7)
        while day <= last:
            found[user_id][day] = Absence(ShiftDay.Kind.REST.value, stand_in_id)
            day += dt.timedelta(days=7)
    dated = ShiftDay.objects.filter(user__in=user_ids, day__gte=first, day__lte=last)
    for user_id, day, kind, stand_in_id in dated.values_list("user_id", "day", "kind", "stand_in_id"):
        found[user_id].pop(day, None)
        if kind != ShiftDay.Kind.WORK:
            found[user_id][day] = Absence(kind, stand_in_id)
    return found

"""Writing the shift calendar: weekly rest days, dated rest and leave, and who stands in (PX-7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _

from crm.access import colleagues
from crm.actions import audit
from crm.errors import RuleViolation
from crm.facts_shifts import absences
from crm.models import Project, ShiftDay, User, WeeklyRest
from crm.roles import Role

STAND_INS = (Role.CONSULTANT, Role.SALES_MANAGER)
LONGEST = 92
"""Days that one entry may cover; a longer leave is a second entry."""
AHEAD = dt.timedelta(days=366)


def _names(users: Iterable[User]) -> str:
    return ", ".join(sorted({str(user) for user in users}))


def _days(days: Iterable[dt.date]) -> str:
    return ", ".join(formats.date_format(day, "SHORT_DATE_FORMAT") for day in sorted(days))


def _check_stand_in(user: User, stand_in: User | None, project: Project) -> None:
    if stand_in is None:
        return
    if stand_in.pk == user.pk:
        raise RuleViolation(_("Somebody else must stand in."), "PX-7", "stand_in")
    if not colleagues(project.pk, *STAND_INS).filter(pk=stand_in.pk).exists():
        raise RuleViolation(
            _("Only a consultant or manager of this project can stand in."), "PX-7", "stand_in"
        )


@transaction.atomic
def set_weekly_rest(
    *, user: User, rests: Mapping[int, User | None], project: Project, by: User, at: dt.datetime
) -> None:
    """Replace somebody's weekly rest days: weekday (0 Monday) to who stands in, or None for nobody."""
    if len(rests) > 6:
        raise RuleViolation(_("Nobody rests on all seven days."), "PX-7")
    resting = set(
        WeeklyRest.objects.filter(user__in=[u.pk for u in rests.values() if u]).values_list(
            "user_id", "weekday"
        )
    )
    for weekday, stand_in in rests.items():
        _check_stand_in(user, stand_in, project)
        if stand_in is not None and (stand_in.pk, weekday) in resting:
            raise RuleViolation(
                _("%(name)s rests on the same day. Choose somebody else.") % {"name": stand_in},
                "PX-7",
                f"day_{weekday}",
            )
    WeeklyRest.objects.filter(user=user).exclude(weekday__in=list(rests)).delete()
    for weekday, stand_in in rests.items():
        WeeklyRest.objects.update_or_create(user=user, weekday=weekday, defaults={"stand_in": stand_in})
    # Whoever used to stand in for others on these weekdays now rests on them.
    WeeklyRest.objects.filter(stand_in=user, weekday__in=list(rests)).update(stand_in=None)
    audit.record(
        "shifts.weekly_rest",
        by=by,
        at=at,
        project=project,
        target="user",
        target_id=user.pk,
        rests={str(day): stand_in.pk if stand_in else None for day, stand_in in rests.items()},
    )


@transaction.atomic
def set_days(
    *,
    user: User,
    first: dt.date,
    last: dt.date,
    kind: str,
    stand_in: User | None,
    project: Project,
    by: User,
    at: dt.datetime,
    confirmed: bool = False,
) -> list[str]:
    """Enter rest, leave or "works after all" for each day from `first` to `last`; kind "" follows the week again.

    Returns the names of colleagues for whom nobody stands in any more because of it; unless `confirmed`, that
    is refused.
    """
    _check_range(first, last, at)
    if kind == ShiftDay.Kind.LEAVE and user.pk == by.pk:
        raise RuleViolation(_("Somebody else approves your leave: ask the director."), "PX-7", "kind")
    away = kind in (ShiftDay.Kind.REST, ShiftDay.Kind.LEAVE)
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    if away:
        _check_stand_in(user, stand_in, project)
        _refuse_absent(stand_in, first, last)
    uncovered = _uncovered(user, days) if away else []
    _take_off(user, uncovered, by, confirmed=confirmed)
    _store(user, days, kind, stand_in if away else None, by)
    audit.record(
        "shifts.days",
        by=by,
        at=at,
        project=project,
        target="user",
        target_id=user.pk,
        kind=kind,
        first=first.isoformat(),
        last=last.isoformat(),
        stand_in=stand_in.pk if stand_in and away else None,
    )
    return sorted({str(row.user) for row in uncovered})


def _check_range(first: dt.date, last: dt.date, at: dt.datetime) -> None:
    if last < first:
        raise RuleViolation(_("The last day is before the first."), "PX-7", "last")
    if (last - first).days >= LONGEST:
        raise RuleViolation(
            _("Enter at most %(days)s days at once.") % {"days": LONGEST}, "PX-7", "last", code="too_long"
        )
    if last > at.date() + AHEAD:
        raise RuleViolation(_("Enter at most a year ahead."), "PX-7", "last")


def _refuse_absent(stand_in: User | None, first: dt.date, last: dt.date) -> None:
    """A stand-in who is away on one of the days is nobody."""
    if stand_in is None:
        return
    away = absences([stand_in.pk], first, last)[stand_in.pk]
    if away:
        raise RuleViolation(
            _("%(name)s is away too: %(days)s. Choose somebody else, or enter these days apart.")
            % {"name": stand_in, "days": _days(away)},
            "PX-7",
            "stand_in",
        )


def _uncovered(user: User, days: list[dt.date]) -> list[ShiftDay]:
    """The days of colleagues on which `user` was to stand in, as rows (those of the weekly rest not stored yet)."""
    dated = list(ShiftDay.objects.filter(stand_in=user, day__in=days).select_related("user"))
    weekly = list(WeeklyRest.objects.filter(stand_in=user).select_related("user"))
    own_rows = set(
        ShiftDay.objects.filter(user__in=[row.user_id for row in weekly], day__in=days).values_list(
            "user_id", "day"
        )
    )
    return dated + [
        ShiftDay(user=row.user, day=day, kind=ShiftDay.Kind.REST)
        for row in weekly
        for day in days
        if day.weekday() == row.weekday and (row.user_id, day) not in own_rows
    ]


def _take_off(user: User, uncovered: list[ShiftDay], by: User, *, confirmed: bool) -> None:
    """Leave the colleagues' days without a stand-in, or refuse to until that is confirmed."""
    if uncovered and not confirmed:
        raise RuleViolation(
            _(
                "%(name)s stands in for %(others)s then. Choose another stand-in for them, or go on without one."
            )
            % {"name": user, "others": _names(row.user for row in uncovered)},
            "PX-7",
            "user",
            code="stands_in",
            confirm="without_stand_in",
        )
    for row in uncovered:
        ShiftDay.objects.update_or_create(
            user=row.user, day=row.day, defaults={"kind": row.kind, "stand_in": None, "approved_by": by}
        )


def _store(user: User, days: list[dt.date], kind: str, stand_in: User | None, by: User) -> None:
    ShiftDay.objects.filter(user=user, day__in=days).delete()
    if not kind:
        return
    ShiftDay.objects.bulk_create(
        [ShiftDay(user=user, day=day, kind=kind, stand_in=stand_in, approved_by=by) for day in days]
    )

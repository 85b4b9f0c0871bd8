"""The table of festivals and greetings as the screens and the yearly run read it (SC-5.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from campaigns.models import FestivalDay, GreetingText
from campaigns.rules_greetings import STANDARD, TOGETHER, greeting_body
from crm.models import Project, User


@dataclass(frozen=True, slots=True)
class Row:
    """One festival of the table; `names` holds all that are said on its day, "" `body` when nobody is greeted."""

    festival: FestivalDay
    names: tuple[str, ...]
    body: str
    own: bool
    waits: GreetingText | None

    @property
    def leads(self) -> bool:
        """Whether a greeting goes out on this day: it is on and not said with another."""
        return self.festival.on and self.festival.said_with_id is None


def own_texts(project: Project | None) -> tuple[dict[str, str], dict[str, GreetingText]]:
    """A project's approved texts by festival, and those that wait for approval. One query."""
    approved: dict[str, str] = {}
    waiting: dict[str, GreetingText] = {}
    states = (GreetingText.State.APPROVED, GreetingText.State.PROPOSED)
    for row in GreetingText.objects.filter(project=project, state__in=states).select_related("prepared_by"):
        if row.state == GreetingText.State.APPROVED:
            approved[row.code] = row.body
        else:
            waiting[row.code] = row
    return approved, waiting


def table(year: int, project: Project | None) -> list[Row]:
    """The festivals of a year in order of days, with what the project says on each. Two queries."""
    festivals = list(
        FestivalDay.objects.filter(day__year=year).select_related("said_with", "reviewed_by", "corrected_by")
    )
    approved, waiting = own_texts(project)
    with_leader: dict[int, list[str]] = {}
    for row in festivals:
        if row.on:
            with_leader.setdefault(row.said_with_id or row.pk, []).append(row.name)
    return [_row(row, tuple(with_leader.get(row.pk, ())), approved, waiting) for row in festivals]


def reviews_of(rows: Iterable[Row]) -> list[tuple[User, dt.datetime]]:
    """Who signed the days of a table, and when last; the latest first."""
    signed: dict[User, dt.datetime] = {}
    for row in rows:
        by, at = row.festival.reviewed_by, row.festival.reviewed_at
        if by is not None and at is not None:
            signed[by] = max(at, signed.get(by, at))
    return sorted(signed.items(), key=lambda each: each[1], reverse=True)


def _row(
    festival: FestivalDay,
    names: tuple[str, ...],
    approved: Mapping[str, str],
    waiting: Mapping[str, GreetingText],
) -> Row:
    code = text_code(festival.code, names)
    leads = festival.on and festival.said_with_id is None
    return Row(
        festival,
        names,
        greeting_body(festival.code, names, approved) if leads else "",
        code in approved,
        waiting.get(code),
    )


def text_code(code: str, names: tuple[str, ...]) -> str:
    """Under which code the text for a day is kept: the festival's, or the one for several together."""
    return TOGETHER if len(names) > 1 else code


def coming(*, today: dt.date, days: int) -> list[FestivalDay]:
    """The festivals whose greeting goes out within so many days: on, and not said with another."""
    last = today + dt.timedelta(days=days)
    rows = FestivalDay.objects.filter(day__gte=today, day__lte=last, on=True, said_with=None)
    return list(rows.select_related("occasion").prefetch_related("includes"))


def text_names() -> dict[str, str]:
    """Every text a project may write: code to the festival's name."""
    names = dict(FestivalDay.objects.order_by("code").values_list("code", "name").distinct())
    return {code: names.get(code, code) for code in STANDARD}


def next_festival(*, after: dt.date) -> list[dt.date]:
    """The day of the next greeting, which whatever ranks below it leaves room for (SC-6); none when none is known."""
    rows = FestivalDay.objects.filter(on=True, said_with=None, day__gt=after).order_by("day")
    return list(rows.values_list("day", flat=True)[:1])

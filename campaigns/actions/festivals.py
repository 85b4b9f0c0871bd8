"""Writing the table of festivals (SC-5.1): computed, corrected, reviewed; and the greetings of a project."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns.actions import approvals
from campaigns.facts_festivals import text_names
from campaigns.models import FestivalDay, GreetingText
from campaigns.rules_festivals import Greeted, said_with
from campaigns.rules_greetings import STANDARD, GreetingRefused, check_greeting
from crm.actions import audit
from crm.actions.occasions import place_festival
from crm.compose import TextRefused
from crm.errors import RuleViolation
from crm.festivals import festivals_of
from crm.models import CalendarDay, Project, User

FARTHEST = dt.timedelta(days=31)
"""How far a correction may move a festival from its computed day: a calendar error is a month at the worst."""


@transaction.atomic
def fill(*, years: Iterable[int], at: dt.datetime, by: User | None = None) -> int:
    """Store the festivals of these years that are missing, unreviewed. Safe to repeat; returns how many are new."""
    wanted = sorted(set(years))
    known = set(FestivalDay.objects.filter(computed_day__year__in=wanted).values_list("code", "computed_day"))
    new = [
        FestivalDay(
            code=festival.code,
            name=festival.name.zh,
            name_en=festival.name.en,
            computed_day=festival.day,
            day=festival.day,
            on=festival.on_by_default,
            cheerful=festival.cheerful,
        )
        for year in wanted
        for festival in festivals_of(year)
        if (festival.code, festival.day) not in known
    ]
    FestivalDay.objects.bulk_create(new, ignore_conflicts=True)
    for year in wanted:
        _arrange(year)
    if new:
        audit.record("festivals.filled", by=by, at=at, years=wanted, new=len(new))
    return len(new)


@transaction.atomic
def correct(*, festival_id: int, day: dt.date, on: bool, by: User, at: dt.datetime) -> FestivalDay:
    """Move a festival or switch it on or off; it has to be reviewed again, by another person."""
    row = FestivalDay.objects.select_for_update().get(pk=festival_id)
    if on and not row.cheerful:
        raise RuleViolation(_("Nothing cheerful is sent on this day."), "SC-5.1", "on")
    if abs(day - row.computed_day) > FARTHEST:
        raise RuleViolation(_("At most a month away from the computed day."), "SC-5.1", "day")
    if (row.day, row.on) == (day, on):
        return row
    years = {row.day.year, day.year}
    row.day, row.on, row.corrected_by, row.corrected_at = day, on, by, at
    row.reviewed_by = row.reviewed_at = None
    row.save()
    for year in years:
        _arrange(year)
    audit.record(
        "festival.corrected", by=by, at=at, target="festival", target_id=row.pk, day=day.isoformat(), on=on
    )
    row.refresh_from_db()
    return row


@transaction.atomic
def review(*, year: int, by: User, at: dt.datetime) -> int:
    """Sign the festivals of a year that wait for it; what one corrected oneself waits for somebody else (SC-13)."""
    rows = FestivalDay.objects.select_for_update().filter(day__year=year, reviewed_at=None)
    signed = rows.exclude(corrected_by=by).update(reviewed_by=by, reviewed_at=at)
    if not signed:
        raise RuleViolation(
            _("Nothing waits for your review: what you corrected yourself another person reviews."), "SC-5.1"
        )
    audit.record("festivals.reviewed", by=by, at=at, target="year", target_id=year, days=signed)
    return signed


def _arrange(year: int) -> None:
    """Derive what is greeted together, and keep the kernel's occasions on the same days (SC-9)."""
    rows = list(FestivalDay.objects.select_for_update().filter(day__year=year).order_by("day", "pk"))
    order = {code: place for place, code in enumerate(STANDARD)}
    greeted = [Greeted(row.pk, row.code, row.day) for row in rows if row.on]
    greeted.sort(key=lambda each: order.get(each.code, len(order)))
    holidays = CalendarDay.objects.filter(day__year=year, kind=CalendarDay.Kind.HOLIDAY)
    leaders = said_with(greeted, set(holidays.values_list("day", flat=True)))
    for row in rows:
        row.said_with_id = leaders.get(row.pk)
        if row.cheerful:
            row.occasion = place_festival(occasion=row.occasion, title=row.name, code=row.code, day=row.day)
    FestivalDay.objects.bulk_update(rows, ["said_with", "occasion"])


@transaction.atomic
def propose_text(*, project: Project, code: str, body: str, by: User, at: dt.datetime) -> GreetingText:
    """Write a project's own greeting; a text that waited is replaced by the new one."""
    if code not in STANDARD:
        raise RuleViolation(_("Choose one of the listed festivals."), "SC-5.1", "code")
    try:
        check_greeting(code, body)
    except (GreetingRefused, TextRefused) as refusal:
        said = refusal.message.in_language(get_language() or "en")
        raise RuleViolation(said, "SC-10", "body") from None
    for older in GreetingText.objects.select_for_update().filter(
        project=project, code=code, state=GreetingText.State.PROPOSED
    ):
        _withdraw(older, at)
    row = GreetingText.objects.create(
        project=project, code=code, body=body.strip(), prepared_by=by, prepared_at=at
    )
    audit.record("greeting_text.proposed", by=by, at=at, project=project, target="text", target_id=row.pk)
    approvals.waits_for_approval(row, text_names()[code], at)
    return row


@transaction.atomic
def approve_text(*, text_id: int, by: User, at: dt.datetime) -> GreetingText:
    """Approve another person's text; the one in use until now is kept as replaced."""
    row = _waiting_text(text_id)
    approvals.not_own(row, by)
    in_use = GreetingText.objects.filter(
        project=row.project_id, code=row.code, state=GreetingText.State.APPROVED
    )
    in_use.update(state=GreetingText.State.REPLACED)
    row.state, row.approved_by, row.approved_at = GreetingText.State.APPROVED, by, at
    row.save(update_fields=["state", "approved_by", "approved_at"])
    audit.record("greeting_text.approved", by=by, at=at, project=row.project, target="text", target_id=row.pk)
    approvals.decided(row, at)
    return row


@transaction.atomic
def send_back_text(*, text_id: int, reason: str, by: User, at: dt.datetime) -> GreetingText:
    """Give a text back to its author with the reason; the one in use stays in use."""
    row = _waiting_text(text_id)
    if not reason.strip():
        raise RuleViolation(_("Say what is to be changed."), "SC-5.1", "reason")
    row.reason = reason.strip()[:200]
    row.save(update_fields=["reason"])
    audit.record(
        "greeting_text.sent_back", by=by, at=at, project=row.project, target="text", target_id=row.pk
    )
    approvals.sent_back(row, text_names()[row.code], row.reason, at)
    return row


def _waiting_text(text_id: int) -> GreetingText:
    row = GreetingText.objects.select_for_update().get(pk=text_id)
    if row.state != GreetingText.State.PROPOSED or row.reason:
        raise RuleViolation(_("This text does not wait for approval any more."), "SC-5.1")
    return row


def _withdraw(row: GreetingText, at: dt.datetime) -> None:
    approvals.decided(row, at)
    row.delete()

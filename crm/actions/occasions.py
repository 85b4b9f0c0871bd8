"""Writing occasions: reasons to call that are not the sale (SC-9)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Building, Occasion, Project, User

BY_HAND = (Occasion.Kind.OFFER, Occasion.Kind.NEWS, Occasion.Kind.WEATHER)
"""Kinds that people enter; festivals are computed, milestones are published by their own owner."""


def _check(
    kind: str, project: Project, building: Building | None, title: str, starts_on: dt.date, ends_on: dt.date
) -> None:
    if kind not in BY_HAND:
        raise RuleViolation(_("Choose one of the listed kinds."), "SC-9", "kind")
    if not title.strip():
        raise RuleViolation(_("Give the occasion a title."), "SC-9", "title")
    if building is not None and building.project_id != project.pk:
        raise RuleViolation(_("Choose a building of this project."), "SC-9", "building")
    if ends_on < starts_on:
        raise RuleViolation(_("The last day is before the first."), "SC-9", "ends_on")


def _refuse_double(occasion: Occasion) -> None:
    same = Occasion.objects.filter(
        project=occasion.project, kind=occasion.kind, title=occasion.title, starts_on=occasion.starts_on
    )
    if same.exclude(pk=occasion.pk).exists():
        raise RuleViolation(
            _("An occasion with this title starts on the same day already."), "SC-9", "title", code="double"
        )


@transaction.atomic
def save_occasion(
    *,
    project: Project,
    kind: str,
    title: str,
    text: str,
    starts_on: dt.date,
    ends_on: dt.date,
    by: User,
    at: dt.datetime,
    building: Building | None = None,
    occasion: Occasion | None = None,
) -> Occasion:
    """Enter an occasion, or correct the given one, which must be of `project` and entered by hand."""
    if occasion is not None:
        _refuse_foreign(occasion, project)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # two at once come one after the other
    _check(kind, project, building, title, starts_on, ends_on)
    row = occasion or Occasion(project=project, created_by=by)
    row.kind, row.title, row.text = kind, title.strip(), text.strip()
    row.starts_on, row.ends_on, row.building = starts_on, ends_on, building
    _refuse_double(row)
    row.save()
    audit.record("occasion.saved", by=by, at=at, project=project, target="occasion", target_id=row.pk)
    return row


@transaction.atomic
def end_occasion(*, occasion: Occasion, project: Project, today: dt.date, by: User, at: dt.datetime) -> None:
    """Take an occasion off the call sheets from today on. Contacts keep the one they used; one that has not
    begun is deleted.
    """
    _refuse_foreign(occasion, project)
    key = occasion.pk
    if occasion.starts_on >= today:
        try:
            occasion.delete()
        except ProtectedError:
            raise RuleViolation(
                _("Calls are planned for it already. Correct its days instead."), "SC-9", code="in_use"
            ) from None
    else:
        occasion.ends_on = min(occasion.ends_on, today - dt.timedelta(days=1))
        occasion.save(update_fields=["ends_on"])
    audit.record("occasion.ended", by=by, at=at, project=project, target="occasion", target_id=key)


def _refuse_foreign(occasion: Occasion, project: Project) -> None:
    if occasion.project_id != project.pk or occasion.kind not in BY_HAND:
        raise RuleViolation(_("This occasion was not entered by hand."), "SC-9")


def place_festival(*, occasion: Occasion | None, title: str, code: str, day: dt.date) -> Occasion:
    """Let the reviewed table of festivals say on which day its occasion stands; contacts keep the one they used."""
    if occasion is None:
        found, _new = Occasion.objects.get_or_create(
            project=None,
            kind=Occasion.Kind.FESTIVAL,
            title=title,
            starts_on=day,
            defaults={"ends_on": day, "text": FESTIVAL_WORDS.get(code, "")},
        )
        return found
    if occasion.starts_on != day:
        occasion.starts_on = occasion.ends_on = day
        occasion.save(update_fields=["starts_on", "ends_on"])
    return occasion


# What one says on a day on which "快乐" would be a slip.
FESTIVAL_WORDS = {"dragon_boat": "祝“端午安康”，不说“快乐”。"}

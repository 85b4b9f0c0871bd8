"""Whom a broadcast is for: the filter that marketing puts together, read from and written as plain JSON. Pure.

A filter narrows the ordinary leads of one project; leader referrals and VIP guests are left alone (SC-3.1, SC-3.2).
Every key is listed here: one that is not is refused, so that no stored filter ever means less than it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from leads.vocabulary import CAUSES, WANTED_TYPES

GRADES = ("A", "B", "C", "D")
LEAD_STAGES = ("caller", "visitor")
OWNER_STAGES = ("subscribed", "signed", "handed_over")
MOST = 50


class Who(StrEnum):
    """Leads who have not bought, or those who have."""

    BOTH = ""
    LEADS = "leads"
    OWNERS = "owners"


WORDS: Mapping[str, frozenset[str]] = {
    "grades": frozenset(GRADES),
    "stages": frozenset((*LEAD_STAGES, *OWNER_STAGES)),
    "wanted": frozenset(WANTED_TYPES),
    "causes": frozenset(CAUSES),
}
NUMBERS = ("sources", "buildings")
DAYS = ("not_since", "since")


class AudienceRefused(ValueError):
    """A filter that is not understood; `key` names what is wrong with it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"not a filter: {key}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Audience:
    """Each condition narrows; an empty one does not. Within a condition any of the values will do.

    `sources` and `buildings` are ids; `not_since`: no talk and no visit from this day on (never counts too); `since`:
    one of them.
    """

    who: str = Who.BOTH.value
    grades: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()
    wanted: tuple[str, ...] = ()
    buildings: tuple[int, ...] = ()
    causes: tuple[str, ...] = ()
    not_since: date | None = None
    since: date | None = None

    @property
    def everybody(self) -> bool:
        """Whether nothing narrows it."""
        return self == Audience()

    def stored(self) -> dict[str, Any]:
        """As JSON, without what does not narrow."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value:
                found[each.name] = value.isoformat() if isinstance(value, date) else value
        return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def read(stored: object) -> Audience:
    """A stored filter. AudienceRefused when it is no mapping, names an unknown key or holds an unknown value."""
    if not isinstance(stored, Mapping):
        raise AudienceRefused("filter")
    unknown = sorted(str(key) for key in stored if key not in {each.name for each in fields(Audience)})
    if unknown:
        raise AudienceRefused(unknown[0])
    values: dict[str, Any] = {}
    for key, value in stored.items():
        if key == "who":
            values[key] = _one_of(key, value, frozenset(Who))
        elif key in DAYS:
            values[key] = _day(key, value)
        elif key in NUMBERS:
            values[key] = tuple(sorted({_number(key, each) for each in _several(key, value)}))
        else:
            values[key] = tuple(sorted({_one_of(key, each, WORDS[key]) for each in _several(key, value)}))
    return Audience(**values)


def _several(key: str, value: object) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) > MOST:
        raise AudienceRefused(key)
    return list(value)


def _one_of(key: str, value: object, known: frozenset[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise AudienceRefused(key)
    return str(value)


def _number(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise AudienceRefused(key)
    return value


def _day(key: str, value: object) -> date:
    if not isinstance(value, str):
        raise AudienceRefused(key)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise AudienceRefused(key) from None

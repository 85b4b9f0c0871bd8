"""When the number of a lead was tapped (PX-14), kept until the contact is logged.

Losing one costs nothing, so Valkey's absence stops no log.
"""

from __future__ import annotations

import datetime as dt

from django.core.cache import BaseCache, caches

from crm.models import User

TAP_SECONDS = 4 * 3600


def tapped() -> BaseCache:
    """Where the moments of tapping are kept."""
    return caches["forgetful"]


def _key(user: User, lead_id: int) -> str:
    return f"tap:{user.pk}:{lead_id}"


def remember_tap(user: User, lead_id: int, at: dt.datetime) -> None:
    tapped().set(_key(user, lead_id), at, TAP_SECONDS)


def tapped_at(user: User, lead_id: int) -> dt.datetime | None:
    kept: dt.datetime | None = tapped().get(_key(user, lead_id))
    return kept


def forget_tap(user: User, lead_id: int) -> None:
    tapped().set(_key(user, lead_id), None, 1)

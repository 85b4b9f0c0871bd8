"""Telling staff something: at most once for each (user, key)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

from crm.models import Notice, User


class Telling(NamedTuple):
    """One notice to write: `key` makes it unique for the user; `params` fill the kind's text; `url` is a
    local path.
    """

    user_id: int
    project_id: int | None
    kind: str
    key: str
    params: dict[str, Any]
    url: str = ""


def tell(tellings: Iterable[Telling], *, at: dt.datetime) -> int:
    """Write the notices that are not there yet (safe to run twice, or twice at once). Returns how many
    were handed in.
    """
    rows = [
        Notice(
            user_id=telling.user_id,
            project_id=telling.project_id,
            kind=telling.kind,
            key=telling.key,
            params=telling.params,
            url=telling.url,
            created_at=at,
        )
        for telling in tellings
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows)


def untell(*, users: Iterable[int], kind: str, key: str, at: dt.datetime) -> int:
    """What these people were told under keys that begin with `key` is over: their bell says it no longer."""
    rows = Notice.objects.filter(user__in=list(users), read_at=None, kind=kind, key__startswith=key)
    return rows.update(read_at=at)


def mark_read(*, by: User, ids: Iterable[int] | None, at: dt.datetime) -> int:
    """Mark one's own notices read: those of `ids`, or all when None."""
    rows = Notice.objects.filter(user=by, read_at=None)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    return rows.update(read_at=at)

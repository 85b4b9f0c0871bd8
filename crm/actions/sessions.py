"""Opening and ending the sessions of a user."""

from __future__ import annotations

import datetime as dt
import secrets
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from crm.actions import sign_ins
from crm.actions.sign_ins import NOWHERE, Kind, Place
from crm.models import AccountSession, User


def _store(key: str) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def open_session(*, user: User, key: str, at: dt.datetime, place: Place = NOWHERE) -> AccountSession:
    """Note where somebody signed in, under the key of Django's session."""
    session, _new = AccountSession.objects.update_or_create(
        session_key=key,
        defaults={
            "user": user, "address": place.address, "device": place.device, "signed_in_at": at, "seen_at": at,
        },
    )  # fmt: skip
    return session


def touch(*, key: str, at: dt.datetime) -> bool:
    """Note that a session is in use. False when it was ended, and only a cache still knows it."""
    return bool(AccountSession.objects.filter(session_key=key).update(seen_at=at))


def follow(*, old: str, new: str) -> None:
    """A session changed its key (a new password does that); it stays the same line."""
    AccountSession.objects.filter(session_key=old).update(session_key=new)


def close(*, key: str) -> None:
    """Forget a session that ended by itself."""
    AccountSession.objects.filter(session_key=key).delete()


@transaction.atomic
def end(*, session: AccountSession, by: User, at: dt.datetime, place: Place = NOWHERE) -> None:
    """Sign one device out."""
    key = session.session_key
    session.delete()
    sign_ins.note(Kind.SESSION_ENDED, user=by, at=at, place=place)
    _drop([key])


@transaction.atomic
def end_all(*, user: User, keep: str = "") -> int:
    """Sign every device out but the session `keep`, whose hash the caller renews. Returns how many lines went.

    1. The new mark makes every session of the user invalid at its next request. It is read from the database
       each time, so a session that somebody is just loading into the cache is caught as well.
    2. The sessions themselves are removed once that is written.
    """
    user.sessions_mark = secrets.token_hex(16)
    user.save(update_fields=["sessions_mark"])
    others = AccountSession.objects.filter(user=user).exclude(session_key=keep)
    keys = list(others.values_list("session_key", flat=True))
    others.delete()
    _drop(keys)
    return len(keys)


@transaction.atomic
def end_others(*, user: User, keep: str, at: dt.datetime, place: Place = NOWHERE) -> int:
    """Sign every other device of one's own out. Returns how many there were."""
    ended = end_all(user=user, keep=keep)
    sign_ins.note(Kind.SESSION_ENDED, user=user, at=at, place=place)
    return ended


def _drop(keys: list[str]) -> None:
    """Remove sessions after the commit: before it a request could read the row again and cache it anew."""
    transaction.on_commit(lambda: [_store(key).delete() for key in keys])


def forget_dead(*, at: dt.datetime) -> int:
    """Remove sessions that are over by their age. Returns how many."""
    rows = AccountSession.objects.exclude(pk__in=live(at=at).values("pk"))
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return rows.delete()[0]


def live(*, at: dt.datetime) -> QuerySet[AccountSession]:
    """The sessions that are within both lifetimes."""
    return AccountSession.objects.filter(
        signed_in_at__gt=at - dt.timedelta(seconds=settings.SESSION_COOKIE_AGE),
        seen_at__gt=at - dt.timedelta(seconds=settings.SESSION_IDLE_AGE),
    )

"""Writing the login history."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.conf import settings

from crm.actions.notices import Telling, tell
from crm.actions.sealing import digests
from crm.models import LoginEvent, User

Kind = LoginEvent.Kind
SWEEP = 5_000  # rows of one statement


class Place(NamedTuple):
    """From where somebody acts: a shortened address, a device in two words, and the device's own cookie."""

    address: str = ""
    device: str = ""
    cookie: str = ""


NOWHERE = Place()


def note(
    kind: LoginEvent.Kind,
    *,
    user: User | None,
    at: dt.datetime,
    place: Place = NOWHERE,
    by: User | None = None,
) -> LoginEvent:
    """Append one line; `by` is an administrator who did it to somebody else."""
    return LoginEvent.objects.create(
        kind=kind,
        user=user,
        at=at,
        by=by,
        address=place.address,
        device=place.device,
        device_key=_device_key(user, place.cookie),
    )


def _device_key(user: User | None, cookie: str) -> str:
    """What tells one device of a user from another. Nobody can follow a device from one user to the next by it."""
    return digests(f"{user.pk}:{cookie}", "device")[0] if user is not None and cookie else ""


def signed_in(*, user: User, at: dt.datetime, place: Place) -> None:
    """Note a success, and tell the user when it came from a device they never signed in from before."""
    before = LoginEvent.objects.filter(user=user, kind=Kind.SUCCESS)
    known = [key for key in digests(f"{user.pk}:{place.cookie}", "device") if place.cookie]
    new = before.exists() and not before.filter(device_key__in=known).exists()
    line = note(Kind.SUCCESS, user=user, at=at, place=place)
    if new:
        params = {"device": place.device, "address": place.address, "at": at.isoformat()}
        tell(
            [Telling(user.pk, None, "new_device", f"new_device:{line.pk}", params, settings.ACCOUNT_PAGE)],
            at=at,
        )


def forget_old(*, at: dt.datetime) -> int:
    """Remove the lines older than the setting says, a piece at a time. Returns how many."""
    before, removed = at - dt.timedelta(days=settings.LOGIN_HISTORY_DAYS), 0
    while True:
        ids = list(LoginEvent.objects.filter(at__lt=before).values_list("pk", flat=True)[:SWEEP])
        if not ids:
            return removed
        removed += LoginEvent.objects.filter(pk__in=ids).delete()[0]

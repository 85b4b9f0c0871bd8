"""Writing passwords: one's own, and those an administrator hands out for the first sign-in."""

from __future__ import annotations

import datetime as dt
import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit, sessions, sign_ins, tokens
from crm.actions.sign_ins import NOWHERE, Kind, Place
from crm.errors import RuleViolation
from crm.models import PasswordRecord, User

KEPT = 5
"""How many of the last passwords are not taken again, the present one among them."""
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else on paper
GROUPS, GROUP = 4, 4


def invent() -> str:
    """A first password to hand over on paper, such as "k3vw-m9ra-tq4x-hj7p" (about 79 bits)."""
    parts = ("".join(secrets.choice(LETTERS) for _place in range(GROUP)) for _group in range(GROUPS))
    return "-".join(parts)


def write(user: User, password: str, *, at: dt.datetime, field: str = "password", must_change: bool) -> None:
    """Judge a password, set it and remember it. `user` may be new; the caller holds the transaction."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise RuleViolation(" ".join(error.messages), field=field, code="weak_password") from None
    former = user.password
    if user.pk and not PasswordRecord.objects.filter(user=user, password=former).exists():
        PasswordRecord.objects.create(
            user=user, password=former, at=user.date_joined
        )  # older than this table
    user.set_password(password)
    user.must_change_password = must_change
    if user._state.adding:
        user.save()
    else:
        user.save(update_fields=["password", "must_change_password"])
    PasswordRecord.objects.create(user=user, password=user.password, at=at)
    kept = PasswordRecord.objects.filter(user=user).values_list("pk", flat=True)[:KEPT]
    PasswordRecord.objects.filter(user=user).exclude(pk__in=list(kept)).delete()


@transaction.atomic
def change(*, user: User, old: str, new: str, keep: str, at: dt.datetime, place: Place = NOWHERE) -> None:
    """Change one's own password. Every session but `keep` ends, and every token: whoever knew the old one may have
    made them. The caller renews the hash of the session that stays.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if not user.check_password(old):
        raise RuleViolation(_("This is not your present password."), field="old", code="wrong_password")
    write(user, new, at=at, field="new", must_change=False)
    sessions.end_all(user=user, keep=keep)
    tokens.revoke_all(user=user, by=user, at=at)
    sign_ins.note(Kind.PASSWORD_CHANGED, user=user, at=at, place=place)


@transaction.atomic
def reset(*, user: User, password: str, by: User | None, at: dt.datetime) -> None:
    """Give somebody else a first password. All their sessions and tokens end, and they must choose their own before
    anything.

    `by` is empty for the command of the shell.
    """
    if by is not None and user.pk == by.pk:
        raise RuleViolation(_("Change your own password under “My account”."), code="own_password")
    write(user, password, at=at, must_change=True)
    sessions.end_all(user=user)
    tokens.revoke_all(user=user, by=by, at=at)
    audit.record("user.password_set", by=by, at=at, target="user", target_id=user.pk)
    sign_ins.note(Kind.PASSWORD_RESET, user=user, at=at, by=by)

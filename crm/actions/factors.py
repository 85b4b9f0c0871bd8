"""The second factor: setting it up, asking for it, making recovery codes, taking it away.

The rows are allauth's, so that its login asks for the code. What stands in them is ours: the secret sealed, the number
of the last accepted time step, and digests of the recovery codes, which nobody can read again.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import logging
import secrets
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from crm import rules_totp as totp
from crm.actions import audit, sessions, sign_ins, tokens
from crm.actions.notices import Telling, tell
from crm.actions.sealing import Unreadable, digests, seal, seal_at, unseal, unseal_at
from crm.actions.sign_ins import NOWHERE, Kind, Place
from crm.errors import RuleViolation
from crm.models import User

TOTP, RECOVERY = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES
ISSUER = "Sales centre CRM"  # what the app on the phone shows; one name in every language
OFFER_AGE = dt.timedelta(minutes=15)
CODES = 10
FEW = 3  # codes left at which the page says so
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 10  # about 49 bits; with five tries in fifteen minutes that is out of reach
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A secret that is not in force yet. `sealed` carries it through the form; the server keeps nothing."""

    secret: bytes
    sealed: str


def has_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=TOTP).exists())


def codes_left(user: User) -> int:
    row = Authenticator.objects.filter(user=user, type=RECOVERY).first()
    return len(row.data["codes"]) if row else 0


def offer(*, user: User, at: dt.datetime) -> Offer:
    """A fresh secret for this user, good for a quarter of an hour."""
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    return Offer(secret, seal_at(json.dumps([user.pk, totp.as_text(secret)]), at=at))


def read_offer(sealed: str, *, user: User, at: dt.datetime) -> Offer:
    """The offer a form brought back. RuleViolation when it is too old, damaged or somebody else's."""
    try:
        owner, text = json.loads(unseal_at(sealed, at=at, within=OFFER_AGE))
    except Unreadable:
        owner, text = None, ""
    if owner != user.pk:
        raise RuleViolation(_("This page was open too long. Start again."), code="offer_gone")
    return Offer(totp.as_bytes(text), sealed)


@transaction.atomic
def set_up(
    *, user: User, offered: Offer, code: str, keep: str, at: dt.datetime, place: Place = NOWHERE
) -> list[str]:
    """Put an offered secret into force, in the place of a former one. Returns the recovery codes, for the only time.

    The code that proves the secret is used up by it. Every session but `keep` ends.
    """
    User.objects.select_for_update().get(pk=user.pk)
    counter = totp.matching_counter(offered.secret, code, at.timestamp())
    if counter is None:
        raise RuleViolation(
            _("This code does not fit. Look at the app and type the six digits it shows now."),
            field="code",
            code="wrong_code",
        )
    Authenticator.objects.filter(user=user).delete()
    data = {"secret": seal(totp.as_text(offered.secret)), "last_counter": counter}
    Authenticator.objects.create(user=user, type=TOTP, data=data, created_at=at)
    codes = _new_codes(user, at=at)
    sessions.end_all(user=user, keep=keep)
    sign_ins.note(Kind.FACTOR_ON, user=user, at=at, place=place)
    return codes


def check(*, user: User, code: str, at: dt.datetime, place: Place = NOWHERE) -> bool:
    """Whether this is a code of the app or a recovery code; either works once.

    The row is locked before it is compared: of two requests with the same code one is refused.
    """
    with transaction.atomic():
        rows = {row.type: row for row in Authenticator.objects.select_for_update().filter(user=user)}
        if TOTP in rows and _use_totp(rows[TOTP], code, at):
            return True
        if TOTP in rows and RECOVERY in rows and _use_recovery(rows[RECOVERY], code, at):
            sign_ins.note(Kind.CODE_USED, user=user, at=at, place=place)
            return True
    sign_ins.note(Kind.FACTOR_FAILED, user=user, at=at, place=place)
    return False


def _use_totp(row: Authenticator, code: str, at: dt.datetime) -> bool:
    try:
        secret = totp.as_bytes(unseal(row.data["secret"]))
    except Unreadable:
        log.error("second factor of user %s was sealed with another CRM_SECRET_KEY", row.user_id)
        return False
    counter = totp.matching_counter(secret, code, at.timestamp(), after=row.data["last_counter"])
    if counter is None:
        return False
    row.data["last_counter"], row.last_used_at = counter, at
    row.save(update_fields=["data", "last_used_at"])
    return True


def _use_recovery(row: Authenticator, code: str, at: dt.datetime) -> bool:
    typed = digests(f"{row.user_id}:{totp.tidy(code).lower()}", "recovery")
    found = [known for known in row.data["codes"] for each in typed if hmac.compare_digest(known, each)]
    if not found:
        return False
    row.data["codes"], row.last_used_at = [known for known in row.data["codes"] if known not in found], at
    row.save(update_fields=["data", "last_used_at"])
    return True


def _new_codes(user: User, *, at: dt.datetime) -> list[str]:
    codes = ["".join(secrets.choice(LETTERS) for _place in range(CODE_LENGTH)) for _code in range(CODES)]
    Authenticator.objects.filter(user=user, type=RECOVERY).delete()
    data = {"codes": [digests(f"{user.pk}:{code}", "recovery")[0] for code in codes]}
    Authenticator.objects.create(user=user, type=RECOVERY, data=data, created_at=at)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


@transaction.atomic
def renew_codes(*, user: User, at: dt.datetime, place: Place = NOWHERE) -> list[str]:
    """New recovery codes in the place of the old ones. Returns them, for the only time."""
    User.objects.select_for_update().get(pk=user.pk)
    if not has_factor(user):
        raise RuleViolation(_("There is no second factor. Set one up first."), code="no_factor")
    codes = _new_codes(user, at=at)
    sign_ins.note(Kind.CODES_MADE, user=user, at=at, place=place)
    return codes


@transaction.atomic
def remove(*, user: User, required: bool, keep: str, at: dt.datetime, place: Place = NOWHERE) -> None:
    """Sign in without a second factor again. Refused where the role requires one."""
    if required:
        raise RuleViolation(
            _("Your role requires a second factor. You may set up another phone in its place."),
            code="required",
        )
    Authenticator.objects.filter(user=user).delete()
    sessions.end_all(user=user, keep=keep)
    sign_ins.note(Kind.FACTOR_OFF, user=user, at=at, place=place)


@transaction.atomic
def reset(*, user: User, by: User | None, at: dt.datetime) -> None:
    """Take away the second factor of somebody who lost it. Their sessions and tokens end and they are told.

    `by` is empty for the command of the shell. Nobody resets their own: a session left open would be enough.
    """
    if by is not None and user.pk == by.pk:
        raise RuleViolation(_("Change your own second factor under “My account”."), code="own_factor")
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise RuleViolation(_("There is no second factor to reset."), code="no_factor")
    sessions.end_all(user=user)
    tokens.revoke_all(user=user, by=by, at=at)
    audit.record("user.factor_reset", by=by, at=at, target="user", target_id=user.pk)
    line = sign_ins.note(Kind.FACTOR_RESET, user=user, at=at, by=by)
    params = {"by": str(by) if by else ""}
    tell(
        [Telling(user.pk, None, "factor_reset", f"factor_reset:{line.pk}", params, settings.ACCOUNT_PAGE)],
        at=at,
    )

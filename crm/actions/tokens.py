"""Making and revoking API tokens, and noting that one was used."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.access import scope
from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import ApiToken, User
from crm.roles import Action, Limit
from crm.rules_tokens import MARK, MOST_DAYS, SCOPES, SHOWN, digest_of

MOST_LIVE = 20
USED_EVERY = dt.timedelta(minutes=1)
"""How exactly `last_used_at` is kept: one write a minute, not one a request."""


@transaction.atomic
def make_token(
    *, label: str, scopes: Collection[str], days: int, by: User, at: dt.datetime
) -> tuple[ApiToken, str]:
    """A new token of one's own with its secret, which nobody can read again."""
    User.objects.select_for_update().get(pk=by.pk)
    if not set(scopes) or not set(scopes) <= set(SCOPES):
        raise RuleViolation(_("Choose at least one of the listed rights."), field="scopes")
    if not 1 <= days <= MOST_DAYS:
        raise RuleViolation(_("A token lives for at most %(days)d days.") % {"days": MOST_DAYS}, field="days")
    if ApiToken.objects.live(at).filter(owner=by).count() >= MOST_LIVE:
        raise RuleViolation(_("You have %(n)d tokens. Revoke one first.") % {"n": MOST_LIVE})
    secret = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        owner=by,
        label=label,
        prefix=secret[:SHOWN],
        digest=digest_of(secret),
        scopes=sorted(set(scopes)),
        created_at=at,
        expires_at=at + dt.timedelta(days=days),
    )
    audit.record("token.made", by=by, at=at, target="token", target_id=token.pk, scopes=token.scopes)
    return token, secret


def may_revoke(by: User, token: ApiToken) -> bool:
    """One's own, and everybody's for who administers accounts."""
    administers = bool(scope(by, Action.ADMINISTER, without=(Limit.MEMBERS_ONLY,)))
    return token.owner_id == by.pk or administers


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User, at: dt.datetime) -> None:
    """End a token at once. A second time changes nothing."""
    if not may_revoke(by, token):
        raise RuleViolation(_("This is somebody else's token."), code="not_allowed")
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at, revoked_by=by):
        audit.record("token.revoked", by=by, at=at, target="token", target_id=token.pk)


@transaction.atomic
def revoke_all(*, user: User, by: User | None, at: dt.datetime) -> int:
    """End every token of somebody whose password or account is not what it was. Returns how many opened something.

    `by` is empty for the command of the shell.
    """
    ended = ApiToken.objects.live(at).filter(owner=user).count()
    open_ones = ApiToken.objects.filter(owner=user, revoked_at=None)
    if open_ones.update(revoked_at=at, revoked_by=by):
        audit.record("token.all_revoked", by=by, at=at, target="user", target_id=user.pk, tokens=ended)
    return ended


def token_used(*, token: ApiToken, at: dt.datetime) -> None:
    """Note the use, at most once a minute."""
    if token.last_used_at is None or at - token.last_used_at >= USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=at - USED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=at)

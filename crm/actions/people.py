"""Writing accounts: making, correcting, switching off. Roles are given in `crm.actions.members`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.actions import audit, passwords, sessions, sign_ins, tokens
from crm.errors import RuleViolation
from crm.models import Membership, ShiftDay, User, WeeklyRest
from crm.plain_text import login_name
from crm.roles import Role

Duties = Callable[[int, int | None], int]


def live_duties(user_id: int, project_id: int | None) -> int:
    """How many live leads somebody still answers for, in one project or (None) everywhere.

    The kernel knows no leads: `settings.LIVE_DUTIES` names the function that does, so that no caller can
    forget to ask.
    """
    count: Duties = import_string(settings.LIVE_DUTIES)
    return count(user_id, project_id)


def refuse_while_on_duty(user: User, project_id: int | None) -> None:
    """PX-7: nobody leaves before their leads, tasks and promises were handed over."""
    count = live_duties(user.pk, project_id)
    if count:
        raise RuleViolation(
            ngettext(
                "%(name)s still looks after %(count)s lead. Hand it over first, then try again.",
                "%(name)s still looks after %(count)s leads. Hand them over first, then try again.",
                count,
            )
            % {"name": user, "count": count},
            "PX-7",
            code="hand_over_first",
        )


def keep_an_administrator(leaving: Collection[int]) -> None:
    """Refuse when these memberships are the last active ones of a system administrator.

    The rows are locked first: of two administrators who remove each other at once, the second waits and is
    refused.
    """
    rows = Membership.objects.select_for_update().filter(
        role=Role.SYSTEM_ADMINISTRATOR, active=True, user__is_active=True
    )
    held = {row.pk for row in rows.order_by("pk")}
    if held & set(leaving) and not held - set(leaving):
        raise RuleViolation(
            _("This is the last active system administrator. Give the role to somebody else first."),
            code="last_administrator",
        )


def _check_login_name(username: str, besides: int = 0) -> str:
    username = login_name(username)
    if User.objects.filter(username__iexact=username).exclude(pk=besides).exists():
        raise RuleViolation(_("This login name is taken. Choose another."), field="username", code="taken")
    return username


@transaction.atomic
def create_user(
    *,
    username: str,
    name: str,
    password: str,
    by: User,
    at: dt.datetime,
    mobile: str = "",
    aliases: Collection[str] = (),
    language: str = "",
) -> User:
    """A new account, without any role yet. Its first password is handed over and must be changed at once."""
    user = User(
        username=_check_login_name(username),
        name=name.strip(),
        mobile=mobile.strip(),
        aliases=list(aliases),
        language=language,
        date_joined=at,
    )
    passwords.write(user, password, at=at, must_change=True)
    audit.record("user.created", by=by, at=at, target="user", target_id=user.pk)
    return user


@transaction.atomic
def first_administrator(*, username: str, name: str, password: str, at: dt.datetime) -> User:
    """The account from which all others are made. Refused once a system administrator is there."""
    if Membership.objects.filter(role=Role.SYSTEM_ADMINISTRATOR, active=True, user__is_active=True).exists():
        raise RuleViolation(_("There is a system administrator already."), code="has_administrator")
    user = User(username=_check_login_name(username), name=name.strip())
    passwords.write(user, password, at=at, must_change=True)
    Membership.objects.create(user=user, role=Role.SYSTEM_ADMINISTRATOR)
    audit.record("user.first_administrator", by=user, at=at, target="user", target_id=user.pk)
    return user


@transaction.atomic
def edit_user(
    *,
    user: User,
    username: str,
    name: str,
    mobile: str,
    aliases: Collection[str],
    language: str,
    by: User,
    at: dt.datetime,
) -> None:
    """Correct an account's names, mobile and language."""
    before = user.username
    user.username = _check_login_name(username, besides=user.pk)
    user.name, user.mobile, user.aliases, user.language = (
        name.strip(),
        mobile.strip(),
        list(aliases),
        language,
    )
    user.save(update_fields=["username", "name", "mobile", "aliases", "language"])
    audit.record("user.edited", by=by, at=at, target="user", target_id=user.pk, login_before=before)


@transaction.atomic
def note_unlocked(*, user: User, by: User, at: dt.datetime) -> None:
    """Put on record that an administrator let somebody try again before the lock was over."""
    audit.record("user.unlocked", by=by, at=at, target="user", target_id=user.pk)
    sign_ins.note(sign_ins.Kind.UNLOCKED, user=user, at=at, by=by)


@transaction.atomic
def deactivate_user(*, user: User, by: User, at: dt.datetime) -> None:
    """Switch an account off: nobody signs in with it, nobody stands in under it; what it did stays on record.

    Its sessions and tokens end for good. Refused while leads hang on it (PX-7), for oneself, and for the last
    system administrator.
    """
    if user.pk == by.pk:
        raise RuleViolation(_("You cannot switch your own account off. Ask another administrator."))
    keep_an_administrator(list(user.memberships.values_list("pk", flat=True)))
    User.objects.select_for_update().get(pk=user.pk)
    refuse_while_on_duty(user, None)
    user.is_active = False
    user.save(update_fields=["is_active"])
    sessions.end_all(user=user)
    tokens.revoke_all(user=user, by=by, at=at)
    sign_ins.note(sign_ins.Kind.SWITCHED_OFF, user=user, at=at, by=by)
    WeeklyRest.objects.filter(stand_in=user).update(stand_in=None)
    ShiftDay.objects.filter(stand_in=user, day__gte=at.date()).update(stand_in=None)
    audit.record("user.deactivated", by=by, at=at, target="user", target_id=user.pk)


@transaction.atomic
def reactivate_user(*, user: User, by: User, at: dt.datetime) -> None:
    """Switch an account on again, with the roles it had."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record("user.reactivated", by=by, at=at, target="user", target_id=user.pk)

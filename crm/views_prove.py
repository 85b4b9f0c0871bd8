"""Proof that it is really the person, before anything that a borrowed or stolen session must not do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from django.utils.translation import gettext as _

from crm import clock
from crm.actions import factors, sign_ins
from crm.attempts import Try, code_key, key_of
from crm.errors import RuleViolation
from crm.forms_account import ProofForm
from crm.models import User
from crm.whereabouts import place_of


@contextmanager
def taken_try(request: HttpRequest, user: User, key: str = "") -> Iterator[None]:
    """Take one of the account's tries; it is given back unless a password or a code was wrong."""
    one = Try(request, key or key_of(user))
    if one.refused:
        raise RuleViolation(one.refused, code="locked")
    try:
        yield
    except RuleViolation as violation:
        if violation.code == "wrong_password":
            sign_ins.note(sign_ins.Kind.FAILED, user=user, at=clock.now(), place=place_of(request))
        if violation.code not in ("wrong_password", "wrong_code"):
            one.give_back()
        raise
    one.give_back()


def prove(request: HttpRequest, user: User, form: ProofForm) -> None:
    """Compare password and code. Raises RuleViolation."""
    with taken_try(request, user):
        if not user.check_password(form.cleaned_data["password"]):
            raise RuleViolation(
                _("This is not your present password."), field="password", code="wrong_password"
            )
    if "code" in form.fields:
        prove_code(request, user, form.cleaned_data["code"])


def prove_code(request: HttpRequest, user: User, code: str) -> None:
    """Compare a one-time or recovery code. Raises RuleViolation."""
    with taken_try(request, user, code_key(user)):
        if not factors.check(user=user, code=code, at=clock.now(), place=place_of(request)):
            raise RuleViolation(
                _("This code is wrong, too old, or was used already. Wait for the next one."),
                field="code",
                code="wrong_code",
            )

"""From a filled form of the desk to the register; and how often somebody may look a number up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.core.cache import cache

from crm import clock
from crm.models import User
from leads.actions.registering import Registered, register_call, register_visit
from leads.forms_register import CallForm, VisitForm

LOOKUPS_A_MINUTE = 60


def call_of(form: CallForm, *, by: User, at: dt.datetime) -> Registered:
    """Register the call of a valid form."""
    return register_call(
        party=form.party(),
        happened_at=form.happened(at),
        talked=form.cleaned_data["talked"] == "1",
        by=by,
        at=at,
        note=form.cleaned_data["note"],
        submission=form.cleaned_data["submission"],
    )


def visit_of(form: VisitForm, *, by: User, at: dt.datetime, confirm: Collection[str] = ()) -> Registered:
    """Register the visit of a valid form; `confirm` holds the flags of questions answered with yes."""
    return register_visit(
        party=form.party(),
        happened_at=form.happened(at),
        by=by,
        at=at,
        sheet=form.sheet(),
        received_by=form.cleaned_data["consultant"],
        appointment=form.cleaned_data["appointment"],
        submission=form.cleaned_data["submission"],
        confirm=confirm,
    )


def too_many_lookups(user: User) -> bool:
    """More look-ups in a minute than anybody types: somebody is trying numbers out (PX-12)."""
    key = f"lookup:{user.pk}:{clock.now():%Y%m%d%H%M}"
    cache.add(key, 0, 120)
    return cache.incr(key) > LOOKUPS_A_MINUTE

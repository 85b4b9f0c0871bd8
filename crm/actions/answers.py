"""Requests that may come twice: the second gets the first one's answer (Idempotency-Key of the API)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.errors import RuleViolation
from crm.models import KeptAnswer, User

KEPT_FOR = dt.timedelta(hours=24)
SWEPT = 200
"""How many stale answers one request clears away."""


@transaction.atomic
def once(
    *, key: str, digest: str, deed: Callable[[], tuple[int, Any]], by: User, at: dt.datetime
) -> tuple[int, Any]:
    """Run `deed` for the first request with this key; every further one within a day gets (status, body) again.

    1. The key is claimed by an insert in the deed's own transaction.
    2. A double that comes meanwhile waits in its insert until the first commits, then reads the kept answer.
    3. A deed that fails takes its claim with it: the key is free again.
    """
    stale = KeptAnswer.objects.select_for_update(skip_locked=True).filter(at__lt=at - KEPT_FOR)
    KeptAnswer.objects.filter(pk__in=list(stale.values_list("pk", flat=True)[:SWEPT])).delete()
    row, claimed = KeptAnswer.objects.get_or_create(owner=by, key=key, defaults={"digest": digest, "at": at})
    if not claimed:
        if row.digest != digest:
            raise RuleViolation(
                _("This Idempotency-Key was used for another request. Send a new key."),
                code="idempotency_key_reused",
            )
        return row.status, row.body
    row.status, row.body = deed()
    row.save(update_fields=["status", "body"])
    return row.status, row.body

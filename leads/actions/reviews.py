"""Honest records: a manager accepts doubtful contacts (PX-14)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from crm.models import Contact, User


@transaction.atomic
def accept_contacts(*, project_id: int, ids: Collection[int], by: User, at: dt.datetime) -> int:
    """Let doubtful contacts of a project count from now on; one's own stay doubtful. Returns how many."""
    rows = (
        Contact.objects.filter(pk__in=ids, project=project_id, accepted_by=None)
        .exclude(doubtful="")
        .exclude(by=by)
    )
    return rows.update(accepted_by=by)

"""Writing the append-only log of deeds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from crm.models import AuditEvent, Project, User


def record(
    verb: str,
    *,
    by: User | None,
    at: dt.datetime,
    project: Project | None = None,
    target: str = "",
    target_id: int | None = None,
    **details: Any,
) -> AuditEvent:
    """Append one deed. `details` must be JSON and must hold no phone number."""
    return AuditEvent.objects.create(
        verb=verb, by=by, at=at, project=project, target=target, target_id=target_id, details=details
    )

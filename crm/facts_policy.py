"""What the kernel itself reads of a project's policy: the closing time at which its duties fall due (SC-1.1)."""

from __future__ import annotations

import datetime as dt

from crm.models import PolicyVersion


def closing_time(project_id: int, at: dt.datetime) -> dt.time | None:
    """The closing time of the version in force; None when that version leaves it to the written procedure."""
    values = (
        PolicyVersion.objects.filter(
            project=project_id, kind="cadence", state=PolicyVersion.State.APPROVED, effective_from__lte=at
        )
        .order_by("-effective_from", "-number")
        .values_list("values", flat=True)
        .first()
    )
    said = (values or {}).get("closing_time")
    return dt.time.fromisoformat(said) if said else None

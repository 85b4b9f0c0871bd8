"""What staff answer for, asked by the kernel before somebody leaves (`settings.LIVE_DUTIES`, PX-7)."""

from __future__ import annotations

from leads.models import Lead


def live_duties(user_id: int, project_id: int | None) -> int:
    """How many live leads somebody owns in one project, or (None) everywhere."""
    rows = Lead.objects.current().filter(consultant=user_id, state=Lead.State.LIVE)
    return rows.count() if project_id is None else rows.filter(project=project_id).count()

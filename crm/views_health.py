"""/healthz for load balancers, containers and the launcher: open to all, so it tells no secrets."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm import clock, health


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while pages can be served (`degraded` when only the scheduler is late), else 503."""
    now = clock.now()
    found = health.examine(at=now)
    state = "ok" if found.serving and found.scheduler else "degraded" if found.serving else "down"
    body: dict[str, object] = {
        "status": state,
        "database": {"ok": found.database, "embedded": found.embedded_database},
        "broker": {"ok": found.broker, "embedded": found.embedded_broker},
        "scheduler": {
            "ok": found.scheduler,
            "last_tick": found.last_tick.isoformat() if found.last_tick else None,
            "seconds_ago": _seconds(now, found.last_tick),
        },
    }
    if settings.ENV.backup_at is not None or found.last_backup is not None:
        body["backup"] = {"ok": not found.backup_overdue, "seconds_ago": _seconds(now, found.last_backup)}
    return JsonResponse(body, status=200 if found.serving else 503)


def _seconds(now: dt.datetime, moment: dt.datetime | None) -> int | None:
    return round((now - moment).total_seconds()) if moment else None

"""Signed callbacks of carriers' agents: receipts and messages from outside. Not for people, so no login and no CSRF.

What is not signed leaves no trace but a count; a signed one that was taken already is refused.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from crm import clock
from crm.celery import carry_stops
from crm.gateways import signing
from crm.outbox import callbacks


@login_not_required
@csrf_exempt
@require_POST
def callback(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Take one callback. 200 once everything in it is stored; 403 says nothing more."""
    given = callbacks.Signed(
        timestamp=request.headers.get(signing.TIMESTAMP, ""),
        nonce=request.headers.get(signing.NONCE, ""),
        signature=request.headers.get(signing.SIGNATURE, ""),
        path=request.path,
        body=request.body,
    )
    gateway = callbacks.genuine(key=key, given=given, at=clock.now())
    if gateway is None:
        return JsonResponse({"error": "not signed"}, status=403)
    said = _read(request)
    if said is None:
        return JsonResponse({"error": "not readable"}, status=400)
    taken = callbacks.take(gateway=gateway, said=said, at=clock.now())
    if taken["opted_out"]:
        carry_stops()
    return JsonResponse({"receipts": taken["receipts"], "inbound": taken["inbound"]})


def _read(request: HttpRequest) -> dict[str, Any] | None:
    try:
        said = json.loads(request.body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None

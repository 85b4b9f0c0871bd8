"""/metrics for Prometheus: with the token, or while developing from this machine itself. Else it is not there."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from crm.metrics import text

LOOPBACK = ("127.0.0.1", "::1")


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures of the business: 404 for whoever may not read them."""
    if not _may_read(request):
        raise Http404
    return HttpResponse(text(), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    """Behind a proxy everybody seems to come from this machine, so in production only the token counts."""
    token = settings.ENV.metrics_token
    if token:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")
    return not settings.ENV.production and request.META.get("REMOTE_ADDR") in LOOPBACK

"""The description of the API: as a file for programs, and as a page to read and try, without the internet."""

from __future__ import annotations

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from crm.pages import page


@functools.cache
def described() -> dict[str, Any]:
    """The description, made once a process and in English: it holds nothing of who asks."""
    with translation.override("en"):
        found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3 as JSON."""
    return JsonResponse(described())


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger from our own static files; it calls with the reader's session."""
    return page(request, "crm/api.html")

"""Answers of views: one view serves the page and, when htmx asks, only the part that changed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    fragment: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render `template`, or `fragment` when htmx asked for a part (not for boosted forms, which want the page).

    A form with errors answers with status 422.
    """
    htmx = getattr(request, "htmx", None)
    partial = bool(fragment and htmx and not htmx.boosted and not htmx.history_restore_request)
    response = render(request, fragment if partial else template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response

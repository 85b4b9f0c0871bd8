"""What the product answers when no view does: a page to people, problem details below /api/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from crm.api_errors import plain_problem

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return plain_problem(request, 400)
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return plain_problem(request, 403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return plain_problem(request, 404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API):
        return plain_problem(request, 500)
    return defaults.server_error(request)

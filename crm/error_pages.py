"""What the product answers when no view does: a page to people, problem details below /api/."""

from __future__ import annotations

import errno
import sys

import psycopg.errors
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults
from redis.exceptions import RedisError

from crm.api_errors import plain_problem

API = "/api/"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
AGAIN = 5  # seconds


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
    """507 for a full disk, 503 while database or broker are away, 409 for what was saved at the same moment, else 500.

    Renders without database and broker. The action looked before it wrote; only somebody who was faster by a blink, or
    one's own second click, makes a key double: the constraint kept it single.
    """
    status = _status_of(sys.exc_info()[1])
    if request.path.startswith(API):
        response = plain_problem(request, status)
    else:
        response = HttpResponse(loader.get_template(f"{status}.html").render({}, request), status=status)
    if status == 503:
        response["Retry-After"] = str(AGAIN)
    return response


def _status_of(problem: BaseException | None) -> int:
    cause = getattr(problem, "__cause__", None)
    if (isinstance(problem, OSError) and problem.errno in FULL) or isinstance(cause, psycopg.errors.DiskFull):
        return 507
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return 409
    return 503 if isinstance(problem, OperationalError | InterfaceError | RedisError) else 500

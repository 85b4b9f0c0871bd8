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
NEVER_SHOWN = ("password", "secret", "code", "login")
MACHINES = ("submission", "next")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return plain_problem(request, 400)
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return plain_problem(request, 403)
    return defaults.permission_denied(request, exception)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is stale. What was typed stands there again, to be looked at and sent with a fresh token.

    Only for a form of our own pages: a foreign page's form (its origin says so) is answered with words alone, or a
    click would do what the check has just refused. Files, and what nobody may read over a shoulder, are not given back.
    """
    if request.path.startswith(API):
        return plain_problem(request, 403)
    ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    hidden = any(word in name for name, _value in typed for word in NEVER_SHOWN)
    again = ours and request.user.is_authenticated and bool(typed) and not hidden
    context = {
        "typed": typed if again else [],
        "said": [value for name, value in typed if value.strip() and name not in MACHINES],
        "files": bool(request.FILES),
    }
    response = HttpResponse(loader.get_template("403_csrf.html").render(context, request), status=403)
    response["X-Stale-Form"] = "1"
    return response


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

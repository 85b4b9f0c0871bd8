"""The page for what went wrong: a part that is away or a full disk is said in plain words; all else is a bug."""

from __future__ import annotations

import errno
import sys

import psycopg.errors
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from redis.exceptions import RedisError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
AGAIN = 5  # seconds


def server_error(request: HttpRequest) -> HttpResponse:
    """507 for a full disk, 503 while database or broker are away, 409 for what was saved at the same moment, else 500.

    Renders without database and broker. The action looked before it wrote; only somebody who was faster by a blink, or
    one's own second click, makes a key double: the constraint kept it single.
    """
    problem = sys.exc_info()[1]
    cause = getattr(problem, "__cause__", None)
    if _is_full(problem, cause):
        status = 507
    elif isinstance(cause, psycopg.errors.UniqueViolation):
        status = 409
    elif isinstance(problem, OperationalError | InterfaceError | RedisError):
        status = 503
    else:
        status = 500
    response = HttpResponse(loader.get_template(f"{status}.html").render({}, request), status=status)
    if status == 503:
        response["Retry-After"] = str(AGAIN)
    return response


def _is_full(problem: BaseException | None, cause: BaseException | None) -> bool:
    if isinstance(problem, OSError):
        return problem.errno in FULL
    return isinstance(cause, psycopg.errors.DiskFull)

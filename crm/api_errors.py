"""Every error of the API as problem details (RFC 9457). One place, whatever raised it."""

from __future__ import annotations

import http
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from crm.errors import RuleViolation

MEDIA_TYPE = "application/problem+json"
WHOLE = ""
"""The field of an error that belongs to the whole request."""


def body_of(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """The members every problem has, and those of its kind."""
    title = http.HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail, **more}


class ScopeMissing(exceptions.PermissionDenied):
    default_code = "scope"

    def __init__(self, scope: str) -> None:
        super().__init__(_("This token has no right %(scope)s.") % {"scope": scope})


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(_("This request is too large."))


class FormRefused(exceptions.ValidationError):
    """What a page's form says against the data, by field."""

    def __init__(self, form: BaseForm) -> None:
        super().__init__(
            {
                WHOLE if name == "__all__" else name: [
                    exceptions.ErrorDetail(str(message), code=error.code or "invalid")
                    for error in errors.as_data()
                    for message in error.messages
                ]
                for name, errors in form.errors.items()
            }
        )


def handle(exc: Exception, _context: object) -> Response | None:
    """DRF's exception handler. None for what is a bug: Django logs it and answers 500."""
    if isinstance(exc, RuleViolation):
        more = {"clause": exc.clause, "field": exc.field, "confirm": exc.confirm}
        return _problem(409, exc.code, str(exc.text), **more)
    if isinstance(exc, Http404):
        return _problem(404, "not_found", _("There is nothing here that you may see."))
    if isinstance(exc, PermissionDenied):
        return _problem(403, "forbidden", _("You may not do this."))
    if isinstance(exc, RequestDataTooBig):
        return _problem(413, "too_large", _("This request is too large."))
    if isinstance(exc, SuspiciousOperation | BadRequest):
        return _problem(400, "bad_request", _("This request cannot be read."))
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_flat(exc.detail))
        return _problem(400, "invalid", _("Some fields are wrong."), errors=errors)
    if isinstance(exc, exceptions.APIException):
        code = exc.get_codes()
        response = _problem(exc.status_code, code if isinstance(code, str) else "error", str(exc.detail))
        if wait := getattr(exc, "wait", None):
            response["Retry-After"] = str(int(wait) + 1)
        if header := getattr(exc, "auth_header", None):
            response["WWW-Authenticate"] = header
        return response
    return None


def _problem(status: int, code: str, detail: str, **more: Any) -> Response:
    return Response(body_of(status, code, detail, **more), status=status, content_type=MEDIA_TYPE)


def _flat(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """(field, code, message) of every error; an item of a list is "units.2"."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            plain = str(name) if name != "non_field_errors" else WHOLE
            yield from _flat(inner, f"{path}.{plain}" if path and plain else path or plain)
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            yield from _flat(inner, f"{path}.{place}" if isinstance(inner, Mapping) else path)
    else:
        yield {"field": path, "code": getattr(detail, "code", "invalid"), "message": str(detail)}


def plain_problem(request: HttpRequest, status: int) -> HttpResponse:
    """A problem for what never reached a view of the API: an unknown address, a bug."""
    details = {
        400: ("bad_request", _("This request cannot be read.")),
        403: ("forbidden", _("You may not do this.")),
        404: ("not_found", _("There is nothing here that you may see.")),
        409: ("double", _("This was saved at the same moment already.")),
        503: (
            "unavailable",
            _("The system does not answer at the moment. Nothing was saved; send it again."),
        ),
        507: ("disk_full", _("The disk of the server is full. Nothing was saved.")),
        500: ("server_error", _("Something went wrong here. It was noted; please try again later.")),
    }
    code, detail = details[status]
    return JsonResponse(body_of(status, code, detail), status=status, content_type=MEDIA_TYPE)

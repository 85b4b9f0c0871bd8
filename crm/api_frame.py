"""The frame of every resource: gate, input, action, answer. docs/api.md says how to add one.

A view's method is wrapped by `operation`, which tells the schema and the request the same: which parameters and body
it takes, what it answers. Unknown parameters and fields are refused by name (400), never ignored.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django_filters import FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm import clock
from crm.actions.answers import once
from crm.api_auth import CallerThrottle, SessionWithCsrf, SignedInWithScope, TokenAuthentication
from crm.api_errors import FormRefused, TooLarge
from crm.api_fields import UNKNOWN
from crm.api_forms import filter_parameters
from crm.gates import user_of
from crm.models import User
from crm.seek import AFTER, BEFORE, BadCursor, seek

F = TypeVar("F", bound=forms.Form | forms.ModelForm)
Method = TypeVar("Method", bound=Callable[..., Any])
MOST_BYTES = 1024 * 1024
DEEPEST = 16
"""Levels of a body; no operation takes more than five."""
JSON = "application/json"
PAGE, LARGEST_PAGE = 50, 200
SIZE = "size"
PAGING = (AFTER, BEFORE, SIZE)
KEY_HEADER = "Idempotency-Key"
NOT_HERE = _("This row takes no such value now.")
DAMAGED = _("This cursor is damaged.")
KEY_RULE = _("1 to 64 visible ASCII characters.")
KEY = re.compile(r"[\x21-\x7e]{1,64}")


class BoundedJSONParser(JSONParser):
    """JSON of at most a megabyte and few levels, in characters that can be sent back: an error names what was sent."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        if int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise TooLarge
        try:
            said = super().parse(stream, media_type, parser_context)
        except (RecursionError, ParseError):
            raise ParseError from None  # DRF's own names the place, but in English only
        if not readable(said):
            raise ParseError
        return said


def readable(said: Any) -> bool:
    """Whether nothing is nested too deeply for whoever reads it next, and no text holds half a character.

    JSON can spell half of a surrogate pair, which no UTF-8 can carry: neither a table nor an answer could hold it.
    """
    level = [said]
    for _depth in range(DEEPEST):
        texts = [each for each in level if isinstance(each, str)]
        if any("\ud800" <= sign <= "\udfff" for text in texts if not text.isascii() for sign in text):
            return False
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += [*each, *each.values()]
            elif isinstance(each, list):
                inner += each
        if not inner:
            return True
        level = inner
    return False


class FileRenderer(JSONRenderer):
    """For resources with a file: whatever the caller accepts; the answer names its own type."""

    media_type = "*/*"


class PageAsked(serializers.Serializer):
    """Where in a long list, and how much of it."""

    after = serializers.CharField(required=False, help_text="The cursor of `next`.")
    before = serializers.CharField(required=False, help_text="The cursor of `previous`.")
    size = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, help_text=f"Rows a page; {PAGE} without it."
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What an operation takes and answers, for the request and for the schema."""

    takes: type[serializers.Serializer] | None
    asks: type[serializers.Serializer] | None
    filterset: type[FilterSet] | None
    answers: type[serializers.BaseSerializer] | None
    status: int
    listed: bool
    paged: bool
    file: tuple[str, ...]

    def parameters(self) -> frozenset[str]:
        """The names a query string may hold."""
        names = set(self.filterset.base_filters) if self.filterset else set()
        names |= set(self.asks().fields) if self.asks else set()
        return frozenset(names | set(PAGING)) if self.paged else frozenset(names)


class ApiView(APIView):
    """The parent of every resource. `group` is the scope a token needs for it (crm.rules_tokens)."""

    authentication_classes = (TokenAuthentication, SessionWithCsrf)
    permission_classes = (SignedInWithScope,)
    throttle_classes = (CallerThrottle,)
    parser_classes: Any = (BoundedJSONParser,)
    group: ClassVar[str]
    told: Told

    @property
    def by(self) -> User:
        """Who asks."""
        return user_of(self.request)

    def check_permissions(self, request: Request) -> None:
        """The allowance first, so that whoever has no account has one as well."""
        super().check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Done with the permissions."""

    def said(self) -> dict[str, Any]:
        """The body, read and checked by the operation's serialiser. Ask only after the gate."""
        assert self.told.takes is not None
        serializer = self.told.takes(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        said: dict[str, Any] = serializer.validated_data
        return said

    def asked(self) -> dict[str, Any]:
        """The query parameters, checked by the operation's `asks`."""
        assert self.told.asks is not None
        names = self.told.asks().fields
        given = {name: value for name, value in self.request.query_params.items() if name in names}
        serializer = self.told.asks(data=given)
        serializer.is_valid(raise_exception=True)
        asked: dict[str, Any] = serializer.validated_data
        return asked

    def filled(self, make: Callable[[Any], F], present: Mapping[str, Any] | None = None) -> F:
        """The page's form over the body (and over what is `present`, for a PATCH); 400 with its errors."""
        said = self.said()
        return self.taken(lambda: make({**(present or {}), **said}), said)

    def taken(self, make: Callable[[], F], said: Mapping[str, Any]) -> F:
        """A valid form, or 400: with its errors, or with what was said and this row has no field for now."""
        form = make()
        gone = [name for name in form.base_fields if name not in form.fields and said.get(name)]
        if gone:
            raise ValidationError({name: [ErrorDetail(str(NOT_HERE), code="unknown")] for name in gone})
        return self.accepted(form)

    def accepted(self, form: F) -> F:
        """A bound form, or 400 with its errors."""
        if not form.is_valid():
            raise FormRefused(form)
        return form

    def page(self, rows: QuerySet[Any], *order: str) -> dict[str, Any]:
        """One page of a long list by cursor, as `operation(paged=True)` answers it."""
        sizes = PageAsked(
            data={name: value for name, value in self.request.query_params.items() if name in PAGING}
        )
        sizes.is_valid(raise_exception=True)
        size = sizes.validated_data.get(SIZE, PAGE)
        try:
            found = seek(rows, self.request.query_params, order=order, size=size, strict=True)
        except BadCursor:
            raise ValidationError({AFTER: [ErrorDetail(str(DAMAGED), code="cursor")]}) from None
        return {
            "results": found.rows,
            "next": self._address(found.next),
            "previous": self._address(found.previous),
        }

    def _address(self, query: str) -> str | None:
        return self.request.build_absolute_uri(f"{self.request.path}?{query}") if query else None

    def refuse_unknown_parameters(self) -> None:
        """400 for a parameter this operation does not know: a misspelt filter must not mean "everything"."""
        known = self.told.parameters()
        unknown = [name for name in self.request.query_params if name not in known]
        if unknown:
            raise ValidationError(
                {name[:80]: [ErrorDetail(str(UNKNOWN), code="unknown")] for name in unknown[:20]}
            )

    def body(self, found: Any) -> Any:
        """What the method found, through the operation's serialiser."""
        told = self.told
        if told.answers is None:
            return None
        if not told.listed:
            return told.answers(found, context={"request": self.request}).data
        page = found if isinstance(found, dict) else {"results": found, "next": None, "previous": None}
        rows = told.answers(page["results"], many=True, context={"request": self.request})
        return {**page, "results": rows.data}

    def kept(self, key: str, deed: Callable[[], Any]) -> tuple[int, Any]:
        """Run a deed once for its Idempotency-Key, or give the kept answer."""
        if not KEY.fullmatch(key):
            raise ValidationError({KEY_HEADER: [ErrorDetail(str(KEY_RULE), code="key")]})
        request = self.request
        text = json.dumps([request.method, request.path, request.data], sort_keys=True, cls=DjangoJSONEncoder)
        status = self.told.status

        def run() -> tuple[int, Any]:
            return status, json.loads(json.dumps(self.body(deed()), cls=DjangoJSONEncoder))

        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return once(key=key, digest=digest, deed=run, by=self.by, at=clock.now())


def operation(
    *,
    takes: type[serializers.Serializer] | None = None,
    asks: type[serializers.Serializer] | None = None,
    filterset: type[FilterSet] | None = None,
    answers: type[serializers.BaseSerializer] | None = None,
    status: int = 0,
    listed: bool = False,
    paged: bool = False,
    idempotent: bool = False,
    file: tuple[str, ...] = (),
) -> Callable[[Method], Method]:
    """Declare one method of a resource. `listed`: it answers {"results": …}; `paged`: by cursor; `idempotent`: it
    takes an Idempotency-Key; `file`: it answers with a file of one of these types. Else without `answers` it says 204.
    """
    status = status or (200 if answers or file else 204)
    told = Told(takes, asks, filterset, answers, status, listed or paged, paged, file)

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def run(self: ApiView, request: Request, **kwargs: Any) -> HttpResponseBase:
            self.told = told
            self.refuse_unknown_parameters()
            if told.file:
                answer: HttpResponseBase = method(self, request, **kwargs)
                return answer
            key = request.headers.get(KEY_HEADER, "") if idempotent else ""
            if key:
                code, body = self.kept(key, lambda: method(self, request, **kwargs))
                return Response(body, status=code, content_type=JSON)
            body = self.body(method(self, request, **kwargs))
            return Response(body, status=status, content_type=JSON if told.answers else None)

        described: Method = _described(run, method, told, idempotent=idempotent)
        return described

    return decorate


def _described(run: Any, method: Any, told: Told, *, idempotent: bool) -> Any:
    parameters: list[Any] = filter_parameters(told.filterset) if told.filterset else []
    parameters += [each for each in (told.asks, PageAsked if told.paged else None) if each]
    if idempotent:
        parameters.append(
            OpenApiParameter(
                KEY_HEADER,
                {"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[\x21-\x7e]+$"},
                OpenApiParameter.HEADER,
                description="The same key with the same body gets the same answer for a day, and makes one record.",
            )
        )
    answer: Any = told.answers
    if told.answers is not None and told.listed:
        answer = page_of(told.answers)  # type: ignore[arg-type]
    responses: Any = {told.status: answer}
    if told.file:
        responses = {(told.status, kind): OpenApiTypes.BINARY for kind in told.file}
    summary = (method.__doc__ or "").strip().partition("\n")[0]
    return extend_schema(parameters=parameters, request=told.takes, responses=responses, summary=summary)(run)


@functools.cache
def page_of(row: Any) -> Any:
    """The schema of a list of `row`."""
    return inline_serializer(
        f"{row.__name__}Page",
        {
            "results": row(many=True),
            "next": serializers.URLField(allow_null=True, help_text="The next page, if there is one."),
            "previous": serializers.URLField(allow_null=True),
        },
    )


def filtered(filterset: FilterSet) -> FilterSet:
    """The filterset, or 400 with what is wrong in it: a filter that is not understood must not be left out."""
    if not filterset.is_valid():
        raise FormRefused(filterset.form)
    return filterset

"""Pages of long lists by cursor: no count, no offset, the same cost on the first page and on the thousandth."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)
AFTER, BEFORE = "after", "before"


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page of rows; `previous` and `next` are the query strings of its neighbours, "" where there is none."""

    rows: tuple[M, ...]
    previous: str
    next: str


class BadCursor(ValueError):
    """A cursor that no page of this list has given."""


def seek(
    rows: QuerySet[M], asked: QueryDict, *, order: Sequence[str], size: int = 30, strict: bool = False
) -> Page[M]:
    """Cut the page that `asked` (request.GET) points at; other parameters, such as filters, are carried along.

    `order` names columns that are never null and whose last is unique, "-" for descending.
    A damaged cursor means the first page; when `strict`, BadCursor.
    """
    before = _cut(rows, asked.get(BEFORE), _reverse(order))
    after = _cut(rows, asked.get(AFTER), order) if before is None else None
    if strict and before is None and after is None and (asked.get(BEFORE) or asked.get(AFTER)):
        raise BadCursor
    if before is not None:
        found = list(before.order_by(*_reverse(order))[: size + 1])
        more_before, more_after = len(found) > size, True
        shown = found[:size][::-1]
    else:
        found = list((rows if after is None else after).order_by(*order)[: size + 1])
        more_before, more_after = after is not None, len(found) > size
        shown = found[:size]
    previous = _link(asked, BEFORE, shown[0], order) if shown and more_before else ""
    following = _link(asked, AFTER, shown[-1], order) if shown and more_after else ""
    return Page(tuple(shown), previous, following)


def _reverse(order: Sequence[str]) -> list[str]:
    return [column[1:] if column.startswith("-") else f"-{column}" for column in order]


def _beyond(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows that come after `values` in `order`: equal in the first columns, further in the next."""
    condition = Q(pk__in=[])
    equal: dict[str, Any] = {}
    for column, value in zip(order, values, strict=True):
        name = column.removeprefix("-")
        condition |= Q(**equal, **{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        equal[name] = value
    return condition


def _link(asked: QueryDict, way: str, row: Model, order: Sequence[str]) -> str:
    values = []
    for column in order:
        value: Any = row
        for name in column.removeprefix("-").split("__"):
            value = getattr(value, name)
        values.append(value)
    text = json.dumps(values, cls=_Exact)
    query = asked.copy()
    for name in (AFTER, BEFORE):
        query.pop(name, None)
    query[way] = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return query.urlencode()


class _Exact(DjangoJSONEncoder):
    """Keeps microseconds, which Django's encoder cuts: a cut cursor would show rows twice."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)


def _cut(rows: QuerySet[M], cursor: str | None, order: Sequence[str]) -> QuerySet[M] | None:
    """The rows beyond the cursor, or None without a usable one (it comes from the address bar)."""
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return rows.filter(_beyond(order, [_plain(value) for value in values]))
    except (binascii.Error, ValueError, TypeError, ValidationError, OverflowError, RecursionError):
        return None


def _plain(value: Any) -> str | int | float:
    """A value that a column can be compared with; anything else in a cursor was not written here."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value)):
        raise ValueError
    return value

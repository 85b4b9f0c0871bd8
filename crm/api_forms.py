"""From a page's form to the API's serialiser: the form stays the one place that checks, the schema tells of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django_filters import FilterSet
from django_filters import filters as filtering
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from crm.api_fields import Day, Id, Input, Instant, Text, TimeOfDay
from crm.forms_base import SubmissionField

LONGEST = 4000
MOST = 500


def input_of(
    name: str,
    form: Any,
    /,
    *,
    only: Collection[str] = (),
    leave: Collection[str] = (),
    partial: bool = False,
    **instead: serializers.Field,
) -> type[Input]:
    """The serialiser `name` of a form's fields, less those of `leave`; `instead` replaces or adds some.

    `partial`: nothing is required, because what is missing stays as it is (PATCH).
    """
    fields: dict[str, Any] = {
        key: serialised(field, required=field.required and not partial)
        for key, field in form.base_fields.items()
        if key not in leave and (not only or key in only) and not isinstance(field, SubmissionField)
    }
    return type(name, (Input,), {**fields, **instead})


def present_of(form: Any, row: Any, **more: Any) -> dict[str, Any]:
    """What a row holds now, as its form would be sent: what a PATCH leaves out stays so."""
    fields = form.base_fields.items()
    return {
        name: field.prepare_value(getattr(row, name)) for name, field in fields if name not in more
    } | more


def serialised(field: forms.Field, *, required: bool) -> serializers.Field:
    """The serialiser field that takes in what a form field cleans."""
    told: dict[str, Any] = {"required": required, "help_text": _said(field)}
    empty = not field.required
    if isinstance(field, forms.ModelMultipleChoiceField):
        return serializers.ListField(child=Id(), max_length=MOST, allow_empty=empty, **told)
    if isinstance(field, forms.ModelChoiceField):
        return Id(allow_null=empty, **told)
    if isinstance(field, forms.MultipleChoiceField):
        return serializers.ListField(child=_choice(field, {}), max_length=MOST, allow_empty=empty, **told)
    if isinstance(field, forms.ChoiceField):
        return _choice(field, {"allow_blank": empty, **told})
    if isinstance(field, forms.BooleanField):
        return serializers.BooleanField(**told)
    if isinstance(field, forms.DecimalField):
        assert field.max_digits is not None
        assert field.decimal_places is not None
        return serializers.DecimalField(
            field.max_digits,
            field.decimal_places,
            min_value=_bound(field.min_value),
            allow_null=empty,
            **told,
        )
    if isinstance(field, forms.IntegerField):
        low, high = _bound(field.min_value, -(2**31)), _bound(field.max_value, 2**31 - 1)
        return serializers.IntegerField(min_value=low, max_value=high, allow_null=empty, **told)
    return _plain(field, empty, told)


def _plain(field: forms.Field, empty: bool, told: dict[str, Any]) -> serializers.Field:
    if isinstance(field, forms.DateTimeField):
        return Instant(allow_null=empty, **told)
    if isinstance(field, forms.DateField):
        return Day(allow_null=empty, **told)
    if isinstance(field, forms.TimeField):
        return TimeOfDay(allow_null=empty, **told)
    if isinstance(field, forms.FileField):
        return serializers.FileField(max_length=200, **told)
    assert isinstance(field, forms.CharField)
    return Text(max_length=field.max_length or LONGEST, allow_blank=empty, **told)


def _bound(value: Any, otherwise: int | None = None) -> int | None:
    return otherwise if value is None else int(value)


def _choice(field: forms.ChoiceField, told: dict[str, Any]) -> serializers.Field:
    """A choice from a fixed list; one whose list depends on the row is plain text here and checked by the form."""
    codes = [str(code) for code in _codes(field.choices) if code != ""]
    if not codes:
        return serializers.CharField(max_length=200, **told)
    return serializers.ChoiceField(choices=codes, **told)


def _codes(choices: Any) -> list[Any]:
    found: list[Any] = []
    for code, label in choices:
        found += _codes(label) if isinstance(label, list | tuple) else [code]
    return found


def _said(field: forms.Field) -> Any:
    return field.help_text or field.label or ""


def filter_parameters(filterset: type[FilterSet]) -> list[OpenApiParameter]:
    """The query parameters of a filterset, for the schema."""
    return [
        OpenApiParameter(
            name,
            OpenApiTypes.INT64 if isinstance(found, filtering.ModelChoiceFilter) else OpenApiTypes.STR,
            enum=[str(code) for code in _codes(found.extra["choices"])]
            if isinstance(found, filtering.ChoiceFilter)
            and not isinstance(found, filtering.ModelChoiceFilter)
            else None,
            description=found.label or "",
        )
        for name, found in filterset.base_filters.items()
    ]

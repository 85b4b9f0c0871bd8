"""Fields of the API's serialisers: bounded, and strict where JSON is vague."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from crm.phones import mask_text
from crm.plain_text import plain_text

LARGEST_ID = 2**63 - 1
FIRST_YEAR, LAST_YEAR = 1950, 2100
UNKNOWN = _("This field is not known here, or not yours to set.")


class Id(serializers.IntegerField):
    """The number of a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LARGEST_ID, **kwargs})


class Instant(serializers.DateTimeField):
    """A moment as RFC 3339 with its offset; shown in UTC. Without an offset nobody knows which moment is meant."""

    default_error_messages = {
        "naive": _("Give the offset as well, such as 2026-03-02T10:00:00+08:00."),
        "range": _("This moment is out of range."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"default_timezone": dt.UTC, **kwargs})

    def enforce_timezone(self, value: dt.datetime) -> dt.datetime:
        if value.tzinfo is None:
            self.fail("naive")
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.fail("range")
        return super().enforce_timezone(value)


class Day(serializers.DateField):
    """A day as 2026-03-02."""

    default_error_messages = {"range": _("This day is out of range.")}

    def to_internal_value(self, value: Any) -> dt.date:
        day: dt.date = super().to_internal_value(value)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail("range")
        return day


@extend_schema_field({"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2})?$", "example": "20:30"})
class TimeOfDay(serializers.TimeField):
    """A time in the project's zone; OpenAPI's own format "time" would want an offset."""


class Text(serializers.CharField):
    """Text to be stored, without what nobody sees (crm/plain_text.py)."""

    def to_internal_value(self, data: Any) -> str:
        return plain_text(super().to_internal_value(data))


class YesNo(serializers.BooleanField):
    """True and false where a page's form has the choices 1 and 0, and null where it has none of them."""

    def to_internal_value(self, data: Any) -> Any:
        return {True: "1", False: "0", None: ""}[super().to_internal_value(data)]


class Lines(serializers.ListField):
    """A list of short texts where a page's form has one a line."""

    child = Text(max_length=60)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 20, **kwargs})

    def to_internal_value(self, data: Any) -> Any:
        return "\n".join(line.replace("\n", " ") for line in super().to_internal_value(data))


class Masked(serializers.CharField):
    """Free text with the numbers in it masked (PX-12)."""

    def to_representation(self, value: Any) -> str:
        return mask_text(super().to_representation(value))


@extend_schema_field({"type": "array", "items": {"type": "string"}, "example": ["10:00-11:30"]})
class Windows(serializers.Field):
    """Contact windows as stored, shown as ["10:00-11:30"]."""

    def get_attribute(self, instance: Any) -> Any:
        return super().get_attribute(instance) or []

    def to_representation(self, value: Any) -> list[str]:
        return ["-".join(window) for window in value]

    def to_internal_value(self, data: Any) -> Any:
        raise NotImplementedError("shown only; `Lines` takes them in")


class Input(serializers.Serializer):
    """What a client may send: the named fields and nothing else; any other is refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                errors = {str(name): [ErrorDetail(str(UNKNOWN), code="unknown")] for name in unknown[:20]}
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class Output(serializers.ModelSerializer):
    """What a row shows: the fields its Meta names. Never used to take something in."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: Instant,
        models.DateField: Day,
        models.TimeField: TimeOfDay,
    }

    def get_fields(self) -> dict[str, serializers.Field]:
        fields: dict[str, serializers.Field] = super().get_fields()
        for field in fields.values():
            field.read_only = True
        return fields

"""The tables that grow keep no index that a longer one makes needless: every write would pay for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from crm.models import AuditEvent, Contact, Customer, CustomerPhone, Notice
from leads.models import CallTask, InboundCall, Interest, Lead, LeadEvent, Objection, RefusedRow, Visit

GROWING: tuple[Any, ...] = (
    *(AuditEvent, Contact, Customer, CustomerPhone, Notice),
    *(CallTask, InboundCall, Interest, Lead, LeadEvent, Objection, RefusedRow, Visit),
)


def whole(model: Any) -> list[tuple[str, ...]]:
    """The columns of each index of all rows, as they are declared."""
    indexes = [each.fields for each in model._meta.indexes if not each.condition and not each.opclasses]
    unique = [
        each.fields
        for each in model._meta.constraints
        if isinstance(each, models.UniqueConstraint) and not each.condition
    ]
    return [tuple(str(name).lstrip("-") for name in fields) for fields in (*indexes, *unique)]


@pytest.mark.parametrize("model", GROWING, ids=lambda model: model.__name__)
def test_no_index_begins_another(model: Any) -> None:
    longer = {fields[0] for fields in whole(model)}
    columns: tuple[Any, ...] = model._meta.concrete_fields
    keys = {each.name for each in columns if each.db_index and not each.unique}
    assert not keys & longer, "db_index=False: the other index begins with this column"
    single = {fields[0] for fields in whole(model) if len(fields) == 1}
    assert not single & {fields[0] for fields in whole(model) if len(fields) > 1}


@pytest.mark.parametrize("model", GROWING, ids=lambda model: model.__name__)
def test_a_key_that_few_rows_have_is_indexed_for_those(model: Any) -> None:
    """A null costs an entry like any other value. Those of `mostly` have one in most rows."""
    mostly = {"project", "base_event", "credit"}
    columns: tuple[Any, ...] = model._meta.concrete_fields
    keys = {
        each.name for each in columns if each.many_to_one and each.null and each.db_index and not each.unique
    }
    assert keys <= mostly

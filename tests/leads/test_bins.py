"""PX-10: a bin said as a condition holds for just the leads that the CASE of all bins puts into it."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest

from leads.models import Lead
from leads.states import Bin
from tests import factories

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
AROUND = (None, NOW - dt.timedelta(days=1), NOW, NOW + dt.timedelta(days=1))


def test_px_10_each_bin_filters_the_leads_that_stand_in_it() -> None:
    project, lin = factories.make_project(), factories.make_user("consultant")
    shapes = list(
        product(
            ("live", "lost", "closed", "invalid"),
            (lin, None),
            (None, NOW),
            AROUND,
            AROUND,
            AROUND,
            AROUND,
            ("", "SC-4.3"),
        )
    )
    customer = factories.make_customer("王芳")
    told = {
        "project": project,
        "household_id": customer.household_id,
        "customer": customer,
        "created_at": NOW,
    }
    # A party has one lead in a project; the others are records that were joined with it.
    first = Lead.objects.create(**told)
    names = (
        "state",
        "consultant",
        "review_due_at",
        "due_at",
        "opens_at",
        "held_until",
        "rejudge_at",
        "quiet_clause",
    )
    Lead.objects.bulk_create(
        Lead(merged_into=first, end_reason="bought_elsewhere", **told, **dict(zip(names, shape, strict=True)))
        for shape in shapes
    )
    rows = Lead.objects.all()
    for code in (*Bin, "no such bin"):
        said = set(rows.in_bin(code, NOW).values_list("pk", flat=True))
        judged = set(rows.with_bin(NOW).filter(bin=code).values_list("pk", flat=True))
        assert said == judged, code
        assert bool(said) is (code in set(Bin)), code

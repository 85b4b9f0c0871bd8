"""The filters of leads: one filterset for the page and the API. Orders come from an allow-list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

import django_filters as filters
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from crm.access import colleagues
from crm.forms_base import BaseForm
from crm.labels import BINS
from crm.models import Project, User
from crm.roles import Role
from leads.models import HeardVia, Lead
from leads.models.querysets import LeadQuerySet
from leads.states import Bin

NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)

#: order: (label, columns; the last is unique and none is ever null)
ORDERS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "new": (_("newest first"), ("-id",)),
    "due": (_("due first"), ("due_sort", "id")),
    "talk": (_("longest not spoken with"), ("talk_sort", "id")),
    "visit": (_("latest visit first"), ("-visit_sort", "-id")),
}
DUES = (
    ("overdue", _("overdue")),
    ("today", _("due today")),
    ("week", _("due within 7 days")),
    ("none", _("nothing due")),
)
UNGRADED = "none"


class LeadFilter(filters.FilterSet):
    """Filters over leads that are already scoped. `project` bounds the choices, `now` the due moments."""

    q = filters.CharFilter(method="find", label=_("Name, or the last 4 digits of a number"))
    grade = filters.ChoiceFilter(
        method="graded",
        label=_("Grade"),
        empty_label=_("all grades"),
        choices=[*Lead.Grade.choices, (UNGRADED, _("not graded"))],
    )
    stage = filters.ChoiceFilter(label=_("Stage"), empty_label=_("all stages"), choices=Lead.Stage.choices)
    source = filters.ModelChoiceFilter(
        field_name="heard_via",
        label=_("Source"),
        empty_label=_("all sources"),
        queryset=HeardVia.objects.none(),
    )
    due = filters.ChoiceFilter(
        method="falling_due", label=_("Due"), empty_label=_("any due date"), choices=DUES
    )
    bin = filters.ChoiceFilter(
        method="in_bin",
        label=_("Where it stands"),
        empty_label=_("all bins"),
        choices=[(code.value, BINS[code.value].label) for code in Bin],
    )
    consultant = filters.ModelChoiceFilter(
        label=_("Consultant"), empty_label=_("all consultants"), queryset=User.objects.none()
    )
    order = filters.ChoiceFilter(
        method="leave",
        label=_("Order"),
        empty_label=None,
        null_label=None,
        choices=[(code, label) for code, (label, _columns) in ORDERS.items()],
    )

    class Meta:
        model = Lead
        form = BaseForm
        fields: Sequence[str] = ()

    def __init__(
        self,
        data: Any,
        queryset: LeadQuerySet,
        *,
        project: Project,
        now: dt.datetime,
        consultants: bool = True,
    ) -> None:
        super().__init__(data, queryset)
        self.now = now
        today = now.astimezone(project.zone).date()
        self.day_begins = dt.datetime.combine(today, dt.time.min, project.zone)
        self.filters["source"].queryset = HeardVia.objects.filter(project=project)
        if consultants:
            self.filters["consultant"].queryset = colleagues(project.pk, Role.CONSULTANT).only(
                "name", "username"
            )
        else:
            del self.filters["consultant"]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to page by."""
        return ORDERS[self._values.get("order") or "new"][1]

    @property
    def rows(self) -> LeadQuerySet:
        """The leads that match, with their bin and the columns of the chosen order."""
        found: LeadQuerySet = self.qs.with_bin(self.now)
        sorts = {
            "due_sort": Coalesce("due_at", Value(NEVER), output_field=DateTimeField()),
            "talk_sort": Coalesce("last_talk_at", Value(LONG_AGO), output_field=DateTimeField()),
            "visit_sort": Coalesce("last_visit_at", Value(LONG_AGO), output_field=DateTimeField()),
        }
        wanted = {name.removeprefix("-") for name in self.columns}
        chosen = {name: value for name, value in sorts.items() if name in wanted}
        return cast(LeadQuerySet, found.annotate(**chosen))

    @property
    def chosen(self) -> int:
        """How many filters besides search and order are set."""
        return sum(1 for name, value in self._values.items() if value and name not in ("q", "order"))

    @property
    def narrows(self) -> bool:
        """Whether anything is asked for that leaves leads out; without, all of the scope matches."""
        return any(value for name, value in self._values.items() if name != "order")

    @property
    def _values(self) -> dict[str, Any]:
        """What was asked for and is valid; the rest is left out (and said in the form's errors)."""
        return self.form.cleaned_data if self.is_bound and self.errors is not None else {}

    def find(self, rows: LeadQuerySet, _name: str, text: str) -> LeadQuerySet:
        return rows.search(text)

    def graded(self, rows: LeadQuerySet, _name: str, value: str) -> LeadQuerySet:
        return rows.filter(grade="" if value == UNGRADED else value)

    def falling_due(self, rows: LeadQuerySet, _name: str, value: str) -> LeadQuerySet:
        if value == "overdue":
            return rows.overdue(self.now)
        if value == "none":
            return rows.filter(due_at=None)
        until = self.day_begins + (dt.timedelta(days=1) if value == "today" else WEEK)
        return rows.filter(state=Lead.State.LIVE, due_at__gte=self.day_begins, due_at__lt=until)

    def in_bin(self, rows: LeadQuerySet, _name: str, value: str) -> LeadQuerySet:
        return rows.in_bin(value, self.now)

    def leave(self, rows: LeadQuerySet, _name: str, _value: str) -> LeadQuerySet:
        """The order is applied by the page, which must know its columns."""
        return rows

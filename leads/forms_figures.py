"""The form of a figure: its period, how it is grouped, what it is narrowed to."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.access import colleagues
from crm.forms_base import BaseForm, DateInput
from crm.models import Project, User
from crm.roles import Role
from leads.models import HeardVia
from leads.models.querysets import LeadQuerySet

WEEKS = 8


class PeriodForm(BaseForm):
    """The period of a figure, and how it is grouped."""

    since = forms.DateField(label=_("From"), widget=DateInput(), required=False)
    until = forms.DateField(label=_("Until"), widget=DateInput(), required=False)
    by = forms.ChoiceField(
        label=_("Grouped by"),
        required=False,
        choices=(("week", _("week")), ("source", _("source")), ("consultant", _("consultant"))),
    )
    source = forms.ModelChoiceField(
        label=_("Source"), queryset=HeardVia.objects.none(), required=False, empty_label=_("all sources")
    )
    consultant = forms.ModelChoiceField(
        label=_("Consultant"), queryset=User.objects.none(), required=False, empty_label=_("all consultants")
    )

    def __init__(self, *args: Any, project: Project, people: bool, groups: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = HeardVia.objects.filter(project=project)  # type: ignore[attr-defined]
        self.fields["consultant"].queryset = colleagues(project.pk, Role.CONSULTANT)  # type: ignore[attr-defined]
        if not people:
            del self.fields["consultant"]
            self.fields["by"].choices = self.fields["by"].choices[:2]  # type: ignore[attr-defined]
        if not groups:
            del self.fields["by"]

    def period(self, project: Project, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """From the first day's midnight to the midnight after the last; eight weeks without an answer."""
        today = now.astimezone(project.zone).date()
        last = self._said("until") or today
        first = self._said("since") or last - dt.timedelta(days=last.weekday(), weeks=WEEKS - 1)
        first, last = min(first, last), max(first, last)
        begins = dt.datetime.combine(first, dt.time.min, project.zone)
        return begins, dt.datetime.combine(last, dt.time.min, project.zone) + dt.timedelta(days=1)

    def narrowed(self, scope: LeadQuerySet) -> LeadQuerySet:
        """The leads of the chosen source and consultant."""
        chosen = {"heard_via": self._said("source"), "consultant": self._said("consultant")}
        return scope.filter(**{name: value for name, value in chosen.items() if value})

    @property
    def grouping(self) -> str:
        return str(self._said("by") or "week")

    def _said(self, name: str) -> Any:
        self.is_valid()
        return getattr(self, "cleaned_data", {}).get(name)

"""Forms of the shift calendar (PX-7)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from crm.forms_base import BaseForm, DateInput
from crm.models import ShiftDay, User

USUAL = "usual"


class DaysForm(BaseForm):
    """Rest, leave or work on some days in a row."""

    kind = forms.ChoiceField(
        label=_("What"),
        choices=(
            (ShiftDay.Kind.LEAVE, _("leave")),
            (ShiftDay.Kind.REST, _("rest day")),
            (ShiftDay.Kind.WORK, _("works after all")),
            (USUAL, _("as every week")),
        ),
        widget=forms.RadioSelect,
    )
    first = forms.DateField(label=_("From"), widget=DateInput)
    last = forms.DateField(label=_("Until"), widget=DateInput)
    stand_in = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Who stands in"),
        required=False,
        empty_label=_("Nobody"),
        help_text=_("Same-day duties go to this person; the leads stay with their consultant (PX-7)."),
    )

    def __init__(self, *args: Any, stand_ins: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stand_in"].queryset = stand_ins  # type: ignore[attr-defined]

    @property
    def stored_kind(self) -> str:
        """The kind to store; "" gives the days back to the weekly pattern."""
        kind = str(self.cleaned_data["kind"])
        return "" if kind == USUAL else kind


class WeekForm(BaseForm):
    """One select for each weekday: works, or rests with or without somebody who stands in."""

    WORKS, NOBODY = "works", "nobody"

    def __init__(self, *args: Any, stand_ins: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(user.pk): user for user in stand_ins}
        choices = [
            (self.WORKS, _("works")),
            (self.NOBODY, _("rests, nobody stands in")),
            *((pk, _("rests, %(name)s stands in") % {"name": user}) for pk, user in self.people.items()),
        ]
        for weekday, name in WEEKDAYS.items():
            field = forms.ChoiceField(label=name, choices=choices, initial=self.WORKS)
            field.widget.attrs["class"] = "form-select"
            self.fields[f"day_{weekday}"] = field

    @property
    def rests(self) -> dict[int, User | None]:
        """Weekday (0 Monday) to who stands in, None for nobody."""
        chosen = {weekday: self.cleaned_data[f"day_{weekday}"] for weekday in range(7)}
        return {weekday: self.people.get(value) for weekday, value in chosen.items() if value != self.WORKS}

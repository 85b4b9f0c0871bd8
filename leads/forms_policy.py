"""The form of a policy draft, and two versions beside each other (SC-13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms_base import BaseForm, TimeInput, dress
from leads import policy as policies
from leads import policy_labels


class Compared(NamedTuple):
    """One value in two versions."""

    name: str
    label: Any
    clause: str
    before: Any
    after: Any
    unit: Any


def compared(before: policies.Policy, after: policies.Policy) -> Iterator[Compared]:
    """Every value with what it was before, in the order of the clauses."""
    old, new = policies.dump(before), policies.dump(after)
    words = policy_labels.CHOICES
    for name, item in policies.FIELDS.items():
        unit = policy_labels.UNITS.get(item.metadata["unit"], "")
        before_, after_ = (words.get(str(value), value) for value in (old[name], new[name]))
        label = policy_labels.FIELDS.get(name, name)
        yield Compared(name, label, item.metadata["clause"], before_, after_, unit)


class PolicyForm(BaseForm):
    """One field for each value, with its clause, bounds and unit."""

    reason = forms.CharField(
        label=gettext_lazy("Reason of the change"), max_length=1000, widget=forms.Textarea
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, item in policies.FIELDS.items():
            self.fields[name] = self._field(name, item.metadata)
            dress(self.fields[name])

    @staticmethod
    def _field(name: str, meta: Any) -> forms.Field:
        label: Any = policy_labels.FIELDS.get(name, name)
        if meta["unit"] == "time":
            return forms.TimeField(label=label, widget=TimeInput())
        if meta["unit"] == "choice":
            choices = [(code, policy_labels.CHOICES[code]) for code in meta["choices"]]
            return forms.ChoiceField(label=label, choices=choices)
        unit = policy_labels.UNITS.get(meta["unit"], meta["unit"])
        help_text = _("%(low)s to %(high)s %(unit)s") % {
            "low": meta["low"],
            "high": meta["high"],
            "unit": unit,
        }
        return forms.IntegerField(
            label=label, min_value=meta["low"], max_value=meta["high"], help_text=help_text
        )

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields by clause, for the template."""
        found: dict[str, list[forms.BoundField]] = {}
        for name, item in policies.FIELDS.items():
            found.setdefault(item.metadata["clause"], []).append(self[name])
        return list(found.items())

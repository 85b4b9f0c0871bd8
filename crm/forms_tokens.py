"""The form of a new API token: what it is for, what it may, how long, and that it is really its owner who asks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms_account import ProofForm
from crm.forms_base import dress
from crm.rules_tokens import GROUPS, READ, USUAL_DAYS, WRITE

GROUP_LABELS: dict[str, Any] = {
    "account": _("Oneself: roles, notices, clauses"),
    "people": _("Users, roles, shifts"),
    "places": _("Projects, units, calendar, occasions"),
    "leads": _("Leads, contacts, calls and visits"),
    "deals": _("Deals"),
    "policies": _("Policies and scripts"),
    "imports": _("Imports"),
    "figures": _("Figures and jobs"),
    "campaigns": _("Festivals, milestones, broadcasts"),
    "messages": _("Messages, receipts, replies, gateways"),
}
WAYS = (("", _("nothing")), (READ, _("read")), (WRITE, _("read and write")))
DAYS = ((7, _("a week")), (30, _("30 days")), (USUAL_DAYS, _("90 days")), (365, _("a year")))


class TokenForm(ProofForm):
    """One choice for each group of resources."""

    label = forms.CharField(
        label=_("What it is for"), max_length=60, help_text=_("Such as: visit counter at the desk.")
    )
    days = forms.TypedChoiceField(label=_("Valid for"), choices=DAYS, coerce=int, initial=USUAL_DAYS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for group in GROUPS:
            field = forms.ChoiceField(
                label=GROUP_LABELS[group], choices=WAYS, required=False, widget=forms.RadioSelect
            )
            self.fields[f"may_{group}"] = field
            dress(field)
        self.order_fields(["label", "days", *(f"may_{group}" for group in GROUPS)])

    @property
    def scopes(self) -> list[str]:
        """What was chosen, as a token keeps it."""
        chosen = {group: self.cleaned_data[f"may_{group}"] for group in GROUPS}
        return [f"{group}:{way}" for group, way in chosen.items() if way]


def scope_words(scopes: list[str]) -> list[tuple[Any, Any]]:
    """(group, way) of each scope in the reader's words."""
    ways = dict(WAYS)
    pairs = (scope.partition(":") for scope in scopes)
    return [(GROUP_LABELS.get(group, group), ways.get(way, way)) for group, _colon, way in pairs]

"""Forms of the broadcasts: the sheet with its audience, a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from campaigns import facts_audiences
from campaigns.actions.broadcasts import BroadcastSheet
from campaigns.models import Broadcast
from campaigns.rules_audiences import DAYS, NUMBERS, WORDS, Audience
from campaigns.rules_broadcasts import FIELDS
from crm.bilingual import Bilingual
from crm.forms_base import BaseForm, DateInput, DateTimeInput
from crm.models import Project
from leads.models import Lead
from leads.vocabulary import CAUSES, WANTED_TYPES

SECTIONS = ("who", "grades", "stages", "sources", "wanted", "buildings", "causes", "not_since", "since")
WHO = (("", _("everybody")), ("leads", _("leads")), ("owners", _("buyers and owners")))


def _words(words: Mapping[str, Bilingual]) -> list[tuple[str, str]]:
    language = get_language() or ""
    return [(code, text.in_language(language)) for code, text in words.items()]


class _Ticks(forms.MultipleChoiceField):
    """Any of some values; none ticked does not narrow."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.CheckboxSelectMultiple, **kwargs)


class AudienceForm(BaseForm):
    """Who gets something; the values that a project offers."""

    who = forms.ChoiceField(label=_("Who"), choices=WHO, required=False, widget=forms.RadioSelect)
    grades = _Ticks(label=_("Grade"), choices=Lead.Grade.choices)
    stages = _Ticks(label=_("Stage"), choices=Lead.Stage.choices)
    wanted = _Ticks(label=_("Wanted unit type"))
    causes = _Ticks(label=_("Open objection"))
    sources = _Ticks(label=_("Source"))
    buildings = _Ticks(label=_("Building bought in or seen"))
    not_since = forms.DateField(label=_("No talk or visit since"), required=False, widget=DateInput)
    since = forms.DateField(label=_("A talk or visit since"), required=False, widget=DateInput)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, list[tuple[Any, str]]] = {
            "wanted": list(_words(WANTED_TYPES)),
            "causes": list(_words(CAUSES)),
            "sources": list(facts_audiences.sources(project)),
            "buildings": list(facts_audiences.buildings(project)),
        }
        for name, found in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = found
            if not found:
                del self.fields[name]

    def section(self) -> list[forms.BoundField]:
        """The fields of the audience, in order."""
        return [self[name] for name in SECTIONS if name in self.fields]


FIELD_NAMES = {
    "project": _("project"),
    "until": _("when it ends"),
    "consultant": _("the customer's consultant"),
    "wanted": _("wanted unit type"),
}


class BroadcastForm(AudienceForm):
    text_fields = tuple((name, FIELD_NAMES[name]) for name in FIELDS)
    title = forms.CharField(
        label=_("Title"), max_length=40, help_text=_("For the lists; customers do not see it.")
    )
    body = forms.CharField(
        label=_("Text of the message"),
        max_length=300,
        widget=forms.Textarea,
        help_text=_("Without opening, signature and opt-out: the system puts them there."),
    )
    save_as = forms.CharField(label=_("Keep this audience under the name"), required=False, max_length=40)
    starts_at = forms.DateTimeField(label=_("Starts at"), widget=DateTimeInput)
    expires_at = forms.DateTimeField(
        label=_("Nothing goes out from"),
        widget=DateTimeInput,
        help_text=_("What has not left by then is not sent any more."),
    )
    budget = forms.IntegerField(
        label=_("Pieces at most"), min_value=1, max_value=2_000_000_000, required=False
    )
    price = forms.DecimalField(
        label=_("Price of a piece (yuan)"), min_value=0, max_digits=6, decimal_places=4, required=False
    )

    def sheet(self) -> BroadcastSheet:
        """The cleaned form as the action takes it."""
        data = self.cleaned_data
        return BroadcastSheet(
            title=data["title"],
            body=data["body"],
            starts_at=data["starts_at"],
            expires_at=data["expires_at"],
            filter=filter_of(data),
            budget=data["budget"],
            price=data["price"],
        )


def filter_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says of the audience, as a stored filter; fields with errors do not narrow."""
    found: dict[str, Any] = {}
    for name in SECTIONS:
        value = data.get(name)
        if not value:
            continue
        if name in DAYS:
            found[name] = value.isoformat() if isinstance(value, dt.date) else value
        elif name in NUMBERS:
            found[name] = [int(each) for each in value]
        else:
            found[name] = list(value) if name in WORDS else value
    return found


def initial_of(row: Broadcast) -> dict[str, Any]:
    """A broadcast as its form shows it."""
    names = ("title", "body", "starts_at", "expires_at", "budget", "price")
    return {name: getattr(row, name) for name in names} | audience_initial(row.audience)


def audience_initial(audience: Audience) -> dict[str, Any]:
    """An audience as the form shows it."""
    return {name: getattr(audience, name) for name in SECTIONS}


def in_words(audience: Audience, project: Project) -> list[tuple[Any, str]]:
    """An audience as (condition, values in words); nothing for everybody."""
    form = AudienceForm(project=project)
    found: list[tuple[Any, str]] = []
    for name in SECTIONS:
        value = getattr(audience, name)
        if not value or name not in form.fields:
            continue
        field = form.fields[name]
        words = {str(code): str(text) for code, text in getattr(field, "choices", ())}
        several = value if isinstance(value, tuple) else (value,)
        shown = [each if isinstance(each, dt.date) else words.get(str(each), str(each)) for each in several]
        found.append((field.label, "、".join(str(each) for each in shown)))
    return found


class ReasonForm(BaseForm):
    reason = forms.CharField(label=_("Reason"), max_length=200)

"""The form of a project's grades: one label, one line of criteria, some words each."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from crm.forms_base import BaseForm, dress
from leads.actions.grades import Meaning
from leads.models import GradeMeaning, Lead

_BETWEEN_WORDS = re.compile(r"[\s、，,;；]+")


class GradesForm(BaseForm):
    """Four grades, three fields each."""

    def __init__(self, *args: Any, present: dict[str, GradeMeaning], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for grade in Lead.Grade.values:
            row = present.get(grade)
            self._add(
                f"label_{grade}", forms.CharField(label=_("Label"), max_length=20), row.label if row else ""
            )
            self._add(
                f"criteria_{grade}",
                forms.CharField(
                    label=_("When it is given"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
                ),
                row.criteria if row else "",
            )
            self._add(
                f"words_{grade}",
                forms.CharField(label=_("How registers write it"), max_length=1000),
                "、".join(row.words) if row else "",
            )

    def _add(self, name: str, field: forms.CharField, initial: str) -> None:
        field.required, field.initial = False, initial
        dress(field)
        self.fields[name] = field

    def groups(self) -> list[tuple[str, list[BoundField]]]:
        """Each grade with its fields, as the page shows them."""
        parts = ("label", "criteria", "words")
        return [(grade, [self[f"{part}_{grade}"] for part in parts]) for grade in Lead.Grade.values]

    def meanings(self) -> dict[str, Meaning]:
        """The cleaned form as the action takes it."""
        said = self.cleaned_data
        return {
            grade: Meaning(
                said[f"label_{grade}"],
                said[f"criteria_{grade}"],
                tuple(_BETWEEN_WORDS.split(said[f"words_{grade}"])),
            )
            for grade in Lead.Grade.values
        }

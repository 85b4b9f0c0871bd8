"""Forms of loading a register: the file, what its columns mean, who its names of staff are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.access import colleagues
from crm.forms_base import BaseForm, dress
from crm.roles import Role
from leads.facts_import import LIMITS
from leads.models import ImportBatch
from leads.registers.fields import Field
from leads.registers.messages import text as text_of
from leads.registers.reading import Plan

POOL = "pool"

FIELDS: dict[str, str | Promise] = {
    Field.PHONE: _("Phone number"),
    Field.NAME: _("Name"),
    Field.GENDER: _("Mr or Ms"),
    Field.DATE: _("Date"),
    Field.TIME: _("Time of day"),
    Field.GRADE: _("Grade"),
    Field.STAGE: _("Status"),
    Field.KIND: _("Call or visit"),
    Field.CONSULTANT: _("Consultant"),
    Field.SOURCE: _("How heard"),
    Field.REMARK: _("Remark"),
    Field.OBJECTIONS: _("Objections"),
    Field.INTERESTS: _("Points of interest"),
    Field.VISITS: _("First or repeat visit"),
    Field.WANTED: _("Wanted size or layout"),
    Field.BUDGET: _("Budget"),
    Field.PURPOSE: _("Purpose"),
    Field.TIME_TO_BUY: _("Time to buy"),
    Field.RESIDENCE: _("Lives in"),
    Field.PARTY_SIZE: _("Number of people"),
    Field.SERIAL: _("Serial number"),
    Field.REFUSAL: _("Reason of an earlier refusal: left out"),
}
KEPT_AS_NOTE = _("Keep as a note")


class FileInput(forms.FileInput):
    """Offers only what a register can be."""

    def __init__(self) -> None:
        super().__init__({"accept": ".csv,.txt,.xlsx,.xls"})


class UploadForm(BaseForm):
    file = forms.FileField(label=_("File"), help_text=_("Excel or CSV, up to 20 MB."), widget=FileInput)

    def clean_file(self) -> UploadedFile:
        found: UploadedFile = self.cleaned_data["file"]
        if (found.size or 0) > LIMITS.max_bytes:
            megabytes = LIMITS.max_bytes // 2**20
            raise forms.ValidationError(_(text_of("file_too_large")) % {"limit": megabytes})
        return found


class ColumnsForm(BaseForm):
    """One select for each column of each sheet, prefilled with the guess; `groups` is what the page shows."""

    register = forms.ChoiceField(
        label=_("These are"), choices=ImportBatch.Register.choices, widget=forms.RadioSelect
    )

    def __init__(self, plan: Plan, *args: Any, samples: dict[tuple[int, int], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plan = plan
        self.groups: list[tuple[str, str, list[tuple[str, str, str]]]] = []
        choices = [("", KEPT_AS_NOTE), *((field.value, FIELDS[field]) for field in Field)]
        for i, sheet in enumerate(plan.sheets):
            use = f"use_{i}"
            if len(plan.sheets) > 1:
                self._add(use, forms.BooleanField(label=sheet.name, required=False, initial=sheet.used))
            rows = []
            for j, column in enumerate(sheet.columns):
                name = f"column_{i}_{column.index}"
                initial = column.field.value if column.field else ""
                self._add(
                    name,
                    forms.ChoiceField(label=column.label, choices=choices, required=False, initial=initial),
                )
                rows.append((name, column.label, samples.get((i, j), "")))
            self.groups.append((sheet.name, use if use in self.fields else "", rows))

    def _add(self, name: str, field: forms.Field) -> None:
        dress(field)
        self.fields[name] = field

    @property
    def mapping(self) -> dict[str, Any]:
        """What was chosen, as `facts_import.open_file` takes it."""
        values = self.cleaned_data
        only_one = len(self._plan.sheets) == 1
        unused = [
            sheet.name for i, sheet in enumerate(self._plan.sheets) if not values.get(f"use_{i}", only_one)
        ]
        sheets = {
            sheet.name: {str(column.index): values[f"column_{i}_{column.index}"] for column in sheet.columns}
            for i, sheet in enumerate(self._plan.sheets)
            if sheet.name not in unused
        }
        return {"sheets": sheets, "unused": unused, "grades": {}}


class StartForm(BaseForm):
    """What becomes of known customers, and who each name of the register is: one that is unsettled must be answered."""

    known = forms.ChoiceField(
        label=_("Customers who are known already"),
        choices=ImportBatch.Known.choices,
        widget=forms.RadioSelect,
    )

    def __init__(self, batch: ImportBatch, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial={"known": batch.known}, **kwargs)
        check = batch.report["check"]
        self.fields["known"].help_text = _(
            "Left out: %(rows)d rows. Filled: blanks of %(fills)d customers. Taken over: changes about %(changes)d "
            "customers. A lead keeps its consultant in any case."
        ) % {"rows": check["database"], "fills": check["fills"], "changes": check["changes"]}
        consultants = [(str(user.pk), str(user)) for user in colleagues(batch.project_id, Role.CONSULTANT)]
        self._names = sorted(batch.report["check"]["staff"].items(), key=lambda item: -item[1])
        for i, (name, rows) in enumerate(self._names):
            known = batch.staff.get(name, "")
            initial = POOL if known is None else str(known)
            choices = [
                ("", _("Please choose")),
                *consultants,
                (POOL, _("Nobody: leave the leads in the pool")),
            ]
            field = forms.ChoiceField(label=name, choices=choices, initial=initial)
            field.help_text = _("%(rows)d rows") % {"rows": rows}
            self.fields[f"staff_{i}"] = field
            dress(field)

    @property
    def staff_fields(self) -> list[forms.BoundField]:
        return [self[f"staff_{i}"] for i in range(len(self._names))]

    @property
    def staff(self) -> dict[str, int | None]:
        answers = (self.cleaned_data[f"staff_{i}"] for i in range(len(self._names)))
        return {
            name: None if answer == POOL else int(answer)
            for (name, _rows), answer in zip(self._names, answers, strict=True)
        }

"""The form that takes a list of units as a file."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _

from crm.forms_base import BaseForm
from crm.rules_units import MOST_ROWS, UnitFile, read_units
from leads.registers import messages
from leads.registers.errors import RegisterError
from leads.registers.limits import Limits
from leads.registers.sniffing import open_register

LIMITS = Limits(max_bytes=5 * 2**20, max_row=MOST_ROWS + 100)


class UnitFileForm(BaseForm):
    """Cleans to what the first readable sheet says; a file that says nothing is an error at the field."""

    file = forms.FileField(
        label=_("File"),
        max_length=200,
        help_text=_(
            "CSV or Excel, with a column for the building and one for the number; type, floor, area and price as well."
        ),
    )

    def clean_file(self) -> UnitFile:
        upload: UploadedFile = self.cleaned_data["file"]
        if (upload.size or 0) > LIMITS.max_bytes:
            raise forms.ValidationError(translate(messages.text("file_too_large")) % {"limit": 5})
        try:
            book = open_register(upload.read(), LIMITS)
            sheets = [read_units(sheet.rows()) for sheet in book.sheets if not sheet.hidden]
        except RegisterError as error:
            raise forms.ValidationError(translate(messages.text(error.code)) % error.params) from None
        readable = next((found for found in sheets if not found.problem), None)
        if readable is None:
            raise forms.ValidationError(
                translate(sheets[0].problem) if sheets else translate(messages.text("file_empty"))
            )
        return readable

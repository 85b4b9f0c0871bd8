"""Forms of one's own account. None of them keeps a password or a code in the page it shows again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms_base import BaseForm

PASSWORD_RULES = _(
    "At least 10 characters; neither only digits, nor a common word, nor your name, nor one of your last five."
)


def _password(label: Any, complete: str, help_text: Any = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": complete})
    return forms.CharField(label=label, max_length=128, strip=False, widget=widget, help_text=help_text)


class CodeInput(forms.TextInput):
    """The phone offers the code; nothing is corrected or kept."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(
            {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", **attrs}
        )


class ChangePasswordForm(BaseForm):
    old = _password(_("Present password"), "current-password")
    new = _password(_("New password"), "new-password", PASSWORD_RULES)
    again = _password(_("New password once more"), "new-password")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("new") and given.get("again") and given["new"] != given["again"]:
            self.add_error("again", _("The two new passwords differ."))
        return given


class ProofForm(BaseForm):
    """That it is really the person: the password and, where there is a second factor, a code."""

    password = _password(_("Present password"), "current-password")
    code = forms.CharField(
        label=_("One-time code"),
        max_length=20,
        widget=CodeInput(),
        help_text=_("The six digits your app shows now, or a recovery code."),
    )

    def __init__(self, *args: Any, with_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_code:
            del self.fields["code"]


class ConfirmFactorForm(BaseForm):
    offer = forms.CharField(max_length=500, widget=forms.HiddenInput)
    code = forms.CharField(
        label=_("One-time code"),
        max_length=20,
        widget=CodeInput(inputmode="numeric"),
        help_text=_("The six digits that the app shows for this account."),
    )


class LoginCodeForm(BaseForm):
    code = forms.CharField(
        label=_("One-time code"),
        max_length=20,
        widget=CodeInput(autofocus=True),
        help_text=_("The six digits your app shows now, or a recovery code."),
    )

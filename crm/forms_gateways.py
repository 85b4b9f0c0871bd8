"""Forms of the lines that messages leave by."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.forms_base import BaseForm, BaseModelForm, DateInput, PhoneInput
from crm.models import Gateway, GatewaySignature, GatewayTemplate, Project

SMPP_PASSWORD = 8  # characters; SMPP 3.4 has room for no more
OF_KIND = {
    "console": (),
    "http": ("url", "key"),
    "smpp": ("host", "port", "system_id", "system_type", "source", "tls", "sessions"),
}


class GatewayForm(BaseModelForm):
    project = forms.ModelChoiceField(label=_("Project"), queryset=Project.objects.none())
    kind = forms.ChoiceField(
        label=_("Kind"), choices=Gateway.Kind.choices, initial=Gateway.Kind.HTTP, widget=forms.RadioSelect
    )
    url = forms.CharField(label=_("Address of the agent"), max_length=300, required=False)
    key = forms.CharField(label=_("Account name"), max_length=60, required=False)
    host = forms.CharField(label=_("Host"), max_length=200, required=False)
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, required=False)
    system_id = forms.CharField(label="system_id", max_length=15, required=False)
    system_type = forms.CharField(label="system_type", max_length=12, required=False)
    source = forms.CharField(label=_("Sender number"), max_length=20, required=False)
    tls = forms.BooleanField(label=_("TLS"), required=False)
    sessions = forms.IntegerField(label=_("Connections at once"), min_value=1, max_value=16, required=False)
    secret = forms.CharField(
        label=_("Secret"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_(
            "Empty keeps the stored one while address and account stay. env:NAME reads CRM_GATEWAY_NAME from the "
            "server's environment; CRM_GATEWAY_NAME_HOSTS beside it says which hosts may get it."
        ),
    )

    class Meta:
        model = Gateway
        fields = (
            "project", "name", "kind", "state", "is_default", "layout", "rate", "window", "needs_filing",
            "needs_template",
        )  # fmt: skip
        labels = {"name": pgettext_lazy("of a thing", "Name")}
        widgets = {"state": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        if instance is not None:
            kwargs["initial"] = {**instance.settings, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = Project.objects.filter(active=True)  # type: ignore[attr-defined]
        if instance is not None:
            self.fields["project"].disabled = True

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        secret = str(values.get("secret") or "")
        if values.get("kind") == "smpp" and len(secret) > SMPP_PASSWORD and not secret.startswith("env:"):
            self.add_error("secret", _("An SMPP password has at most 8 characters."))
        return values

    def settings_given(self) -> dict[str, Any]:
        """The settings of the chosen kind; what the form does not know stays as it is."""
        kept = dict(self.instance.settings) if self.instance.pk else {}
        names = OF_KIND[self.cleaned_data["kind"]]
        kept = {
            name: value for name, value in kept.items() if not any(name in each for each in OF_KIND.values())
        }
        return kept | {
            name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name) not in (None, "")
        }


class SignatureForm(BaseModelForm):
    class Meta:
        model = GatewaySignature
        fields = ("signature", "state", "expires_on", "note")
        widgets = {"expires_on": DateInput}


class TemplateForm(BaseModelForm):
    class Meta:
        model = GatewayTemplate
        fields = ("code", "body", "state", "expires_on", "note")
        widgets = {"expires_on": DateInput}


class TestMessageForm(BaseForm):
    phone = forms.CharField(label=_("A number of your own"), max_length=40, widget=PhoneInput)
    body = forms.CharField(label=_("Text"), max_length=200, initial="这是一条测试短信。")

"""The lines that messages leave by: settings, filing, tests. The system administrator's; no customer stands here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible
from crm.actions import gateways as actions
from crm.asked import words
from crm.deeds import attempt, posted
from crm.forms_gateways import GatewayForm, SignatureForm, TemplateForm, TestMessageForm
from crm.gates import administrator_of
from crm.models import Gateway
from crm.pages import page


def _one(pk: int) -> Gateway:
    return get_visible(Gateway.objects.select_related("project"), pk=pk)


@require_safe
def gateways(request: HttpRequest) -> HttpResponse:
    """Every line of every project."""
    administrator_of(request)
    rows = Gateway.objects.select_related("project").order_by("project__name", "name")
    return page(request, "crm/gateways.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def gateway_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a line, or change one."""
    by = administrator_of(request)
    row = _one(pk) if pk else None
    form = GatewayForm(posted(request), instance=row)

    def save() -> None:
        values = form.cleaned_data
        actions.save_gateway(
            project=row.project if row else values["project"],
            gateway=row,
            values={name: values[name] for name in actions.COLUMNS},
            settings=form.settings_given(),
            secret=values["secret"] or None,
            is_default=values["is_default"],
            by=by,
            at=clock.now(),
        )

    if request.method == "POST" and attempt(form, save):
        messages.success(request, _("Saved."))
        return redirect("crm:gateways")
    status = 422 if form.errors else 200
    return page(request, "crm/gateway_edit.html", {"form": form, "row": row}, status=status)


@require_safe
def gateway(request: HttpRequest, pk: int) -> HttpResponse:
    """One line: how it stands, what is on file, and tests."""
    administrator_of(request)
    return page(request, "crm/gateway.html", _context(request, _one(pk)))


def _context(request: HttpRequest, row: Gateway, **forms: Any) -> dict[str, Any]:
    return {
        "row": row,
        "callback": request.build_absolute_uri(reverse("crm:callback", args=[row.callback_key])),
        "signatures": row.signatures.all(),
        "templates": row.templates.all(),
        "signature_form": forms.get("signature") or SignatureForm(prefix="s"),
        "template_form": forms.get("template") or TemplateForm(prefix="t"),
        "test_form": forms.get("test") or TestMessageForm(prefix="m"),
    }


@require_POST
def gateway_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Test the connection."""
    by, row = administrator_of(request), _one(pk)
    problem = actions.test_connection(gateway=row, by=by, at=clock.now())
    if problem:
        messages.error(request, _("The line could not be opened: %(why)s") % {"why": problem})
    else:
        messages.success(request, _("The line opens."))
    return redirect("crm:gateway", pk=pk)


@require_POST
def gateway_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message to a number of one's own."""
    by, row = administrator_of(request), _one(pk)
    form = TestMessageForm(request.POST, prefix="m")
    if attempt(
        form,
        lambda: actions.send_test(
            gateway=row, raw=form.cleaned_data["phone"], body=form.cleaned_data["body"], by=by, at=clock.now()
        ),
    ):
        messages.success(request, _("On its way. The line sends within a few seconds."))
        return redirect("crm:gateway", pk=pk)
    return page(request, "crm/gateway.html", _context(request, row, test=form), status=422)


@require_POST
def gateway_signature(request: HttpRequest, pk: int) -> HttpResponse:
    """Note what the carrier says about a signature."""
    by, row = administrator_of(request), _one(pk)
    known = row.signatures.filter(signature=words(request.POST, "s-signature", 60)).first()
    form = SignatureForm(request.POST, prefix="s", instance=known)

    def save() -> None:
        values = form.cleaned_data
        actions.file_signature(
            gateway=row, signature=values["signature"], values=values, by=by, at=clock.now()
        )

    if attempt(form, save):
        return redirect("crm:gateway", pk=pk)
    return page(request, "crm/gateway.html", _context(request, row, signature=form), status=422)


@require_POST
def gateway_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Note what the carrier says about a template."""
    by, row = administrator_of(request), _one(pk)
    form = TemplateForm(request.POST, prefix="t")

    def save() -> None:
        values = form.cleaned_data
        actions.file_template(
            gateway=row, code=values["code"], body=values["body"], values=values, by=by, at=clock.now()
        )

    if attempt(form, save):
        return redirect("crm:gateway", pk=pk)
    return page(request, "crm/gateway.html", _context(request, row, template=form), status=422)

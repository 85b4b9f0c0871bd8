"""The second factor: asked for while signing in, and set up, renewed or removed under “My account”."""

from __future__ import annotations

import base64
from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.mfa.stages import AuthenticateStage
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathFillImage

from crm import clock
from crm import rules_totp as totp
from crm.account_gate import FACTOR, missing_step, requires_factor
from crm.actions import factors
from crm.deeds import attempt, posted
from crm.errors import RuleViolation
from crm.forms_account import ConfirmFactorForm, LoginCodeForm, ProofForm
from crm.gates import user_of
from crm.models import User
from crm.pages import page
from crm.views_prove import prove, prove_code
from crm.whereabouts import place_of, stay_signed_in

FORM = ["GET", "HEAD", "POST"]


@sensitive_post_parameters()
@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")
@require_http_methods(FORM)
def login_code(request: HttpRequest) -> HttpResponse:
    """The second step of signing in. allauth's stage knows whose password was right."""
    stage: Any = request._login_stage  # type: ignore[attr-defined]
    user: User = stage.login.user
    if not factors.has_factor(user):  # an administrator has just reset it
        answer: HttpResponse = stage.abort()
        return answer
    form = LoginCodeForm(posted(request))
    if request.method == "POST" and attempt(
        form, lambda: prove_code(request, user, form.cleaned_data["code"])
    ):
        request.session[FACTOR] = user.pk
        done: HttpResponse = stage.exit()
        return done
    return page(request, "account/login_code.html", {"form": form}, status=422 if form.errors else 200)


@sensitive_post_parameters()
@sensitive_variables("form", "offered")
@never_cache
@require_http_methods(FORM)
def factor(request: HttpRequest) -> HttpResponse:
    """Set up a second factor, or another phone in the place of the former one: first the proof, then the QR code."""
    user = user_of(request)
    form = ProofForm(posted(request), with_code=factors.has_factor(user))
    if request.method == "POST" and attempt(form, lambda: prove(request, user, form)):
        offered = factors.offer(user=user, at=clock.now())
        return _show_offer(request, offered, ConfirmFactorForm(initial={"offer": offered.sealed}))
    context = {"form": form, "replaces": factors.has_factor(user)}
    return page(request, _frame(request, "factor"), context, status=422 if form.errors else 200)


@sensitive_post_parameters()
@sensitive_variables("form", "offered", "codes")
@never_cache
@require_http_methods(FORM)
def factor_confirm(request: HttpRequest) -> HttpResponse:
    """The first code proves that the app has the secret; from here on it is asked for.

    A reload, or another language, asks for this address with GET: there is nothing here to show a second time.
    """
    if request.method != "POST":
        return redirect("account_me")
    user, key, codes = user_of(request), request.session.session_key or "", list[str]()
    form = ConfirmFactorForm(posted(request))
    try:
        offered = factors.read_offer(request.POST.get("offer", ""), user=user, at=clock.now())
    except RuleViolation as violation:
        messages.error(request, str(violation.text))
        return redirect("account_factor")
    if not attempt(form, lambda: codes.extend(_set_up(request, form, offered, key))):
        return _show_offer(request, offered, form)
    stay_signed_in(request, user, key)
    request.session[FACTOR] = user.pk
    return _show_codes(request, codes)


def _set_up(request: HttpRequest, form: ConfirmFactorForm, offered: factors.Offer, key: str) -> list[str]:
    code, at = form.cleaned_data["code"], clock.now()
    return factors.set_up(
        user=user_of(request), offered=offered, code=code, keep=key, at=at, place=place_of(request)
    )


@sensitive_post_parameters()
@sensitive_variables("form", "codes")
@never_cache
@require_http_methods(FORM)
def codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes; the old ones are void."""
    user = user_of(request)
    form = ProofForm(posted(request), with_code=factors.has_factor(user))
    made: list[str] = []

    def renew() -> None:
        prove(request, user, form)
        made.extend(factors.renew_codes(user=user, at=clock.now(), place=place_of(request)))

    if request.method == "POST" and attempt(form, renew):
        return _show_codes(request, made)
    return page(request, "account/codes.html", {"form": form}, status=422 if form.errors else 200)


@sensitive_post_parameters()
@sensitive_variables("form")
@never_cache
@require_http_methods(FORM)
def factor_off(request: HttpRequest) -> HttpResponse:
    """Sign in without a second factor again, where the role allows that."""
    user, key = user_of(request), request.session.session_key or ""
    form, required = ProofForm(posted(request), with_code=factors.has_factor(user)), requires_factor(user)

    def remove() -> None:
        prove(request, user, form)
        factors.remove(user=user, required=required, keep=key, at=clock.now(), place=place_of(request))

    if request.method == "POST" and attempt(form, remove):
        stay_signed_in(request, user, key)
        request.session.pop(FACTOR, None)
        messages.success(
            request, _("The second factor is removed. Your password alone opens the account now.")
        )
        return redirect("account_me")
    context = {"form": form, "required": required}
    return page(request, "account/factor_off.html", context, status=422 if form.errors else 200)


def _frame(request: HttpRequest, name: str) -> str:
    """Who must set it up before anything else sees no navigation: nothing in it would open."""
    user = user_of(request)
    lacking = missing_step(user, proved=request.session.get(FACTOR) == user.pk)
    return f"account/{name}_bare.html" if lacking else f"account/{name}.html"


def _show_offer(request: HttpRequest, offered: factors.Offer, form: ConfirmFactorForm) -> HttpResponse:
    secret = totp.as_text(offered.secret)
    address = totp.address(offered.secret, issuer=factors.ISSUER, account=user_of(request).username)
    context = {
        "form": form,
        "offer": offered.sealed,
        "qr": _qr(address),
        "secret": " ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
    }
    return page(request, _frame(request, "factor_scan"), context, status=422 if form.errors else 200)


def _show_codes(request: HttpRequest, made: list[str]) -> HttpResponse:
    """The codes, on this one answer and never again; the download is part of the page itself."""
    text = "\r\n".join([f"{factors.ISSUER}: {user_of(request).username}", "", *made, ""])
    context = {"codes": made, "download": _data_address("text/plain;charset=utf-8", text.encode())}
    return page(request, "account/codes_once.html", context)


def _qr(text: str) -> str:
    """The QR code as an SVG in an address of its own: the content policy lets no other picture in."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    return _data_address("image/svg+xml", code.make_image(image_factory=SvgPathFillImage).to_string())


def _data_address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"

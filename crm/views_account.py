"""“My account”: one's password, devices and login history. Nobody sees another's here, whatever number is sent."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible
from crm.account_gate import requires_factor
from crm.actions import factors, passwords, sessions
from crm.deeds import attempt, posted
from crm.forms_account import ChangePasswordForm
from crm.gates import user_of
from crm.models import AccountSession, LoginEvent
from crm.pages import page
from crm.seek import seek
from crm.views_prove import taken_try
from crm.whereabouts import place_of, stay_signed_in

FORM = ["GET", "HEAD", "POST"]
LINES = 5  # of the history on the first page
DEVICES = 50


@never_cache
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Everything about one's own account on one page."""
    user, at = user_of(request), clock.now()
    context = {
        "has_factor": factors.has_factor(user),
        "codes_left": factors.codes_left(user),
        "codes_few": factors.FEW,
        "required": requires_factor(user),
        "factor_hint": settings.ENV.mode == "development" and not settings.MFA_ROLES,
        "password": user.password_records.first(),
        "sessions": sessions.live(at=at).filter(user=user)[:DEVICES],
        "this": request.session.session_key,
        "lines": LoginEvent.objects.filter(user=user).select_related("by")[:LINES],
        "tokens_url": _tokens_url(),
    }
    return page(request, "account/me.html", context)


def _tokens_url() -> str:
    try:
        return reverse("crm:api_tokens")
    except NoReverseMatch:
        return ""


@sensitive_post_parameters()
@sensitive_variables("form")
@never_cache
@require_http_methods(FORM)
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; this session goes on, all others end."""
    user, form = user_of(request), ChangePasswordForm(posted(request))
    key, forced = request.session.session_key or "", user.must_change_password
    if request.method == "POST" and attempt(form, lambda: _change(request, form, key)):
        stay_signed_in(request, user, key)
        messages.success(
            request,
            _("The new password is in force. Your other devices are signed out, your API tokens revoked."),
        )
        return redirect("home" if forced else "account_me")
    template = "account/password_forced.html" if forced else "account/password_change.html"
    return page(request, template, {"form": form}, status=422 if form.errors else 200)


def _change(request: HttpRequest, form: ChangePasswordForm, key: str) -> None:
    given, user = form.cleaned_data, user_of(request)
    with taken_try(request, user):
        passwords.change(
            user=user, old=given["old"], new=given["new"], keep=key, at=clock.now(), place=place_of(request)
        )


@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign another of one's own devices out."""
    user = user_of(request)
    others = AccountSession.objects.filter(user=user).exclude(session_key=request.session.session_key)
    session = get_visible(others, pk=pk)
    sessions.end(session=session, by=user, at=clock.now(), place=place_of(request))
    messages.success(request, _("The device is signed out."))
    return redirect("account_me")


@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    """Sign out every device but this one."""
    user, key = user_of(request), request.session.session_key or ""
    ended = sessions.end_others(user=user, keep=key, at=clock.now(), place=place_of(request))
    stay_signed_in(request, user, key)
    said = ngettext("%(n)s other device is signed out.", "%(n)s other devices are signed out.", ended)
    messages.success(request, said % {"n": ended})
    return redirect("account_me")


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """One's own login history, newest first."""
    rows = LoginEvent.objects.filter(user=user_of(request)).select_related("by")
    context = {"page": seek(rows, request.GET, order=("-at", "-id")), "days": settings.LOGIN_HISTORY_DAYS}
    return page(request, "account/history.html", context, fragment="account/_history.html")

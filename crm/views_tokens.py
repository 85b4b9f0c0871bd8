"""API tokens: one's own, made and revoked; everybody's for the administrator, without their secrets."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible
from crm.actions import factors
from crm.actions.tokens import make_token, revoke_token
from crm.deeds import attempt, posted
from crm.forms_tokens import TokenForm, scope_words
from crm.gates import administrator_of, is_administrator, user_of
from crm.models import ApiToken
from crm.pages import page
from crm.seek import seek
from crm.views_prove import prove


@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own tokens, newest first."""
    user = user_of(request)
    found = seek(ApiToken.objects.filter(owner=user), request.GET, order=("-id",))
    shown = [(token, scope_words(token.scopes)) for token in found.rows]
    context = {"page": found, "shown": shown, "now": clock.now(), "administers": is_administrator(user)}
    return page(request, "crm/tokens.html", context)


@require_safe
def tokens_all(request: HttpRequest) -> HttpResponse:
    """Everybody's tokens (administrator)."""
    administrator_of(request)
    found = seek(ApiToken.objects.select_related("owner"), request.GET, order=("-id",))
    shown = [(token, scope_words(token.scopes)) for token in found.rows]
    context = {"page": found, "shown": shown, "now": clock.now(), "all": True}
    return page(request, "crm/tokens.html", context)


@sensitive_post_parameters()
@sensitive_variables("form", "made")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_new(request: HttpRequest) -> HttpResponse:
    """Make a token; its secret is shown this once."""
    user = user_of(request)
    form = TokenForm(posted(request), with_code=factors.has_factor(user))
    made: list[tuple[ApiToken, str]] = []

    def make() -> None:
        prove(request, user, form)
        said = form.cleaned_data
        made.append(
            make_token(label=said["label"], scopes=form.scopes, days=said["days"], by=user, at=clock.now())
        )

    if request.method == "POST" and attempt(form, make):
        return page(request, "crm/token_once.html", {"token": made[0][0], "secret": made[0][1]})
    return page(request, "crm/token_new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one's own token, or, as the administrator, anybody's."""
    user = user_of(request)
    rows = ApiToken.objects.all() if is_administrator(user) else ApiToken.objects.filter(owner=user)
    token = get_visible(rows, pk=pk)
    revoke_token(token=token, by=user, at=clock.now())
    messages.success(request, _("The token is revoked. Nothing opens with it any more."))
    return redirect("crm:api_tokens" if token.owner_id == user.pk else "crm:api_tokens_all")

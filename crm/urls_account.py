"""The few account addresses of a closed staff product: no sign-up, no self-service reset, no e-mail.

Of allauth's own addresses only these are routed: signing in, signing out, the word about a closed account, and
`mfa_authenticate`, to which its login leads whoever has a second factor.
"""

from __future__ import annotations

from allauth.account import views
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from crm import views_account, views_factor

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("login/second-factor/", views_factor.login_code, name="mfa_authenticate"),
    # Open to those who are half-way in, too: it is how they turn back.
    path("logout/", login_not_required(views.logout), name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("me/", views_account.me, name="account_me"),
    path("history/", views_account.history, name="account_history"),
    path("password/change/", views_account.password, name="account_change_password"),
    path("sessions/end/", views_account.sessions_end, name="account_sessions_end"),
    path("sessions/<int:pk>/end/", views_account.session_end, name="account_session_end"),
    path("factor/", views_factor.factor, name="account_factor"),
    path("factor/confirm/", views_factor.factor_confirm, name="account_factor_confirm"),
    path("factor/codes/", views_factor.codes, name="account_codes"),
    path("factor/off/", views_factor.factor_off, name="account_factor_off"),
]

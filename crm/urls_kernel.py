"""The kernel's own addresses, under the namespace `crm`."""

from __future__ import annotations

from django.urls import include, path

from crm import views_callback, views_clauses, views_home, views_notices, views_tokens

app_name = "crm"

urlpatterns = [
    path("language/", views_home.language, name="language"),
    path("project/", views_home.project, name="project"),
    path("clauses/<str:code>/", views_clauses.clause, name="clause"),
    path("notices/", views_notices.notices, name="notices"),
    path("notices/bell/", views_notices.bell, name="bell"),
    path("notices/read/", views_notices.read_all, name="notices_read"),
    path("notices/<int:pk>/open/", views_notices.open_notice, name="notice_open"),
    path("gateway/<uuid:key>/callback/", views_callback.callback, name="callback"),
    path("tokens/", views_tokens.tokens, name="api_tokens"),
    path("tokens/new/", views_tokens.token_new, name="api_token_new"),
    path("tokens/all/", views_tokens.tokens_all, name="api_tokens_all"),
    path("tokens/<int:pk>/revoke/", views_tokens.token_revoke, name="api_token_revoke"),
    path("", include("crm.urls_admin")),
]

"""All addresses of the product."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from crm.views_health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
]

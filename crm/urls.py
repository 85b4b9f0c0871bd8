"""All addresses of the product."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.urls import include, path

from crm import views_api
from crm.views_health import healthz
from crm.views_home import home
from crm.views_metrics import metrics
from leads.views_units import units_import, units_store

# One door: the admin's own login form knows no lock-out.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# A second factor is reset by crm.actions.factors, on record, and seen by nobody.
admin.site.unregister(Authenticator)

urlpatterns = [
    path("", home, name="home"),
    path("units/import/", units_import, name="units_import"),
    path("units/import/store/", units_store, name="units_store"),
    path("", include("crm.urls_kernel")),
    path("", include("leads.urls")),
    path("campaigns/", include("campaigns.urls")),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("accounts/", include("crm.urls_account")),
    path("admin/", admin.site.urls),
    path("api/docs/", views_api.docs, name="api_docs"),
    path("api/openapi.json", views_api.schema, name="api_schema"),
    path("api/v1/", include("crm.urls_api")),
    path("api/v1/", include("leads.urls_api")),
    path("api/v1/", include("campaigns.urls_api")),
]

handler400 = "crm.error_pages.bad_request"
handler403 = "crm.error_pages.forbidden"
handler404 = "crm.error_pages.not_found"
handler500 = "crm.error_pages.server_error"

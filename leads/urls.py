"""The addresses of sales, under the namespace `leads`: the consultant's and the desk's, then the manager's."""

from __future__ import annotations

from leads import urls_desk, urls_manage

app_name = "leads"

urlpatterns = [*urls_desk.urlpatterns, *urls_manage.urlpatterns]

"""The addresses of sales, under the namespace `leads`: the consultant's and the desk's, then the manager's."""

from __future__ import annotations

from leads.urls_desk import urlpatterns as desk
from leads.urls_import import urlpatterns as imports
from leads.urls_manage import urlpatterns as manage
from leads.urls_scripts import urlpatterns as scripts

app_name = "leads"

urlpatterns = [*desk, *manage, *imports, *scripts]

"""Addresses of the manager's and the lead's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from leads import views_lead, views_leads
from leads.edits import EDITS

urlpatterns: list[URLPattern] = [
    path("leads/", views_leads.lead_list, name="list"),
    path("leads/<int:pk>/", views_lead.lead, name="lead"),
    path("leads/<int:pk>/key/on/", views_lead.flag, {"what": "key", "on": True}, name="key_on"),
    path("leads/<int:pk>/key/off/", views_lead.flag, {"what": "key", "on": False}, name="key_off"),
    path("leads/<int:pk>/weekly/off/", views_lead.flag, {"what": "weekly", "on": False}, name="weekly_off"),
    path("leads/<int:pk>/phones/<int:phone>/reveal/", views_lead.reveal, name="phone_reveal"),
    path("leads/<int:pk>/phones/<int:phone>/wrong/", views_lead.phone_wrong, name="phone_wrong"),
    path("leads/<int:pk>/phones/<int:phone>/main/", views_lead.phone_main, name="phone_main"),
    *(path(f"leads/<int:pk>/{what}/", views_lead.edit, {"what": what}, name=f"lead_{what}") for what in EDITS),
]

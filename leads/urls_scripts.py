"""Addresses of the scripts and answers."""

from __future__ import annotations

from django.urls import URLPattern, path

from leads import views_scripts

urlpatterns: list[URLPattern] = [
    path("scripts/", views_scripts.script_list, name="scripts"),
    path("scripts/<slug:what>/<str:key>/", views_scripts.script, name="script"),
]

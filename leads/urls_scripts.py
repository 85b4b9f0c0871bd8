"""Addresses of what a project says in its own words: scripts, answers, grades."""

from __future__ import annotations

from django.urls import URLPattern, path

from leads import views_grades, views_scripts

urlpatterns: list[URLPattern] = [
    path("grades/", views_grades.grades, name="grades"),
    path("scripts/", views_scripts.script_list, name="scripts"),
    path("scripts/<slug:what>/<str:key>/", views_scripts.script, name="script"),
]

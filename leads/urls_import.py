"""Addresses of loading registers (PX-15)."""

from __future__ import annotations

from django.urls import path

from leads import views_import as views

urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/new/", views.upload, name="import_new"),
    path("imports/<int:pk>/", views.batch, name="import"),
    path("imports/<int:pk>/columns/", views.columns, name="import_columns"),
    path("imports/<int:pk>/start/", views.start, name="import_start"),
    path("imports/<int:pk>/go-on/", views.go_on, name="import_go_on"),
    path("imports/<int:pk>/discard/", views.discard, name="import_discard"),
    path("imports/<int:pk>/progress/", views.progress, name="import_progress"),
    path("imports/<int:pk>/refused/", views.refused, name="import_refused"),
    path("imports/<int:pk>/undo/", views.undo, name="import_undo"),
]

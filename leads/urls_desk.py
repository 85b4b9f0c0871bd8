"""Addresses of the consultant's day and of the desk."""

from __future__ import annotations

from django.urls import URLPattern, path

from leads import views_contact, views_message, views_register, views_today

urlpatterns: list[URLPattern] = [
    path("today/", views_today.today, name="today"),
    path("today/<int:task_id>/", views_contact.task, name="task"),
    path("leads/<int:lead_id>/log/", views_contact.log, name="log"),
    path("leads/<int:lead_id>/tap/", views_contact.tap, name="tap"),
    path("leads/<int:lead_id>/message/", views_message.message, name="message"),
    path("leads/<int:lead_id>/message/preview/", views_message.preview, name="message_preview"),
    path("contacts/<int:event_id>/undo/", views_contact.undo, name="undo"),
    path("register/call/", views_register.call, name="register_call"),
    path("register/visit/", views_register.visit, name="register_visit"),
    path("register/lookup/", views_register.lookup, name="lookup"),
    path("visits/<int:visit_id>/", views_register.visit_sheet, name="visit_sheet"),
]

"""The addresses of the kernel's own screens; they stand under the namespace `crm` (crm/urls_kernel.py)."""

from __future__ import annotations

from django.urls import path

from crm import views_members, views_people

urlpatterns = [
    path("users/", views_people.users, name="users"),
    path("users/new/", views_people.user_new, name="user_new"),
    path("users/add/", views_members.member_new, name="member_new"),
    path("users/<int:pk>/", views_people.user, name="user"),
    path("users/<int:pk>/edit/", views_people.user_edit, name="user_edit"),
    path("users/<int:pk>/password/", views_people.user_password, name="user_password"),
    path("users/<int:pk>/active/", views_people.user_active, name="user_active"),
    path("users/<int:pk>/roles/new/", views_members.membership_new, name="membership_new"),
    path("roles/<int:pk>/", views_members.membership, name="membership"),
    path("roles/<int:pk>/end/", views_members.membership_end, name="membership_end"),
]

"""The addresses of the kernel's own screens; they stand under the namespace `crm` (crm/urls_kernel.py)."""

from __future__ import annotations

import datetime as dt

from django.urls import path, register_converter

from crm import (
    views_calendar,
    views_gateways,
    views_inbox,
    views_jobs,
    views_members,
    views_occasions,
    views_people,
    views_projects,
    views_shifts,
    views_sign_ins,
    views_units,
)


class DayConverter:
    """A date as 2026-03-04."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date) -> str:
        return value.isoformat()


register_converter(DayConverter, "day")

urlpatterns = [
    path("users/", views_people.users, name="users"),
    path("users/new/", views_people.user_new, name="user_new"),
    path("users/add/", views_members.member_new, name="member_new"),
    path("users/<int:pk>/", views_people.user, name="user"),
    path("users/<int:pk>/edit/", views_people.user_edit, name="user_edit"),
    path("users/<int:pk>/password/", views_people.user_password, name="user_password"),
    path("users/<int:pk>/factor/", views_sign_ins.factor_reset, name="user_factor"),
    path("users/<int:pk>/unlock/", views_sign_ins.unlock, name="user_unlock"),
    path("users/<int:pk>/sign-ins/", views_sign_ins.user_sign_ins, name="user_sign_ins"),
    path("sign-ins/", views_sign_ins.sign_ins, name="sign_ins"),
    path("users/<int:pk>/active/", views_people.user_active, name="user_active"),
    path("users/<int:pk>/roles/new/", views_members.membership_new, name="membership_new"),
    path("roles/<int:pk>/", views_members.membership, name="membership"),
    path("roles/<int:pk>/end/", views_members.membership_end, name="membership_end"),
    path("projects/", views_projects.projects, name="projects"),
    path("projects/new/", views_projects.project_new, name="project_new"),
    path("projects/<int:pk>/", views_projects.project, name="project_detail"),
    path("projects/<int:pk>/edit/", views_projects.project_edit, name="project_edit"),
    path("projects/<int:pk>/active/", views_projects.project_active, name="project_active"),
    path("areas/", views_projects.areas, name="areas"),
    path("areas/new/", views_projects.area, name="area_new"),
    path("areas/<int:pk>/", views_projects.area, name="area"),
    path("areas/<int:pk>/delete/", views_projects.area_delete, name="area_delete"),
    path("units/", views_units.units, name="units"),
    *(
        each
        for kind, folder in (("building", "buildings"), ("unit_type", "unit-types"), ("unit", "units"))
        for each in (
            path(f"{folder}/new/", views_units.place, {"kind": kind}, name=f"{kind}_new"),
            path(f"{folder}/<int:pk>/", views_units.place, {"kind": kind}, name=kind),
            path(
                f"{folder}/<int:pk>/delete/", views_units.place_delete, {"kind": kind}, name=f"{kind}_delete"
            ),
        )
    ),
    path("calendar/", views_calendar.year_view, name="calendar"),
    path("calendar/load/", views_calendar.load, name="calendar_load"),
    path("calendar/<day:day>/", views_calendar.day, name="calendar_day"),
    path("calendar/<day:day>/undo/", views_calendar.day_undo, name="calendar_day_undo"),
    path("shifts/", views_shifts.team, name="shifts"),
    path("shifts/<int:pk>/days/", views_shifts.days, name="shift_days"),
    path("shifts/<int:pk>/week/", views_shifts.week, name="shift_week"),
    path("occasions/", views_occasions.occasions, name="occasions"),
    path("occasions/new/", views_occasions.occasion, name="occasion_new"),
    path("occasions/<int:pk>/", views_occasions.occasion, name="occasion"),
    path("occasions/<int:pk>/end/", views_occasions.occasion_end, name="occasion_end"),
    path("jobs/", views_jobs.jobs, name="jobs"),
    path("gateways/", views_gateways.gateways, name="gateways"),
    path("gateways/new/", views_gateways.gateway_edit, name="gateway_new"),
    path("gateways/<int:pk>/", views_gateways.gateway, name="gateway"),
    path("gateways/<int:pk>/edit/", views_gateways.gateway_edit, name="gateway_edit"),
    path("gateways/<int:pk>/check/", views_gateways.gateway_check, name="gateway_check"),
    path("gateways/<int:pk>/test/", views_gateways.gateway_test, name="gateway_test"),
    path("gateways/<int:pk>/signatures/", views_gateways.gateway_signature, name="gateway_signature"),
    path("gateways/<int:pk>/templates/", views_gateways.gateway_template, name="gateway_template"),
    path("inbox/", views_inbox.inbox, name="inbox"),
    path("inbox/<int:pk>/take/", views_inbox.inbox_take, name="inbox_take"),
    path("inbox/<int:pk>/done/", views_inbox.inbox_done, name="inbox_done"),
    path("messages/unknown/", views_inbox.unknown, name="unknown"),
    path("messages/unknown/read/", views_inbox.unknown_read, name="unknown_read"),
]

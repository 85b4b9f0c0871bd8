"""The addresses of campaigns, under the namespace `campaigns`."""

from __future__ import annotations

from django.urls import path

from campaigns import (
    views_festivals,
    views_greetings,
    views_invitations,
    views_milestone_deeds,
    views_milestones,
)

app_name = "campaigns"

urlpatterns = [
    path("festivals/", views_festivals.table, name="festivals"),
    path("festivals/fill/", views_festivals.fill, name="festivals_fill"),
    path("festivals/review/", views_festivals.review, name="festivals_review"),
    path("festivals/<int:pk>/", views_festivals.festival, name="festival"),
    path("greetings/", views_greetings.greetings, name="greetings"),
    path("greetings/runs/<int:pk>/", views_greetings.greeting, name="greeting_run"),
    path("greetings/<slug:code>/", views_festivals.greeting, name="greeting"),
    path("greetings/<int:pk>/approve/", views_festivals.greeting_approve, name="greeting_approve"),
    path("milestones/", views_milestones.milestones, name="milestones"),
    path("milestones/new/", views_milestones.milestone_form, name="milestone_new"),
    path("milestones/<int:pk>/", views_milestones.milestone, name="milestone"),
    path("milestones/<int:pk>/edit/", views_milestones.milestone_form, name="milestone_edit"),
    path("milestones/<int:pk>/photo/", views_milestones.photo, name="milestone_photo"),
    path("milestones/<int:pk>/photo/store/", views_milestone_deeds.photo, name="milestone_photo_store"),
    *(
        path(f"milestones/<int:pk>/{name}/", getattr(views_milestone_deeds, view), name=f"milestone_{view}")
        for name, view in (
            ("submit", "submit"),
            ("approve", "approve"),
            ("send-back", "send_back"),
            ("move", "move"),
            ("cancel", "cancel"),
        )
    ),
    path("milestones/<int:pk>/guests/", views_invitations.guests, name="guests"),
    path("guests/<int:pk>/answer/", views_invitations.answer, name="guest_answer"),
    path("guests/<int:pk>/arrive/", views_invitations.arrive, name="guest_arrive"),
    path(
        "corrections/<int:pk>/approve/", views_milestone_deeds.correction_approve, name="correction_approve"
    ),
    path(
        "corrections/<int:pk>/decline/", views_milestone_deeds.correction_decline, name="correction_decline"
    ),
]

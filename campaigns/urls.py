"""The addresses of campaigns, under the namespace `campaigns`."""

from __future__ import annotations

from django.urls import path

from campaigns import (
    views_broadcast_deeds,
    views_broadcasts,
    views_festivals,
    views_greetings,
    views_home,
    views_invitations,
    views_milestone_deeds,
    views_milestones,
    views_texts,
)

app_name = "campaigns"

urlpatterns = [
    path("", views_home.home, name="home"),
    path("festivals/", views_festivals.table, name="festivals"),
    path("festivals/fill/", views_festivals.fill, name="festivals_fill"),
    path("festivals/review/", views_festivals.review, name="festivals_review"),
    path("festivals/<int:pk>/", views_festivals.festival, name="festival"),
    path("texts/sample/", views_texts.sample, name="text_sample"),
    path("greetings/", views_greetings.greetings, name="greetings"),
    path("greetings/runs/<int:pk>/", views_greetings.greeting, name="greeting_run"),
    path("greetings/<slug:code>/", views_festivals.greeting, name="greeting"),
    path("greetings/<int:pk>/approve/", views_festivals.greeting_approve, name="greeting_approve"),
    path("greetings/<int:pk>/send-back/", views_festivals.greeting_send_back, name="greeting_send_back"),
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
    path("broadcasts/", views_broadcasts.broadcasts, name="broadcasts"),
    path("broadcasts/new/", views_broadcasts.broadcast_form, name="broadcast_new"),
    path("broadcasts/sample/", views_broadcasts.broadcast_sample, name="broadcast_sample"),
    path("broadcasts/<int:pk>/", views_broadcasts.broadcast, name="broadcast"),
    path("broadcasts/<int:pk>/edit/", views_broadcasts.broadcast_form, name="broadcast_edit"),
    path("broadcasts/<int:pk>/people/", views_broadcasts.people, name="broadcast_people"),
    path("broadcasts/<int:pk>/export/", views_broadcasts.export, name="broadcast_export"),
    *(
        path(
            f"broadcasts/<int:pk>/{view.replace('_', '-')}/",
            getattr(views_broadcast_deeds, view),
            name=f"broadcast_{view}",
        )
        for view in (
            "rehearse",
            "test",
            "submit",
            "approve",
            "send_back",
            "start",
            "pause",
            "resume",
            "resend",
            "read_unknown",
            "cancel",
        )
    ),
    path("audiences/<int:pk>/drop/", views_broadcasts.audience_drop, name="audience_drop"),
]

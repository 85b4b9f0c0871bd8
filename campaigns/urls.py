"""The addresses of campaigns, under the namespace `campaigns`."""

from __future__ import annotations

from django.urls import path

from campaigns import views_festivals, views_greetings

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
]

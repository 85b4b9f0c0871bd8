"""The addresses of campaigns below /api/v1/. A number is named after what it numbers."""

from __future__ import annotations

from django.urls import path

from campaigns import api_broadcast_deeds as deeds
from campaigns import api_broadcasts as broadcasts
from campaigns import api_festivals as festivals
from campaigns import api_guests as guests
from campaigns import api_milestones as milestones

urlpatterns = [
    path("festivals/", festivals.Festivals.as_view()),
    path("festivals/fill/", festivals.FestivalsFill.as_view()),
    path("festivals/review/", festivals.FestivalsReview.as_view()),
    path("festivals/<int:festival>/", festivals.OneFestival.as_view()),
    path("projects/<int:project>/greeting-texts/", festivals.GreetingTexts.as_view()),
    path("projects/<int:project>/greeting-texts/<slug:code>/", festivals.OneGreetingText.as_view()),
    path("greeting-texts/<int:text>/approve/", festivals.GreetingTextApprove.as_view()),
    path("greeting-texts/<int:text>/send-back/", festivals.GreetingTextSendBack.as_view()),
    path("projects/<int:project>/greetings/", festivals.Greetings.as_view()),
    path("greetings/<int:greeting_run>/", festivals.OneGreeting.as_view()),
    path("greetings/<int:greeting_run>/stop/", festivals.GreetingStop.as_view()),
    path("projects/<int:project>/milestones/", milestones.Milestones.as_view()),
    path("milestones/<int:milestone>/", milestones.OneMilestone.as_view()),
    path("milestones/<int:milestone>/submit/", milestones.MilestoneSubmit.as_view()),
    path("milestones/<int:milestone>/approve/", milestones.MilestoneApprove.as_view()),
    path("milestones/<int:milestone>/send-back/", milestones.MilestoneSendBack.as_view()),
    path("milestones/<int:milestone>/move/", milestones.MilestoneMove.as_view()),
    path("milestones/<int:milestone>/cancel/", milestones.MilestoneCancel.as_view()),
    path("milestones/<int:milestone>/photo/", milestones.MilestonePhoto.as_view()),
    path("corrections/<int:correction>/approve/", milestones.CorrectionApprove.as_view()),
    path("corrections/<int:correction>/decline/", milestones.CorrectionDecline.as_view()),
    path("milestones/<int:milestone>/guests/", guests.Guests.as_view()),
    path("milestones/<int:milestone>/guests/candidates/", guests.GuestCandidates.as_view()),
    path("guests/<int:guest>/", guests.OneGuest.as_view()),
    path("guests/<int:guest>/answer/", guests.GuestAnswer.as_view()),
    path("guests/<int:guest>/arrive/", guests.GuestArrive.as_view()),
    path("projects/<int:project>/audiences/", broadcasts.Audiences.as_view()),
    path("projects/<int:project>/audiences/count/", broadcasts.AudienceCount.as_view()),
    path("audiences/<int:audience>/", broadcasts.OneAudience.as_view()),
    path("projects/<int:project>/broadcasts/", broadcasts.Broadcasts.as_view()),
    path("projects/<int:project>/broadcasts/sample/", broadcasts.BroadcastSample.as_view()),
    path("broadcasts/<int:broadcast>/", broadcasts.OneBroadcast.as_view()),
    path("broadcasts/<int:broadcast>/people/", broadcasts.BroadcastPeople.as_view()),
    path("broadcasts/<int:broadcast>/left-out/", broadcasts.BroadcastLeftOut.as_view()),
    path("broadcasts/<int:broadcast>/rehearse/", deeds.BroadcastRehearse.as_view()),
    path("broadcasts/<int:broadcast>/test/", deeds.BroadcastTest.as_view()),
    path("broadcasts/<int:broadcast>/submit/", deeds.BroadcastSubmit.as_view()),
    path("broadcasts/<int:broadcast>/approve/", deeds.BroadcastApprove.as_view()),
    path("broadcasts/<int:broadcast>/send-back/", deeds.BroadcastSendBack.as_view()),
    path("broadcasts/<int:broadcast>/start/", deeds.BroadcastStart.as_view()),
    path("broadcasts/<int:broadcast>/pause/", deeds.BroadcastPause.as_view()),
    path("broadcasts/<int:broadcast>/resume/", deeds.BroadcastResume.as_view()),
    path("broadcasts/<int:broadcast>/resend/", deeds.BroadcastResend.as_view()),
    path("broadcasts/<int:broadcast>/read-unknown/", deeds.BroadcastReadUnknown.as_view()),
    path("broadcasts/<int:broadcast>/cancel/", deeds.BroadcastCancel.as_view()),
    path("broadcasts/<int:broadcast>/export/", deeds.BroadcastExport.as_view()),
]

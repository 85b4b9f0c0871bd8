"""The kernel's addresses below /api/v1/. A number is named after what it numbers."""

from __future__ import annotations

from django.urls import path

from crm import api_account as account
from crm import api_days as days
from crm import api_gateways as gateways
from crm import api_messages as messages
from crm import api_people as people
from crm import api_places as places
from crm import api_sign_ins as sign_ins

urlpatterns = [
    path("me/", account.Me.as_view()),
    path("notices/", account.Notices.as_view()),
    path("notices/read/", account.NoticesMarked.as_view()),
    path("notices/<int:notice>/", account.OneNotice.as_view()),
    path("clauses/", account.ClauseList.as_view()),
    path("clauses/<str:code>/", account.OneClause.as_view()),
    path("users/", people.Users.as_view()),
    path("users/<int:user>/", people.OneUser.as_view()),
    path("users/<int:user>/password/", people.UserPassword.as_view()),
    path("users/<int:user>/active/", people.UserActive.as_view()),
    path("users/<int:user>/memberships/", people.UserMemberships.as_view()),
    path("memberships/", people.Memberships.as_view()),
    path("memberships/<int:membership>/", people.OneMembership.as_view()),
    path("projects/", places.Projects.as_view()),
    path("projects/<int:project>/", places.OneProject.as_view()),
    path("projects/<int:project>/active/", places.ProjectActive.as_view()),
    path("projects/<int:project>/areas/", places.Areas.as_view()),
    path("projects/<int:project>/buildings/", places.Buildings.as_view()),
    path("projects/<int:project>/unit-types/", places.UnitTypes.as_view()),
    path("projects/<int:project>/units/", places.Units.as_view()),
    path("areas/<int:area>/", places.OneArea.as_view()),
    path("buildings/<int:building>/", places.OneBuilding.as_view()),
    path("unit-types/<int:unit_type>/", places.OneUnitType.as_view()),
    path("units/<int:unit>/", places.OneUnit.as_view()),
    path("calendar/", days.Calendar.as_view()),
    path("calendar/load/", days.CalendarLoad.as_view()),
    path("calendar/<str:day>/", days.OneDay.as_view()),
    path("projects/<int:project>/shifts/", days.Shifts.as_view()),
    path("projects/<int:project>/shifts/<int:user>/days/", days.ShiftDays.as_view()),
    path("projects/<int:project>/shifts/<int:user>/week/", days.ShiftWeek.as_view()),
    path("projects/<int:project>/occasions/", days.Occasions.as_view()),
    path("occasions/<int:occasion>/", days.OneOccasion.as_view()),
    path("jobs/", days.Jobs.as_view()),
    path("me/sessions/", sign_ins.Sessions.as_view()),
    path("me/sessions/<int:session>/", sign_ins.OneSession.as_view()),
    path("me/sign-ins/", sign_ins.MySignIns.as_view()),
    path("sign-ins/", sign_ins.SignIns.as_view()),
    path("users/<int:user>/sign-ins/", sign_ins.UserSignIns.as_view()),
    path("users/<int:user>/unlock/", sign_ins.UserUnlock.as_view()),
    path("users/<int:user>/factor/", sign_ins.UserFactor.as_view()),
    path("projects/<int:project>/runs/", messages.Runs.as_view()),
    path("projects/<int:project>/messages/", messages.Messages.as_view()),
    path("runs/<int:run>/", messages.OneRun.as_view()),
    path("runs/<int:run>/messages/", messages.RunMessages.as_view()),
    path("messages/unknown/", messages.UnknownMessages.as_view()),
    path("messages/unknown/read/", messages.UnknownRead.as_view()),
    path("messages/<int:message>/", messages.OneMessage.as_view()),
    path("messages/<int:message>/receipts/", messages.Receipts.as_view()),
    path("replies/", messages.Replies.as_view()),
    path("replies/<int:reply>/", messages.OneReply.as_view()),
    path("replies/<int:reply>/take/", messages.ReplyTake.as_view()),
    path("replies/<int:reply>/done/", messages.ReplyDone.as_view()),
    path("gateways/", gateways.Gateways.as_view()),
    path("gateways/<int:gateway>/", gateways.OneGateway.as_view()),
    path("gateways/<int:gateway>/check/", gateways.GatewayCheck.as_view()),
    path("gateways/<int:gateway>/test/", gateways.GatewayTest.as_view()),
    path("gateways/<int:gateway>/signatures/", gateways.GatewaySignatures.as_view()),
    path("gateways/<int:gateway>/templates/", gateways.GatewayTemplates.as_view()),
]

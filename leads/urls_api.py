"""The addresses of sales below /api/v1/. A number is named after what it numbers."""

from __future__ import annotations

from django.urls import path

from leads import api_deals as deals
from leads import api_desk as desk
from leads import api_import_ends as import_ends
from leads import api_imports as imports
from leads import api_leads as leads
from leads import api_manage as manage
from leads import api_policies as policies
from leads import api_work as work
from leads.api_edits import LEAD_EDITS, LeadKey, LeadWeeklyOff
from leads.api_grades import Grades
from leads.api_messages import LeadMessages, MessageOffers, MessagePreview

urlpatterns = [
    path("projects/<int:project>/leads/", leads.Leads.as_view()),
    path("projects/<int:project>/bins/", leads.LeadBins.as_view()),
    path("projects/<int:project>/sources/", leads.Sources.as_view()),
    path("projects/<int:project>/consultants/", leads.Consultants.as_view()),
    path("projects/<int:project>/calls/", desk.Calls.as_view()),
    path("projects/<int:project>/visits/", desk.Visits.as_view()),
    path("projects/<int:project>/lookup/", desk.Lookup.as_view()),
    path("leads/<int:lead>/", leads.OneLead.as_view()),
    path("leads/<int:lead>/story/", leads.LeadStory.as_view()),
    path("leads/<int:lead>/plan/", leads.LeadPlan.as_view()),
    path("leads/<int:lead>/contacts/", work.Contacts.as_view()),
    path("leads/<int:lead>/messages/", LeadMessages.as_view()),
    path("leads/<int:lead>/messages/offers/", MessageOffers.as_view()),
    path("leads/<int:lead>/messages/preview/", MessagePreview.as_view()),
    path("leads/<int:lead>/tap/", work.Tap.as_view()),
    path("leads/<int:lead>/key/", LeadKey.as_view()),
    path("leads/<int:lead>/weekly/off/", LeadWeeklyOff.as_view()),
    *(path(f"leads/<int:lead>/{what}/", view.as_view()) for what, view in LEAD_EDITS.items()),
    path("leads/<int:lead>/phones/<int:phone>/reveal/", leads.PhoneReveal.as_view()),
    path("leads/<int:lead>/phones/<int:phone>/wrong/", leads.PhoneWrong.as_view()),
    path("leads/<int:lead>/phones/<int:phone>/main/", leads.PhoneMain.as_view()),
    path("today/", work.Today.as_view()),
    path("tasks/<int:task>/", work.OneTask.as_view()),
    path("tasks/<int:task>/contacts/", work.TaskContacts.as_view()),
    path("contacts/<int:event>/undo/", work.ContactUndo.as_view()),
    path("visits/<int:visit>/", desk.OneVisit.as_view()),
    path("leads/<int:lead>/deals/", deals.LeadDeals.as_view()),
    path("deals/<int:deal>/steps/", deals.DealSteps.as_view()),
    path("deal-steps/", deals.PendingSteps.as_view()),
    path("deal-steps/<int:step>/decision/", deals.StepDecision.as_view()),
    path("leads/<int:lead>/merge-candidates/", deals.MergeCandidates.as_view()),
    path("leads/<int:lead>/merges/", deals.LeadMerges.as_view()),
    path("merges/", deals.Merges.as_view()),
    path("merges/<int:merge>/undo/", deals.MergeUndo.as_view()),
    path("projects/<int:project>/team/", manage.Team.as_view()),
    path("projects/<int:project>/assignments/", manage.Assignments.as_view()),
    path("projects/<int:project>/hand-overs/", manage.HandOvers.as_view()),
    path("projects/<int:project>/overview/", manage.Overview.as_view()),
    path("projects/<int:project>/funnel/", manage.Funnel.as_view()),
    path("projects/<int:project>/compliance/", manage.Compliance.as_view()),
    path("projects/<int:project>/reviews/", manage.Reviews.as_view()),
    *(path(f"projects/<int:project>/reviews/{tab}/", view.as_view()) for tab, view in manage.REVIEWS.items()),
    path(
        "projects/<int:project>/reviews/downgrades/<int:downgrade>/verdict/",
        manage.DowngradeVerdict.as_view(),
    ),
    path("projects/<int:project>/reviews/doubtful/accept/", manage.DoubtfulAccept.as_view()),
    path("projects/<int:project>/policies/", policies.Policies.as_view()),
    path("policies/<int:policy>/", policies.OnePolicy.as_view()),
    path("policies/<int:policy>/review/", policies.PolicyReview.as_view()),
    path("policies/<int:policy>/approve/", policies.PolicyApprove.as_view()),
    path("policies/<int:policy>/withdraw/", policies.PolicyWithdraw.as_view()),
    path("projects/<int:project>/grades/", Grades.as_view()),
    path("projects/<int:project>/scripts/", policies.Scripts.as_view()),
    path("projects/<int:project>/scripts/<str:key>/", policies.OneScript.as_view()),
    path("projects/<int:project>/answers/", policies.Answers.as_view()),
    path("projects/<int:project>/answers/<str:key>/", policies.OneAnswer.as_view()),
    path("projects/<int:project>/imports/", imports.Imports.as_view()),
    path("projects/<int:project>/unit-files/", imports.UnitFiles.as_view()),
    path("imports/<int:batch>/", imports.OneImport.as_view()),
    path("imports/<int:batch>/columns/", imports.ImportColumns.as_view()),
    path("imports/<int:batch>/start/", imports.ImportStart.as_view()),
    path("imports/<int:batch>/go-on/", imports.ImportGoOn.as_view()),
    path("imports/<int:batch>/refused/", imports.ImportRefused.as_view()),
    path("imports/<int:batch>/refused/file/", import_ends.RefusedFile.as_view()),
    path("imports/<int:batch>/undo/", import_ends.ImportUndo.as_view()),
]

"""The addresses of sales below /api/v1/. A number is named after what it numbers."""

from __future__ import annotations

from django.urls import path

from leads import api_desk as desk
from leads import api_leads as leads
from leads import api_work as work
from leads.api_edits import LEAD_EDITS, LeadKey, LeadWeeklyOff

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
]

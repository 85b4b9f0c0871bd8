"""Addresses of the manager's and the lead's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from leads import (
    views_assigning,
    views_deals,
    views_lead,
    views_leads,
    views_manager,
    views_merge,
    views_policies,
    views_reviews,
)
from leads.edits import EDITS

urlpatterns: list[URLPattern] = [
    path("leads/", views_leads.lead_list, name="list"),
    path("leads/<int:pk>/", views_lead.lead, name="lead"),
    path("leads/<int:pk>/key/on/", views_lead.flag, {"what": "key", "on": True}, name="key_on"),
    path("leads/<int:pk>/key/off/", views_lead.flag, {"what": "key", "on": False}, name="key_off"),
    path("leads/<int:pk>/weekly/off/", views_lead.flag, {"what": "weekly", "on": False}, name="weekly_off"),
    path("leads/<int:pk>/phones/<int:phone>/reveal/", views_lead.reveal, name="phone_reveal"),
    path("leads/<int:pk>/phones/<int:phone>/wrong/", views_lead.phone_wrong, name="phone_wrong"),
    path("leads/<int:pk>/phones/<int:phone>/main/", views_lead.phone_main, name="phone_main"),
    path("leads/<int:pk>/deal/", views_deals.deal_new, name="deal_new"),
    path("manager/", views_manager.manager, name="manager"),
    path("figures/funnel/", views_manager.funnel, name="funnel"),
    path("figures/compliance/", views_manager.compliance, name="compliance"),
    path("reviews/", views_reviews.reviews, name="reviews"),
    path("reviews/downgrades/<int:pk>/", views_reviews.downgrade_decide, name="downgrade_decide"),
    path("reviews/doubtful/", views_reviews.doubtful_accept, name="doubtful_accept"),
    path("policies/", views_policies.policy_list, name="policies"),
    path("policies/new/", views_policies.policy_new, name="policy_new"),
    path("policies/<int:pk>/", views_policies.policy, name="policy"),
    path("policies/<int:pk>/edit/", views_policies.policy_edit, name="policy_edit"),
    *(
        path(
            f"policies/<int:pk>/{what}/", views_policies.policy_decide, {"what": what}, name=f"policy_{what}"
        )
        for what in ("review", "approve", "withdraw")
    ),
    path("leads/<int:pk>/merge/", views_merge.merge, name="merge"),
    path("merges/", views_merge.merges, name="merges"),
    path("merges/<int:pk>/undo/", views_merge.merge_undo, name="merge_undo"),
    path("deals/", views_deals.deals, name="deals"),
    path("deals/<int:deal>/step/", views_deals.deal_step, name="deal_step"),
    path("deals/steps/<int:step>/decide/", views_deals.deal_decide, name="deal_decide"),
    path("assigning/", views_assigning.assigning, name="assigning"),
    path("assigning/assign/", views_assigning.assign, name="assign"),
    path("assigning/hand-over/", views_assigning.hand_over, name="hand_over"),
    *(
        path(f"leads/<int:pk>/{what}/", views_lead.edit, {"what": what}, name=f"lead_{what}")
        for what in EDITS
    ),
]

"""Leads (SC-1 to SC-4) as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeadsConfig(AppConfig):
    name = "leads"
    verbose_name = _("Leads")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The kernel's lists of replies and messages lead to the lead of a customer."""
        from crm import customer_pages
        from leads.facts_lead import pages_of

        customer_pages.register(pages_of)

"""The kernel as a Django app."""

from __future__ import annotations

import importlib

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = _("Sales centre")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what registers itself; crm/__init__.py imports nothing, for the launcher runs without Django."""
        importlib.import_module("crm.celery")
        importlib.import_module("crm.checks")
        importlib.import_module("crm.moments")
        importlib.import_module("crm.session_watch")

"""The demo's festivals and milestones, after `demo`. Refused in production."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from campaigns.actions.demo import tell
from crm import clock


class Command(BaseCommand):
    help = "Make the demo's festivals and milestones. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENV.production:
            raise CommandError("Demo data is refused in production.")
        self.stdout.write(f"{tell(at=clock.now())} milestones")

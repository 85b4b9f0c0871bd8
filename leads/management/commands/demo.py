"""Demo data in an empty database, and the logins to try it with. Refused in production."""

from __future__ import annotations

import os
import random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from crm import clock
from crm.actions import gateways as lines
from crm.models import (
    Membership,
    Project,
)
from leads.actions.demo import PASSWORD, PEOPLE, Story
from leads.models import CallTask, Lead


class Command(BaseCommand):
    help = "Make demo data in an empty database, or print the demo logins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing when there are projects already"
        )
        parser.add_argument("--logins", action="store_true", help="print one login for each role")
        parser.add_argument("--seed", type=int, default=2026)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENV.production:
            raise CommandError("Demo data is refused in production.")
        if options["logins"]:
            self._print_logins()
            return
        if Project.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("There are projects already. Demo data is made in an empty database only.")
        story = Story(random.Random(options["seed"]), clock.now())  # noqa: S311 - a story, no secret
        with transaction.atomic():
            story.set_up()
            lines.demo_lines(port=os.environ.get("CRM_SMSC_PORT", ""), at=clock.now())
        story.tell()
        self.stdout.write(f"{Lead.objects.count()} leads, {CallTask.objects.count()} tasks")

    def _print_logins(self) -> None:
        names = {username for username, *_rest in PEOPLE}
        rows = Membership.objects.filter(user__username__in=names, active=True).select_related(
            "user", "project"
        )
        known = {row.user.username: row for row in rows}
        shown: set[str] = set()
        if not known:
            return
        self.stdout.write(f"Demo logins (password {PASSWORD}):")
        for username, name, role, _place in PEOPLE:
            row = known.get(username)
            if row is None or role in shown:
                continue
            shown.add(role)
            place = row.project.name if row.project else "-"
            self.stdout.write(f"{username:<10} {role:<22} {name}  {place}")

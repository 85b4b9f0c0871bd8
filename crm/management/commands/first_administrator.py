"""Open the first account of a new installation: a system administrator, who makes everybody else's."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm import clock
from crm.actions.people import first_administrator
from crm.errors import RuleViolation

VARIABLE = "CRM_FIRST_PASSWORD"


class Command(BaseCommand):
    help = f"Make the first system administrator; the password is read from {VARIABLE}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get(VARIABLE, "")
        if not password:
            raise CommandError(f"Set {VARIABLE} to the first password and run this again.")
        try:
            user = first_administrator(
                username=options["username"], name=options["name"], password=password, at=clock.now()
            )
        except RuleViolation as violation:
            raise CommandError(str(violation)) from None
        self.stdout.write(f"{user.username} may log in now.")

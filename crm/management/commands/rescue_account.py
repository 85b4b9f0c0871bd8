"""Let somebody in again who lost phone or password, from the shell of the server: the last administrator, above all."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm import clock
from crm.actions import factors, passwords
from crm.errors import RuleViolation
from crm.models import User


class Command(BaseCommand):
    help = "Reset the second factor of an account, or give it a first password, or both. Both are on record."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--factor", action="store_true", help="take the second factor away")
        parser.add_argument(
            "--password", action="store_true", help="make a first password and print it, this once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["username"]).first()
        if user is None:
            raise CommandError(f"Nobody has the login name {options['username']}.")
        if not options["factor"] and not options["password"]:
            raise CommandError("Say what was lost: --factor, --password or both.")
        try:
            if options["factor"]:
                factors.reset(user=user, by=None, at=clock.now())
                self.stdout.write(f"The second factor of {user.username} is reset.")
            if options["password"]:
                password = passwords.invent()
                passwords.reset(user=user, password=password, by=None, at=clock.now())
                self.stdout.write(f"First password of {user.username}: {password}")
        except RuleViolation as violation:
            raise CommandError(str(violation)) from None

"""Make the festival days of this year and the next ones occasions to call (SC-9)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from crm import clock
from crm.actions.occasions import store_festivals


class Command(BaseCommand):
    help = "Store the festivals of this year and the next ones as occasions. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--years", type=int, default=2, help="how many years after this one (default 2)")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        new = store_festivals(years=range(at.year, at.year + options["years"] + 1), at=at)
        self.stdout.write(f"{new} festival days added")

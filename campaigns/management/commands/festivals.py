"""Fill the table of festivals for this year and the next five; what stands there, corrections included, stays."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from campaigns.actions.festivals import fill
from crm import clock


class Command(BaseCommand):
    help = "Compute the festivals of this year and the next ones into the table that people review. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--years", type=int, default=5, help="how many years after this one (default 5)")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        new = fill(years=range(at.year, at.year + options["years"] + 1), at=at)
        self.stdout.write(f"{new} festival days added")

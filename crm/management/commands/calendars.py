"""Load the shipped working calendars into the database; days corrected by hand stay as they are."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm import clock
from crm.actions.calendars import load_calendars
from crm.calendar_files import shipped_years


class Command(BaseCommand):
    help = "Load the working calendars that come with the product. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "years", nargs="*", type=int, help="years to load (all shipped ones when left out)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        years = options["years"] or shipped_years()
        unknown = sorted(set(years) - set(shipped_years()))
        if unknown:
            raise CommandError(f"no calendar file for {', '.join(map(str, unknown))}")
        loaded = load_calendars(years=years, by=None, at=clock.now())
        self.stdout.write(f"{loaded.written} days loaded, {loaded.kept} corrected days kept")

"""Takes back what a load of a register brought, and says what stays and why.

manage.py undo_import 12 --user wu

Exit codes: 0 undone, 1 refused, 2 wrong options, 3 undone, with leads that stay.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm import clock
from crm.errors import RuleViolation
from crm.models import User
from leads.actions import undoing
from leads.import_report import undo_of
from leads.models import ImportBatch

WITH_KEPT = 3


class Command(BaseCommand):
    help = "Undo one import within 30 days; prints what it took away, and what stays because somebody worked on it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("import_id", type=int, help="the number in the import's address")
        parser.add_argument(
            "--user", required=True, help="login name of the manager in whose name it is undone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username=options["user"], is_active=True).first()
        if by is None:
            raise CommandError(f"Nobody signs in as {options['user']}.", returncode=2)
        batch = ImportBatch.objects.defer("content").filter(pk=options["import_id"]).first()
        if batch is None:
            raise CommandError(f"There is no import {options['import_id']}.", returncode=2)
        try:
            undoing.start(batch_id=batch.pk, by=by, at=clock.now(), in_worker=False)
        except RuleViolation as violation:
            raise CommandError(violation.text, returncode=1) from violation
        while undoing.advance(batch_id=batch.pk, at=clock.now()):
            pass
        batch.refresh_from_db()
        undo = undo_of(batch, by)
        for name, number in sorted(undo.counts.items()):
            self.stdout.write(f"  {name:<24} {number}")
        for lead, why in undo.kept:
            self.stdout.write(f"  stays: {lead or '-'} {why}")
        if batch.state != ImportBatch.State.UNDONE:
            raise CommandError("Another process works on it; run it again.", returncode=1)
        if undo.counts.get("kept"):
            sys.exit(WITH_KEPT)

"""manage.py restore FILE [--replace | --check]: the database and the media as the backup has them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from crm.backup.archive import BackupError, check
from crm.backup.restoring import restore


class Command(BaseCommand):
    help = "Restore a backup into an empty database (web, worker and beat stopped)."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        group = parser.add_mutually_exclusive_group()
        group.add_argument(
            "--replace", action="store_true", help="put it in the place of what the database holds"
        )
        group.add_argument(
            "--check", action="store_true", help="only read the file and say whether it is sound"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"]
        try:
            if options["check"]:
                manifest = check(path)
                self.stdout.write(f"{path} is sound: {manifest.rows} rows, made {manifest.made_at}.")
                return
            manifest = restore(
                path, replace=options["replace"], media=settings.MEDIA_ROOT, say=self.stdout.write
            )
        except BackupError as problem:
            raise CommandError(str(problem)) from None
        except OperationalError as problem:
            raise CommandError(f"The database does not answer: {str(problem).splitlines()[0]}") from None
        self.stdout.write(
            f"Restored: {manifest.rows} rows as of {manifest.made_at}. Everybody signs in anew."
        )

"""manage.py backup [--to FOLDER] [--keep N]: one verified file with the whole database and the media."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from crm import clock
from crm.actions.jobs import recorded
from crm.backup.archive import BackupError
from crm.backup.writing import write


class Command(BaseCommand):
    help = "Write a backup of the whole database and the media, verified before it counts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, default=settings.ENV.backups, help="folder (made 0700)")
        parser.add_argument(
            "--keep", type=int, help="keep only the newest so many files in it, this one included"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        keep = options["keep"]
        if keep is not None and keep < 1:
            raise CommandError("--keep must be 1 or more.")
        try:
            with recorded("backup", clock=clock.now) as result:
                written = write(
                    options["to"], at=clock.now(), media=settings.MEDIA_ROOT, keep=keep, told=result
                )
        except BackupError as problem:
            raise CommandError(str(problem)) from None
        except OperationalError as problem:
            raise CommandError(f"The database does not answer: {str(problem).splitlines()[0]}") from None
        self.stdout.write(
            f"{written.path}: {written.manifest.rows} rows of {len(written.manifest.tables)} tables, "
            f"{len(written.manifest.media)} files, {written.size} bytes; read again and sound."
        )
        if written.removed:
            self.stdout.write(f"{written.removed} older backups removed.")

"""`migrate`, safe to start from several containers at the same moment."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, call_command
from django.db import connection

LOCK = 5_202_301  # any number that no other advisory lock of this database uses


class Command(BaseCommand):
    help = "Apply the migrations under a lock: of several starts one migrates and the others wait."

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                call_command("migrate", interactive=False, verbosity=options["verbosity"])
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

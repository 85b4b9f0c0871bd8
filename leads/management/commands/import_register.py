"""Loads a register from the command line and prints the report of the screen.

manage.py import_register calls.csv --project 滨江一号 --user wu --dry-run
manage.py import_register visits.xlsx --project 滨江一号 --user wu --staff 吴经理=pool --map 接待人=consultant

Exit codes: 0 loaded (or checked), 1 refused with what to do, 2 wrong options, 3 loaded, with refused rows.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm import clock
from crm.errors import RuleViolation
from crm.models import Project, User
from leads import facts_import
from leads.actions import importing, importing_run
from leads.import_report import report_of
from leads.models import ImportBatch
from leads.registers.fields import Field, normal_header

POOL = "pool"
WITH_REFUSED = 3


class Command(BaseCommand):
    help = "Load a register of calls or visits as history (PX-15); prints what it did with every row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--project", required=True, help="name of the project")
        parser.add_argument(
            "--user", required=True, help="login name of the manager in whose name it is loaded"
        )
        parser.add_argument("--register", choices=ImportBatch.Register.values, help="else as the file says")
        parser.add_argument(
            "--map", action="append", default=[], metavar="HEADER=FIELD", help="what a column means"
        )
        parser.add_argument("--staff", action="append", default=[], metavar="NAME=LOGIN|pool")
        parser.add_argument("--consultant-for-unknown", metavar="LOGIN|pool", help="for all names left open")
        parser.add_argument(
            "--known",
            choices=ImportBatch.Known.values,
            help="rows of known customers: skip them, fill blanks (else), update all",
        )
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        by = _user(options["user"])
        project = Project.objects.filter(name=options["project"], active=True).first()
        if project is None:
            raise CommandError(f"There is no active project called {options['project']}.", returncode=2)
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}", returncode=2) from error
        try:
            refused = self._load(content, project, by, options)
        except RuleViolation as violation:
            raise CommandError(violation.text, returncode=1) from violation
        if refused and not options["dry_run"]:
            sys.exit(WITH_REFUSED)

    def _load(self, content: bytes, project: Project, by: User, options: dict[str, Any]) -> int:
        """Prepare and check in one transaction, which a dry run takes back; then run. Returns the refused rows."""
        with transaction.atomic():
            batch = self._prepare(content, project, by, options)
            self._print_check(batch)
            if options["dry_run"]:
                transaction.set_rollback(True)
                return 0
            staff = _staff(batch, options["staff"], options["consultant_for_unknown"])
            known = options["known"] or batch.known
            importing.start(
                batch_id=batch.pk, staff=staff, known=known, by=by, at=clock.now(), in_worker=False
            )
        while importing_run.advance(batch_id=batch.pk, at=clock.now()):
            pass
        batch.refresh_from_db(fields=["state", "accepted", "refused", "report", "error"])
        return self._print_result(batch)

    def _prepare(self, content: bytes, project: Project, by: User, options: dict[str, Any]) -> ImportBatch:
        batch = importing.upload(
            project=project, filename=options["file"].name, content=content, by=by, at=clock.now()
        )
        mapping = _mapped(batch, options["map"])
        register = options["register"] or batch.register
        return importing.set_columns(
            batch_id=batch.pk, register=register, mapping=mapping, by=by, at=clock.now()
        )

    def _print_check(self, batch: ImportBatch) -> None:
        report = report_of(batch)
        check = report.check
        self.stdout.write(f"{batch.filename}: {batch.register}, {batch.encoding}")
        self.stdout.write(f"  rows                     {check['rows']}")
        self.stdout.write(f"  accepted                 {check['accepted']}")
        self.stdout.write(f"  refused                  {check['refused']}")
        for text, number in report.reasons:
            self.stdout.write(f"    {number:6} {text}")
        self.stdout.write(f"  new customers            {check['customers']}")
        self.stdout.write(f"  of an earlier row        {check['same_file']}")
        self.stdout.write(f"  of customers on record   {check['database']}")
        self.stdout.write(f"  on record already        {check['repeated']}")
        self.stdout.write(f"  known customers          {check['known_customers']}")
        self.stdout.write(f"    --known fill           {check['fills']} with blanks filled")
        self.stdout.write(f"    --known update         {check['changes']} changed")
        for line in report.refused_sample:
            self.stdout.write(f"  row {line['row']}: {'; '.join(line['reasons'])}")

    def _print_result(self, batch: ImportBatch) -> int:
        if batch.state != ImportBatch.State.DONE:
            error = batch.report.get("error", {})
            raise RuleViolation(facts_import.explain_code(error.get("code", ""), error.get("params", {})))
        self.stdout.write(f"Loaded: {batch.accepted} rows accepted, {batch.refused} refused.")
        for name, number in sorted(batch.report["run"]["counts"].items()):
            self.stdout.write(f"  {name:<24} {number}")
        return batch.refused


def _user(login: str) -> User:
    user = User.objects.filter(username=login, is_active=True).first()
    if user is None:
        raise CommandError(f"Nobody signs in as {login}.", returncode=2)
    return user


def _pairs(values: list[str]) -> dict[str, str]:
    found = dict(value.partition("=")[::2] for value in values)
    if wrong := [name for name, answer in found.items() if not name or not answer]:
        raise CommandError(f"Write NAME=VALUE: {', '.join(wrong)}", returncode=2)
    return found


def _mapped(batch: ImportBatch, values: list[str]) -> dict[str, Any]:
    """The guessed mapping with the columns of these headers changed."""
    wanted = {normal_header(header): field for header, field in _pairs(values).items()}
    if wrong := [
        field for field in wanted.values() if field not in Field._value2member_map_ and field != "note"
    ]:
        raise CommandError(f"Not a field: {', '.join(wrong)}. Fields: note, {', '.join(Field)}", returncode=2)
    plan = facts_import.open_batch(batch, today=clock.today(batch.project.zone)).plan
    mapping: dict[str, Any] = batch.mapping
    for sheet in plan.sheets:
        for column in sheet.columns:
            field = wanted.get(normal_header(column.header))
            if field is not None and sheet.name in mapping["sheets"]:
                mapping["sheets"][sheet.name][str(column.index)] = "" if field == "note" else field
    return mapping


def _staff(batch: ImportBatch, values: list[str], unknown: str | None) -> dict[str, int | None]:
    """Who each name of the register is; what is still open goes to `unknown`."""
    answers = {name: _answer(login) for name, login in _pairs(values).items()}
    staff = {**batch.staff, **answers}
    if unknown is not None:
        for name in batch.report["check"]["staff"]:
            staff.setdefault(name, _answer(unknown))
    return staff


def _answer(login: str) -> int | None:
    return None if login == POOL else _user(login).pk

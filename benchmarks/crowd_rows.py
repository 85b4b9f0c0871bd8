"""The rows of a crowd (benchmarks/crowd.py), poured in by SQL: one row for each number of a series."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection, models

from crm.actions.calendars import load_calendars
from crm.calendar_files import shipped_years
from crm.models import (
    Contact,
    Customer,
    CustomerPhone,
    Household,
    Membership,
    OptOut,
    PolicyVersion,
    Project,
    Suppression,
    User,
)
from crm.roles import Role
from leads.models import HeardVia, Lead

CONSULTANTS = 40
NO_LOGIN = "!"
NUMBER = "'+8613' || lpad((n::bigint * 387420489 % 1000000000)::text, 9, '0')"  # scattered, as numbers are
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def noon() -> str:
    """A zone in which it is about noon now: marketing hours are open whenever the benchmark runs."""
    ahead = 12 - dt.datetime.now(dt.UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def fill(people: int) -> None:
    """One project with its staff, and so many people with three contacts each."""
    project = _place()
    team = list(User.objects.filter(username__startswith="c").order_by("pk").values_list("pk", flat=True))
    heard = HeardVia.objects.get().pk
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # the rows are whole: nothing to check
        cursor.execute("SET maintenance_work_mem = '512MB'")
        everybody = f"generate_series(1, {people}) n"
        pour(Household, everybody, id="n", created_at="now()")
        name = "(ARRAY['王','李','张','刘','陈'])[1 + n % 5] || chr(19968 + n % 5000) || chr(20000 + n / 5000 % 5000)"
        pour(
            Customer, everybody, id="n", household_id="n", name=name, created_at="now()",
            salutation="(ARRAY['mr','ms','unknown'])[1 + n % 3]",
        )  # fmt: skip
        pour(
            CustomerPhone, everybody, customer_id="n", e164=NUMBER, is_main="true", reversed=f"reverse({NUMBER})"
        )  # fmt: skip
        pour(
            Lead, everybody, household_id="n", customer_id="n", project_id=str(project.pk), heard_via_id=str(heard),
            consultant_id=f"{min(team)} + n % {CONSULTANTS}", created_at="now() - n % 400 * interval '1 day'",
            stage="(ARRAY['caller','visitor','visitor','signed'])[1 + n % 4]", state="'live'",
            grade="(ARRAY['A','B','C','D',''])[1 + n % 5]", planned_at="now()",
            wanted="(ARRAY['','three_rooms','four_rooms'])[1 + n % 3]",
            last_talk_at="now() - n % 90 * interval '1 day'",
        )  # fmt: skip
        # 5 % want nothing: a number on the list, a customer who opted out
        pour(
            Suppression,
            f"generate_series(40, {people}, 40) n",
            number=NUMBER,
            source="'blacklist'",
            at="now()",
        )
        pour(
            OptOut, f"generate_series(20, {people}, 40) n", customer_id="n", scope="'marketing_sms'", source="'sms'",
            at="now()", applied_at="now()",
        )  # fmt: skip
        _ledger(project, people)
        cursor.execute("SET session_replication_role = origin")
        for kind in (Household, Customer):
            table = kind._meta.db_table
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        cursor.execute("VACUUM ANALYZE")


def _ledger(project: Project, people: int) -> None:
    """Two messages each in sixty days, and four more within the month for every fifth: some are at the cap."""
    fixed = {
        "project_id": str(project.pk), "channel": "'sms'", "purpose": "'broadcast'", "outcome": "'sent'",
        "automatic": "true", "effective": "false", "recorded_at": "now()",
    }  # fmt: skip
    two = f"generate_series(1, {people * 2}) n"
    pour(Contact, two, **fixed, customer_id=f"1 + n % {people}", at="now() - (1 + n % 59) * interval '1 day'")
    five = f"generate_series(1, {people}) n"
    pour(
        Contact,
        five,
        **fixed,
        customer_id=f"1 + n * 5 % {people}",
        at="now() - (2 + n % 31) * interval '1 day'",
    )


def pour(kind: type[models.Model], series: str, **columns: str) -> None:
    """INSERT … SELECT; a column that is not named gets the default of its field."""
    names, values, params = [], [], []
    for field in kind._meta.concrete_fields:
        if field.column in columns:
            values.append(columns[field.column].replace("%", "%%"))
        elif field.primary_key:
            continue
        else:
            values.append("%s")
            params.append(field.get_db_prep_save(field.get_default(), connection))
        names.append(f'"{field.column}"')
    table = kind._meta.db_table
    with connection.cursor() as cursor:
        query = f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {series}"
        cursor.execute(query, params)


def _place() -> Project:
    now = dt.datetime.now(dt.UTC)
    load_calendars(years=shipped_years(), by=None, at=now)
    project = Project.objects.create(
        name="云栖花园", short_name="云栖", signature="云栖花园", hotline="0571-88880000"
    )
    PolicyVersion.objects.create(
        project=project, number=1, state=PolicyVersion.State.APPROVED, prepared_at=now, approved_at=now,
        effective_from=LONG_AGO,
    )  # fmt: skip
    HeardVia.objects.create(project=project, name="路过")
    staff = [(f"c{n}", f"顾问{n}", Role.CONSULTANT) for n in range(CONSULTANTS)]
    staff += [("writer", "马策划", Role.MARKETING), ("manager", "吴经理", Role.SALES_MANAGER)]
    for username, name, role in staff:
        user: Any = User.objects.create(username=username, name=name, password=NO_LOGIN)
        Membership.objects.create(user=user, role=role.value, project=project)
    return project

"""The screens of loading registers: gates, what is shown as text, what may be downloaded."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.models import User
from crm.roles import Role
from leads.actions import importing_run
from leads.models import ImportBatch, InboundCall
from tests import factories

pytestmark = pytest.mark.django_db

REGISTERS = Path(__file__).parent.parent / "data" / "registers"
AT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
FORMULA = (
    "日期,手机,姓名,备注\n2026-11-01,13800138000,=1+1,<script>alert(1)</script>\n=2+2,13800138001,@SUM,+3\n"
)


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def sent(client: Client, content: bytes, name: str = "calls.csv") -> ImportBatch:
    answer = client.post(reverse("leads:import_new"), {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 302, answer.content
    return ImportBatch.objects.latest("pk")


def checked(client: Client, content: bytes, name: str = "calls.csv") -> ImportBatch:
    batch = sent(client, content, name)
    form = client.get(reverse("leads:import_columns", args=[batch.pk])).context["form"]
    data = {name: field.initial for name, field in form.fields.items() if field.initial is not None}
    answer = client.post(reverse("leads:import_columns", args=[batch.pk]), {**data, "register": "calls"})
    assert answer.status_code == 302, answer.content
    return batch


def test_what_stands_in_a_file_is_text_on_screen_and_in_the_download() -> None:
    project = factories.make_project()
    client = signed_in(factories.make_user(Role.SALES_MANAGER, project))
    batch = checked(client, FORMULA.encode())
    body = client.get(reverse("leads:import", args=[batch.pk])).content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body
    assert "13800138000" not in body
    assert client.post(reverse("leads:import_start", args=[batch.pk]), {"known": "fill"}).status_code == 302
    while importing_run.advance(batch_id=batch.pk, at=AT):
        pass
    csv_file = client.get(reverse("leads:import_refused", args=[batch.pk]), {"as": "csv"})
    assert csv_file["Content-Disposition"] == f'attachment; filename="refused-{batch.pk}.csv"'
    lines = csv_file.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("'=2+2,13800138001,'@SUM,'+3")
    assert client.get(reverse("leads:import", args=[batch.pk])).status_code == 200
    assert client.get(reverse("leads:imports")).status_code == 200


def test_a_foreign_manager_finds_nothing_and_a_consultant_may_not_import() -> None:
    mine, other = factories.make_project(), factories.make_project()
    batch = checked(signed_in(factories.make_user(Role.SALES_MANAGER, mine)), FORMULA.encode())
    foreign = signed_in(factories.make_user(Role.SALES_MANAGER, other))
    for name in ("import", "import_columns", "import_progress", "import_refused"):
        assert foreign.get(reverse(f"leads:{name}", args=[batch.pk])).status_code == 404
    for name in ("import_columns", "import_start", "import_go_on", "import_discard"):
        assert foreign.post(reverse(f"leads:{name}", args=[batch.pk])).status_code == 404
    consultant = signed_in(factories.make_user(Role.CONSULTANT, mine))
    assert consultant.get(reverse("leads:imports")).status_code == 403
    assert consultant.get(reverse("leads:import_new")).status_code == 403
    assert consultant.get(reverse("leads:import", args=[batch.pk])).status_code == 404
    assert InboundCall.objects.count() == 0


def test_a_system_administrator_gets_the_refused_rows_masked() -> None:
    project = factories.make_project()
    client = signed_in(factories.make_user(Role.SYSTEM_ADMINISTRATOR))
    batch = checked(client, FORMULA.encode())
    assert batch.project == project
    client.post(reverse("leads:import_start", args=[batch.pk]), {"known": "fill"})
    while importing_run.advance(batch_id=batch.pk, at=AT):
        pass
    answer = client.get(reverse("leads:import_refused", args=[batch.pk]), {"as": "csv"})
    text = answer.content.decode("utf-8-sig")
    assert "13800138001" not in text
    assert "138****8001" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The submitted file is empty."),
        (b"   \n\n", "The file is empty."),
        (b"%PDF-1.7 ...", "save it as xlsx or CSV"),
        (b"PK\x03\x04 broken", "damaged"),
        ("甲,乙\n丙,丁\n".encode(), "No sheet holds a table"),
    ],
)
def test_an_unreadable_file_is_refused_with_what_to_do(content: bytes, said: str) -> None:
    client = signed_in(factories.make_user(Role.SALES_MANAGER, factories.make_project()))
    answer = client.post(reverse("leads:import_new"), {"file": SimpleUploadedFile("x.csv", content)})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_a_file_without_a_date_column_asks_for_it_and_keeps_what_was_chosen() -> None:
    client = signed_in(factories.make_user(Role.SALES_MANAGER, factories.make_project()))
    batch = sent(client, "手机,姓名\n13800138000,王芳\n".encode())
    answer = client.post(
        reverse("leads:import_columns", args=[batch.pk]),
        {"register": "visits", "column_0_0": "phone", "column_0_1": "name"},
    )
    assert answer.status_code == 422
    assert "Say which column holds the date." in answer.content.decode()


def test_a_name_nobody_has_settled_is_asked_for_and_remembered() -> None:
    project = factories.make_project()
    lin = factories.make_user(Role.CONSULTANT, project, "林晓")
    client = signed_in(factories.make_user(Role.SALES_MANAGER, project))
    rows = "日期,手机,姓名,置业顾问\n2026-11-01,13800138000,王芳,吴经理\n".encode()
    batch = checked(client, rows)
    start = reverse("leads:import_start", args=[batch.pk])
    assert client.post(start, {"known": "fill", "staff_0": ""}).status_code == 422
    assert client.post(start, {"known": "fill", "staff_0": str(lin.pk)}).status_code == 302
    again = checked(client, rows.replace(b"13800138000", b"13800138009"))
    assert again.pk != batch.pk
    again.refresh_from_db()
    assert again.staff == {"吴经理": lin.pk}

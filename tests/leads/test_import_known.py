"""What becomes of customers whom the database knows (PX-3): skip, fill blanks, update all; the consultant stays (PX-4)."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from crm import clock
from leads import facts_slices
from leads.actions import importing
from leads.models import ImportBatch, ImportTrace, InboundCall, Lead, Visit
from tests.leads.test_import import AT, Centre

pytestmark = pytest.mark.django_db
Known = ImportBatch.Known

FIRST = "日期,手机,姓名,置业顾问,需求面积\n2026-10-03,13800138001,王芳,梅婷,89\n2026-10-04,13800138002,,,\n"
SECOND = (
    "到访日期,手机,姓名,性别,接待人,需求面积,预算,认知途径\n"
    "2026-11-05,13800138001,王方,女,林晓,120,300万,抖音\n"
    "2026-11-06,13800138002/13900139002,李强,男,林晓,三房,200万,路过\n"
    "2026-11-07,13800138003,赵敏,女,林晓,,,\n"
)


@pytest.fixture
def centre() -> Centre:
    return Centre()


def load(centre: Centre, known: str, text: str = SECOND) -> ImportBatch:
    batch = centre.upload("来访.csv", text.encode())
    importing.start(
        batch_id=batch.pk,
        staff=dict.fromkeys(batch.report["check"]["staff"]) | batch.staff,
        known=known,
        by=centre.wu,
        at=AT,
    )
    return centre.run(batch)


def told(phone: str) -> tuple[str, ...]:
    lead = Lead.objects.select_related("customer", "heard_via").get(customer__phones__e164=f"+86{phone}")
    source = lead.heard_via.name if lead.heard_via else ""
    owner = lead.consultant.name if lead.consultant else ""
    return lead.customer.name, lead.customer.salutation, lead.wanted, lead.budget, source, owner


def test_the_dry_run_says_what_each_policy_would_do(centre: Centre) -> None:
    centre.load("calls.csv", FIRST.encode())
    check = centre.upload("来访.csv", SECOND.encode()).report["check"]
    assert (check["customers"], check["database"], check["known_customers"]) == (1, 2, 2)
    assert (check["fills"], check["changes"]) == (2, 2)


def test_px_3_skip_leaves_known_customers_alone(centre: Centre) -> None:
    centre.load("calls.csv", FIRST.encode())
    before = told("13800138001"), told("13800138002")
    batch = load(centre, Known.SKIP)
    assert (batch.accepted, batch.report["run"]["counts"]["skipped"]) == (3, 2)
    assert (told("13800138001"), told("13800138002")) == before
    assert Visit.objects.count() == 1
    assert not Lead.objects.filter(customer__phones__e164="+8613900139002").exists()
    assert told("13800138003")[0] == "赵敏"


def test_px_3_fill_takes_blanks_only(centre: Centre) -> None:
    centre.load("calls.csv", FIRST.encode())
    batch = load(centre, Known.FILL)
    assert told("13800138001") == ("王芳", "ms", "89", "300万", "抖音", "梅婷")
    assert told("13800138002") == ("李强", "mr", "三房", "200万", "路过", "林晓")
    assert told("13900139002")[0] == "李强"
    assert "登记姓名：王方" in Visit.objects.get(lead__customer__name="王芳").note
    assert batch.report["run"]["counts"]["filled"] == 4, "two customers and two leads"


def test_px_4_update_replaces_everything_but_the_consultant(centre: Centre) -> None:
    centre.load("calls.csv", FIRST.encode())
    load(centre, Known.UPDATE)
    assert told("13800138001") == ("王方", "ms", "120", "300万", "抖音", "梅婷")
    note = Visit.objects.get(lead__customer__name="王方").note
    assert "原姓名：王芳" in note
    assert "登记顾问：林晓" in note
    (trace,) = ImportTrace.objects.filter(batch__filename="来访.csv")
    (changed,) = (row for row in trace.changes["customer"].values() if row["name"][0] == "王芳")
    assert changed["name"][:2] == ["王芳", "王方"]


def test_update_takes_the_newest_row_whatever_the_order_and_the_slices(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_slices, "SLICE", 1)
    centre.load("calls.csv", FIRST.encode())
    rows = "到访日期,手机,姓名,预算\n2026-11-09,13800138001,王芬,500万\n2026-11-02,13800138001,王方,100万\n"
    load(centre, Known.UPDATE, rows)
    assert told("13800138001")[0] == "王芬"
    assert told("13800138001")[3] == "500万"
    assert "登记姓名：王方" in Visit.objects.get(at__day=2).note


def test_rows_of_one_new_customer_are_no_known_customer(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_slices, "SLICE", 1)
    rows = "到访日期,手机,姓名\n2026-11-02,13800138001,王芳\n2026-11-09,13800138001,王方\n"
    batch = load(centre, Known.SKIP, rows)
    assert "skipped" not in batch.report["run"]["counts"]
    assert Lead.objects.get().visits == 2
    assert Lead.objects.get().customer.name == "王芳"


def test_the_command_takes_the_policy(
    centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.load("calls.csv", FIRST.encode())
    monkeypatch.setattr(clock, "now", lambda: AT + dt.timedelta(minutes=1))
    file = tmp_path / "来访.csv"
    file.write_text(SECOND)
    out = StringIO()
    options = [f"--project={centre.project.name}", f"--user={centre.wu.username}", "--known=update"]
    call_command("import_register", str(file), *options, stdout=out)
    assert "--known update         2 changed" in out.getvalue()
    assert told("13800138001")[0] == "王方"
    assert InboundCall.objects.count() == 2


def test_the_policy_is_remembered_with_the_columns(centre: Centre) -> None:
    load(centre, Known.UPDATE)
    again = centre.upload("来访.csv", SECOND.replace("13800138003", "13800138004").encode())
    assert (again.known, again.report["remembered"]) == (Known.UPDATE, True)

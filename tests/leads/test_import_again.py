"""Refused rows go home with their reasons, come back corrected, and meet columns that are remembered."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from leads.actions import importing
from leads.models import ImportBatch, InboundCall, RegisterMapping, Visit
from leads.refused_file import write_csv, write_xlsx
from leads.registers.fields import WORDS, Field
from leads.registers.sniffing import open_register
from leads.registers.texts import Cell
from tests.leads.registers.builders import sheet_xml, xlsx
from tests.leads.test_import import AT, Centre

pytestmark = pytest.mark.django_db

HEADERS = ["到访日期", "客户姓名", "联系电话", "备注"]
TITLE = ["江畔雅苑来访登记"]
GOOD = ["2026-11-02", "王芳", "13800138001", "看过样板间"]
BAD = ["2026-11-03", '=HYPERLINK("http://x","点")', "不留电话", "+1+cmd|' /C calc'!A0"]
TWO_SHEETS = {
    "来访登记": [TITLE, HEADERS, GOOD, BAD],
    "老客户": [HEADERS, ["明天", "<b>李强</b>", "13800138002", ""]],
}


@pytest.fixture
def centre() -> Centre:
    return Centre()


def book(sheets: dict[str, list[list[str]]]) -> bytes:
    return xlsx({name: sheet_xml(rows) for name, rows in sheets.items()})


def taken_home(batch: ImportBatch) -> bytes:
    file = io.BytesIO()
    write_xlsx(batch, file, plain=True)
    return file.getvalue()


def rows_of(content: bytes) -> dict[str, list[list[Cell]]]:
    return {
        sheet.name: [list(cells) for _row, cells in sheet.rows()] for sheet in open_register(content).sheets
    }


def test_sheets_whose_names_are_alike_as_far_as_a_workbook_takes_them_go_home_apart(centre: Centre) -> None:
    names = [f"2026年第一季度江畔雅苑售楼处来访客户登记表之甲乙丙丁戊己{end}" for end in "甲乙"] + [
        "Visits",
        "visits",
    ]
    batch = centre.load("x.xlsx", book({name: [HEADERS, BAD] for name in names}))
    assert batch.refused == 4
    found = rows_of(taken_home(batch))
    assert len(found) == 4
    assert [rows[1][:2] for rows in found.values()] == [BAD[:2]] * 4


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_refused_rows_go_home_and_come_back(centre: Centre, language: str) -> None:
    batch = centre.load("来访.xlsx", book(TWO_SHEETS))
    assert (batch.accepted, batch.refused) == (1, 2)
    with translation.override(language):
        sheets = rows_of(taken_home(batch))
    assert list(sheets) == ["来访登记", "老客户"]
    header, row = sheets["来访登记"]
    assert header[:4] == HEADERS
    assert row[:4] == BAD
    assert str(row[4]).startswith({"en": "Row 4: ", "zh-hans": "第 4 行："}[language])
    row[2], row[3] = "13800138003", "改好了"
    sheets["老客户"][1][0] = "2026-11-04"
    corrected = book({name: [[str(cell) for cell in line] for line in rows] for name, rows in sheets.items()})
    again = centre.load("refused.xlsx", corrected)
    assert (again.accepted, again.refused, again.report["remembered"]) == (2, 0, True)
    assert Visit.objects.count() == 3
    assert set(Visit.objects.values_list("note", flat=True)) == {"看过样板间", "改好了", ""}
    whole = centre.load("again.xlsx", book(TWO_SHEETS))
    assert whole.report["run"]["counts"]["repeated"] == 1
    assert Visit.objects.count() == 3, "what was accepted is not doubled"


def test_the_workbook_holds_no_formula_and_no_link(centre: Centre) -> None:
    content = taken_home(centre.load("来访.xlsx", book(TWO_SHEETS)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = b"".join(archive.read(name) for name in archive.namelist())
        assert not [name for name in archive.namelist() if "vba" in name.lower() or "externalLink" in name]
    assert b"<f>" not in texts
    assert b"<hyperlink" not in texts
    assert b"&lt;b&gt;" in texts


def test_the_text_file_comes_back_too(centre: Centre) -> None:
    text = "日期,手机,姓名\n2026-11-02,13800138001,王芳\n2027-11-02,13800138002,@SUM(A1)\n"
    batch, file = centre.load("calls.csv", text.encode("gb18030")), io.StringIO()
    write_csv(batch, file, plain=True)
    lines = file.getvalue().splitlines()
    assert lines[0].endswith("日期,手机,姓名,Refused because")
    assert "2027-11-02,13800138002,'@SUM(A1),Row 3: " in lines[1]
    again = centre.load("refused.csv", file.getvalue().replace("2027-11-02,", "2026-11-05,").encode())
    assert (again.accepted, again.refused) == (1, 0)
    assert not InboundCall.objects.exclude(note="").exists(), "the reasons are no remark"


def test_a_table_without_headers_goes_home_with_some(centre: Centre) -> None:
    rows = [
        [
            f"2026-11-{day:02}",
            f"138001380{day:02}",
            f"{'王李张刘陈杨赵黄周吴'[day % 10]}{'芳丽'[day // 11]}女士",
        ]
        for day in range(1, 21)
    ]
    rows[7][1] = "不留电话"
    batch = centre.load("x.xlsx", book({"Sheet1": rows}))
    assert (batch.accepted, batch.refused) == (19, 1)
    header, row = rows_of(taken_home(batch))["Sheet1"]
    assert header[:3] == [WORDS[Field.DATE][0], WORDS[Field.PHONE][0], WORDS[Field.NAME][0]]
    row[1] = "13800138999"
    again = centre.load("y.xlsx", book({"Sheet1": [[str(cell) for cell in line] for line in (header, row)]}))
    assert (again.accepted, again.refused) == (1, 0)


def test_the_reasons_column_is_known_in_every_language() -> None:
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert translation.gettext("Refused because").casefold() in WORDS[Field.REFUSAL]


def test_columns_are_remembered_in_whatever_order_and_stay_correctable(centre: Centre) -> None:
    first = "甲,日期,手机,乙\n路过,2026-11-02,13800138001,梅婷\n"
    batch = centre.upload("a.csv", first.encode())
    mapping = {
        "sheets": {"": {"0": "source", "1": "date", "2": "phone", "3": "consultant"}}, "unused": [], "grades": {}
    }  # fmt: skip
    batch = importing.set_columns(batch_id=batch.pk, register="visits", mapping=mapping, by=centre.wu, at=AT)
    centre.run(centre.start(batch))
    turned = "手机,乙,日期,甲\n13800138002,林晓,2026-11-03,抖音\n"
    again = centre.upload("b.csv", turned.encode())
    assert (again.report["remembered"], again.register) == (True, "visits")
    assert again.mapping["sheets"][""] == {"0": "phone", "1": "consultant", "2": "date", "3": "source"}
    corrected = {**again.mapping, "sheets": {"": {**again.mapping["sheets"][""], "3": "remark"}}}
    again = importing.set_columns(batch_id=again.pk, register="calls", mapping=corrected, by=centre.wu, at=AT)
    centre.run(centre.start(again))
    assert InboundCall.objects.get().note == "抖音"
    third = centre.upload("c.csv", first.replace("13800138001", "13800138003").encode())
    assert (third.register, third.mapping["sheets"][""]["0"]) == ("calls", "remark")
    assert RegisterMapping.objects.count() == 1


def test_a_sheet_that_was_left_out_stays_left_out(centre: Centre) -> None:
    batch = centre.upload("x.xlsx", book({**TWO_SHEETS, "老客户": [["旧编号", *HEADERS], ["1", *GOOD]]}))
    mapping = {
        "sheets": {"来访登记": batch.mapping["sheets"]["来访登记"]},
        "unused": ["老客户"],
        "grades": {},
    }
    batch = importing.set_columns(batch_id=batch.pk, register="visits", mapping=mapping, by=centre.wu, at=AT)
    centre.run(centre.start(batch))
    again = centre.upload(
        "y.xlsx", book({"老客户": [["旧编号", *HEADERS], ["1", *GOOD]], "新": [HEADERS, GOOD]})
    )
    assert again.mapping["unused"] == ["老客户"]
    assert list(again.mapping["sheets"]) == ["新"]


def test_both_files_are_attachments_and_only_for_who_may_import(centre: Centre, client: Client) -> None:
    batch = centre.load("来访.xlsx", book(TWO_SHEETS))
    address = reverse("leads:import_refused", args=[batch.pk])
    client.force_login(centre.wu)
    answer = client.get(address)
    assert answer["Content-Disposition"] == f'attachment; filename="refused-{batch.pk}.xlsx"'
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]
    assert client.get(address, {"as": "csv"})["Content-Type"].startswith("text/csv")
    client.force_login(centre.lin)
    assert client.get(address).status_code == 404

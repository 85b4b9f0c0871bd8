"""Registers as the world really sends them: odd encodings and headers, and files made to hurt."""

from datetime import date

import pytest

from leads.registers.sniffing import open_register
from tests.leads.registers.builders import DATA, delimited, sheet_xml, workbook, xlsx
from tests.leads.registers.test_files import SHEET, TABLE, code, load


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_text_without_a_mark_that_is_nearly_all_chinese(encoding: str) -> None:
    rows = [["姓名", "手机", "日期", "备注"]]
    rows += [
        ["王一", "１３８００１３８００１", "二〇二六年八月一日", "客户说一家三口一直看一楼一段时间" * 5]
    ] * 20
    taken, refused, _ = load(delimited(rows, encoding))
    assert (len(taken), refused, taken[0].day) == (20, [], date(2026, 8, 1))


def test_some_zero_bytes_in_an_ordinary_text_do_not_make_it_wide() -> None:
    rows = [*TABLE, *[["王小明", "13812345678", "2026-08-10", "关注学区，老人同住"]] * 60]
    data = delimited(rows).replace("学区".encode(), "学\0区".encode(), 3)
    assert open_register(data).encoding == "utf-8"
    assert len(load(data)[0]) == 62


def test_two_header_lines_of_which_the_upper_one_groups() -> None:
    rows: list[list[object]] = [
        ["江畔雅苑来访登记表"],
        ["姓名", "联系方式", None, "到访日期"],
        [None, "手机", "备用电话", None],
        ["王芳", 13800138001, "１３９００１３９００１", "2026/11/2"],
        ["合计", 1, None, None],
    ]
    taken, refused, tally = load(workbook(rows, merges=["A2:A3", "B2:C2", "D2:D3"]))
    assert refused == []
    assert [number.e164 for number in taken[0].numbers] == ["+8613800138001", "+8613900139001"]
    assert tally.totals == 1


def sheet_with(cells: str) -> bytes:
    return xlsx({"S": sheet_xml(TABLE).replace("</sheetData>", f"{cells}</sheetData>")})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"MZ\x90\0\x03" + bytes(range(256)) * 20, "file_unsupported"),
        (b"\x7fELF" + bytes(range(256)) * 20, "file_unsupported"),
        (b"a," * 2_000_000, "line_too_long"),
        (delimited([TABLE[0], [*TABLE[1][:3], "x" * 900_000]]), "cell_too_long"),
        (b'"' * 300_000, "unclosed_quote"),
        (xlsx({f"S{i}": sheet_xml(TABLE) for i in range(70)}), "too_many_sheets"),
        (workbook(TABLE)[:-40], "file_damaged"),
        ((DATA / "merged.xls").read_bytes()[:3000], "file_damaged"),
        (sheet_with('<row r="9"><c r="XFD9" a="/>" s="1"><v>1</v></c></row>'), "file_damaged"),
        (sheet_with('<row r="9" spans="1>"><c r="A9"><v>1</v></c></row>'), "file_damaged"),
        (b"{}".join([b"PK\x03\x04"] * 9), "file_damaged"),
    ],
)
def test_hostile_files_are_refused_by_what_they_are(data: bytes, expected: str) -> None:
    assert code(data) == expected


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
    '<!DOCTYPE x [<!ENTITY c SYSTEM "file:///etc/passwd">]>',
)


@pytest.mark.parametrize("head", ENTITIES)
def test_entities_are_neither_expanded_nor_fetched(head: str) -> None:
    sheet = head + sheet_xml(TABLE).replace("邵丽", "&c;")
    assert code(xlsx({"S": sheet})) == "file_damaged"


def test_a_deeply_nested_or_endlessly_empty_sheet_is_answered() -> None:
    nested = "<a>" * 200_000 + "</a>" * 200_000
    assert code(xlsx({"S": SHEET.format(nested)})) == "no_table"
    empty = "".join(f'<row r="{i}"><c r="A{i}" s="1"/></row>' for i in range(9, 60_000))
    assert len(load(sheet_with(empty))[0]) == 2
    lie = sheet_xml(TABLE).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    assert len(load(xlsx({"S": lie}))[0]) == 2


def test_a_formula_is_what_the_spreadsheet_last_showed_and_is_never_evaluated() -> None:
    row = (
        '<row r="6"><c r="A6" t="str"><f>CONCATENATE("李","强")</f><v>李强</v></c><c r="B6"><f>1+1</f><v>13900139001</v></c>'
        '<c r="C6"><f>TODAY()</f><v>46245</v></c><c r="D6"><f>HYPERLINK("http://x")</f></c></row>'
    )
    taken, _, _ = load(sheet_with(row))
    assert (taken[2].name, taken[2].numbers[0].e164, taken[2].day) == (
        "李强",
        "+8613900139001",
        date(2026, 8, 11),
    )
    assert taken[2].remark == ""


@pytest.mark.parametrize("name", ["——", "...", "？", "【】"])
def test_signs_alone_in_the_column_of_names_are_no_name(name: str) -> None:
    """As an empty cell: the row is taken for its number, and says that the name is missing."""
    rows = [
        ["姓名", "手机", "日期"],
        [name, "13812345678", "2026-08-10"],
        ["O'Neil", "13912345678", "2026-08-10"],
    ]
    taken, refused, _ = load(delimited(rows))
    assert ([row.name for row in taken], refused) == (["", "O'Neil"], [])
    assert "name_missing" in {note.code for note in taken[0].notes}

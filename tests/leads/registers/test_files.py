"""Files of every kind: encodings, delimiters, workbooks; and hostile ones, refused before they cost anything."""

import io
import struct
import zipfile
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.registers.errors import RegisterError
from leads.registers.limits import Limits
from leads.registers.messages import TEXTS
from leads.registers.reading import analyse, correct, read
from leads.registers.results import ParsedRow, Refusal, Register, Tally
from leads.registers.sniffing import open_register
from tests.leads.registers.builders import DATA, TODAY, delimited, sheet_xml, workbook, xlsx

TABLE = [
    ["客户姓名", "联系电话", "来电时间", "备注"],
    ["罗𠮷怡女士", "13812345678", "2026-08-10", "看过样板间，嫌价格高"],
    ["邵丽", "13912345678", "2026年8月11日", '说"再看看",下周来\n带家人'],
    ["", "", "", ""],
    ["于国", "不留电话", "2026-08-12", ""],
]


def load(data: bytes, limits: Limits | None = None) -> tuple[list[ParsedRow], list[Refusal], Tally]:
    book = open_register(data, limits or Limits())
    tally = Tally()
    outcomes = list(read(book, analyse(book, today=TODAY), tally))
    taken = [outcome for outcome in outcomes if isinstance(outcome, ParsedRow)]
    return taken, [outcome for outcome in outcomes if isinstance(outcome, Refusal)], tally


def code(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(RegisterError) as caught:
        load(data, limits)
    error = caught.value
    assert TEXTS[error.code] % error.params
    return error.code


@pytest.mark.parametrize(
    "encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_one_table_in_every_encoding_and_delimiter(encoding: str, delimiter: str) -> None:
    taken, refused, tally = load(delimited(TABLE, encoding, delimiter))
    assert [row.name for row in taken] == ["罗𠮷怡", "邵丽"]
    assert taken[1].remark == '说"再看看",下周来\n带家人'
    assert [row.place.row for row in taken] == [2, 3]
    assert [(refusal.place.row, refusal.reasons[0].code) for refusal in refused] == [(5, "phone_withheld")]
    assert (tally.rows, tally.empty) == (3, 1)


def test_gbk_big5_and_old_line_ends() -> None:
    table = [["姓名", "电话", "日期"], ["王小明", "13812345678", "2026-08-10"]]
    assert load(delimited(table, "gbk", end="\n"))[0][0].name == "王小明"
    assert load(delimited(table, "utf-8", end="\r"))[0][0].name == "王小明"
    traditional = [["客戶姓名", "聯絡電話", "來訪日期"], ["陳美麗小姐", "+852 9123 4567", "2026-08-10"]] * 3
    assert load(delimited(traditional, "big5"))[0][0].name == "陳美麗"


def test_excels_separator_line_is_no_row() -> None:
    taken, _, tally = load(b"sep=;\r\n" + delimited(TABLE, delimiter=";"))
    assert [row.place.row for row in taken] == [2, 3]
    assert tally.rows == 3


def test_a_few_broken_characters_are_noted_and_many_refused() -> None:
    data = delimited([*TABLE, *[["王小明", "13812345678", "2026-08-10", "关注学区，老人同住"]] * 30])
    broken = data.replace("样板间".encode(), "样板间".encode()[:-1], 1)
    assert [note.code for note in load(broken)[0][0].notes] == ["unreadable_characters"]
    assert code(bytes(range(128, 256)) * 40) == "file_encoding"


@pytest.mark.parametrize(
    "table", [delimited([["某某项目登记表"], [], *TABLE]), workbook([["某某项目登记表"], [], *TABLE])]
)
def test_title_and_empty_rows_above_the_header(table: bytes) -> None:
    taken, refused, _ = load(table)
    assert ([row.place.row for row in taken], [row.place.row for row in refused]) == ([4, 5], [7])


def test_a_header_repeated_on_every_page_is_no_row() -> None:
    _, _, tally = load(delimited([*TABLE[:3], TABLE[0], *TABLE[3:]]))
    assert (tally.rows, tally.repeated_headers, tally.empty) == (3, 1, 1)


def test_a_table_without_header_is_known_by_content() -> None:
    rows = [[f"{'王李张刘'[i % 4]}小明女士", f"138000000{i:02}", f"2026-08-{i + 1:02}"] for i in range(20)]
    taken, _, tally = load(delimited(rows))
    assert (len(taken), tally.refused, taken[0].place.row) == (20, 0, 1)


def test_an_english_register() -> None:
    rows = [
        [
            "Visit Date",
            "Customer Name",
            "Mobile No.",
            "Gender",
            "Grade",
            "Sales Consultant",
            "Remarks",
            "How did you hear?",
        ],
        ["19/9/2026", "Ms Tan", "+65 9123 4567", "", "b", "Mei Lin", "likes <b>level 5</b>", "friend"],
    ]
    row = load(delimited(rows))[0][0]
    assert (row.day, row.name, row.grade, row.consultant, row.source) == (
        date(2026, 9, 19),
        "Tan",
        "B",
        "Mei Lin",
        "friend",
    )
    assert row.numbers[0].e164 == "+6591234567"
    assert row.register is Register.VISITS


def test_workbook_cells_numbers_dates_and_merged_consultants() -> None:
    rows: list[list[object]] = [
        ["姓名", "手机", "到访日期", "置业顾问", "面积"],
        ["韩轩", 13812345678, date(2026, 8, 10), "梅婷", 89],
        ["邵丽", "１３９１２３４５６７８", 46246, None, "三房"],
        [None, None, None, None, None],
        ["于国", 15012345678.0, "2026.3.5", "林晓", None],
    ]
    taken, _, tally = load(workbook(rows, merges=["D2:D4"]))
    assert [(row.day, row.consultant, row.area or row.layout) for row in taken] == [
        (date(2026, 8, 10), "梅婷", "89"),
        (date(2026, 8, 12), "梅婷", "三房"),
        (date(2026, 3, 5), "林晓", ""),
    ]
    assert (tally.rows, tally.empty) == (3, 1)


def test_the_old_binary_workbook() -> None:
    data = (DATA / "merged.xls").read_bytes()
    taken, refused, _ = load(data)
    assert [(row.name, row.consultant, row.place.row) for row in taken] == [
        ("韩轩", "梅婷", 3),
        ("邵丽", "梅婷", 4),
        ("于国", "梅婷", 5),
    ]
    assert refused == []
    assert open_register(data).kind == "xls"


def test_workbooks_counting_from_1904() -> None:
    rows: list[list[object]] = [["姓名", "手机", "日期"], ["韩轩", "13812345678", 44854]]
    assert load(xlsx({"S": sheet_xml(rows)}, date1904=True))[0][0].day == date(2026, 10, 21)


def test_several_sheets_each_with_its_own_header() -> None:
    data = xlsx(
        {
            "来电": sheet_xml(TABLE),
            "说明": sheet_xml([["填写说明"], ["请如实填写"]]),
            "来访": sheet_xml([["手机", "到访日期"], ["13812345678", "2026-08-10"]]),
            "旧": sheet_xml(TABLE),
        },
        hidden=["旧"],
    )
    book = open_register(data)
    plan = analyse(book, today=TODAY)
    assert [(sheet.name, sheet.used) for sheet in plan.sheets] == [
        ("来电", True),
        ("说明", False),
        ("来访", True),
        ("旧", False),
    ]
    taken, _, _ = load(data)
    assert [(row.place.sheet, row.place.row) for row in taken] == [("来电", 2), ("来电", 3), ("来访", 2)]


def test_a_corrected_mapping_is_used() -> None:
    book = open_register(delimited([["甲", "手机", "日期"], ["路过", "13812345678", "2026-08-10"]]))
    plan = correct(analyse(book, today=TODAY), "", {0: "source"})
    (row,) = read(book, plan)
    assert isinstance(row, ParsedRow)
    assert row.source == "路过"


@pytest.mark.parametrize(
    ("name", "words", "register"),
    [
        ("calls.csv", ["姓名", "电话", "日期"], Register.CALLS),
        ("visits.xlsx", ["姓名", "电话", "日期"], Register.VISITS),
        ("x.csv", ["姓名", "电话", "到访日期", "来访次数"], Register.VISITS),
        ("x.csv", ["姓名", "电话", "来电时间"], Register.CALLS),
    ],
)
def test_the_kind_of_register_is_guessed(name: str, words: list[str], register: Register) -> None:
    plan = analyse(
        open_register(delimited([words, ["王", "13812345678", "2026-08-10", ""]])),
        today=TODAY,
        file_name=name,
    )
    assert plan.register is register
    assert plan.confidence >= 60


def test_without_any_sign_the_kind_is_unsure() -> None:
    plan = analyse(
        open_register(delimited([["姓名", "电话", "日期"], ["王", "13812345678", "2026-08-10"]])), today=TODAY
    )
    assert plan.confidence < 60


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "file_empty"),
        (b"\0\0 \r\n", "file_empty"),
        (b"%PDF-1.7 ...", "file_unsupported"),
        (b"\x89PNG\r\n\x1a\n....", "file_unsupported"),
        (b"\xef\xbb\xbf<html><table><tr><td>1</td></tr></table></html>", "file_unsupported"),
        (b"PK\x03\x04 broken", "file_damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "file_damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file_damaged"),
        (delimited([["只有", "文字"], ["没有", "号码"]]), "no_table"),
        (delimited(TABLE) + b'"never closed,13812345678,2026-08-10,x\r\n' * 3, "unclosed_quote"),
    ],
)
def test_what_is_no_register_says_what_it_is(data: bytes, expected: str) -> None:
    assert code(data) == expected


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_bombs_are_refused_by_the_directory() -> None:
    assert code(zipped({"xl/workbook.xml": b" " * 40_000_000})) == "file_ratio"
    many = workbook([["手机"], ["x" * 1000]])
    assert code(many, Limits(max_unpacked=500)) == "file_unpacked_too_large"
    assert code(many, Limits(max_bytes=100)) == "file_too_large"
    assert code(zipped({"word/document.xml": b"x"})) == "file_unsupported"


def test_a_directory_that_lies_about_sizes_is_found_out() -> None:
    data = bytearray(xlsx({"S": sheet_xml(TABLE)}, extra={"xl/media/x.bin": b" " * 3_000_000}))
    entry = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 1000)
    assert code(bytes(data)) == "file_ratio"


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ('<row r="1"><c r="XFD1"><v>1</v></c></row>', "too_many_columns"),
        ("<row r='1'><c r='XFD1'><v>1</v></c></row>", "too_many_columns"),
        ('<row r="1"><c t="n" r = "XFD1"><v>1</v></c></row>', "too_many_columns"),
        (f'<row r="1">{"<c><v>1</v></c>" * 130}</row>', "too_many_columns"),
        ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', "too_many_rows"),
        ('<row r="1048576"><c><v>1</v></c></row>', "too_many_rows"),
        ('<row r="1"><c r="A1048576"><v>1</v></c></row>', "too_many_rows"),
    ],
)
def test_a_cell_far_out_is_refused_however_it_is_written(cells: str, expected: str) -> None:
    assert code(xlsx({"S": SHEET.format(cells)})) == expected


@pytest.mark.parametrize("attribute", ['count="4294967295"', "uniqueCount = '4294967295'"])
def test_a_declared_count_sets_no_memory_aside(attribute: str) -> None:
    strings = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" {attribute}><si><t>a</t></si></sst>'
    assert (
        code(xlsx({"S": sheet_xml(TABLE)}, extra={"xl/sharedStrings.xml": strings.encode()}))
        == "file_damaged"
    )


def test_a_count_in_a_remark_is_just_text() -> None:
    rows = [["手机", "日期", "备注"], ["13812345678", "2026-08-10", 'count="4294967295"']]
    assert len(load(workbook(rows))[0]) == 1


def test_styled_but_empty_cells_far_out_do_no_harm() -> None:
    rows = sheet_xml(TABLE).replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    )
    assert len(load(xlsx({"S": rows}))[0]) == 2


def test_limits_are_parameters() -> None:
    rows = [["手机", "日期"], *[["13812345678", "2026-08-10"]] * 30]
    assert code(delimited(rows), Limits(max_row=20)) == "too_many_rows"
    assert code(workbook(rows), Limits(max_row=20)) == "too_many_rows"
    assert code(delimited(rows), Limits(max_columns=1)) == "too_many_columns"
    assert code((DATA / "merged.xls").read_bytes(), Limits(max_row=3)) == "too_many_rows"
    assert code((DATA / "merged.xls").read_bytes(), Limits(max_columns=2)) == "too_many_columns"
    huge = [["手机", "日期"], ["13812345678", "x" * 40_000]]
    assert code(delimited(huge)) == code(workbook(huge)) == "cell_too_long"
    many = xlsx({f"S{i}": sheet_xml(TABLE) for i in range(4)})
    assert code(many, Limits(max_sheets=3)) == "too_many_sheets"


def survives(data: bytes) -> None:
    try:
        _, _, tally = load(data)
    except RegisterError as error:
        assert TEXTS[error.code] % error.params  # noqa: PT017 - either way is an answer
    else:
        assert tally.rows == tally.accepted + tally.refused


@given(st.binary(max_size=400))
def test_any_bytes_are_answered(data: bytes) -> None:
    survives(data)


@given(
    st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=8),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_any_text_table_is_answered(rows: list[list[str]], encoding: str) -> None:
    text = "\n".join(",".join(row) for row in [TABLE[0], *rows])
    survives(text.encode(encoding, "replace"))


@pytest.mark.parametrize("name", ["calls.csv", "visits.xlsx", "merged.xls"])
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.floats(0, 1),
)
def test_damaged_files_are_answered(name: str, changes: list[tuple[float, int]], cut: float) -> None:
    data = bytearray((DATA / name).read_bytes())
    for place, value in changes:
        data[int(place * len(data))] = value
    survives(bytes(data[: int(len(data) * cut)] if cut < 0.3 else data))


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=10))
@settings(deadline=None, max_examples=60)
def test_damaged_sheets_inside_a_sound_zip_are_answered(changes: list[tuple[int, int]]) -> None:
    sheet = bytearray(sheet_xml(TABLE, merges=["A2:A4"]).encode())
    for place, value in changes:
        sheet[place % len(sheet)] = value
    with zipfile.ZipFile(io.BytesIO(workbook(TABLE))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    survives(zipped({**files, "xl/worksheets/sheet1.xml": bytes(sheet)}))


@pytest.mark.parametrize("word", ["合计", "本页小计：", "总 计", "Total", "Grand total", "共计3组"])
def test_a_line_of_totals_is_no_row_and_is_counted(word: str) -> None:
    _, refused, tally = load(delimited([*TABLE, [word, "2", "", "3"], ["", word, "", ""]]))
    assert [refusal.place.row for refusal in refused] == [5]
    assert (tally.rows, tally.totals) == (3, 2)


def test_a_customer_whose_name_sounds_like_a_total_is_a_row() -> None:
    rows = [*TABLE, ["总计先生", "13812345670", "2026-08-10", ""], ["合计", "13812345671", "2026-08-10", ""]]
    assert [row.name for row in load(delimited(rows))[0]][2:] == ["总计", "合计"]

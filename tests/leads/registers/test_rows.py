"""A row is taken whole or refused with every reason; nothing is cut, dropped or evaluated."""

from dataclasses import replace
from datetime import date, time

from hypothesis import given
from hypothesis import strategies as st

from crm.phones import Number, parse
from crm.states import Salutation
from leads.registers.columns import guess_columns
from leads.registers.dates import DateStyle
from leads.registers.messages import TEXTS
from leads.registers.results import ParsedRow, Refusal, Register, group_rows
from leads.registers.rows import Context, RowReader
from leads.registers.texts import Cell
from tests.leads.registers.builders import TODAY

CONTEXT = Context(dates=DateStyle(today=TODAY))
HEADERS = ["姓名", "手机", "来电时间", "等级", "置业顾问", "备注"]


def read(cells: list[Cell], headers: list[str] = HEADERS, context: Context = CONTEXT) -> ParsedRow | Refusal:
    columns = guess_columns(headers, [], style=context.dates, region=context.region)
    return RowReader("S", columns, context).read(7, cells)


def accepted(cells: list[Cell], headers: list[str] = HEADERS, context: Context = CONTEXT) -> ParsedRow:
    outcome = read(cells, headers, context)
    assert isinstance(outcome, ParsedRow), outcome
    return outcome


def codes(outcome: ParsedRow | Refusal) -> list[str]:
    return [found.code for found in (outcome.notes if isinstance(outcome, ParsedRow) else outcome.reasons)]


GOOD: list[Cell] = ["韩轩女士", "13812345678", "2026-08-10 14:30", "A类", " 梅　婷 ", "'=1+1"]


def test_a_good_row() -> None:
    row = accepted(GOOD)
    assert (row.name, row.salutation, row.day, row.at) == (
        "韩轩",
        Salutation.MS,
        date(2026, 8, 10),
        time(14, 30),
    )
    assert (row.grade, row.consultant, row.remark, row.notes) == ("A", "梅婷", "=1+1", ())
    assert (row.place.sheet, row.place.row, row.register) == ("S", 7, Register.CALLS)


def test_all_reasons_at_once_with_column_and_masked_value() -> None:
    outcome = read(["韩" * 61, "138123456789", "2026-13-45", "A", "梅婷", "x" * 2001])
    assert isinstance(outcome, Refusal)
    found = [(reason.code, reason.column) for reason in outcome.reasons]
    assert found == [
        ("phone_wrong_length", "手机"),
        ("date_impossible", "来电时间"),
        ("too_long", "姓名"),
        ("too_long", "备注"),
    ]
    assert outcome.reasons[0].value == "1381****6789"
    assert outcome.reasons[2].limit == 60
    assert outcome.cells[1] == "138123456789"
    assert all(TEXTS[reason.code] % {"limit": reason.limit} for reason in outcome.reasons)


def test_a_row_without_phone_or_date_column_says_so() -> None:
    assert codes(read(["韩轩", "A"], ["姓名", "等级"])) == ["phone_column_missing", "date_column_missing"]


def test_a_default_day_dates_rows_without_one() -> None:
    context = replace(CONTEXT, default_day=date(2026, 8, 1))
    row = accepted(["韩轩", "13812345678", "", "", "", ""], context=context)
    assert (row.day, codes(row)) == (date(2026, 8, 1), ["default_date_used"])
    assert codes(read(["韩轩", "13812345678", "2026-13-45", "", "", ""], context=context)) == [
        "date_impossible"
    ]


def test_px_11_unknown_grades_and_stages_are_notes() -> None:
    unknown = accepted([*GOOD[:3], "钻石", "", ""])
    assert (unknown.grade, codes(unknown)) == ("", ["grade_unknown"])
    bought = accepted([*GOOD[:3], "已成交", "", ""])
    assert (bought.grade, bought.stage, bought.stage_word) == ("", "purchaser", "已成交")


def test_the_gender_column_counts_and_a_conflict_is_noted() -> None:
    row = accepted(["韩轩女士", "13812345678", "2026-08-10", "男"], ["姓名", "手机", "日期", "性别"])
    assert (row.salutation, codes(row)) == (Salutation.MR, ["gender_conflict"])


def test_text_of_unknown_and_trailing_columns_is_kept() -> None:
    headers = ["手机", "日期", "年龄", "备注"]
    row = accepted(["13812345678", "2026-08-10", 35.0, "好", "", "多出来的"], headers)
    assert row.extra == (("年龄", "35"), ("F", "多出来的"))


def test_a_number_cell_is_text_and_zero_is_not_nothing() -> None:
    row = accepted(["13812345678", "2026-08-10", 0.0], ["手机", "日期", "备注"])
    assert row.remark == "0"


def test_px_3_numbers_of_all_phone_columns_belong_to_the_row() -> None:
    row = accepted(
        ["13812345678", "无", "13912345678/13812345678", "2026-08-10"], ["手机", "备用电话", "电话2", "日期"]
    )
    assert [number.e164 for number in row.numbers] == ["+8613812345678", "+8613912345678"]
    assert "phone_partly_read" not in codes(row)


def test_a_half_readable_phone_cell_is_noted() -> None:
    row = accepted(["13812345678/1391234", "2026-08-10"], ["手机", "日期"])
    assert [(note.code, note.value) for note in row.notes if note.code != "name_missing"] == [
        ("phone_partly_read", "1**1234")
    ]


def test_a_time_column_completes_the_day() -> None:
    row = accepted(["13812345678", "2026-08-10", "下午2:30"], ["手机", "日期", "时间"])
    assert row.at == time(14, 30)


def test_a_kind_column_tells_calls_from_visits_row_by_row() -> None:
    headers = ["手机", "日期", "登记类型"]
    kinds = [accepted(["13812345678", "2026-08-10", word], headers).register for word in ("来电", "到访", "")]
    assert kinds == [Register.CALLS, Register.VISITS, Register.CALLS]


def test_the_fingerprint_sees_through_dress_and_place() -> None:
    other = accepted(["韩轩", "+86 138-1234-5678", "2026年8月10日 下午2:30", "Ａ", "梅婷", "=1+1"])
    assert other.fingerprint == accepted(GOOD).fingerprint
    assert accepted([*GOOD[:2], "2026-08-11", *GOOD[3:]]).fingerprint != other.fingerprint


def numbers(*raw: str) -> tuple[Number, ...]:
    return tuple(number for text in raw for number in parse(text).numbers)


def test_px_3_groups_are_transitive_and_extensions_apart() -> None:
    rows = [
        numbers("13800000001"),
        numbers("13800000002"),
        numbers("13800000003"),
        numbers("13800000001/13800000003"),
        numbers("010-52454652转1"),
        numbers("010-52454652转2"),
        numbers("+86 138 0000 0002"),
    ]
    assert group_rows(rows) == [0, 1, 0, 0, 4, 5, 1]


@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=3), max_size=30))
def test_px_3_groups_equal_connected_components(rows: list[list[int]]) -> None:
    known = [f"1380000{digit:04}" for digit in range(13)]
    found = group_rows([numbers(*(known[i] for i in row)) for row in rows])
    for i, left in enumerate(rows):
        reached, grew = set(left), True
        while grew:
            more = reached.union(*(set(row) for row in rows if reached & set(row)))
            grew, reached = more != reached, more
        assert {j for j, row in enumerate(rows) if reached & set(row)} == {
            j for j in range(len(rows)) if found[j] == found[i]
        }
        assert found[i] <= i


CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["13812345678", "2026-08-10", "A类", "女", "复访", "不留电话", "三房", "2027-12-25", ""]),
    st.floats(),
    st.integers(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.booleans(),
    st.none(),
)
ALL = [
    "姓名",
    "手机",
    "日期",
    "时间",
    "等级",
    "状态",
    "类型",
    "顾问",
    "渠道",
    "备注",
    "抗性",
    "来访次数",
    "面积",
    "人数",
    "性别",
    "年龄",
]


@given(st.lists(CELLS, max_size=20))
def test_any_row_is_accepted_or_refused_with_known_codes(cells: list[Cell]) -> None:
    outcome = read(cells, ALL)
    if isinstance(outcome, Refusal):
        assert outcome.reasons
        assert len(outcome.cells) == len(cells)
    else:
        assert outcome.numbers
        assert outcome.day <= TODAY
        assert len(outcome.fingerprint) == 32
    assert set(codes(outcome)) <= set(TEXTS)


@given(st.permutations(list(zip(HEADERS, GOOD, strict=True))))
def test_the_order_of_columns_does_not_matter(pairs: list[tuple[str, Cell]]) -> None:
    row = accepted([cell for _, cell in pairs], [header for header, _ in pairs])
    assert row == accepted(GOOD)

"""Headers in any order, wording and language; columns without any."""

from datetime import date

import pytest

from leads.registers.columns import column_letters, find_header, guess_columns, recall, remember
from leads.registers.dates import DateStyle
from leads.registers.fields import Field, field_of, normal_header
from leads.registers.texts import Cell
from tests.leads.registers.builders import TODAY

STYLE = DateStyle(today=TODAY)


def guess(names: list[str], rows: list[list[Cell]] | None = None, **more: object) -> list[Field | None]:
    columns = guess_columns(names, rows or [], style=STYLE, region="CN", **more)  # type: ignore[arg-type]
    return [column.field for column in columns]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        *((word, Field.GRADE) for word in ("意向等级", "客户级别", "等级", "Grade", "客户意向等级")),
        *(
            (word, Field.PHONE)
            for word in (
                "联系电话",
                "手机",
                "电话",
                "*聯繫電話（必填）",
                "联系人电话",
                "Mobile No.",
                "联系电话2",
            )
        ),
        *(
            (word, Field.CONSULTANT)
            for word in ("置业顾问", "接待人", "销售", "Sales Consultant", "銷售顧問")
        ),
        *(
            (word, Field.DATE)
            for word in ("登记时间", "来电时间", "到访日期", "Visit Date", "來訪日期", "最近到访时间")
        ),
        *((word, Field.NAME) for word in ("客户称呼", "姓名", "客户姓名", "Customer Name", "客 户 姓 名")),
        *((word, Field.GENDER) for word in ("性别", "Gender")),
        *((word, Field.REMARK) for word in ("备注", "備註", "Remarks", "备注1")),
        *(
            (word, Field.SOURCE)
            for word in ("认知途径", "渠道", "来源", "客户来源", "How did you hear about us?")
        ),
        *((word, Field.OBJECTIONS) for word in ("主要抗性", "抗性")),
        *((word, Field.VISITS) for word in ("来访次数", "首访复访", "首访/复访")),
        *((word, Field.WANTED) for word in ("需求面积", "户型", "意向户型")),
    ],
)
def test_header_words(header: str, field: Field) -> None:
    found = field_of(normal_header(header))
    assert found is not None
    assert found[0] is field


@pytest.mark.parametrize(
    "header",
    [
        "顾问电话",
        "下次回访时间",
        "出生日期",
        "介绍人",
        "介绍人电话",
        "微信号",
        "认购日期",
        "年龄",
        "列3",
        "客户需求",
        "",
    ],
)
def test_headers_of_something_else_are_left_alone(header: str) -> None:
    assert field_of(normal_header(header)) is None


def test_a_title_and_empty_rows_stand_above_the_header() -> None:
    rows: list[tuple[int, list[Cell]]] = [
        (1, ["某某项目来电登记表", "", ""]),
        (2, ["", "", ""]),
        (3, ["制表：前台", "2026年8月", ""]),
        (4, ["姓名", "手机", "来电时间"]),
        (5, ["韩轩", "13812345678", "2026-08-10"]),
    ]
    header = find_header(rows)
    assert header is not None
    assert header.row == 4


def test_a_header_of_two_lines_is_joined() -> None:
    rows: list[tuple[int, list[Cell]]] = [
        (1, ["序号", "客户信息", "", "置业顾问", "到访日期"]),
        (2, ["", "姓名", "电话", "", ""]),
        (3, ["1", "韩轩", "13812345678", "梅婷", "2026-08-10"]),
    ]
    header = find_header(rows)
    assert header == (2, ("序号", "姓名", "电话", "置业顾问", "到访日期"))


def test_data_is_no_header() -> None:
    assert find_header([(1, ["韩轩", "13812345678", "2026-08-10", "路过", "A类"])]) is None


ROWS: list[list[Cell]] = [
    [
        "A",
        "13812345678",
        "2026-08-10",
        "韩轩女士",
        "女",
        "首访",
        "看过样板间，嫌价格高，下周再来",
        "梅婷",
        "安居客",
    ],
    ["B类", 13912345678.0, 46250.0, "邵丽", "男", "复访", "老人同住，关注学区和医院", "林晓", "老带新"],
    [
        "c",
        "139-1234-5679",
        date(2026, 8, 1),
        "于国",
        "女",
        "首访",
        "贷款有问题，等首付，年底再看",
        "梅婷",
        "路过",
    ],
] * 10


def test_columns_without_headers_are_known_by_content() -> None:
    rows = [
        [*row[:3], f"{row[3]}"[:1] + "王李张刘陈杨赵黄周吴"[i % 10], *row[4:]] for i, row in enumerate(ROWS)
    ]
    assert guess([""] * 9, rows) == [
        Field.GRADE,
        Field.PHONE,
        Field.DATE,
        Field.NAME,
        Field.GENDER,
        Field.VISITS,
        Field.REMARK,
        Field.CONSULTANT,
        Field.SOURCE,
    ]


def test_content_corrects_headers_that_changed_places() -> None:
    swapped: list[list[Cell]] = [["2026-08-10", "13812345678"]] * 6
    assert guess(["手机", "来电时间"], swapped) == [Field.DATE, Field.PHONE]


def test_of_two_dates_the_registers_own_counts() -> None:
    assert guess(["录入时间", "到访日期", "姓名"]) == [None, Field.DATE, Field.NAME]
    assert guess(["日期", "时间", "手机"]) == [Field.DATE, Field.TIME, Field.PHONE]


def test_several_phone_columns_all_count() -> None:
    assert guess(["手机", "备用电话", "手机2"]) == [Field.PHONE] * 3


def test_a_person_overrules_the_guess() -> None:
    names = ["手机", "怪名", "备注"]
    assert guess(names, chosen={1: "source", 2: ""}) == [Field.PHONE, Field.SOURCE, None]
    assert guess(names, chosen={1: "date", 2: "no such field"}) == [Field.PHONE, Field.DATE, None]


def test_what_is_remembered_gives_the_same_mapping_again() -> None:
    columns = guess_columns(["手机", "怪名"], [], style=STYLE, region="CN", chosen={1: "date"})
    turned = guess_columns(["怪名", "＊手机"], [], style=STYLE, region="CN")
    recalled = recall(turned, remember(columns))
    again = guess_columns(["怪名", "＊手机"], [], style=STYLE, region="CN", chosen=recalled)
    assert [column.field for column in again] == [Field.DATE, Field.PHONE]


def test_letters_of_columns() -> None:
    assert [column_letters(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]

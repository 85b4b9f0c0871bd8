"""Grades, stages, names and wishes as registers write them (PX-11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.states import Salutation
from leads.registers import cells
from leads.registers.texts import clean, clean_line, clean_name, to_text


@pytest.mark.parametrize(
    ("word", "grade"),
    [
        *(
            ("A", "A"),
            ("Ａ", "A"),
            ("a", "A"),
            ("A类", "A"),
            ("A级", "A"),
            (" B ", "B"),
            ("Ｃ类客户", "C"),
            ("d", "D"),
        ),
        *(("意向A", "A"), ("A（重点）", "A"), ("grade B", "B"), ("意向强", "A"), ("意向一般", "C")),
    ],
)
def test_px_11_grades_in_every_dress(word: str, grade: str) -> None:
    assert cells.read_grade(word).grade == grade


def test_px_11_a_projects_own_words_go_first() -> None:
    words = {"钻石": "A", "A": "B"}
    assert cells.read_grade("钻石", words) == cells.Graded("A", "grade_from_word")
    assert cells.read_grade("A类", words).grade == "B"
    assert cells.read_grade("意向强", words) == cells.Graded("", "grade_unknown")


@pytest.mark.parametrize("word", ["E", "S级", "A+", "待定", "未成交"])
def test_px_11_an_unknown_word_is_ungraded_with_a_note(word: str) -> None:
    assert cells.read_grade(word) == cells.Graded("", "grade_unknown")


@pytest.mark.parametrize("word", ["", "-", "无", "未知"])
def test_no_grade_needs_no_note(word: str) -> None:
    assert cells.read_grade(word) == cells.Graded("")


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("已购", "purchaser"),
        ("成交", "purchaser"),
        ("老业主", "purchaser"),
        ("战败", "lost"),
        ("已购他盘", "lost"),
        ("无效", "invalid"),
    ],
)
def test_px_11_purchaser_is_a_stage_never_a_grade(word: str, stage: str) -> None:
    assert cells.read_stage(word) == stage
    assert cells.read_grade(word) == cells.Graded("", "grade_is_stage")


@pytest.mark.parametrize("word", ["未成交", "没有认购", "跟进中", ""])
def test_what_is_denied_is_no_stage(word: str) -> None:
    assert cells.read_stage(word) == ""


@pytest.mark.parametrize(
    ("raw", "name", "salutation"),
    [
        ("韩轩女士", "韩轩", Salutation.MS),
        ("赵𠮷先生", "赵𠮷", Salutation.MR),
        ("司小姐", "司", Salutation.MS),
        ("Mr. Wong", "Wong", Salutation.MR),
        ("彭伟", "彭伟", Salutation.UNKNOWN),
        ("张先生/李女士", "张先生/李女士", Salutation.UNKNOWN),
    ],
)
def test_names_give_up_their_salutation(raw: str, name: str, salutation: Salutation) -> None:
    assert cells.split_name(raw) == (name, salutation)


@pytest.mark.parametrize(
    ("cell", "visits"),
    [
        ("首访", (True, 1)),
        ("复访", (False, None)),
        ("老访", (False, None)),
        ("第3次", (False, 3)),
        ("二访", (False, 2)),
        (1.0, (True, 1)),
        (2, (False, 2)),
        ("", (None, None)),
        ("repeat visit", (False, None)),
    ],
)
def test_first_or_repeat(cell: str | float, visits: tuple[bool | None, int | None]) -> None:
    assert cells.read_visits(cell)[:2] == visits


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("89", (89, 89, "")),
        (89.0, (89, 89, "")),
        ("100-120", (100, 120, "")),
        ("120~100平米", (100, 120, "")),
        ("约90㎡", (90, 90, "")),
        ("120以上", (120, None, "")),
        ("90㎡以下", (None, 90, "")),
        ("三房", (None, None, "三房")),
        ("", (None, None, "")),
    ],
)
def test_what_is_wanted(cell: str | float, wanted: tuple[float | None, float | None, str]) -> None:
    assert cells.read_wanted(cell) == wanted


def test_lists_keep_order_and_drop_repeats() -> None:
    assert cells.read_list("价格、学区，价格/交通") == ("价格", "学区", "交通")
    assert cells.read_list("无") == ()


def test_markup_and_formulas_stay_text() -> None:
    assert clean("<b>重点</b> & 需回访") == "<b>重点</b> & 需回访"
    formula = '=HYPERLINK("http://x","点我")'
    assert clean(formula) == clean("'" + formula) == formula
    assert clean("'80后'") == "'80后'"


def test_invisible_characters_go_and_rare_hanzi_stay() -> None:
    assert clean("\ufeff罗\u200b𠮷怡\x00\u202e") == "罗𠮷怡"
    assert clean("a\r\nb\x0bc") == "a\nb c"
    assert clean("\ud800x") == "x"
    assert clean_line("Ｔｏｍ\u3000 \n Lee") == "Tom Lee"
    assert clean_name("林 晓") == "林晓"
    assert clean_name("Tom Lee") == "Tom Lee"


def test_numbers_show_as_people_wrote_them() -> None:
    assert [to_text(cell) for cell in (89.0, 89.5, 7, None, "x")] == ["89", "89.5", "7", "", "x"]


@given(
    st.one_of(
        st.text(max_size=60), st.floats(), st.integers(), st.none(), st.dates(), st.times(), st.booleans()
    )
)
def test_every_reader_has_an_answer_for_every_cell(cell: str | float | None) -> None:
    text = clean_line(cell)
    assert cells.read_grade(text).grade in ("", "A", "B", "C", "D")
    assert cells.read_stage(text) in ("", "purchaser", "lost", "invalid")
    (
        cells.read_gender(text),
        cells.read_visits(cell),
        cells.read_wanted(cell),
        cells.read_count(cell),
        cells.read_list(text),
    )
    assert cells.split_name(text)[1] in Salutation
    clean(cell).encode()

"""PX-3: numbers in every dress people give them; PX-12: what of them may be seen."""

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm import phones
from crm.phones import Kind, Problem, mask, mask_text, parse, reversed_digits, tail

MOBILE = "+8613812345678"


def identities(raw: object, region: str = "CN") -> list[str]:
    return [number.identity for number in parse(raw, region).numbers]


def problems(raw: object, region: str = "CN") -> list[Problem]:
    return [problem for problem, _ in parse(raw, region).problems]


@pytest.mark.parametrize(
    "raw",
    [
        *(13812345678, 13812345678.0, "13812345678", "13812345678.0", "1.3812345678E10", "1.3812345678e+10"),
        *(
            "１３８１２３４５６７８",
            " 13812345678\u00a0",
            "+86 138 1234 5678",
            "008613812345678",
            "8613812345678",
        ),
        *("86-138-1234-5678", "138-1234-5678", "138－1234－5678", "(+86)13812345678", "（86）13812345678"),
        *("13812345678（微信同号）", "电话：13812345678", "爱人13812345678", "013812345678", "'13812345678"),
        *(
            "13,812,345,678",
            "\u200b13812345678",
            "13812345678(2号楼)",
            "13812345678;",
            "+86 (0) 138 1234 5678",
        ),
    ],
)
def test_px_3_one_mobile_in_every_dress(raw: object) -> None:
    parsed = parse(raw)
    assert [(number.e164, number.extension, number.kind) for number in parsed.numbers] == [
        (MOBILE, "", Kind.MOBILE)
    ]
    assert parsed.problems == ()


@pytest.mark.parametrize(
    ("raw", "identity"),
    [
        ("023-57364899", "+862357364899"),
        ("(010)52454652转124", "+861052454652;ext=124"),
        ("010-52454652-124", "+861052454652;ext=124"),
        ("021－61234567 转 8001", "+862161234567;ext=8001"),
        ("021-61234567（分机8001）", "+862161234567;ext=8001"),
        ("010 5245 4652 ext. 12", "+861052454652;ext=12"),
        ("1052454652.0", "+861052454652"),
        ("400-800-1234", "+864008001234"),
        ("400-800-1234转12345", "+864008001234;ext=12345"),
        ("+852 9123 4567", "+85291234567"),
        ("0085291234567", "+85291234567"),
    ],
)
def test_px_3_landlines_service_numbers_and_abroad(raw: str, identity: str) -> None:
    assert identities(raw) == [identity]
    assert problems(raw) == []


def test_px_3_each_extension_is_another_customer() -> None:
    assert identities("(010)52454652转124") != identities("(010)52454652转125")
    assert parse("(010)52454652转124").numbers[0].kind is Kind.LANDLINE


@pytest.mark.parametrize("between", ["/", "、", "，", "；", " ", "\n", "-", " / ", "或", "本人,"])
def test_px_3_two_numbers_in_one_cell(between: str) -> None:
    raw = f"13812345678{between}13912345678"
    assert identities(raw) == [MOBILE, "+8613912345678"]
    assert problems(raw) == []


def test_the_same_number_twice_is_one() -> None:
    assert identities("13812345678/+86 138 1234 5678") == [MOBILE]


def test_raw_is_kept_as_written() -> None:
    first, second = parse("１３８１２３４５６７８/13912345678(爱人)").numbers
    assert (first.raw, second.raw) == ("１３８１２３４５６７８", "13912345678(爱人)")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("", Problem.EMPTY),
        (None, Problem.EMPTY),
        ("\u3000", Problem.EMPTY),
        ("不留电话", Problem.WITHHELD),
        ("无", Problem.WITHHELD),
        ("-", Problem.WITHHELD),
        ("N/A", Problem.WITHHELD),
        ("微信联系", Problem.NOT_A_NUMBER),
        (True, Problem.NOT_A_NUMBER),
        (float("nan"), Problem.NOT_A_NUMBER),
        (float("inf"), Problem.NOT_A_NUMBER),
        (-13812345678, Problem.NOT_A_NUMBER),
        ("1381234567", Problem.WRONG_LENGTH),
        ("138123456789", Problem.WRONG_LENGTH),
        ("13812345678 9", Problem.WRONG_LENGTH),
        ("236892367", Problem.WRONG_LENGTH),
        ("57364899", Problem.NO_AREA_CODE),
        ("2773194", Problem.NO_AREA_CODE),
        ("11012345678", Problem.INVALID),
        ("1.38123E+10", Problem.DIGITS_LOST),
        ("1" * 500, Problem.TOO_LONG),
    ],
)
def test_what_is_no_number_says_why(raw: object, problem: Problem) -> None:
    parsed = parse(raw)
    assert parsed.numbers == ()
    assert [found for found, _ in parsed.problems] == [problem]
    assert phones.message(problem)


def test_a_good_number_beside_a_bad_one_keeps_both_facts() -> None:
    assert identities("13812345678/1391234567") == [MOBILE]
    assert parse("13812345678/1391234567").problems == ((Problem.WRONG_LENGTH, "1391234567"),)


@pytest.mark.parametrize(
    ("region", "raw", "identity"),
    [
        ("HK", "9123 4567", "+85291234567"),
        ("HK", "13812345678", MOBILE),
        ("MO", "6612 3456", "+85366123456"),
        ("TW", "0912-345-678", "+886912345678"),
        ("TW", "(02)2345-6789#12", "+886223456789;ext=12"),
        ("SG", "9123 4567", "+6591234567"),
        ("SG", "0086 138 1234 5678", MOBILE),
    ],
)
def test_px_3_numbers_are_read_as_the_projects_region_dials(region: str, raw: str, identity: str) -> None:
    assert identities(raw, region) == [identity]


DRESSES = st.sampled_from(
    [
        "{0}{1}{2}",
        "{0}-{1}-{2}",
        "{0} {1} {2}",
        "+86{0}{1}{2}",
        "+86 {0} {1} {2}",
        "0086{0}{1}{2}",
        "86{0}{1}{2}",
    ]
)


@given(st.from_regex(r"1[0-9]{10}", fullmatch=True), DRESSES, st.sampled_from(["", ".0", " ", "\u00a0"]))
@example("13498765432", "{0}{1}{2}", "")
@example("17400123456", "+86{0}{1}{2}", "")
def test_the_short_way_answers_as_phonenumbers_does(digits: str, dress: str, end: str) -> None:
    raw = dress.format(digits[:3], digits[3:7], digits[7:]) + end
    reference = phonenumbers.parse("+86" + digits)
    is_mobile = phonenumbers.is_valid_number(reference) and (
        phonenumbers.number_type(reference) == phonenumbers.PhoneNumberType.MOBILE
    )
    found = parse(raw).numbers
    if is_mobile:
        expected = phonenumbers.format_number(reference, phonenumbers.PhoneNumberFormat.E164)
        assert [(number.e164, number.kind) for number in found] == [(expected, Kind.MOBILE)]
    else:
        assert all(number.e164 != "+86" + digits or number.kind is not Kind.MOBILE for number in found)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_the_short_way_equals_the_long_way(digits: str) -> None:
    assert [(n.e164, n.kind) for n in parse(digits).numbers] == [
        (n.e164, n.kind) for n in parse(f"：{digits}").numbers
    ]


@given(
    st.one_of(
        st.text(max_size=260),
        st.text(alphabet="0123456789+-() ./转ext,、１8６", max_size=60),
        st.floats(),
        st.integers(),
        st.none(),
        st.booleans(),
    ),
    st.sampled_from(["CN", "HK", "MO", "TW", "SG"]),
)
def test_parse_answers_anything_and_says_something(raw: object, region: str) -> None:
    parsed = parse(raw, region)
    assert parsed.numbers or parsed.problems
    for number in parsed.numbers:
        assert phonenumbers.is_valid_number(phonenumbers.parse(number.e164))
        assert len(number.identity) <= 32
        assert len(number.raw) <= phones.MAX_RAW


@pytest.mark.parametrize(
    ("number", "seen"),
    [
        (MOBILE, "138****5678"),
        ("13812345678", "138****5678"),
        ("+861052454652;ext=124", "010****4652-124"),
        ("+8675588888888", "0755****8888"),
        ("+85291234567", "+852****4567"),
        ("123", "*23"),
    ],
)
def test_px_12_masked(number: str, seen: str) -> None:
    assert mask(number) == seen


def test_px_12_numbers_inside_text_are_masked() -> None:
    text = mask_text("打13812345678或138 1234 5678，１３８１２３４５６７８，89平")
    assert text == "打138****5678或138 **** 5678，１３８****５６７８，89平"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text(max_size=10), st.text(max_size=10))
def test_px_12_no_full_number_survives_masking(digits: str, before: str, after: str) -> None:
    assert digits not in mask_text(before + digits + after)
    assert digits not in mask("+86" + digits)


def test_tail_and_reversed_digits_find_by_the_end() -> None:
    assert tail(MOBILE) == "5678"
    assert tail("+861052454652;ext=124") == "4652"
    assert reversed_digits(MOBILE) == "8765432183168"
    assert reversed_digits("+861052454652;ext=124").startswith(tail("+861052454652")[::-1])

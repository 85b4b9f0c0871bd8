"""SC-10: composing a message, and counting its pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.compose import (
    GSM_ESCAPED,
    REFUSALS,
    Pieces,
    Refusal,
    Sender,
    TextRefused,
    check_body,
    compose,
    merge,
    opening,
    pieces,
    split_for_wire,
)

SENDER = Sender("云栖花园", "0571-88880000", "林晓")
BODY = "样板间本周六开放，欢迎您来看看。"


def refusal_of(body: str) -> Refusal | None:
    try:
        check_body(body)
    except TextRefused as refused:
        return refused.code
    return None


def test_sc_10_a_service_message_opens_with_the_name_and_ends_with_the_signature() -> None:
    parts = compose(BODY, name="韩轩", salutation="ms", sender=SENDER, marketing=False)
    assert parts.text == (
        "韩轩女士您好，样板间本周六开放，欢迎您来看看。【云栖花园】首席预约电话:0571-88880000 置业顾问:林晓"
    )


def test_sc_10_marketing_ends_with_the_opt_out_line() -> None:
    parts = compose(BODY, name="", salutation="unknown", sender=SENDER, marketing=True)
    assert parts.text == (
        "尊敬的贵宾，样板间本周六开放，欢迎您来看看。"
        "【云栖花园】首席预约电话:0571-88880000 置业顾问:林晓 拒收请回复R"
    )
    assert parts.body == BODY


@pytest.mark.parametrize(
    ("name", "salutation", "expected"),
    [
        ("王小明", "mr", "王小明先生您好"),
        ("王小明", "unknown", "尊敬的贵宾"),
        ("韩轩女士", "ms", "韩轩女士您好"),
        ("韩轩女士", "unknown", "韩轩女士您好"),
        ("王\n小明", "mr", "王小明先生您好"),
        ("【内部】王小明", "mr", "内部王小明先生您好"),
        ("王小明 http://a.cn/x", "mr", "王小明先生您好"),
        ("\u202e\u200b", "mr", "尊敬的贵宾"),
        ("先生", "mr", "尊敬的贵宾"),
        (
            "朋友介绍的客户想看三房两厅最好朝南带阳台",
            "mr",
            "朋友介绍的客户想看三房两厅最好朝南带阳台先生您好",
        ),
        ("朋友介绍的客户想看三房两厅最好朝南带大阳台", "mr", "尊敬的贵宾"),
    ],
)
def test_sc_10_the_opening(name: str, salutation: str, expected: str) -> None:
    assert opening(name, salutation) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (BODY, None),
        ("您关心的学校已经签约。", None),
        ("认购的退订金政策有调整，详情请来电。", None),
        ("王先生已到访过，恭候您再来。", None),
        ("", Refusal.EMPTY),
        (" \n ", Refusal.EMPTY),
        ("尊敬的贵宾，样板间开放。", Refusal.OWN_OPENING),
        ("尊敬的客户：样板间开放。", Refusal.OWN_OPENING),
        ("您好！样板间开放。", Refusal.OWN_OPENING),
        ("  你好，样板间开放。", Refusal.OWN_OPENING),
        ("王小明先生您好，样板间开放。", Refusal.OWN_OPENING),
        ("王小明先生，您好，样板间开放。", Refusal.OWN_OPENING),
        ("{name}女士您好，样板间开放。", Refusal.OWN_OPENING),
        ("样板间开放。【云栖花园】", Refusal.BRACKETS),
        ("样板间开放】", Refusal.BRACKETS),
        ("样板间开放。首席预约电话:0571", Refusal.OWN_ENDING),
        ("样板间开放。置业顾问：林晓", Refusal.OWN_ENDING),
        ("样板间开放。拒收请回复R", Refusal.OWN_ENDING),
        ("样板间开放。退订回Ｔ", Refusal.OWN_ENDING),
        ("样板间开放。回TD退订", Refusal.OWN_ENDING),
    ],
)
def test_sc_10_a_body_brings_no_opening_ending_or_brackets(body: str, expected: Refusal | None) -> None:
    assert refusal_of(body) == expected


def test_sc_10_every_refusal_says_why_in_both_languages() -> None:
    assert set(REFUSALS) == set(Refusal)
    with pytest.raises(TextRefused) as caught:
        check_body("您好，样板间开放。")
    assert caught.value.message == REFUSALS[Refusal.OWN_OPENING]
    assert "称呼" in caught.value.message.in_language("zh-hans")


@pytest.mark.parametrize(
    "sender", [Sender("", "1", "林"), Sender("云", " ", "林"), Sender("云", "1", "【】")]
)
def test_sc_10_a_message_without_a_full_ending_is_refused(sender: Sender) -> None:
    with pytest.raises(TextRefused) as caught:
        compose(BODY, name="王", salutation="mr", sender=sender, marketing=False)
    assert caught.value.code is Refusal.MISSING_SENDER


def test_nothing_is_sent_with_a_blank_in_it() -> None:
    assert merge("{project}的{interests}", {"project": "云栖", "interests": "学校"}) == "云栖的学校"
    for values in ({"project": "云栖"}, {"project": "云栖", "interests": "  "}):
        with pytest.raises(TextRefused) as caught:
            merge("{project}的{interests}", values)
        assert (caught.value.code, caught.value.detail) == (Refusal.MISSING_FIELD, "interests")


def test_a_merged_value_is_text_and_not_a_template_again() -> None:
    assert merge("{name}", {"name": "{project}", "project": "秘密"}) == "{project}"


@pytest.mark.parametrize(
    ("text", "encoding", "wire", "billed"),
    [
        ("a" * 160, "GSM-7", 1, 3),
        ("€" * 80, "GSM-7", 1, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3, 5),
        ("好" * 70, "UCS-2", 1, 1),
        ("好" * 71, "UCS-2", 2, 2),
        ("好" * 134, "UCS-2", 2, 2),
        ("好" * 135, "UCS-2", 3, 3),
        ("好" * 66 + "😀" + "好" * 66, "UCS-2", 3, 2),
        ("`" * 160, "UCS-2", 3, 3),
        ("a" * 159 + "§", "GSM-7", 1, 3),
        ("好" * 500, "UCS-2", 8, 8),
        ("", "GSM-7", 1, 1),
    ],
)
def test_pieces_as_the_mainland_bills_them_and_as_they_go_over_the_wire(
    text: str, encoding: str, wire: int, billed: int
) -> None:
    assert pieces(text) == Pieces(encoding, wire, billed)


@pytest.mark.parametrize("text", ["好" * 501, "😀" * 251, "a" * 501])
def test_more_than_500_units_are_refused(text: str) -> None:
    with pytest.raises(TextRefused) as caught:
        pieces(text)
    assert caught.value.code is Refusal.TOO_LONG


def test_signature_and_opt_out_count_towards_the_length() -> None:
    with pytest.raises(TextRefused) as caught:
        compose("好" * 480, name="王", salutation="mr", sender=SENDER, marketing=True)
    assert caught.value.code is Refusal.TOO_LONG


@given(st.text(st.sampled_from("aé€^😀好§"), max_size=400))
def test_no_part_is_too_long_none_is_cut_in_half_and_none_is_lost(text: str) -> None:
    encoding, parts = split_for_wire(text)
    assert "".join(parts) == text
    for part in parts:
        if encoding == "GSM-7":
            size, limit = sum(2 if char in GSM_ESCAPED else 1 for char in part), (160, 153)
        else:
            size, limit = len(part.encode("utf-16-le")) // 2, (70, 67)
        assert size <= limit[len(parts) > 1]

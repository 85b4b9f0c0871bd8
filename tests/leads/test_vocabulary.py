"""The lists sales chooses from."""

import pytest

from crm.bilingual import Bilingual
from leads import vocabulary
from leads.vocabulary import CAUSES, INTERESTS, LOST_REASONS, WANTED_TYPES, Words, label, recognise

LISTS = {
    name: words for name, words in vars(vocabulary).items() if name.isupper() and not name.startswith("_")
}


@pytest.mark.parametrize("name", LISTS)
def test_every_word_has_a_code_that_fits_and_both_languages_once(name: str) -> None:
    words: Words = LISTS[name]
    assert words
    assert all(isinstance(text, Bilingual) and text.en.isascii() and text.zh for text in words.values())
    assert max(map(len, words)) <= 24
    assert (
        len({text.zh for text in words.values()}) == len({text.en for text in words.values()}) == len(words)
    )


def test_the_causes_that_the_visit_sheet_names_are_there() -> None:
    assert set(CAUSES) == {
        "price",
        "school",
        "transport",
        "layout",
        "loan",
        "developer",
        "delivery",
        "competitor",
        "family",
        "other",
    }


def test_a_code_reads_in_the_users_language_and_free_text_stands_for_itself() -> None:
    assert label(CAUSES, "delivery", "zh-hans") == "交房时间"
    assert label(CAUSES, "delivery", "en") == "delivery date"
    assert label(INTERESTS, "带露台", "en") == "带露台"


@pytest.mark.parametrize(
    ("words", "text", "code"),
    [
        (CAUSES, "价格", "price"),
        (CAUSES, " 学区 ", "school"),
        (CAUSES, "户 型", "layout"),
        (CAUSES, "School", "school"),
        (CAUSES, "首付", "loan"),
        (CAUSES, "噪音", ""),
        (CAUSES, "", ""),
        (INTERESTS, "首付", ""),
        (INTERESTS, "学区", "school"),
        (WANTED_TYPES, "三房", "three_rooms"),
        (LOST_REASONS, "已购竞品", "bought_elsewhere"),
    ],
)
def test_what_a_register_calls_it_is_recognised(words: Words, text: str, code: str) -> None:
    assert recognise(words, text) == code

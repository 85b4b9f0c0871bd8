"""Names: cleaning (SC-10), showing, and finding."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.names import clean_name, display_name, query_bigrams, search_bigrams, split_salutation


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  王小明 ", "王小明"),
        ("王 明", "王明"),
        ("王\r\n小明", "王小明"),
        ("John\nSmith", "John Smith"),
        ("J. Smith", "J. Smith"),
        ("王\u200b小\x00明\u202e", "王小明"),
        ("【VIP】王小明", "VIP王小明"),
        ("王小明https://evil.example/x?y=1", "王小明"),
        ("www.evil.cn王小明", "王小明"),
        ("王小明 t.cn/abc 你", "王小明你"),
        ("ht【tp://evil.cn/a", ""),
        ("", ""),
    ],
)
def test_sc_10_names_are_stripped(raw: str, expected: str) -> None:
    assert clean_name(raw) == expected


@given(st.text(st.one_of(st.characters(), st.sampled_from("【】\n\u200bw.:/cn好a")), max_size=40))
def test_sc_10_a_cleaned_name_is_clean_and_stays_as_it_is(raw: str) -> None:
    name = clean_name(raw)
    assert clean_name(name) == name
    assert not set(name) & set("【】")
    assert "://" not in name
    assert not [char for char in name if unicodedata.category(char)[0] == "C"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("韩轩女士", ("韩轩", "ms")),
        ("王先生", ("王", "mr")),
        ("李小姐 ", ("李", "ms")),
        ("Mr. Smith", ("Smith", "mr")),
        ("mrs Jones", ("Jones", "ms")),
        ("Msaad", ("Msaad", "unknown")),
        ("邵丽", ("邵丽", "unknown")),
        ("先生", ("", "mr")),
    ],
)
def test_a_salutation_typed_into_the_name_is_parted_from_it(raw: str, expected: tuple[str, str]) -> None:
    assert split_salutation(raw) == expected


def test_names_are_shown_with_their_salutation() -> None:
    assert display_name("韩轩", "ms", "zh-hans") == "韩轩女士"
    assert display_name("王明", "mr", "zh-hans") == "王明先生"
    assert display_name("王明", "mr", "en") == "Mr 王明"
    assert display_name("王明", "unknown", "en") == "王明"


@pytest.mark.parametrize(
    ("name", "query", "found"),
    [
        ("王小明", "王", True),
        ("王小明", "小明", True),
        ("王小明", "王明", False),
        ("王小明", "王小明明", False),
        ("欧阳·小明", "阳小", True),
        ("John Smith", "SMITH", True),
        ("John Smith", "johns", True),
        ("Ｊｏｈｎ", "john", True),
        ("王小明", "李", False),
    ],
)
def test_names_are_found_by_neighbouring_characters(name: str, query: str, found: bool) -> None:
    assert (set(query_bigrams(query)) <= set(search_bigrams(name))) is found


@pytest.mark.parametrize("query", ["", "  ", "·", "%_"])
def test_a_query_with_nothing_to_search_for_has_no_tokens(query: str) -> None:
    assert query_bigrams(query) == []


@given(st.text("王小明欧阳·- JohnÉＡ1", max_size=20), st.data())
def test_any_part_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name)))
    end = data.draw(st.integers(start, len(name)))
    assert set(query_bigrams(name[start:end])) <= set(search_bigrams(name))


@given(st.text(max_size=60))
def test_tokens_fit_their_column(name: str) -> None:
    tokens = search_bigrams(name)
    assert all(1 <= len(token) <= 2 for token in tokens)
    assert tokens == sorted(set(tokens))

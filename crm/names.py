"""Customers' names: cleaned for messages, shown with their salutation, found by a few characters."""

import re
import unicodedata

from crm.states import Salutation

# Addressing a person by a longer "name" than this would be repeating a note that somebody typed there.
LONGEST = 20
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_SPACE_BETWEEN_HAN = re.compile(f"(?<=[{_HAN}]) +(?=[{_HAN}])")
_LINK = re.compile(
    r"(?:[a-z]+:)?//[!-~]*|www\.[!-~]+|(?:[a-z0-9-]+\.)+(?:com|cn|net|org|io|top|xyz|cc|vip|me|ly|link|shop|info)"
    r"(?![a-z0-9])(?:/[!-~]*)?",
    re.IGNORECASE,
)
_ENDING = re.compile(r"\s*(先生|女士|小姐|太太)$")
_BEGINNING = re.compile(r"^(mr|ms|mrs|miss)(?:\.\s*|\s+)(?=\S)", re.IGNORECASE)
_SALUTATIONS = {
    "先生": Salutation.MR,
    "mr": Salutation.MR,
    "女士": Salutation.MS,
    "小姐": Salutation.MS,
    "太太": Salutation.MS,
    "ms": Salutation.MS,
    "mrs": Salutation.MS,
    "miss": Salutation.MS,
}


def clean_name(raw: str) -> str:
    """A name fit for a message: no control characters, line breaks, 【】 or links; single spaces (SC-10)."""
    name = raw
    while True:
        cleaned = _clean_once(name)
        # What is taken out may join two halves into something that has to go as well.
        if cleaned == name:
            return name
        name = cleaned


def _clean_once(name: str) -> str:
    spaced = " ".join(unicodedata.normalize("NFC", name).split())
    visible = "".join(char for char in spaced if unicodedata.category(char)[0] != "C" and char not in "【】")
    return _SPACE_BETWEEN_HAN.sub("", _LINK.sub("", visible)).strip()


def is_name(text: str) -> bool:
    """Whether somebody could be called so: a dash or dots are no name."""
    return any(char.isalnum() for char in text)


def split_salutation(raw: str) -> tuple[str, Salutation]:
    """Part "韩轩女士" or "Mr. Smith" into name and salutation; unknown when the name carries none."""
    name = raw.strip()
    ending = _ENDING.search(name)
    if ending:
        return name[: ending.start()], _SALUTATIONS[ending[1]]
    beginning = _BEGINNING.match(name)
    if beginning:
        return name[beginning.end() :], _SALUTATIONS[beginning[1].lower()]
    return name, Salutation.UNKNOWN


def masked_name(raw: str) -> str:
    """A name as somebody with counts only sees it (docs/roles.md): the first character, the rest hidden."""
    spoken, _carried = split_salutation(clean_name(raw))
    return f"{spoken[0]}**" if spoken else "**"


def display_name(name: str, salutation: str, language: str) -> str:
    """The name as staff see it: 韩轩女士 in Chinese, "Ms 韩轩" in English, the bare name when unknown."""
    if salutation not in (Salutation.MR, Salutation.MS):
        return name
    is_mr = salutation == Salutation.MR
    if language.lower().startswith("zh"):
        return f"{name}{'先生' if is_mr else '女士'}"
    return f"{'Mr' if is_mr else 'Ms'} {name}"


def _searchable(text: str) -> str:
    """Letters and digits only, width and case folded, so that 王·小明 and Ｊｏｈｎ are found as typed."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def search_bigrams(name: str) -> list[str]:
    """What a name is indexed under: each character and each pair of neighbours, sorted, once."""
    text = _searchable(name)
    return sorted(set(text) | _pairs(text))


def query_bigrams(query: str) -> list[str]:
    """What the index must contain for a query: its pairs, or its one character.

    An empty list means that nothing searchable was typed; the caller must then find nobody, for every
    row contains an empty list.
    """
    text = _searchable(query)
    return sorted(_pairs(text) if len(text) > 1 else set(text))


def _pairs(text: str) -> set[str]:
    return {text[index : index + 2] for index in range(len(text) - 1)}

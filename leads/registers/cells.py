"""One cell, one meaning: grades, stages, names, gender, visits, wishes. Each reader is total: any cell has an answer.

Readers take text already cleaned by `texts`; what they cannot place they say so with a code of `messages.TEXTS`.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from crm.names import split_salutation
from crm.states import Salutation
from leads.registers.texts import Cell, clean_line, to_text

# Letters are plain; words differ between companies, so a project's own mapping goes first (PX-11).
DEFAULT_GRADE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("意向强", "意向很强", "强意向", "意向强烈", "强烈", "高意向", "意向高", "强"), "A"),
    **dict.fromkeys(("意向较强", "较强意向", "较强", "意向较高", "较高"), "B"),
    **dict.fromkeys(("意向一般", "一般意向", "一般", "中等", "意向中等"), "C"),
    **dict.fromkeys(("意向弱", "弱意向", "低意向", "意向低", "无意向", "意向差", "弱", "低"), "D"),
}

_GRADE = re.compile(
    r"(?:意向|客户|客戶|GRADE|CLASS|LEVEL)? ?([A-D]) ?[类级類級等档]?(?:意向|客户|客戶)*(?:\([^)]*\))?"
)
_LOST = re.compile(r"战败|戰敗|流失|放弃|放棄|他盘|他盤|别处|別處|其他楼盘|\blost\b", re.I)
_INVALID = re.compile(r"无效|無效|空号|空號|错号|錯號|\binvalid\b", re.I)
_PURCHASER = re.compile(
    r"已购|已購|成交|认购|認購|签约|簽約|业主|業主|已买|已買|已定|\b(?:purchased|purchaser|bought|owner|sold|closed)\b",
    re.I,
)
_DENIED = re.compile(r"^(?:未|没|沒|无|無|不|非|待|拟|not )", re.I)
_SEVERAL = re.compile(r"[/、,;&]")
_MALE = frozenset(("男", "男士", "男性", "先生", "m", "male", "mr", "mr."))
_FEMALE = frozenset(
    ("女", "女士", "女性", "女仕", "小姐", "太太", "夫人", "f", "female", "ms", "ms.", "mrs", "mrs.", "miss")
)
_UNKNOWN = frozenset(("", "-", "/", "未知", "不详", "不詳", "保密", "unknown", "n/a", "无", "無", "没有"))
_FIRST = re.compile(r"首|初|新访|新訪|新客|第一次|\b(?:first|new|1st)\b", re.I)
_REPEAT = re.compile(
    r"复|復|覆|再|老访|老訪|老客|回访|回訪|多次|\b(?:repeat|return(?:ing)?|revisit|again)\b", re.I
)
_HAN = {character: index for index, character in enumerate("零一二三四五六七八九十")} | {"两": 2, "兩": 2}
_COUNT = re.compile(
    r"(?:第|约|約)? ?([0-9]{1,3}|[一二两兩三四五六七八九十]) ?"
    r"(?:次|访|訪|人|位|个|個|口|st|nd|rd|th|times?|people|pax)*(?: ?visits?)?",
    re.I,
)
_AREA = r"([0-9]{2,4}(?:\.[0-9]+)?)"
_UNIT = r"(?: ?(?:平方米|平米|平方|平|㎡|m²|m2|sqm|方))?"
_RANGE = re.compile(rf"{_AREA}{_UNIT} ?[-~至到] ?{_AREA}")
_SINGLE = re.compile(_AREA)
_UP = re.compile(rf"{_AREA}{_UNIT} ?(?:以上|起|\+)|[>≥] ?{_AREA}")
_DOWN = re.compile(rf"{_AREA}{_UNIT} ?(?:以下|以内|以內|内)|[<≤] ?{_AREA}")
_LAYOUT = re.compile(
    r"房|室|居|厅|廳|别墅|別墅|复式|複式|洋房|叠|跃|商铺|公寓|loft|bed|br\b|studio|villa", re.I
)
_LIST = re.compile(r"[、,;/|\n，；]+")


class Graded(NamedTuple):
    """`grade` A-D or ""; `note` a code when the word was mapped, unknown, or not a grade at all."""

    grade: str
    note: str = ""


class Wanted(NamedTuple):
    """What the customer looks for: area in m² (None: open end), layout as written."""

    area_from: float | None = None
    area_to: float | None = None
    layout: str = ""


class Visits(NamedTuple):
    """`first` None when the cell does not say; `number` counts from 1."""

    first: bool | None = None
    number: int | None = None
    note: str = ""


def read_grade(text: str, words: Mapping[str, str] = DEFAULT_GRADE_WORDS) -> Graded:
    """Letters in any dress, then `words` (the project's mapping); an unknown word is no grade and no refusal."""
    word = clean_line(text)
    if match := _GRADE.fullmatch(word.upper()):
        return Graded(words.get(match[1], match[1]))
    if grade := words.get(word):
        return Graded(grade, "grade_from_word")
    if not word.strip("-/ ") or word.casefold() in _UNKNOWN:
        return Graded("")
    return Graded("", "grade_is_stage" if read_stage(word) else "grade_unknown")


def read_stage(text: str) -> str:
    """purchaser | lost | invalid | "": what a state word says about where the lead stands; never a grade (PX-11)."""
    if not text or (_DENIED.match(text) and not _INVALID.match(text)):
        return ""
    if _LOST.search(text):
        return "lost"
    if _INVALID.search(text):
        return "invalid"
    return "purchaser" if _PURCHASER.search(text) else ""


def split_name(text: str) -> tuple[str, Salutation]:
    """(name, salutation): 韩轩女士 → 韩轩, ms. A cell with two people in it is left as it is."""
    return (text, Salutation.UNKNOWN) if _SEVERAL.search(text) else split_salutation(text)


def read_gender(text: str) -> tuple[Salutation, bool]:
    """(salutation, understood)."""
    word = clean_line(text).casefold()
    if word in _MALE:
        return Salutation.MR, True
    return (Salutation.MS, True) if word in _FEMALE else (Salutation.UNKNOWN, word in _UNKNOWN)


def read_count(cell: Cell) -> int | None:
    """A small whole number as figure or word: 2.0, "3人", 三位. None when it is something else."""
    match = _COUNT.fullmatch(clean_line(to_text(cell)).removesuffix(".0"))
    if match is None:
        return None
    return int(match[1]) if match[1].isdecimal() else _HAN[match[1]]


def read_visits(cell: Cell) -> Visits:
    """首访, 复访, 第3次, 二访, 2."""
    text = clean_line(cell)
    if not text or text in _UNKNOWN:
        return Visits()
    number = read_count(text)
    if number:
        return Visits(number == 1, number)
    if _REPEAT.search(text):
        return Visits(False)
    return Visits(True, 1) if _FIRST.search(text) else Visits(note="visits_unknown")


def read_wanted(cell: Cell) -> Wanted:
    """89, 100-120, 约90平, 120以上, 三房, 三房两厅 100-120㎡."""
    text = clean_line(cell)
    layout = text if _LAYOUT.search(text) else ""
    if match := _RANGE.search(text):
        low, high = sorted((float(match[1]), float(match[2])))
        return Wanted(low, high, layout)
    if match := _UP.search(text):
        return Wanted(float(match[1] or match[2]), None, layout)
    if match := _DOWN.search(text):
        return Wanted(None, float(match[1] or match[2]), layout)
    if match := _SINGLE.search(text):
        return Wanted(float(match[1]), float(match[1]), layout)
    return Wanted(layout=text if text not in _UNKNOWN else "")


def read_list(text: str) -> tuple[str, ...]:
    """价格、学区 → (价格, 学区); order kept, repeats dropped."""
    if not text:
        return ()
    words = (word.strip() for word in _LIST.split(text))
    return tuple(dict.fromkeys(word for word in words if word and word not in _UNKNOWN))

"""What a column looks like inside, for when its header says nothing or says the wrong thing."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from crm.phones import narrow, parse
from leads.registers.cells import read_gender, read_grade, read_visits
from leads.registers.dates import DateProblem, DateStyle, read_moment
from leads.registers.fields import Field
from leads.registers.texts import Cell, clean_line, is_empty, to_text

SAMPLE = 200  # filled cells looked at in a column
SURE = 0.6  # share of them that must look alike

_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}(?:先生|女士|小姐|太太)?")
_SALUTED = re.compile(r".{1,20}(?:先生|女士|小姐|太太)$|^(?:mr|mrs|ms|miss)\b", re.I)
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文欧上官司马诸葛梅乐尤庄阮柯柳祝盛凌葛樊舒屠项关车毕苗涂欧阳甘劉陳楊趙黃張"
)
_SOURCES = re.compile(
    r"路过|老带新|朋友|介绍|户外|广告|安居客|贝壳|链家|抖音|快手|小红书|微信|网络|网站|中介|渠道|派单|短信|报纸|电台|电视|"
    r"房天下|58|自然|外展|friend|referral|internet|website|newspaper|agent|walk|pass(?:ing)? by|outdoor"
)
_OBJECTIONS = re.compile(
    r"^(?:价格|总价|单价|学区|学校|交通|户型|地段|位置|贷款|首付|楼层|朝向|面积|配套|品牌|交房|家人)"
)
_WISHES = re.compile(r"^(?:[一二两三四五1-5][房室居].{0,6}|[0-9]{2,3}(?:[-~][0-9]{2,3})?(?:平米?|㎡)?)$")
_PHONE_SIZED = 7  # digits
LONGEST_VISIT = 12  # characters of "first visit" and its like; longer text is a remark


class Look(NamedTuple):
    """Shares (0-1) of a column's filled cells that read as the field; `filled` cells were seen."""

    filled: int
    distinct: float
    length: float
    shares: dict[Field, float]


def look_at(cells: Sequence[Cell], style: DateStyle, region: str) -> Look:
    """Read a sample of one column every way there is."""
    sample = [cell for cell in cells if not is_empty(cell)][:SAMPLE]
    if not sample:
        return Look(0, 0.0, 0.0, {})
    texts = [clean_line(cell)[:200] for cell in sample]
    count = len(sample)

    def share(found: list[bool]) -> float:
        return sum(found) / count

    shares = {
        Field.PHONE: share([_is_phone(cell, region) for cell in sample]),
        Field.DATE: share([_is_date(cell, style) for cell in sample]),
        Field.GENDER: share([read_gender(text)[1] for text in texts]),
        Field.GRADE: share([read_grade(text, {}).grade != "" for text in texts]),
        Field.VISITS: share([_is_visit(text) for text in texts]),
        Field.NAME: share([_is_name(text) for text in texts]),
        Field.SOURCE: share([len(text) < 20 and _SOURCES.search(text.lower()) is not None for text in texts]),
        Field.OBJECTIONS: share([len(text) < 20 and _OBJECTIONS.search(text) is not None for text in texts]),
        Field.WANTED: share([_WISHES.search(narrow(text)) is not None for text in texts]),
    }
    return Look(count, len(set(texts)) / count, sum(map(len, texts)) / count, shares)


def _is_phone(cell: Cell, region: str) -> bool:
    if isinstance(cell, str | int | float) and not isinstance(cell, bool):
        digits = sum(character.isdecimal() for character in to_text(cell))
        return digits >= _PHONE_SIZED and bool(parse(cell, region).numbers)
    return False


def _is_date(cell: Cell, style: DateStyle) -> bool:
    if isinstance(cell, date | datetime):
        return True
    found = read_moment(cell, style)
    return not isinstance(found, DateProblem) or found in (DateProblem.FUTURE, DateProblem.TOO_EARLY)


def _is_visit(text: str) -> bool:
    return len(text) <= LONGEST_VISIT and not text.isdecimal() and read_visits(text).first is not None


def _is_name(text: str) -> bool:
    if _SALUTED.search(text):
        return True
    return _HAN.fullmatch(text) is not None and text[0] in _SURNAMES


def guess(look: Look) -> Field | None:
    """The field a column without a telling header holds, when its content leaves little doubt."""
    if look.filled == 0:
        return None
    plain = (Field.PHONE, Field.DATE, Field.GENDER, Field.GRADE, Field.VISITS)
    best = max(plain, key=lambda field: look.shares[field])
    if look.shares[best] >= SURE:
        return best
    if look.shares[Field.NAME] >= SURE:
        few = look.filled >= 20 and look.distinct <= 0.2  # the same few people again and again are the staff
        return Field.CONSULTANT if few else Field.NAME
    for field in (Field.WANTED, Field.OBJECTIONS, Field.SOURCE):
        if look.shares[field] >= SURE and look.length < 12:
            return field
    return Field.REMARK if look.length >= 6 else None


def contradicts(field: Field, look: Look) -> bool:
    """Whether a column's content is plainly not what its header promises."""
    if look.filled < 5 or field not in (Field.PHONE, Field.DATE):
        return False
    other = Field.DATE if field is Field.PHONE else Field.PHONE
    return look.shares[field] < 0.2 and look.shares[other] >= SURE

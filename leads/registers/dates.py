"""Dates as registers hold them: ISO, Chinese, English, two-digit and missing years, serials, cells, ROC years.

Everything is read against `today`, which is a parameter; what lies after it or before `earliest` is a problem.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from crm.phones import narrow
from leads.registers.texts import Cell, clean_line

Order = Literal["ymd", "mdy", "dmy"]


class DateProblem(StrEnum):
    EMPTY = "date_empty"
    NOT_A_DATE = "date_not_a_date"
    IMPOSSIBLE = "date_impossible"
    FUTURE = "date_future"
    TOO_EARLY = "date_too_early"
    TIME_ONLY = "date_time_only"
    LUNAR = "date_lunar"


class Moment(NamedTuple):
    """`at` is None when the register gives only the day (midnight counts as no time)."""

    day: date
    at: time | None = None


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How to read what can be read in several ways.

    `short` orders 9/10/26, `long` orders 9/10/2026 and 9/10; `roc_years` reads 115/8/10 as 2026;
    `date1904` is the workbook's serial epoch; a written UTC offset is turned into `zone`.
    """

    today: date
    earliest: date = date(2000, 1, 1)
    short: Order = "ymd"
    long: Order = "mdy"
    roc_years: bool = False
    date1904: bool = False
    zone: str = "Asia/Shanghai"


SERIAL_ZERO = date(1899, 12, 30)
SERIAL_SHIFT_1904 = 1462  # days between the two epochs of spreadsheets
SERIALS = (20_000, 80_000)  # 1954 to 2119: what a bare number in a date column can mean
MAX_TEXT = 60
RECENT_DAYS = 5 * 366  # a register's entries are rarely older: used only to choose between orders
ROC_ZERO = 1911

_SEP = r"\s*[-/.]\s*"
_YMD = re.compile(
    rf"([0-9]{{4}})(?:{_SEP}|\s*年\s*)([0-9]{{1,2}})(?:{_SEP}|\s*月\s*)([0-9]{{1,2}})\s*[日号號]?"
)
_THREE = re.compile(rf"([0-9]{{1,4}})(?:{_SEP}|年)([0-9]{{1,2}})(?:{_SEP}|月)([0-9]{{1,4}})[日号號]?")
_MONTH_DAY = re.compile(r"([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*[日号號]?")
_TWO = re.compile(r"([0-9]{1,2})\s*[-/]\s*([0-9]{1,2})")
_ROC = re.compile(r"(?:中[华華])?民[国國]\s*([0-9]{1,3})\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*[日号號]?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})?)?")
_COMPACT_SHORT = re.compile(r"((?!19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_WORD = rf"({'|'.join(_MONTHS)})[a-z]*"
_DAY_WORD = r"([0-9]{1,2})(?:st|nd|rd|th)?"
_ENGLISH_DMY = re.compile(
    rf"{_DAY_WORD}[-\s/.]*{_MONTH_WORD}[-\s/.,]*([0-9]{{4}}|[0-9]{{2}}(?![0-9:]))?", re.I
)
_ENGLISH_MDY = re.compile(
    rf"{_MONTH_WORD}[-\s/.]*{_DAY_WORD}(?![0-9:])(?:[-\s/.,]+([0-9]{{4}})(?![0-9:]))?", re.I
)
_WEEKDAY = re.compile(
    r"[(\[]?(?:周|星期|礼拜|禮拜|週)[一二三四五六日天]?[)\]]?|\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)"
    r"(?:day)?\b[,.]?",
    re.I,
)
_LUNAR = re.compile(r"农历|農曆|阴历|陰曆|正月|腊月|臘月|冬月|闰|閏|初[一二三四五六七八九十]")
_HAN_NUMBER = re.compile(r"[〇○零一二两三四五六七八九十廿卅]+")
_HAN_DIGITS = {character: index for index, character in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "○": 0,
    "两": 2,
}
_TIME = re.compile(
    r"(凌晨|早上|早晨|清晨|早|上午|中午|下午|傍晚|晚上|晚|[ap]\.?m\.?)?\s*"
    r"(?:([0-9]{1,2})\s*[:时時点點]\s*(?:([0-9]{1,2})|(半)|([一1三3])刻)?\s*分?[钟鐘]?(?::?\s*([0-9]{1,2})(?:\.[0-9]+)?\s*秒?)?\s*"
    r"([ap]\.?m\.?)?\s*(z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.I,
)
_AFTERNOON = ("下午", "傍晚", "晚上", "晚", "中午", "p")


def read_moment(cell: Cell, style: DateStyle) -> Moment | DateProblem:
    """The day (and time, if given) in `cell`, or what is wrong with it. Never raises."""
    if isinstance(cell, str):
        found = _read_text(cell, style)
    elif isinstance(cell, datetime):
        found = _moment(cell.date(), cell.time())
    elif isinstance(cell, date):
        found = Moment(cell)
    elif isinstance(cell, time | timedelta):
        return DateProblem.TIME_ONLY
    elif isinstance(cell, bool):
        return DateProblem.NOT_A_DATE
    elif cell is None:
        return DateProblem.EMPTY
    else:
        found = _read_number(float(cell), style)
    return _plausible(found, style) if isinstance(found, Moment) else found


def read_time(cell: Cell) -> time | None:
    """The time of day in a column of its own, None when there is none or it makes no sense."""
    if isinstance(cell, datetime):
        return cell.time().replace(tzinfo=None, microsecond=0)
    if isinstance(cell, time):
        return cell.replace(tzinfo=None, microsecond=0)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _from_fraction(cell) if 0 <= cell < 1 else None
    if not isinstance(cell, str) or not (text := clean_line(cell)):
        return None
    found = _read_clock(text)
    return found[0] if isinstance(found, tuple) else None


def infer_style(cells: Iterable[Cell], style: DateStyle) -> DateStyle:
    """The orders that make most of a column's ambiguous values recent days; ties keep `style`'s own."""
    texts = [narrow(cell).strip() for cell in cells if isinstance(cell, str) and len(cell) <= MAX_TEXT]
    ambiguous = [text for text in texts if not _YMD.match(text) and (_THREE.match(text) or _TWO.match(text))]
    if not ambiguous:
        return style

    def score(candidate: DateStyle) -> int:
        moments = (read_moment(text, candidate) for text in ambiguous)
        recent = candidate.today - timedelta(days=min(RECENT_DAYS, candidate.today.toordinal() - 1))
        return sum(isinstance(moment, Moment) and moment.day >= recent for moment in moments)

    candidates = [style, *(replace(style, short=short, long=long) for short, long in _orders())]
    return max(candidates, key=score)  # the first of the best: the given style wins a tie


def _orders() -> Iterator[tuple[Order, Order]]:
    shorts: tuple[Order, ...] = ("ymd", "mdy", "dmy")
    longs: tuple[Order, ...] = ("mdy", "dmy")
    yield from ((short, long) for short in shorts for long in longs)


def _plausible(moment: Moment, style: DateStyle) -> Moment | DateProblem:
    if moment.day > style.today:
        return DateProblem.FUTURE
    return moment if moment.day >= style.earliest else DateProblem.TOO_EARLY


def _moment(day: date, at: time | None) -> Moment:
    if at is not None:
        at = at.replace(tzinfo=None, microsecond=0)
    return Moment(day, at or None) if at != time(0) else Moment(day)


def _read_text(raw: str, style: DateStyle) -> Moment | DateProblem:
    text = raw if raw.isascii() else narrow(raw)
    text = text.strip().lstrip("'")
    if match := _YMD.match(text):  # by far the most frequent
        return _with_time(_day(int(match[1]), int(match[2]), int(match[3])), text[match.end() :], style)
    text = clean_line(raw).lstrip("'")
    if not text.strip("-/.*?_ 无無"):
        return DateProblem.EMPTY
    if len(text) > MAX_TEXT:
        return DateProblem.NOT_A_DATE
    if _LUNAR.search(text):
        return DateProblem.LUNAR
    if number := _number(text):
        return _read_digits(number, style)
    text = _HAN_NUMBER.sub(_han_number, _WEEKDAY.sub(" ", text)).strip(" ,")
    for reader in (_read_four_digit_year, _read_english, _read_three, _read_no_year):
        if (found := reader(text, style)) is not None:
            day, rest = found
            return _with_time(day, rest, style)
    return DateProblem.TIME_ONLY if isinstance(_read_clock(text), tuple) else DateProblem.NOT_A_DATE


def _number(text: str) -> str:
    whole, point, fraction = text.partition(".")
    if not whole.isdecimal() or not whole.isascii() or (point and not fraction.isdecimal()):
        return ""
    return text if len(whole) >= 5 else ""


def _read_digits(text: str, style: DateStyle) -> Moment | DateProblem:
    if _SERIAL.fullmatch(text):
        return _read_number(float(text), style)
    text = text.rstrip("0").rstrip(".") if "." in text and not text.partition(".")[2].strip("0") else text
    if match := _COMPACT.fullmatch(text):
        day = _day(int(match[1]), int(match[2]), int(match[3]))
        if isinstance(day, DateProblem) or match[4] is None:
            return day if isinstance(day, DateProblem) else Moment(day)
        at = _clock(int(match[4]), int(match[5]), int(match[6] or 0))
        return DateProblem.IMPOSSIBLE if at is None else _moment(day, at)
    if match := _COMPACT_SHORT.fullmatch(text):
        day = _day(2000 + int(match[1]), int(match[2]), int(match[3]))
        return day if isinstance(day, DateProblem) else Moment(day)
    return DateProblem.NOT_A_DATE


def _read_number(number: float, style: DateStyle) -> Moment | DateProblem:
    if not math.isfinite(number):
        return DateProblem.NOT_A_DATE
    if number.is_integer() and number >= 100_000:
        return _read_digits(str(int(number)), style)
    if 0 <= number < 1 and number:
        return DateProblem.TIME_ONLY
    whole = math.floor(number)
    if not SERIALS[0] <= whole <= SERIALS[1]:
        return DateProblem.NOT_A_DATE
    seconds = round((number - whole) * 86_400)
    days = whole + (SERIAL_SHIFT_1904 if style.date1904 else 0) + seconds // 86_400
    return _moment(SERIAL_ZERO + timedelta(days=days), _from_fraction(seconds % 86_400 / 86_400))


def _from_fraction(fraction: float) -> time:
    seconds = round(fraction * 86_400) % 86_400
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


Found = tuple[date | DateProblem, str] | None


def _read_four_digit_year(text: str, style: DateStyle) -> Found:
    if match := _ROC.match(text):
        return _day(ROC_ZERO + int(match[1]), int(match[2]), int(match[3])), text[match.end() :]
    match = _YMD.match(text)
    return (_day(int(match[1]), int(match[2]), int(match[3])), text[match.end() :]) if match else None


def _read_english(text: str, style: DateStyle) -> Found:
    if match := _ENGLISH_DMY.match(text):
        day, word, year = match[1], match[2], match[3]
    elif match := _ENGLISH_MDY.match(text):
        word, day, year = match[1], match[2], match[3]
    else:
        return None
    month = _MONTHS.index(word.lower()) + 1
    rest = text[match.end() :]
    if year is None:
        return latest_past(month, int(day), style.today), rest
    return _day(int(year) if len(year) == 4 else 2000 + int(year), month, int(day)), rest


def _read_three(text: str, style: DateStyle) -> Found:
    match = _THREE.match(text)
    if match is None:
        return None
    first, second, third = match[1], match[2], match[3]
    rest = text[match.end() :]
    if len(first) == 3 and len(third) <= 2 and style.roc_years:
        return _day(ROC_ZERO + int(first), int(second), int(third)), rest
    if len(first) > 2 or len(third) == 3:
        return None
    order: Order = style.long if len(third) == 4 else ("ymd" if "年" in match[0] else style.short)
    values = dict(zip(order, (int(first), int(second), int(third)), strict=True))
    year = values["y"] if values["y"] >= 100 else 2000 + values["y"]
    return _day(year, values["m"], values["d"]), rest


def _read_no_year(text: str, style: DateStyle) -> Found:
    if match := _MONTH_DAY.match(text):
        return latest_past(int(match[1]), int(match[2]), style.today), text[match.end() :]
    if match := _TWO.match(text):
        first, second = int(match[1]), int(match[2])
        month, day = (second, first) if style.long == "dmy" else (first, second)
        return latest_past(month, day, style.today), text[match.end() :]
    return None


def latest_past(month: int, day: int, today: date) -> date | DateProblem:
    """The last such day up to and with `today`: a register is about the past. 29 February finds its leap year."""
    for year in range(today.year, max(today.year - 9, 0), -1):
        found = _day(year, month, day)
        if isinstance(found, date) and found <= today:
            return found
    return DateProblem.IMPOSSIBLE


def _day(year: int, month: int, day: int) -> date | DateProblem:
    try:
        return date(year, month, day)
    except ValueError:
        return DateProblem.IMPOSSIBLE


def _with_time(day: date | DateProblem, rest: str, style: DateStyle) -> Moment | DateProblem:
    if not rest:
        return day if isinstance(day, DateProblem) else Moment(day)
    rest = _WEEKDAY.sub(" ", clean_line(rest)).strip(" ,T()")
    clock = _read_clock(rest)
    if isinstance(day, DateProblem) or isinstance(clock, DateProblem):
        return (
            clock
            if isinstance(clock, DateProblem) and clock is DateProblem.NOT_A_DATE
            else DateProblem.IMPOSSIBLE
        )
    at, offset = clock
    if at is not None and offset:
        aware = datetime.fromisoformat(f"{day.isoformat()}T{at.isoformat()}{offset}")
        try:
            local = aware.astimezone(ZoneInfo(style.zone))
        except OverflowError:
            return DateProblem.IMPOSSIBLE
        return _moment(local.date(), local.time())
    return _moment(day, at)


def _read_clock(text: str) -> tuple[time | None, str] | DateProblem:
    """(time or None, UTC offset or "") of 14:30, 下午2点半, 2:30 PM …; a bare 上午 is no time and no error."""
    if not text:
        return None, ""
    match = _TIME.fullmatch(text)
    if match is None:
        return DateProblem.NOT_A_DATE
    if match[2] is None:
        return None, ""
    quarter = {"一": 15, "1": 15, "三": 45, "3": 45}.get(match[5] or "", 0)
    minute = int(match[3]) if match[3] else 30 if match[4] else quarter
    hour, half = int(match[2]), (match[7] or match[1] or "").lower()
    if half.startswith(_AFTERNOON) and hour < 12 and not (half == "中午" and hour >= 10):
        hour += 12
    elif half.startswith(("a", "凌晨")) and hour == 12:
        hour = 0
    at = _clock(hour, minute, int(match[6] or 0))
    if at is None:
        return DateProblem.IMPOSSIBLE
    offset = (match[8] or "").upper()
    return at, "+00:00" if offset == "Z" else offset


def _clock(hour: int, minute: int, second: int) -> time | None:
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _han_number(match: re.Match[str]) -> str:
    """十一 → 11, 二十三 → 23, 廿九 → 29, 二〇二六 → 2026."""
    word = match[0].replace("廿", "二十").replace("卅", "三十")
    if "十" not in word:
        return "".join(str(_HAN_DIGITS[character]) for character in word)
    tens, _, ones = word.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return match[0]
    return str((_HAN_DIGITS[tens] if tens else 1) * 10 + (_HAN_DIGITS[ones] if ones else 0))

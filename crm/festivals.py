"""The festival days of a year, computed (SC-5.1, SC-9).

Used to fill the reviewed table of festivals, never at run time: an administrator can correct a row there.
A lunar festival always lies in the regular month, never in the leap month of the same number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from lunar_python import Lunar, Solar

from crm.bilingual import Bilingual

SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Festival:
    """One festival day. `on_by_default`: greeted unless switched off; not `cheerful`: no cheerful word."""

    day: date
    code: str
    name: Bilingual
    on_by_default: bool
    cheerful: bool = True


@dataclass(frozen=True, slots=True)
class _Kind:
    code: str
    name: Bilingual
    days: Callable[[int], list[date]]
    on_by_default: bool
    cheerful: bool = True


def _fixed(month: int, day: int) -> Callable[[int], list[date]]:
    return lambda year: [date(year, month, day)]


def _nth_sunday(month: int, n: int) -> Callable[[int], list[date]]:
    def days(year: int) -> list[date]:
        first = date(year, month, 1)
        return [first + timedelta(days=(SUNDAY - first.weekday()) % 7 + 7 * (n - 1))]

    return days


def _lunar(month: int, day: int, shift: int = 0) -> Callable[[int], list[date]]:
    """A lunar year ends in the next solar one, so its last month falls twice into a solar year, or never."""

    def days(year: int) -> list[date]:
        found = []
        for lunar_year in (year - 1, year):
            solar = Lunar.fromYmd(lunar_year, month, day).getSolar()
            at = date(solar.getYear(), solar.getMonth(), solar.getDay()) + timedelta(days=shift)
            if at.year == year:
                found.append(at)
        return found

    return days


def _solar_term(name: str) -> Callable[[int], list[date]]:
    def days(year: int) -> list[date]:
        # Asked from midsummer the table holds this year's spring and this year's end (as DONG_ZHI).
        solar = Solar.fromYmd(year, 7, 1).getLunar().getJieQiTable()[name]
        return [date(solar.getYear(), solar.getMonth(), solar.getDay())]

    return days


KINDS = (
    _Kind("new_year", Bilingual("New Year's Day", "元旦"), _fixed(1, 1), True),
    _Kind("laba", Bilingual("Laba Festival", "腊八"), _lunar(12, 8), False),
    _Kind("little_new_year", Bilingual("Little New Year", "小年"), _lunar(12, 23), False),
    # One of New Year's Eve and the spring festival is greeted; the eve is when people write to each other.
    _Kind("new_years_eve", Bilingual("Chinese New Year's Eve", "除夕"), _lunar(1, 1, shift=-1), True),
    _Kind("spring_festival", Bilingual("Spring Festival", "春节"), _lunar(1, 1), False),
    _Kind("lantern", Bilingual("Lantern Festival", "元宵节"), _lunar(1, 15), True),
    _Kind("womens_day", Bilingual("Women's Day", "妇女节"), _fixed(3, 8), False),
    _Kind("qingming", Bilingual("Qingming Festival", "清明节"), _solar_term("清明"), False, cheerful=False),
    _Kind("labour_day", Bilingual("Labour Day", "劳动节"), _fixed(5, 1), True),
    _Kind("mothers_day", Bilingual("Mother's Day", "母亲节"), _nth_sunday(5, 2), False),
    # 端午 is wished 安康, never 快乐; it stays a greeting all the same.
    _Kind("dragon_boat", Bilingual("Dragon Boat Festival", "端午节"), _lunar(5, 5), True),
    _Kind("fathers_day", Bilingual("Father's Day", "父亲节"), _nth_sunday(6, 3), False),
    _Kind("qixi", Bilingual("Qixi Festival", "七夕"), _lunar(7, 7), False),
    _Kind("mid_autumn", Bilingual("Mid-Autumn Festival", "中秋节"), _lunar(8, 15), True),
    _Kind("double_ninth", Bilingual("Double Ninth Festival", "重阳节"), _lunar(9, 9), True),
    _Kind("national_day", Bilingual("National Day", "国庆节"), _fixed(10, 1), True),
    _Kind("winter_solstice", Bilingual("Winter Solstice", "冬至"), _solar_term("DONG_ZHI"), True),
)


def festivals_of(year: int) -> tuple[Festival, ...]:
    """Every festival of a solar year, in order of days; marked: those greeted by default, and 清明 as sad."""
    found = [
        Festival(day, kind.code, kind.name, kind.on_by_default, kind.cheerful)
        for kind in KINDS
        for day in kind.days(year)
    ]
    return tuple(sorted(found, key=lambda festival: (festival.day, festival.code)))

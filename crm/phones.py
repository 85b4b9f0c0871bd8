"""Phone numbers as people write them, to E.164 and back (PX-3, PX-12). Pure: no clock, no database.

`parse` reads one cell or form field, which may hold several numbers, labels and remarks. It never raises for what
a person or a spreadsheet can put there; what it could not read comes back as a problem with the part it concerns.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType, ValidationResult


class Kind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    OTHER = "other"  # 400 and 800 numbers, internet telephony


class Problem(StrEnum):
    EMPTY = "phone_empty"
    WITHHELD = "phone_withheld"
    NOT_A_NUMBER = "phone_not_a_number"
    WRONG_LENGTH = "phone_wrong_length"
    NO_AREA_CODE = "phone_no_area_code"
    INVALID = "phone_invalid"
    DIGITS_LOST = "phone_digits_lost"
    TOO_LONG = "phone_too_long"


class Number(NamedTuple):
    """One number. `raw` is the part of the input it was read from, untouched; `extension` holds digits or ""."""

    e164: str
    extension: str
    raw: str
    kind: Kind

    @property
    def identity(self) -> str:
        """What makes two numbers the same customer: behind a switchboard each extension is somebody else."""
        return f"{self.e164};ext={self.extension}" if self.extension else self.e164


@dataclass(frozen=True, slots=True)
class Parsed:
    """`problems` pairs each unread part with its reason; a cell may yield numbers and problems together."""

    numbers: tuple[Number, ...] = ()
    problems: tuple[tuple[Problem, str], ...] = ()


MAX_TEXT = 200  # characters; a longer cell is prose, not numbers
MAX_RAW = 80  # characters of the input kept beside a number
MAX_TOKENS = 12  # groups of digits in one run of them
SCIENTIFIC_DIGITS = 6  # a spreadsheet that shows 1.38123E+10 has thrown the other digits away
EXACT_FLOAT = 2**53

_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NARROW |= dict.fromkeys(map(ord, "\u00a0\u1680\u202f\u205f\u3000\ufeff\u2060\t\v\f\x85\u2028\u2029"), 0x20)
_NARROW |= dict.fromkeys((*range(0x2000, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0x20)
_NARROW |= dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), 0x2D)

_MAINLAND = PhoneMetadata.metadata_for_region("CN")
_MOBILE_CN = re.compile(str(_MAINLAND and _MAINLAND.mobile and _MAINLAND.mobile.national_number_pattern))
_PLAIN = re.compile(r" *(?:(?:\+|00)?86)?[ -]?(1[0-9]{2})[ -]?([0-9]{4})[ -]?([0-9]{4})(?:\.0+)? *")
_SCIENTIFIC = re.compile(r"([1-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})")
_DECIMALS = re.compile(r"(?<=[0-9]{7})\.0+$")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){3,}")
_SEPARATOR = re.compile(r"[/\\、,;|\n\r&]+|和|或|及")
_RUN = re.compile(r"[(+]*[0-9][0-9()\-. ]*")
_EXTENSION = re.compile(
    r"[ ,:(-]*(?:转|轉|分机|分機|内线|內線|extension|ext|x|#)[ .:：]*(?:分机|分機)?[ :]*([0-9]{1,8})\)?", re.I
)
_DASHED_EXTENSION = re.compile(r"(\(?0[0-9]{2,3}\)?[- ]?[0-9]{3,4}[- ]?[0-9]{4})-([0-9]{1,6})")
_REMARK = re.compile(r"\(([^()]*)\)")
_INTERNATIONAL = re.compile(r"00(?=(?:86|852|853|886|65)[0-9]{6})")
_WITHHELD = re.compile(
    r"不留|未留|没留|沒留|不给|不給|不肯|不愿|不願|不便|不详|不詳|不明|拒|保密|暂无|暫無|没有|沒有|未知|待补|待補|忘"
    r"|^ *[无無空] *$|无电话|無電話|无号|空号|^ *(?:none|nil|null|nan|n/?a|no|unknown|withheld|refused)\b|no phone",
    re.I,
)
_DASHES = re.compile(r"[-/\\.*?_~xX ]+")
_KINDS = {
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.MOBILE,
    PhoneNumberType.FIXED_LINE: Kind.LANDLINE,
}
_DIGITS_IN_TEXT = re.compile(r"\d(?:[\d \-.]|(?<=\d)[()](?=\d))*\d")
_LENGTHS = {ValidationResult.TOO_SHORT, ValidationResult.TOO_LONG, ValidationResult.INVALID_LENGTH}


def narrow(text: str) -> str:
    """Full-width forms, odd blanks and dashes as their ASCII twins, character for character (lengths stay)."""
    return text if text.isascii() else text.translate(_NARROW)


def parse(raw: object, region: str = "CN") -> Parsed:
    """All numbers in `raw` (text, or a number as a spreadsheet stores it), read as people in `region` dial.

    `region` is an ISO 3166 code (CN, HK, MO, TW, SG …). The same number twice comes back once.
    """
    text = _as_text(raw)
    if text is None:
        return Parsed(problems=((Problem.NOT_A_NUMBER, str(raw)),))
    text = text.strip().lstrip("'`")
    flat = narrow(text)
    if region == "CN" and (number := _plain_mobile(flat, text)):
        return Parsed((number,))
    if not flat.strip():
        return Parsed(problems=((Problem.EMPTY, ""),))
    if len(flat) > MAX_TEXT:
        return Parsed(problems=((Problem.TOO_LONG, text),))
    exact = _from_spreadsheet(flat)
    if exact is None:
        return Parsed(problems=((Problem.DIGITS_LOST, text),))
    return _parse_parts(exact, text, region)


def _as_text(raw: object) -> str | None:
    if isinstance(raw, str):
        return raw
    if raw is None:
        return ""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    if isinstance(raw, float) and (not math.isfinite(raw) or not raw.is_integer()):
        return None
    return str(int(raw)) if 0 <= raw < EXACT_FLOAT else None


def _plain_mobile(flat: str, raw: str) -> Number | None:
    """The short way for what nine cells in ten hold; a property test holds it to the long way's answer."""
    match = _PLAIN.fullmatch(flat)
    if match is None:
        return None
    digits = "".join(match.groups())
    if _MOBILE_CN.fullmatch(digits) is None:
        return None
    return Number("+86" + digits, "", raw, Kind.MOBILE)


def _from_spreadsheet(flat: str) -> str | None:
    """Undo what a spreadsheet does to a number (13812345678.0, 1.3812345678E10, 13,812,345,678); None: digits lost."""
    bare = flat.strip()
    if match := _SCIENTIFIC.fullmatch(bare):
        lead, fraction, exponent = match[1], match[2] or "", int(match[3])
        if len(lead + fraction) <= SCIENTIFIC_DIGITS or len(fraction.rstrip("0")) > exponent:
            return None
        return (lead + fraction.ljust(exponent, "0"))[: exponent + 1]
    if _GROUPED.fullmatch(bare):
        return bare.replace(",", "")
    whole, point, zeros = bare.partition(".")
    return whole if point and not zeros.strip("0") and whole.lstrip("+").isdecimal() else flat


def _parse_parts(flat: str, raw: str, region: str) -> Parsed:
    numbers: dict[str, Number] = {}
    problems: list[tuple[Problem, str]] = []
    for part, shown in _parts(flat, raw):
        for found in _read_part(_without_remarks(part), shown, region):
            if isinstance(found, Number):
                numbers.setdefault(found.identity, found)
            else:
                problems.append(found)
    if not numbers and not problems:
        blank = _WITHHELD.search(flat) or _DASHES.fullmatch(flat)
        problems.append((Problem.WITHHELD if blank else Problem.NOT_A_NUMBER, raw))
    return Parsed(tuple(numbers.values()), tuple(problems))


def _parts(flat: str, raw: str) -> Iterator[tuple[str, str]]:
    """The cell cut at its separators, each part as folded and as written."""
    same_length = len(flat) == len(raw)
    start = 0
    for match in _SEPARATOR.finditer(flat):
        yield flat[start : match.start()], (raw[start : match.start()] if same_length else raw).strip()
        start = match.end()
    yield flat[start:], (raw[start:] if same_length else raw).strip()


def _without_remarks(part: str) -> str:
    """Brackets around words (微信同号, 2号楼) are blanked; those around an area code, an extension or a number stay."""

    def judge(match: re.Match[str]) -> str:
        inner = match[1]
        digits = sum(character.isdecimal() for character in inner)
        if not inner.strip(" +-0123456789") or _EXTENSION.fullmatch(inner):
            return match[0]
        return f" {inner} " if digits >= 7 else " " * len(match[0])

    return _REMARK.sub(judge, part)


def _read_part(part: str, shown: str, region: str) -> Iterator[Number | tuple[Problem, str]]:
    position = 0
    while match := _RUN.search(part, position):
        run, position = match[0].rstrip(" (-."), match.end()
        raw = shown if len(shown) <= MAX_RAW else run
        extension = ""
        if following := _EXTENSION.match(part, match.start() + len(run)):
            extension, position = following[1], following.end()
        yield from _read_run(_DECIMALS.sub("", run), extension, raw, region)


def _read_run(run: str, extension: str, shown: str, region: str) -> list[Number | tuple[Problem, str]]:
    dashed = None if extension else _DASHED_EXTENSION.fullmatch(run)
    known = _lookup(_compact(run), region)
    if known is None and dashed:
        known, extension = _lookup(_compact(dashed[1]), region), dashed[2]
    if known is not None:
        return [Number(known[0], extension, shown, known[1])]
    tokens = re.findall(r"[0-9]+", run)
    if not run.startswith("+") and 1 < len(tokens) <= MAX_TOKENS:
        parts = _cut(tuple(tokens), region)
        if parts:
            last = len(parts) - 1
            return [
                Number(e164, extension if i == last else "", shown, kind)
                for i, (e164, kind) in enumerate(parts)
            ]
    return [(_why_not(_compact(run), region), shown)]


def _compact(run: str) -> str:
    """Digits only, with a leading + for international writing; 00 before our countries' codes counts as +."""
    digits = "".join(re.findall(r"[0-9]", run))
    return "+" + digits if "+" in run else _INTERNATIONAL.sub("+", digits, count=1)


@lru_cache(maxsize=4096)
def _lookup(compact: str, region: str) -> tuple[str, Kind] | None:
    """(E.164, kind) when the numbering plan knows the number, else None."""
    try:
        number = phonenumbers.parse(compact, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        mainland = re.fullmatch(r"(?:86)?(1[0-9]{10})", compact)
        if region != "CN" and mainland and _MOBILE_CN.fullmatch(mainland[1]):
            return "+86" + mainland[1], Kind.MOBILE  # mainland buyers in Hong Kong or Macao leave out the +86
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return e164, _KINDS.get(phonenumbers.number_type(number), Kind.OTHER)


def _cut(tokens: tuple[str, ...], region: str) -> list[tuple[str, Kind]]:
    """Several numbers written with nothing but blanks or dashes between: the fewest valid ones that use every group."""
    best: list[list[tuple[str, Kind]] | None] = [[]]
    for end in range(1, len(tokens) + 1):
        options = []
        for start in range(end):
            before, known = best[start], _lookup(_compact("".join(tokens[start:end])), region)
            if before is not None and known is not None:
                options.append([*before, known])
        best.append(min(options, key=len, default=None))
    return best[-1] or []


def _why_not(compact: str, region: str) -> Problem:
    digits = compact.lstrip("+")
    if len(digits) < 5:
        return Problem.NOT_A_NUMBER
    if region == "CN" and compact[0] in "23456789" and len(digits) in (7, 8):
        return Problem.NO_AREA_CODE
    if region == "CN" and compact[0] != "+" and (compact[0] != "1" or len(digits) != 11):
        return Problem.WRONG_LENGTH
    try:
        number = phonenumbers.parse(compact, region)
    except phonenumbers.NumberParseException:
        return Problem.WRONG_LENGTH if len(digits) > 15 else Problem.INVALID
    wrong = phonenumbers.is_possible_number_with_reason(number) in _LENGTHS
    return Problem.WRONG_LENGTH if wrong else Problem.INVALID


def mask(number: str) -> str:
    """A number fit to be seen (PX-12): +8613812345678 → 138****5678, +861052454652 → 010****4652, others likewise."""
    base, marker, extension = number.partition(";ext=")
    digits = "".join(re.findall(r"[0-9]", base))
    if base.startswith("+86"):
        national = digits[2:]
        digits = national if len(national) == 11 and national[0] == "1" else "0" + national
    elif base.startswith("+") and len(digits) > 8:
        digits = "+" + digits
    if len(digits) < 7:
        return "*" * max(len(digits) - 2, 0) + digits[-2:]
    shown = f"{digits[: max(len(digits) - 8, 1)]}****{digits[-4:]}"
    return f"{shown}-{extension}" if marker else shown


def mask_text(text: str, shortest: int = 7) -> str:
    """Any text with the middle hidden of whatever could be a phone number: a run of `shortest` digits or more,
    full width or grouped."""

    def hide(match: re.Match[str]) -> str:
        places = [i for i, character in enumerate(match[0]) if character.isdecimal()]
        if len(places) < shortest:
            return match[0]
        hidden = set(places[max(len(places) - 8, 1) : -4])
        return "".join("*" if i in hidden else character for i, character in enumerate(match[0]))

    return _DIGITS_IN_TEXT.sub(hide, text)


def tail(e164: str, length: int = 4) -> str:
    """The last digits, by which people at the desk find a customer."""
    return e164.partition(";")[0][-length:]


def reversed_digits(number: str) -> str:
    """Digits from the end: stored so that a search by tail becomes an indexable prefix (LIKE '8765%')."""
    return "".join(re.findall(r"[0-9]", number.partition(";")[0]))[::-1]


_MESSAGES: dict[Problem, str] = {
    Problem.EMPTY: "No phone number",
    Problem.WITHHELD: "The customer left no phone number",
    Problem.NOT_A_NUMBER: "This is not a phone number",
    Problem.WRONG_LENGTH: "The phone number has too many or too few digits",
    Problem.NO_AREA_CODE: "The area code of the landline is missing",
    Problem.INVALID: "No such phone number exists",
    Problem.DIGITS_LOST: "The spreadsheet has rounded this number; its last digits are lost",
    Problem.TOO_LONG: "The text is too long for a phone number",
}


def message(problem: Problem) -> str:
    """The English text of a problem, which edges translate."""
    return _MESSAGES[problem]

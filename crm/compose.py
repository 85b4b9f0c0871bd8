"""SC-10: how a message to a customer is put together. Pure.

A template is the body alone; opening and ending come from the customer, the project and the consultant.
The parts are kept apart so that a gateway with another layout can compose the same ones.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from crm.bilingual import Bilingual
from crm.names import LONGEST, clean_name, split_salutation
from crm.states import Salutation

GUEST = "尊敬的贵宾"
OPT_OUT = "拒收请回复R"
LAYOUTS = ("house", "first")  # `first`: signature first, no personal name or mobile, opt-out last
LONGEST_TEXT = 500  # UTF-16 units, signature and opt-out included

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED = frozenset("^{}\\[~]|€\f")


class Refusal(StrEnum):
    """Why a text is not composed."""

    EMPTY = "empty"
    OWN_OPENING = "own_opening"
    OWN_ENDING = "own_ending"
    BRACKETS = "brackets"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    MISSING_SENDER = "missing_sender"
    TOO_LONG = "too_long"


REFUSALS: Mapping[Refusal, Bilingual] = {
    Refusal.EMPTY: Bilingual("Write what the message should say.", "请填写短信正文。"),
    Refusal.OWN_OPENING: Bilingual(
        "Leave out the greeting at the start: the system puts it there, with the customer's name.",
        "正文请不要自带称呼或问候，系统会按客户姓名自动加上。",
    ),
    Refusal.OWN_ENDING: Bilingual(
        "Leave out the hotline, the consultant and the opt-out line: the system puts them at the end.",
        "正文请不要自带预约电话、置业顾问或退订提示，系统会自动加在结尾。",
    ),
    Refusal.BRACKETS: Bilingual(
        "Leave out 【 and 】: they are kept for the signature.",
        "正文中不能出现【】，该符号只用于签名。",
    ),
    Refusal.UNKNOWN_FIELD: Bilingual(
        "The text names a field that does not exist.", "正文引用了不存在的字段。"
    ),
    Refusal.MISSING_FIELD: Bilingual(
        "A field of the text has no value; nothing is sent with a blank in it.",
        "正文中有字段没有内容，不会发送带空白的短信。",
    ),
    Refusal.MISSING_SENDER: Bilingual(
        "The project's signature and hotline and the consultant's name must be filled in first.",
        "请先填写项目签名、预约电话和置业顾问姓名。",
    ),
    Refusal.TOO_LONG: Bilingual(
        "The text is too long: 500 characters at most, greeting and signature included.",
        "短信过长：连同称呼和签名最多 500 字。",
    ),
}

# Compared after NFKC, so that full-width colons and letters read as plain ones.
_OPENING = re.compile(
    r"^\W*(?:尊敬的|亲爱的|.{0,20}(?:先生|女士|小姐)\W*(?:您好|你好)|(?:您好|你好))|尊敬的贵宾", re.DOTALL
)
_OWN_ENDING = re.compile(
    r"首席预约电话|置业顾问\s*:|拒收请?回复?\s*[A-Z]|退订请?回复?\s*[A-Z]|回复?\s*(?:TD|T|N|R)\s*(?:退订|拒收)",
    re.IGNORECASE,
)
_FIELD = re.compile(r"\{([a-z_]+)\}")
_BRACE = re.compile(r"\{[^{}]*\}?|\}")


class TextRefused(ValueError):
    """A text that is not composed; `code` for programs, `message` for people, `detail` names the field."""

    def __init__(self, code: Refusal, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code.value)
        self.code = code
        self.message = REFUSALS[code]
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks: the project's signature (without 【】), its hotline, the consultant's name."""

    signature: str
    hotline: str
    consultant: str


@dataclass(frozen=True, slots=True)
class Parts:
    """A composed message in parts; `text` is the house layout of SC-10."""

    opening: str
    body: str
    signature: str
    hotline: str
    consultant: str
    opt_out: str = ""

    @property
    def text(self) -> str:
        """The house layout."""
        ending = f"【{self.signature}】首席预约电话:{self.hotline} 置业顾问:{self.consultant}"
        last = f" {self.opt_out}" if self.opt_out else ""
        return f"{self.opening}，{self.body}{ending}{last}"

    def text_for(self, layout: str) -> str:
        """The same parts in a gateway's layout, of LAYOUTS."""
        if layout == "house":
            return self.text
        return f"【{self.signature}】{self.opening}，{self.body}预约电话:{self.hotline}{self.opt_out}"


def opening(name: str, salutation: str) -> str:
    """ "<name>先生/女士您好", or 尊敬的贵宾 when the salutation is unknown or the name cannot be used."""
    spoken, carried = split_salutation(clean_name(name))
    known = salutation if salutation != Salutation.UNKNOWN else carried
    if not spoken or len(spoken) > LONGEST or known not in (Salutation.MR, Salutation.MS):
        return GUEST
    return f"{spoken}{'先生' if known == Salutation.MR else '女士'}您好"


def check_body(body: str) -> None:
    """Raise TextRefused when a body is empty or brings its own opening, ending or 【】."""
    plain = unicodedata.normalize("NFKC", body).strip()
    if not plain:
        raise TextRefused(Refusal.EMPTY)
    if "【" in plain or "】" in plain:
        raise TextRefused(Refusal.BRACKETS)
    if _OPENING.search(plain):
        raise TextRefused(Refusal.OWN_OPENING)
    if _OWN_ENDING.search(plain):
        raise TextRefused(Refusal.OWN_ENDING)


def fields_of(template: str) -> tuple[str, ...]:
    """The {fields} of a template, in order, each as often as it stands there."""
    return tuple(_FIELD.findall(template))


def check_fields(template: str, allowed: Collection[str] | None) -> tuple[str, ...]:
    """The fields of a template. TextRefused for one that is not allowed (None: any), and for a brace that opens none:
    {姓名} would go out as it stands.
    """
    fields = fields_of(template)
    for name in fields:
        if allowed is not None and name not in allowed:
            raise TextRefused(Refusal.UNKNOWN_FIELD, name)
    stray = _BRACE.search(_FIELD.sub("", template))
    if stray is not None:
        raise TextRefused(Refusal.UNKNOWN_FIELD, stray[0].strip("{}") or stray[0])
    return fields


def unfit(value: str) -> bool:
    """Whether a value may not be merged into a text: control characters, line breaks, 【】 or a link (SC-10)."""
    return clean_name(value) != " ".join(unicodedata.normalize("NFC", value).split())


def merge(template: str, values: Mapping[str, str]) -> str:
    """Put values into {fields}. TextRefused when one is unknown or empty: nothing goes out with a blank."""

    def value(match: re.Match[str]) -> str:
        text = values.get(match[1], "").strip()
        if not text:
            raise TextRefused(Refusal.MISSING_FIELD, match[1])
        return text

    return _FIELD.sub(value, template)


def compose(body: str, *, name: str, salutation: str, sender: Sender, marketing: bool) -> Parts:
    """The whole message for one customer, or TextRefused.

    `marketing` adds the opt-out line that the carriers require.
    """
    check_body(body)
    ending = Sender(clean_name(sender.signature), clean_name(sender.hotline), clean_name(sender.consultant))
    if not (ending.signature and ending.hotline and ending.consultant):
        raise TextRefused(Refusal.MISSING_SENDER)
    parts = Parts(
        opening(name, salutation),
        body.strip(),
        ending.signature,
        ending.hotline,
        ending.consultant,
        OPT_OUT if marketing else "",
    )
    pieces(parts.text)
    return parts


@dataclass(frozen=True, slots=True)
class Pieces:
    """How many messages a text is: as the mainland bills it, and as it goes over the wire."""

    encoding: str
    wire: int
    billed: int


def pieces(text: str) -> Pieces:
    """Count the pieces of a whole text. TextRefused above 500 UTF-16 units.

    Billing counts every UTF-16 unit, up to 70 is one message, beyond it one for every 67 begun.
    """
    length = units(text)
    if length > LONGEST_TEXT:
        raise TextRefused(Refusal.TOO_LONG)
    encoding, wire = split_for_wire(text)
    return Pieces(encoding, len(wire), billed(length))


def split_for_wire(text: str) -> tuple[str, tuple[str, ...]]:
    """The encoding and the parts: GSM-7 160 or 153 each, otherwise UCS-2 70 or 67 UTF-16 units each.

    An escape pair or a surrogate pair is never cut.
    """
    if all(char in GSM_BASIC or char in GSM_ESCAPED for char in text):
        sizes = [2 if char in GSM_ESCAPED else 1 for char in text]
        return "GSM-7", _split(text, sizes, whole=160, part=153)
    return "UCS-2", _split(text, [_utf16_units(char) for char in text], whole=70, part=67)


def _split(text: str, sizes: list[int], *, whole: int, part: int) -> tuple[str, ...]:
    if sum(sizes) <= whole:
        return (text,)
    parts: list[str] = []
    start = used = 0
    for index, size in enumerate(sizes):
        if used + size > part:
            parts.append(text[start:index])
            start, used = index, 0
        used += size
    return (*parts, text[start:])


def units(text: str) -> int:
    """The length of a text in UTF-16 units, as it is billed."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def billed(length: int) -> int:
    """The pieces that so many UTF-16 units are billed as: up to 70 one, beyond it one for every 67 begun."""
    return 1 if length <= 70 else ceil(length / 67)


def _utf16_units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


def masked_opening(opening: str) -> str:
    """An opening with the name in it hidden: 王芳女士您好 is 王**女士您好."""
    ending = opening[-4:]
    if opening == GUEST or ending not in ("先生您好", "女士您好"):
        return GUEST
    return f"{opening[:1]}**{ending}"

"""What an inbound message means. Pure.

Only the exact word opts out by itself, so that "OK thanks" or 取消明天的约 silence nobody.
"""

import re
import unicodedata
from enum import StrEnum


class Meaning(StrEnum):
    OPT_OUT = "opt_out"  # the exact word
    OPT_OUT_IN_TEXT = "opt_out_in_text"  # said within a sentence: it counts, and the consultant reads it
    COMPLAINT = "complaint"  # threatens or abuses: opts out, calls stop, the manager is told
    REPLY = "reply"  # somebody has to read it


EXACT = frozenset({"R", "T", "TD", "N", "退订", "拒收", "取消", "不要再发", "别发了", "STOP"})
WITHIN = ("退订", "拒收", "不要再发", "别发了")
COMPLAINT = re.compile(
    r"投诉|(?<!\d)12321(?!\d)|工信部|骚扰|报警|起诉|滚蛋|滚开|^滚$|他妈|妈的|傻逼|傻B|煞笔|混蛋|王八蛋|去死|神经病|FUCK|有病吧"
)


def meaning_of(text: str) -> Meaning:
    """Judge a reply after NFKC, trimming and upper-casing."""
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if plain in EXACT:
        return Meaning.OPT_OUT
    if COMPLAINT.search(plain):
        return Meaning.COMPLAINT
    if any(word in plain for word in WITHIN):
        return Meaning.OPT_OUT_IN_TEXT
    return Meaning.REPLY


def opts_out(meaning: str) -> bool:
    """Whether a reply of this meaning ends marketing SMS and sales calls."""
    return meaning != Meaning.REPLY

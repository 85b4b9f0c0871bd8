"""Whether a text holds something like a phone number. On purpose not the pattern by which crm/logs.py masks them."""

from __future__ import annotations

import re

LIKE_A_NUMBER = re.compile(
    r"(?<![0-9a-fA-F.])(?:\+?86[ -]?)?1[3-9]\d[ .-]?\d{4}[ .-]?\d{4}(?![0-9a-fA-F])"  # a mobile
    r"|(?<![0-9a-fA-F.])\+?(?:86[ -]?)?0?[1-9]\d{1,2}[ -][2-9]\d{6,7}(?![0-9a-fA-F])"  # a line with its area code
    r"|(?<![\w.:/-])(?!20[12]\d[01]\d[0-3]\d)[2-9]\d{7}(?![\w.:-])"  # a line without; a day is none
)


def numbers_in(text: str) -> list[str]:
    """The lines that hold one."""
    return [line for line in text.splitlines() if LIKE_A_NUMBER.search(line)]

"""Typed text as a person sees it: what nobody sees, or what turns the order of what stands behind it, is not stored.

One place for forms, the API and registers. Taken out: control characters, direction marks and overrides, zero-width
and other format characters, half surrogates. Kept: the joiner that holds emoji together, and blanks of every width
(a carrier's template is compared letter by letter).
"""

import unicodedata

JOINER = "\u200d"
_BLANKS = "\t\v\f\x85"


def plain_text(text: str) -> str:
    """One line or several, each but the last ending with a line feed."""
    if text.isprintable():
        return text
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def plain_line(text: str) -> str:
    """One line: a line break is a blank."""
    return plain_text(text).replace("\n", " ")


def login_name(text: str) -> str:
    """A login name as it is stored, compared and tried: full-width letters are the same letters (NFKC)."""
    return unicodedata.normalize("NFKC", plain_line(text)).strip()


def _visible(character: str) -> str:
    if character in _BLANKS:
        return " "
    if character in "\n\r":
        return "\n"
    match unicodedata.category(character):
        case "Cc" | "Cs":
            return ""
        case "Cf":
            return JOINER if character == JOINER else ""
        case "Zl" | "Zp":
            return "\n"
    return character

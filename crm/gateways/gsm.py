"""Text as octets for the wire: GSM-7 unpacked (one octet a septet) or UCS-2, in parts that cut nothing in half.

The splitting is `crm.compose.split_for_wire`; the library's own cuts escape and surrogate pairs and takes a backtick
for a section sign.
"""

from __future__ import annotations

from crm.compose import split_for_wire

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
TO_OCTET = {char: bytes((index,)) for index, char in enumerate(BASIC) if char != "\x1b"} | {
    char: bytes((0x1B, code)) for char, code in ESCAPED.items()
}
FROM_OCTET = {code: char for char, code in ESCAPED.items()}
GSM, UCS2 = 0, 8  # data_coding


def octets(text: str) -> tuple[int, list[bytes]]:
    """data_coding and the user data of each part, without headers."""
    encoding, parts = split_for_wire(text)
    if encoding == "GSM-7":
        return GSM, [b"".join(TO_OCTET[char] for char in part) for part in parts]
    return UCS2, [part.encode("utf-16-be") for part in parts]


def header(reference: int, part: int, of: int) -> bytes:
    """The user data header of one part of several."""
    return bytes((5, 0, 3, reference & 0xFF, of, part))


def text_of(data: bytes, coding: int) -> str:
    """What came in, as text; what cannot be read is replaced, never refused."""
    if coding == UCS2:
        return data.decode("utf-16-be", "replace")
    if coding not in (0, 1):
        return data.decode("latin-1")
    out, escaped = [], False
    for octet in data:
        if escaped:
            out.append(FROM_OCTET.get(octet, "?"))
            escaped = False
        elif octet == 0x1B:
            escaped = True
        else:
            out.append(BASIC[octet] if octet < 128 else "?")
    return "".join(out)

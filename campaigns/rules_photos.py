"""Pure: what a picture's first bytes say of it. Nothing is decoded: some kilobytes may hold a billion dots."""

from __future__ import annotations

import struct

MOST = 50_000_000
"""Dots. What a phone takes has up to fifty million; shown, each costs the reader's browser four bytes."""
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
KINDS = ((PNG, "png"), (JPEG, "jpg"))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset((0x01, *range(0xD0, 0xD8)))


def sniff(content: bytes) -> str:
    """The ending of a picture by its first bytes; "" for anything else, whatever it is called."""
    return next((ending for begin, ending in KINDS if content.startswith(begin)), "")


def dots(content: bytes) -> int:
    """How many dots a picture says it has; 0 when it does not say so where its kind has to."""
    if sniff(content) == "png":
        if content[8:16] != b"\0\0\0\x0dIHDR" or len(content) < 24:
            return 0
        width, height = struct.unpack(">II", content[16:24])
        return int(width * height)
    return _jpeg_dots(content)


def _jpeg_dots(content: bytes) -> int:
    """By the first frame header. Segments are skipped by their length, whatever stands in them (a preview, a text)."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker in _BARE:
            place += 2
            continue
        (length,) = struct.unpack(">H", content[place + 2 : place + 4])
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return int(width * height)
        place += 2 + max(int(length), 2)
    return 0

"""Pictures for tests: real headers, and hardly anything behind them."""

from __future__ import annotations

import struct
import zlib


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, behind: bytes = b"") -> bytes:
    """A PNG that says to have so many dots; they are not there."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    dots = zlib.compress(b"\0" * 64)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", dots) + _chunk(b"IEND", b"") + behind
    )


def jpeg(width: int, height: int, *, frame: int = 0xC0, before: bytes = b"") -> bytes:
    """A JPEG with a preview of 9 x 9 dots in a segment before its own frame."""
    preview = b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x09\x00\x09\x01\x01\x11\x00"
    app = b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview
    body = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + before + app + bytes((0xFF, frame)) + struct.pack(">H", len(body) + 2) + body

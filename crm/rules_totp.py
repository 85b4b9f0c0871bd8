"""One-time codes after RFC 6238 (six digits, thirty seconds, SHA-1, as every authenticator app knows them). Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from urllib.parse import quote, urlencode

STEP = 30  # seconds
DIGITS = 6
TOLERANCE = 1  # steps before and after: a clock may be wrong by half a minute
SECRET_BYTES = 20  # what RFC 4226 asks for
SPACES = re.compile(r"[\s\-]+")


def tidy(code: str) -> str:
    """A code as people type it, without the spaces and dashes they see in it."""
    return SPACES.sub("", code)


def as_text(secret: bytes) -> str:
    """The secret as the apps want it typed in: Base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def as_bytes(text: str) -> bytes:
    """The reverse of `as_text`. Raises ValueError for what is no Base32."""
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8), casefold=True)
    except binascii.Error as error:
        raise ValueError("no Base32") from error


def counter_at(seconds: float) -> int:
    """The number of the time step that `seconds` since 1970 lie in."""
    return int(seconds // STEP)


def code_of(secret: bytes, counter: int) -> str:
    """The code of one time step (RFC 4226, 5.3)."""
    digest = hmac.new(secret, struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number: int = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_counter(secret: bytes, code: str, seconds: float, *, after: int = -1) -> int | None:
    """The time step whose code this is, or None.

    Steps up to `after` do not count: with the step of the last accepted code there, no code works twice, nor
    does an older one that was overheard. Every step is compared, so that the time taken tells nothing.
    """
    typed, now, found = tidy(code), counter_at(seconds), None
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdecimal()):
        return None
    for counter in range(now - TOLERANCE, now + TOLERANCE + 1):
        if hmac.compare_digest(code_of(secret, max(counter, 0)), typed) and counter > after:
            found = counter
    return found


def address(secret: bytes, *, issuer: str, account: str) -> str:
    """The otpauth: address that the QR code holds."""
    label = quote(f"{issuer}:{account}", safe=":")
    return f"otpauth://totp/{label}?" + urlencode(
        {"secret": as_text(secret), "issuer": issuer}, quote_via=quote
    )

"""Signing what goes between us and a carrier's agent, both ways. See docs/gateway-http.md."""

from __future__ import annotations

import hashlib
import hmac
import secrets

WINDOW = 300  # seconds that a timestamp may differ from our clock
KEY, TIMESTAMP, NONCE, SIGNATURE = "X-CRM-Key", "X-CRM-Timestamp", "X-CRM-Nonce", "X-CRM-Signature"


def signature(secret: str, timestamp: str, nonce: str, path: str, body: bytes) -> str:
    """HMAC-SHA256 over timestamp, nonce, path and body, in hexadecimal."""
    head = f"{timestamp}\n{nonce}\n{path}\n".encode()
    return hmac.new(secret.encode(), head + body, hashlib.sha256).hexdigest()


def headers(secret: str, key: str, now: int, path: str, body: bytes) -> dict[str, str]:
    """The headers of a request of ours."""
    nonce = secrets.token_hex(16)
    return {
        KEY: key,
        TIMESTAMP: str(now),
        NONCE: nonce,
        SIGNATURE: signature(secret, str(now), nonce, path, body),
        "Content-Type": "application/json",
    }


def genuine(secret: str, timestamp: str, nonce: str, given: str, *, path: str, body: bytes, now: int) -> bool:
    """Whether a request is signed with this secret and of this moment. Without a secret nothing is."""
    if not secret or not 8 <= len(nonce) <= 64 or not timestamp.isascii() or not timestamp.isdigit():
        return False
    if len(timestamp) > 12 or abs(int(timestamp) - now) > WINDOW:
        return False
    return hmac.compare_digest(signature(secret, timestamp, nonce, path, body).encode(), given.encode())

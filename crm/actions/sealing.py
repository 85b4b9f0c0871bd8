"""Keeping small secrets in the database so that the database alone does not give them away.

The keys come from `SECRET_KEY`; those of `SECRET_KEY_FALLBACKS` still open what they closed, so that the key may be
changed. Who loses the key loses the second factors, and only those.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

Unreadable = InvalidToken
"""Raised for what was sealed with a key that is gone, was changed, or is too old."""


def _key(secret: str, purpose: str) -> bytes:
    """A key for one purpose. The secret is long and random (crm/env.py), so one round is enough."""
    return hmac.new(secret.encode(), f"crm.sealing.{purpose}".encode(), hashlib.sha256).digest()


def _secrets() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def seal(text: str) -> str:
    """`text`, encrypted and signed."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again. Raises Unreadable."""
    return _box().decrypt(sealed.encode()).decode()


def seal_at(text: str, *, at: dt.datetime) -> str:
    """`text`, encrypted and stamped with the moment `at`."""
    key = base64.urlsafe_b64encode(_key(settings.SECRET_KEY, "box"))
    return Fernet(key).encrypt_at_time(text.encode(), int(at.timestamp())).decode()


def unseal_at(sealed: str, *, at: dt.datetime, within: dt.timedelta) -> str:
    """The text again when it was sealed at most `within` before `at`. Raises Unreadable."""
    seconds = int(within.total_seconds())
    return _box().decrypt_at_time(sealed.encode(), ttl=seconds, current_time=int(at.timestamp())).decode()


def digests(text: str, purpose: str) -> list[str]:
    """Keyed digests of `text`, by the present key first: what is stored, and what is looked for."""
    return [
        hmac.new(_key(secret, purpose), text.encode(), hashlib.sha256).hexdigest() for secret in _secrets()
    ]


def _box() -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(secret, "box"))) for secret in _secrets()])

"""Gateways' secrets: encrypted with a key drawn from CRM_SECRET_KEY, or kept in the environment altogether.

A secret written as `env:NAME` is read from the variable CRM_GATEWAY_NAME when it is needed and stands nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import os

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from crm.models import Gateway

IN_ENVIRONMENT = "env:"


def _box() -> Fernet:
    digest = hashlib.sha256(b"crm gateway secrets" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(secret: str) -> str:
    """What is stored for a secret."""
    if not secret or secret.startswith(IN_ENVIRONMENT):
        return secret
    return _box().encrypt(secret.encode()).decode()


def secret_of(gateway: Gateway) -> str:
    """The secret itself; "" when there is none, its variable is not set, or the key has changed since."""
    stored = gateway.secret
    if stored.startswith(IN_ENVIRONMENT):
        return os.environ.get("CRM_GATEWAY_" + stored.removeprefix(IN_ENVIRONMENT), "")
    if not stored:
        return ""
    try:
        return _box().decrypt(stored.encode()).decode()
    except InvalidToken:
        return ""

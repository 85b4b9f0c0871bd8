"""Gateways' secrets: encrypted with a key drawn from CRM_SECRET_KEY, or kept in the environment altogether.

A secret written as `env:NAME` is read from the variable CRM_GATEWAY_NAME when it is needed and stands nowhere else.
Whoever runs the server says beside it where it may go: CRM_GATEWAY_NAME_HOSTS, hosts with commas between. So nobody who
may only edit lines can have it sent to a host of their own.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

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


def host_of(kind: str, values: Mapping[str, Any]) -> str:
    """The host that a line with these settings connects to."""
    if kind == Gateway.Kind.HTTP:
        return urlsplit(str(values.get("url", "")).strip()).hostname or ""
    return str(values.get("host", "")).strip().lower()


def may_go_to(secret: str, host: str) -> bool:
    """Whether a secret from the environment may be sent to this host; every other secret may: who typed it knows it."""
    if not secret.startswith(IN_ENVIRONMENT):
        return True
    hosts = os.environ.get(f"CRM_GATEWAY_{secret.removeprefix(IN_ENVIRONMENT)}_HOSTS", "")
    return host != "" and host in {each.strip().lower() for each in hosts.split(",")}


def secret_of(gateway: Gateway) -> str:
    """The secret itself; "" when there is none, its variable is not set or is for other hosts, or the key changed."""
    stored = gateway.secret
    if stored.startswith(IN_ENVIRONMENT):
        if not may_go_to(stored, host_of(gateway.kind, gateway.settings)):
            return ""
        return os.environ.get("CRM_GATEWAY_" + stored.removeprefix(IN_ENVIRONMENT), "")
    if not stored:
        return ""
    try:
        return _box().decrypt(stored.encode()).decode()
    except InvalidToken:
        return ""

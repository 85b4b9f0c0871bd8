"""API tokens as plain text: how a secret looks, what is kept of it, what its scopes open."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Final

GROUPS: Final = (
    "account",
    "people",
    "places",
    "leads",
    "deals",
    "policies",
    "imports",
    "figures",
    "campaigns",
    "messages",
)
"""The groups of resources. A token is given "read" or "write" for each; a resource names its group."""
READ, WRITE = "read", "write"
SCOPES: Final = tuple(f"{group}:{way}" for group in GROUPS for way in (READ, WRITE))
MARK = "crm_"
SHOWN = len(MARK) + 6
"""How much of a secret is kept readable, for its owner to recognise it by."""
MOST_DAYS = 366
USUAL_DAYS = 90


def covers(scopes: Collection[str], group: str, *, writes: bool) -> bool:
    """Whether these scopes open a group; who may write may read as well."""
    return f"{group}:{WRITE}" in scopes or (not writes and f"{group}:{READ}" in scopes)


def digest_of(secret: str) -> str:
    """What is stored of a secret. It has 256 random bits, so a fast hash without salt gives nothing away."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

"""What stands in an address or a raw field of a POST, before any form has checked it: anything may."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import QueryDict

LONGEST_NUMBER = 18  # digits; the database's keys have room for no more


def number(text: str) -> int | None:
    """The number a text stands for, or None: only plain digits, and no more of them than a key can have."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


def numbers(texts: Iterable[str]) -> list[int]:
    """Those of the texts that are numbers."""
    return [found for found in map(number, texts) if found is not None]


def words(asked: QueryDict, name: str, most: int) -> str:
    """A free text, at most `most` characters and without NUL, which PostgreSQL does not take."""
    return asked.get(name, "").replace("\x00", "").strip()[:most]

"""What every test has: a clean cache and a fixed language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.utils import translation


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    """Rate limits and sessions live in the cache; none may leak from test to test."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Tests read the source language unless they choose another."""
    with translation.override("en"):
        yield

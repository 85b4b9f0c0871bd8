"""What every test has: a clean cache, a fixed language, and properties that do not fail because a machine is slow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.utils import translation
from hypothesis import HealthCheck, settings

settings.register_profile("product", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "thorough", deadline=None, max_examples=3000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("product")


@pytest.fixture(autouse=True)
def clean_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Rate limits and sessions live in the cache; none may leak from test to test. Pure ones have nothing to leak."""
    yield
    if request.node.get_closest_marker("pure") is None:
        cache.clear()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Tests read the source language unless they choose another."""
    with translation.override("en"):
        yield

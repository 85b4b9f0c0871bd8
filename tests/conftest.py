"""What every test has: a clean cache, a fixed language, and logs that hold no phone number."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.utils import translation
from hypothesis import HealthCheck, settings

from crm.logs import logging_config
from tests.numbers import numbers_in

settings.register_profile("product", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "thorough", deadline=None, max_examples=3000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("product")


class Listener(logging.Handler):
    """Reads every line that the product would write, as its own formatter writes it."""

    def __init__(self) -> None:
        super().__init__()
        config = dict(logging_config("text")["formatters"]["structured"])
        self.setFormatter(config.pop("()")(**config))
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.leaks += numbers_in(self.format(record))


LISTENER = Listener()


@pytest.fixture(autouse=True)
def no_number_in_a_log() -> Iterator[None]:
    """PX-12: whatever a test makes the product log, on whatever logger, its line holds no phone number."""
    listened = [logging.getLogger(name) for name in (None, "django.server")]
    for logger in listened:
        if LISTENER not in logger.handlers:
            logger.addHandler(LISTENER)
    yield
    leaks, LISTENER.leaks = LISTENER.leaks, []
    assert leaks == []


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

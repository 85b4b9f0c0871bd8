"""Structured logs: one event a line, with the request id, and never a phone number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "[number]"
# Seven digits or more, also with separators between them, as people write phone numbers.
PHONE = re.compile(r"(?<![\w.])\+?\(?\d(?:[ ().\-]{0,2}\d){6,}(?!\w)|\d{7,}")
# What has as many digits and is harmless: dates, moments, durations and addresses of machines.
HARMLESS = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<![\d.])\d{1,2}\.\d+(?![\d.])"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)


def mask_text(text: str) -> str:
    """`text` with everything that could be a phone number replaced."""
    parts: list[str] = []
    position = 0
    for harmless in HARMLESS.finditer(text):
        parts += [PHONE.sub(MASK, text[position : harmless.start()]), harmless.group()]
        position = harmless.end()
    return "".join([*parts, PHONE.sub(MASK, text[position:])])


def _mask(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return MASK if abs(value) >= 10_000_000 else value
    if isinstance(value, Mapping):
        return {_mask(key): _mask(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask(item) for item in value]
    return mask_text(value if isinstance(value, str) else str(value))


def mask_phones(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Structlog processor: mask every value, tracebacks included. It runs last before rendering."""
    return {key: value if key in ("timestamp", "level") else _mask(value) for key, value in event.items()}


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(log_format: str) -> dict[str, Any]:
    """Django's LOGGING and, on the way, structlog's own set-up. `log_format`: json or text."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "logger", "event"])
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*SHARED, structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    mask_phones,
                    renderer,
                ],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            # Every task would be told twice: django-structlog already does, with the request id.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }

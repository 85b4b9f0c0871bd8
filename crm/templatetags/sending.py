"""Words and marks for messages. `{% load sending %}`."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.labels_messages import MESSAGE_STATES, ORDER, TONES, why

register = template.Library()


@register.simple_tag
def message_state(code: str) -> SafeString:
    """The state of a message as a tag."""
    tone = f" tag-{TONES[code]}" if code in TONES else ""
    return format_html('<span class="tag{}">{}</span>', tone, MESSAGE_STATES.get(code, code))


@register.filter
def left_reason(code: str) -> str:
    """Why somebody gets no message, or not now, or why it did not arrive."""
    return why(code)


@register.filter
def in_order(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Counts by state in the order of a message's life, empty ones left out."""
    return [(code, counts[code]) for code in ORDER if counts.get(code)]

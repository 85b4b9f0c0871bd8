"""Codes of sales as words in the reader's language. `{% load sales %}`."""

from __future__ import annotations

from urllib.parse import quote

from django import template
from django.utils.translation import get_language

from crm.models import Customer
from crm.names import display_name
from leads import labels, vocabulary

register = template.Library()


def _language() -> str:
    return get_language() or "en"


@register.filter
def outcome(code: str) -> str:
    """How a contact ended (PX-1)."""
    return labels.named(labels.OUTCOMES, code)


@register.filter
def channel(code: str) -> str:
    """By what means (PX-16)."""
    return labels.named(labels.CHANNELS, code)


@register.filter
def held(code: str) -> str:
    """Why something is held back (PX-10)."""
    return labels.named(labels.HELD, code)


@register.filter
def duty(code: str) -> str:
    """What kind of duty a task is."""
    return labels.named(labels.DUTIES, code)


@register.filter
def cause(code: str) -> str:
    """The cause of an objection (抗性)."""
    return vocabulary.label(vocabulary.CAUSES, code, _language())


@register.filter
def interest(code: str) -> str:
    """A point of interest (关注点)."""
    return vocabulary.label(vocabulary.INTERESTS, code, _language())


@register.filter
def wanted(text: str) -> str:
    """What a lead wants: words of the list in the reader's language, everything else as it was written."""
    return " ".join(vocabulary.label(vocabulary.WANTED_TYPES, word, _language()) for word in text.split(" "))


@register.filter
def called(customer: Customer) -> str:
    """A customer's name as staff see it: 韩轩女士, "Ms 韩轩"."""
    return display_name(customer.name, customer.salutation, _language())


@register.filter
def dial(e164: str) -> str:
    """The tel: target of a stored number; an extension is dialled after a pause."""
    base, _mark, extension = e164.partition(";ext=")
    return f"tel:{base},{extension}" if extension else f"tel:{base}"


@register.filter
def sms(e164: str, text: str) -> str:
    """The sms: target that opens the phone's own message app with a text; `?&` is read by both kinds of phone."""
    return f"sms:{e164.partition(';')[0]}?&body={quote(text)}"

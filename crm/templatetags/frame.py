"""The parts of a page's frame that are the same for everybody with the same entries. `{% load frame %}`."""

from __future__ import annotations

from django import template
from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from crm.navigation import Navigation

register = template.Library()
MOST = 512
"""Kept parts: each combination of roles, of pages to mark as the current one, and of languages."""

_kept: dict[tuple[object, ...], SafeString] = {}


@register.simple_tag(takes_context=True)
def part_of_frame(context: template.Context, name: str) -> SafeString:
    """A template that shows `nav` and nothing else, rendered once for equal navigation and language.

    It is given `nav` alone: nothing of a person can come into what the next one is shown.
    """
    nav: Navigation = context["shell"].nav
    key = (name, get_language(), nav.key)
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST:
            _kept.clear()
        found = _kept[key] = SafeString(get_template(name).render({"nav": nav}))
    return found

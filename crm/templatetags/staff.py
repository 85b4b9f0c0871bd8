"""Words of the kernel's own screens. `{% load staff %}`."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise

from crm.labels import ROLES

register = template.Library()


@register.filter
def role_name(code: str) -> str | Promise:
    """What a role is called on screen."""
    return ROLES.get(code, code)

"""Widgets that every form has, written in Python: Django's templates for them cost a template for each option.

The text is Django's to the letter (tests/crm/test_forms_render.py compares); every other widget goes Django's way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.html import conditional_escape


class Renderer(DjangoTemplates):
    """The form renderer of the product (settings.FORM_RENDERER). Every part of what it writes is escaped."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        write = WRITTEN.get(template_name)
        if write is None:
            return super().render(template_name, context, request)
        return write(context["widget"])


def _attributes(attributes: Mapping[str, Any]) -> str:
    text = ""
    for name, value in attributes.items():
        if value is True:
            text += f" {conditional_escape(name)}"
        elif value is not False:
            text += f' {conditional_escape(name)}="{conditional_escape(value)}"'
    return text


def _input(widget: Mapping[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{conditional_escape(widget["value"])}"'
    kind, name = widget["type"], conditional_escape(widget["name"])
    return f'<input type="{kind}" name="{name}"{value}{_attributes(widget["attrs"])}>'


def _select(widget: Mapping[str, Any]) -> str:
    parts = [f'<select name="{conditional_escape(widget["name"])}"{_attributes(widget["attrs"])}>']
    for group, options, _index in widget["optgroups"]:
        if group:
            parts.append(f'  <optgroup label="{conditional_escape(group)}">')
        parts += [_option(option) for option in options]
        if group:
            parts.append("  </optgroup>")
    return "\n".join([*parts, "</select>"])


def _option(option: Mapping[str, Any]) -> str:
    value, label = conditional_escape(option["value"]), conditional_escape(option["label"])
    return f'  <option value="{value}"{_attributes(option["attrs"])}>{label}</option>\n'


WRITTEN: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "django/forms/widgets/select.html": _select,
    **{
        f"django/forms/widgets/{kind}.html": _input
        for kind in ("text", "number", "hidden", "date", "time", "datetime", "email", "password", "url")
    },
}

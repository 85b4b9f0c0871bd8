"""The small marks every screen shares: icons, grades, due states, bins, clause chips. `{% load ui %}`."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django import forms, template
from django.forms import BoundField
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.labels import BINS, DUE, GRADES, Mark

register = template.Library()
SPRITE = "vendor/tabler-icons/icons.svg"
UNKNOWN_ICON = "circle"


@register.simple_tag
def icon(name: str, label: str = "", kind: str = "") -> SafeString:
    """An icon of the vendored sprite; hidden from screen readers unless it has a `label`. `kind`: more classes."""
    return _icon(name, str(label), kind)


# A list shows the same few marks on each of its lines: each is put together once, by all that it depends on.
@lru_cache(maxsize=1024)
def _icon(name: str, label: str, kind: str) -> SafeString:
    classes = f"icon {kind}".strip()
    link = f"{static(SPRITE)}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, link
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"/></svg>', classes, link
    )


@register.filter
def weekday_and_day(day: dt.date) -> str:
    """A day with its year and its weekday, in the order of the reader's language."""
    # Translators: a date format of Django: weekday, day, month, year (Chinese: "Y年n月j日 l")
    return formats.date_format(day, _("D j M Y"))


@register.filter
def narrow_weekday(name: str) -> str:
    """A weekday's short name where a column is a finger wide: 一 for 星期一, Mon as it is."""
    return name.removeprefix("星期")


@register.filter
def ago(moment: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in the one unit that matters: days, else hours, else minutes."""
    passed = max(now - moment, dt.timedelta())
    if passed.days:
        return ngettext("%(n)d day ago", "%(n)d days ago", passed.days) % {"n": passed.days}
    if hours := passed.seconds // 3600:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    minutes = passed.seconds // 60
    return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}


@register.simple_tag
def grade(value: str | None) -> SafeString:
    """The grade of a lead as a lettered badge; an empty one is a dash that reads "not graded"."""
    code = value or ""
    return _grade(code, str(GRADES.get(code, code)), str(GRADES[""]) if not code else _("grade"))


@lru_cache(maxsize=64)
def _grade(code: str, title: str, read: str) -> SafeString:
    return format_html(
        '<span class="grade grade-{}" title="{}"><span class="visually-hidden">{} </span>{}</span>',
        code.lower() or "none",
        title,
        read,
        code or "–",
    )


@register.simple_tag
def due(state: str, text: str = "") -> SafeString:
    """A due state (crm.labels.DUE): icon, word, colour; `text` replaces the word, e.g. "17:00" or "2 days overdue"."""
    return _mark("due", state, DUE.get(state), text)


@register.simple_tag(name="bin")
def bin_mark(code: str, text: str = "") -> SafeString:
    """Where a lead stands (PX-10, crm.labels.BINS)."""
    return _mark("bin", code, BINS.get(code), text)


@register.simple_tag
@lru_cache(maxsize=256)
def clause(code: str) -> SafeString:
    """A clause chip that opens the clause's text."""
    if not code:
        return SafeString("")
    url = reverse("crm:clause", args=[code])
    return format_html(
        '<a class="clause" href="{}" hx-get="{}" hx-target="#clause-body" data-dialog="clause-dialog">{}</a>',
        url,
        url,
        code,
    )


@register.filter
def link(pk: int, name: str) -> str:
    """The address of a row's page, `{{ lead.pk|link:"leads:lead" }}`: for lists, where resolving it for each row costs
    more than the row's own cells. The route takes the number alone.
    """
    before, after = _route(name)
    return f"{before}{pk}{after}"


@lru_cache(maxsize=128)
def _route(name: str) -> tuple[str, str]:
    before, after = reverse(name, args=[0]).rsplit("0", 1)
    return before, after


@register.filter
def widget_kind(field: BoundField) -> str:
    """How field.html lays a field out: check, choices, or plain."""
    widget = field.field.widget
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "check" if isinstance(widget, forms.CheckboxInput) else "plain"


@register.filter
def tel(number: str) -> str:
    """A number as the target of a tel: link (digits and a leading plus)."""
    kept = "".join(sign for sign in number if sign.isdigit())
    return f"tel:{'+' if number.strip().startswith('+') else ''}{kept}"


@register.filter
def iso(text: str) -> dt.datetime | dt.date | None:
    """An ISO moment (brought to the current zone) or day out of stored parameters, for `|date`; None when neither."""
    try:
        return dt.date.fromisoformat(text) if len(text) == len("2026-03-02") else _local(text)
    except (TypeError, ValueError):
        return None


def _local(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def _mark(kind: str, code: str, mark: Mark | None, text: str) -> SafeString:
    found = mark or Mark(code, UNKNOWN_ICON)
    return _worded(kind, code, found.icon, str(text or found.label))


@lru_cache(maxsize=1024)
def _worded(kind: str, code: str, icon_name: str, text: str) -> SafeString:
    return format_html(
        '<span class="mark {}-{}">{}<span>{}</span></span>',
        kind,
        code.replace("_", "-"),
        _icon(icon_name, "", ""),
        text,
    )

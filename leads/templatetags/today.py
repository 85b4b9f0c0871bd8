"""The lines of Today as its table shows them. `{% load today %}`.

A line has four cells that depend on fifteen of its facts. They are put into words here, once a line: asked in the
template, each fact is looked up by name and each condition interpreted, which took half the time of the page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from django import template
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm.names import display_name
from crm.templatetags import ui
from leads import labels
from leads.facts_today import Line
from leads.templatetags.sales import dial, wanted

register = template.Library()
AWAY = ("held", "gave_way")
"""Groups whose lines are not to be done today."""


@register.simple_tag(takes_context=True)
def shown(context: template.Context, lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The rows of some lines; reads `mine` and `several` (several projects) of the page."""
    language = get_language() or "en"
    mine, several = bool(context.get("mine")), bool(context.get("several"))
    return [_row(line, language, mine, several) for line in lines]


def _row(line: Line, language: str, mine: bool, several: bool) -> dict[str, Any]:
    lead, task = line.lead, line.task
    url = ui.link(task.pk, "leads:task")
    dialled = mine and line.is_call and line.number and line.group not in AWAY
    return {
        "name": display_name(lead.customer.name, lead.customer.salutation, language),
        "url": url,
        "grade": ui.grade(lead.grade),
        "is_key": lead.is_key,
        "due": _due(line),
        "about": mark_safe(" ".join(_about(line, several))),  # noqa: S308 - of parts that are safe each
        "masked": line.masked if line.is_call else "",
        "dial": dial(line.number) if dialled else "",
        "tap": ui.link(lead.pk, "leads:tap") if dialled else "",
        "do": _deed(line, url),
        "word": _word(line),
    }


def _due(line: Line) -> SafeString:
    if line.group in AWAY:
        return ui.due("held")
    if line.overdue_days:
        n = line.overdue_days
        return ui.due("overdue", ngettext("%(n)s day overdue", "%(n)s days overdue", n) % {"n": n})
    return ui.due(line.state, _time(line.at, line) if line.at else "")


def _about(line: Line, several: bool) -> Iterator[SafeString]:
    """What the line is about: its duties, by what means, for whom, tried how often, the customer's own hours, why held,
    or else what is wanted.
    """
    for kind, code in line.duties:
        if kind != "cadence":
            yield _tag(labels.named(labels.DUTIES, kind), " tag-warn" if kind == "promise" else "")
        yield ui.clause(code)
    if line.task.channel == "message":
        yield _tag(_("message"))
    if several:
        yield _tag(line.frame.project.short_name)
    if line.stands_in_for:
        yield _tag(_("for %(name)s") % {"name": line.stands_in_for}, " tag-info")
    if line.task.tries:
        yield format_html("<span>{}</span>", _tried(line))
    if line.own_windows:
        outside = "" if line.window_open else ' class="outside"'
        yield format_html("<span{}>{} {}</span>", SafeString(outside), ui.icon("clock"), line.own_windows)
    if line.group in AWAY:
        yield format_html("<span>{}</span>", _held(line))
    elif line.lead.wanted:
        yield format_html('<span class="clip">{}</span>', wanted(line.lead.wanted))


@lru_cache(maxsize=512)
def _tag(text: str, kind: str = "") -> SafeString:
    return format_html('<span class="tag{}">{}</span>', kind, text)


def _tried(line: Line) -> str:
    n = line.task.tries
    said = ngettext("tried once", "tried %(n)s times", n) % {"n": n}
    again = line.task.next_try_at
    if again is None or line.group not in ("later", "again"):
        return said
    if line.group == "later":
        time = _time(again, line)
    else:
        # Translators: a date format of Django: weekday, day, month, hour and minute
        time = formats.date_format(again.astimezone(line.frame.zone), _("D j M, H:i"))
    return f"{said}, {_('again %(time)s') % {'time': time}}"


def _held(line: Line) -> str:
    """Why a line is held, and until when."""
    task = line.task
    reason = task.held_reason if task.held_until else task.moved_reason
    day = task.held_until.astimezone(line.frame.zone).date() if task.held_until else task.list_day
    # Translators: a date format of Django: weekday, day, month (Chinese: "n月j日 D")
    until = _("until %(day)s") % {"day": formats.date_format(day, _("D j M"))}
    return f"{labels.named(labels.HELD, reason)}, {until}"


def _time(moment: dt.datetime, line: Line) -> str:
    return f"{moment.astimezone(line.frame.zone):%H:%M}"


def _deed(line: Line, url: str) -> str:
    """Where the button leads: the form of the grade, or the sheet, at its log when it is a call."""
    if line.task.kind == "grade" and line.task.clause != "PX-2" and not line.lead.grade:
        return f"{ui.link(line.lead.pk, 'leads:lead_grade')}?from=today"
    return f"{url}#log" if line.is_call else url


def _word(line: Line) -> str:
    if line.task.kind == "grade":
        return _("Give a grade")
    if line.task.kind == "repair":
        return _("Put the number right")
    return _("Log") if line.is_call else _("Write")

"""Marks of the lead and manager screens: masked numbers, and where a lead stands in one mark. `{% load manage %}`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm import phones
from crm.models import Customer
from crm.names import display_name
from crm.templatetags import ui
from leads.models import Lead

register = template.Library()
MAINLAND_MOBILE = 14


@register.filter
def masked(e164: str) -> str:
    """A number as lists show it (PX-12)."""
    return phones.mask(e164)


@register.simple_tag
def rows_of_leads(leads: Iterable[Any], now: dt.datetime) -> list[dict[str, Any]]:
    """The cells of a list of leads (`with_bin().for_lines()`), put into words once a row: asked for in the template
    they cost as much again.
    """
    language, stages = get_language() or "en", {code: str(label) for code, label in Lead.Stage.choices}
    return [
        {
            "pk": str(lead.pk),
            "url": ui.link(lead.pk, "leads:lead"),
            "name": display_name(lead.customer.name, lead.customer.salutation, language),
            "grade": ui.grade(lead.grade),
            "is_key": lead.is_key,
            "standing": standing(lead, now),
            "number": phones.mask(lead.main_number) if lead.main_number else "–",
            "stage": stages[lead.stage],
            "source": lead.heard_via.name if lead.heard_via else "",
            "consultant": str(lead.consultant) if lead.consultant else "",
            "talked": _local_day(lead.last_talk_at) if lead.last_talk_at else "–",
        }
        for lead in leads
    ]


def _local_day(moment: dt.datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")


@register.filter
def masked_number(customer: Customer) -> str:
    """The main number of a customer of `for_rows`, masked; a dash when there is none."""
    numbers = getattr(customer, "live_phones", [])
    return phones.mask(numbers[0].e164) if numbers else "–"


@register.filter
def short_day(moment: dt.datetime | dt.date | None) -> str:
    """A day as people say it: "Thu 5 Mar"."""
    if moment is None:
        return ""
    day = timezone.localtime(moment).date() if isinstance(moment, dt.datetime) else moment
    # Translators: a date format of Django: weekday, day, month (Chinese: "n月j日 D")
    return formats.date_format(day, _("D j M"))


@register.simple_tag
def standing(lead: Any, now: dt.datetime) -> SafeString:
    """What is next for a lead of `with_bin`: overdue or due with its day, else the bin it rests in."""
    if lead.bin in ("task_open", "waiting") and lead.due_at is not None:
        state, text = due_state(lead.due_at, now)
        return format_html("{} {}", ui.due(state, text), ui.clause(lead.clause))
    if lead.bin == "held" and lead.held_until is not None:
        text = _("held until %(day)s") % {"day": short_day(lead.held_until)}
        return format_html("{} {}", ui.bin_mark("held", text), ui.clause(lead.clause))
    return format_html("{} {}", ui.bin_mark(lead.bin), ui.clause(lead.quiet_clause or lead.review_clause))


def due_state(due_at: dt.datetime, now: dt.datetime) -> tuple[str, str]:
    """The due mark of a moment: (state of crm.labels.DUE, words)."""
    day, today = timezone.localtime(due_at).date(), timezone.localtime(now).date()
    if due_at < now:
        late = (today - day).days
        if late < 1:
            return "overdue", ""
        return "overdue", ngettext("%(n)d day overdue", "%(n)d days overdue", late) % {"n": late}
    if day == today:
        return "today", _("today %(time)s") % {"time": formats.time_format(timezone.localtime(due_at), "H:i")}
    return "later", short_day(due_at)


@register.simple_tag
def due_mark(due_at: dt.datetime | None, now: dt.datetime) -> SafeString:
    """A due moment as a mark; nothing without one."""
    if due_at is None:
        return SafeString("")
    state, text = due_state(due_at, now)
    return ui.due(state, text)


@register.filter
def stage(code: str) -> str:
    """The word of a stage."""
    return str(dict(Lead.Stage.choices).get(code, code))


@register.filter
def spoken(e164: str) -> str:
    """A number grouped for reading aloud; foreign ones and landlines as they are dialled."""
    if e164.startswith("+861") and len(e164) == MAINLAND_MOBILE:
        return f"{e164[3:6]} {e164[6:10]} {e164[10:]}"
    return e164.replace(";ext=", "-")

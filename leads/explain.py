"""Why is this on my list? The answer in words, from exactly what a task keeps (habit 3, SC-13).

Works on plain data and reads no clock; every sentence is translated.
`rules_due.due_of` computes the same date from the same data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm.clauses import clause_text
from crm.states import EFFECTIVE
from leads.models import CallTask, Lead
from leads.rules_types import Adjust, EventKind
from leads.states import Held


@dataclass(frozen=True, slots=True)
class Why:
    """One duty explained: `sentence` in one line, `steps` one fact a line, `clause_text` what the clause says."""

    clause: str
    clause_text: str
    sentence: str
    steps: tuple[str, ...]


def say_day(day: dt.date) -> str:
    """A day as people say it: "Thu 5 Mar"."""
    # Translators: a date format of Django: weekday, day, month (Chinese: "n月j日 D")
    return formats.date_format(day, _("D j M"))


def say_moment(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """A moment in a project's zone: "Thu 5 Mar, 20:30"."""
    local = moment.astimezone(zone)
    return _("%(day)s, %(time)s") % {"day": say_day(local.date()), "time": f"{local:%H:%M}"}


def why_of(task: CallTask) -> Why:
    """Explain a task. Needs `lead__project`, `base_event`, `occasion` and `policy` selected with it."""
    event = task.base_event
    if event is None:
        return _why_of_occasion(task)
    return why(
        clause=task.clause,
        facts=task.why,
        event_kind=event.kind,
        event_value=event.value,
        due_at=task.due_at,
        zone=task.lead.project.zone,
        policy_number=task.policy.number,
        moved_to=task.list_day if task.moved_reason else None,
        moved_reason=task.moved_reason,
    )


def _why_of_occasion(task: CallTask) -> Why:
    """SC-5: the occasion, and the window in which a conversation answers it."""
    zone = task.lead.project.zone
    title, due = str(task.occasion), say_moment(task.due_at, zone)
    steps = [
        _("Occasion: %(title)s.") % {"title": title},
        _("From %(opens)s.") % {"opens": say_moment(task.opens_at, zone)},
        _("Due: %(due)s.") % {"due": due},
        _("Any conversation in this time answers it; afterwards it is past."),
    ]
    if task.moved_reason:
        steps.append(_moved(task.moved_reason, task.list_day))
    sentence = _("%(title)s: due %(due)s.") % {"title": title, "due": due}
    return Why(task.clause, clause_text(task.clause, get_language() or "en"), sentence, tuple(steps))


def why(
    *,
    clause: str,
    facts: Mapping[str, Any],
    event_kind: str,
    event_value: str,
    due_at: dt.datetime,
    zone: ZoneInfo,
    policy_number: int,
    moved_to: dt.date | None = None,
    moved_reason: str = "",
) -> Why:
    """Explain a duty from its recorded base, interval and adjustments (`CallTask.why`)."""
    base_day = dt.date.fromisoformat(facts["base_day"])
    interval, adjustments = int(facts["interval"]), facts.get("adjustments", ())
    start = _("%(event)s on %(day)s") % {"event": _event(event_kind, event_value), "day": say_day(base_day)}
    due = say_moment(due_at, zone)
    sentence = _("%(start)s, %(interval)s: due %(due)s.") % {
        "start": start,
        "interval": _interval(interval, adjustments),
        "due": due,
    }
    if any(step.get("at") for step in adjustments):
        sentence = _("Promised to the customer on %(day)s: due %(due)s.") % {
            "day": say_day(base_day),
            "due": due,
        }
    elif shifts := [said for step in adjustments if step.get("day") and (said := _adjustment(step, zone))]:
        sentence = _("%(start)s. %(shift)s Due %(due)s.") % {"start": start, "shift": shifts[-1], "due": due}
    steps = [
        _("Counted from: %(start)s.") % {"start": start},
        _("Interval: %(interval)s.") % {"interval": _interval(interval, adjustments)},
        *(said for said in (_adjustment(step, zone) for step in adjustments) if said),
        _("Due: %(due)s.") % {"due": due},
    ]
    if moved_to is not None:
        steps.append(_moved(moved_reason, moved_to))
    steps.append(_("By version %(number)d of the policy.") % {"number": policy_number})
    return Why(clause, clause_text(clause, get_language() or "en"), sentence, tuple(steps))


def _event(kind: str, value: str) -> str:
    """The event a duty counts from."""
    if kind == EventKind.CONTACT:
        words = {"sent": _("message"), **dict.fromkeys(EFFECTIVE, _("conversation"))}
        return words.get(value, _("try"))
    if kind == EventKind.DEAL:
        return _("deal cancelled") if value in ("cancelled", "refunded", "forfeited") else _("deal")
    names = {
        EventKind.CALL_IN: _("inbound call"),
        EventKind.VISIT: _("visit"),
        EventKind.ASSIGNED: _("given to a consultant"),
        EventKind.GRADE: _("graded"),
        EventKind.QUALITY: _("judged"),
        EventKind.REOPENED: _("reopened"),
        EventKind.NO_PHONE: _("no good number"),
        EventKind.PHONE_REPAIRED: _("number put right"),
        EventKind.PREFERENCE: _("the customer's wish"),
        EventKind.KIND: _("change of kind"),
    }
    return names.get(EventKind(kind), kind) if kind in set(EventKind) else kind


def _interval(days: int, adjustments: Sequence[Mapping[str, Any]]) -> str:
    if any(step["kind"] == Adjust.WORKING_DAYS for step in adjustments):
        return ngettext("%(n)d working day", "%(n)d working days", days) % {"n": days}
    if days == 0:
        return _("the same day")
    return ngettext("after %(n)d day", "after %(n)d days", days) % {"n": days}


def _adjustment(step: Mapping[str, Any], zone: ZoneInfo) -> str:
    """One adjustment in words; "" for those the interval already says."""
    kind = step["kind"]
    day = say_day(dt.date.fromisoformat(step["day"])) if step.get("day") else ""
    number = int(step.get("number") or 0)
    said = {"day": day, "number": number}
    if kind == Adjust.PROMISE and step.get("at"):
        moment = dt.datetime.fromisoformat(step["at"])
        return _("Promised to the customer for %(moment)s.") % {"moment": say_moment(moment, zone)}
    texts = {
        Adjust.FEWER: _("The customer wishes fewer calls: the interval counts %(number)s times."),
        Adjust.ENTERED_LATE: ngettext(
            "Entered %(number)s day late: due on the day of entry, %(day)s.",
            "Entered %(number)s days late: due on the day of entry, %(day)s.",
            number,
        ),
        Adjust.CATCH_UP: _("History was loaded: catch-up, spread to %(day)s."),
        Adjust.POOL: _("Came from the pool: due on the day a consultant got it, %(day)s."),
        Adjust.REPAIRED: _("The number was put right: due that day, %(day)s."),
        Adjust.PUT_OFF: _("Put off to %(day)s."),
        Adjust.NOT_BEFORE: _("Not before the day of the change, %(day)s."),
        Adjust.EDIT_KEPT: _("A change without a conversation does not move a call away: %(day)s stays."),
        Adjust.PROMISE: _("A callback is promised: held until %(day)s."),
        Adjust.APPOINTMENT: _("A visit is arranged: this call belongs to %(day)s."),
    }
    return texts[kind] % said if kind in texts else ""


def _moved(reason: str, day: dt.date) -> str:
    texts = {
        Held.CAP: _("Contacted often enough (SC-6): on the list of %(day)s."),
        Held.ABSENCE: _("A day off is in the way (PX-7): on the list of %(day)s."),
        Held.CAPACITY: _("The day was full (PX-13): on the list of %(day)s."),
    }
    return texts.get(Held(reason), _("On the list of %(day)s.")) % {"day": say_day(day)}


def next_step(lead: Lead, at: dt.datetime, again: dt.datetime | None = None) -> str:
    """What is due next for a lead, said after something was saved `at`; `again`: when its open call is tried again.

    Needs `project` selected with it.
    """
    zone = lead.project.zone
    if lead.state != Lead.State.LIVE:
        return _("This lead has ended: no more calls.")
    if lead.review_due_at is not None and lead.review_clause == "PX-1":
        moment = say_moment(lead.review_due_at, zone)
        return _("Next: put the number right by %(moment)s.") % {"moment": moment}
    if lead.due_at is None:
        if not lead.quiet_clause:
            return _("No call is due.")
        return _("No call is due (%(clause)s).") % {"clause": lead.quiet_clause}
    if again is not None:
        return _("Try again: %(moment)s, %(clause)s") % {
            "moment": say_moment(again, zone),
            "clause": lead.clause,
        }
    promised = lead.clause == "PX-1"
    day = say_moment(lead.due_at, zone) if promised else say_day(lead.due_at.astimezone(zone).date())
    said = {"day": day, "clause": lead.clause}
    if lead.due_at < at:
        return _("Overdue since %(day)s: call today, %(clause)s") % said
    return _("Next: %(day)s, %(clause)s") % said

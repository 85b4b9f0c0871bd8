"""A lead's events as lines of its story: what happened, in the reader's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from crm.models import Customer
from crm.phones import mask_text
from leads import labels, vocabulary
from leads.models import Deal, Lead, LeadEvent
from leads.rules_types import EventKind

Text = str | Promise


@dataclass(slots=True)
class Line:
    """One line: an icon, a title, small tags (kind, word), and labelled details (label, text)."""

    event: LeadEvent
    icon: str
    title: str
    tags: list[tuple[str, str]] = field(default_factory=list)
    details: list[tuple[str, str]] = field(default_factory=list)
    annulled: bool = False
    clause: str = ""

    @property
    def iso(self) -> str:
        """The moment for machines, in the reader's zone."""
        return timezone.localtime(self.event.at).isoformat(timespec="seconds")


def tell(event: LeadEvent, *, annulled: bool = False, people: Mapping[str, str] | None = None) -> Line:
    """The line of one event; `people` names the users that assignments refer to by id."""
    line = _WRITERS.get(event.kind, _plain)(event)
    if event.kind == EventKind.ASSIGNED:
        name = (people or {}).get(event.value, "")
        line.title = (
            _("Assigned to %(name)s") % {"name": name} if name else _("Back to the pool: nobody's lead")
        )
    line.annulled = annulled
    if annulled:
        line.tags.append(("bad", _("taken back")))
    if event.imported:
        line.tags.append(("plain", _("imported")))
    if event.note and event.kind != EventKind.PHONE_REPAIRED:
        line.details.append((_("Reason"), mask_text(_reason(event))))
    return line


def _named(words: Mapping[str, Text], code: str) -> str:
    return str(words.get(code, code))


def _moment(value: object) -> str:
    return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")  # type: ignore[arg-type]


def _add(line: Line, label: Text, text: str | None) -> None:
    if text:
        line.details.append((str(label), mask_text(text)))


def _words(words: vocabulary.Words, code: str) -> str:
    return vocabulary.label(words, code, get_language() or "en")


def _reason(event: LeadEvent) -> str:
    lists = {EventKind.WEEKLY: vocabulary.WEEKLY_REASONS, EventKind.PUT_OFF: vocabulary.PUT_OFF_REASONS}
    return _words(lists.get(EventKind(event.kind), {}), event.note)


def _call(event: LeadEvent) -> Line:
    line = Line(event, "phone-incoming", _("Inbound call"), clause="SC-1.1")
    taken = event.value == "talked"
    line.tags.append(("good", _("a consultant talked")) if taken else ("warn", _("nobody of sales talked")))
    if event.call is not None:
        _add(line, _("How heard"), str(event.call.heard_via or ""))
        _add(line, _("Note"), event.call.note)
    return line


def _visit(event: LeadEvent) -> Line:
    row = event.visit
    if row is None:
        return Line(event, "door-enter", pgettext("event", "Visit"))
    line = Line(event, "door-enter", _("First visit") if row.is_first else _("Repeat visit"))
    _add(line, _("Received by"), str(row.received_by or ""))
    _add(line, _("People"), str(row.party_size or ""))
    _add(line, _("Household"), row.household_note)
    wanted = " ".join(
        part for part in (_words(vocabulary.WANTED_TYPES, row.wanted_type), row.wanted_area) if part
    )
    _add(line, _("Wants"), wanted)
    _add(line, _("Budget"), row.budget)
    _add(line, _("Purpose"), _words(vocabulary.PURPOSES, row.purpose))
    _add(line, _("Time to buy"), _words(vocabulary.TIMES_TO_BUY, row.time_to_buy))
    _add(line, _("Units seen"), ", ".join(str(unit) for unit in row.units.all()))
    _add(line, _("Note"), row.note)
    return line


def _contact(event: LeadEvent) -> Line:
    contact = event.contact
    channel = _named(labels.CHANNELS, event.channel)
    incoming = contact is not None and contact.direction == "in"
    title = _("%(channel)s from the customer: %(outcome)s") if incoming else _("%(channel)s: %(outcome)s")
    outcome = _named(labels.OUTCOMES, event.value)
    line = Line(
        event, _CONTACT_ICONS.get(event.channel, "message"), title % {"channel": channel, "outcome": outcome}
    )
    if contact is not None:
        line.tags.append(("good", _("spoken with")) if contact.effective else ("plain", _("not reached")))
        line.clause = contact.clause
        if contact.doubtful and contact.accepted_by_id is None:
            line.tags.append(("warn", str(contact.get_doubtful_display())))
        _add(line, _("News"), contact.news)
        _add(line, _("Questions"), contact.questions)
        _add(line, _("Real need"), contact.real_need)
        _add(line, _("Occasion used"), str(contact.occasion or ""))
    intention = event.data.get("intention", "")
    if intention:
        line.tags.append(("plain", _named(labels.INTENTIONS, intention)))
    if event.due is not None:
        _add(line, _("Promised to call back"), _moment(event.due))
    if event.appointment is not None:
        _add(line, _("Visit arranged for"), _moment(event.appointment))
    return line


def _grade(event: LeadEvent) -> Line:
    title = _("Graded %(grade)s") % {"grade": event.value} if event.value else _("Grade taken back")
    return Line(event, "target", title)


def _quality(event: LeadEvent) -> Line:
    word = dict(Lead.Quality.choices).get(event.value, event.value)
    return Line(event, "scale", _("Judged: %(verdict)s") % {"verdict": word})


def _objection(event: LeadEvent) -> Line:
    cause = _words(vocabulary.CAUSES, event.data.get("cause", ""))
    raised = event.value == "raised"
    title = _("Objection: %(cause)s") if raised else _("Objection dissolved: %(cause)s")
    return Line(event, "hand-stop" if raised else "circle-check", title % {"cause": cause})


def _preference(event: LeadEvent) -> Line:
    word = dict(Customer.PREFERENCES).get(event.value, event.value)
    return Line(event, "phone-off", _("The customer's wish: %(wish)s") % {"wish": word}, clause="SC-7")


def _kind(event: LeadEvent) -> Line:
    word = dict(Lead.Kind.choices).get(event.value, event.value)
    return Line(event, "crown", _("Kind: %(kind)s") % {"kind": word})


def _put_off(event: LeadEvent) -> Line:
    day = formats.date_format(timezone.localtime(event.due), "DATE_FORMAT") if event.due else ""
    return Line(event, "clock-pause", _("Put off until %(day)s") % {"day": day}, clause="SC-2.4")


def _catch_up(event: LeadEvent) -> Line:
    day = formats.date_format(timezone.localtime(event.due), "DATE_FORMAT") if event.due else ""
    return Line(event, "history", _("Spread as catch-up to %(day)s") % {"day": day}, clause="PX-15")


def _deal(event: LeadEvent) -> Line:
    step = dict(Deal.Step.choices).get(event.value, event.value)
    line = Line(event, "signature", _("Deal: %(step)s") % {"step": step}, clause="PX-9")
    if event.deal is not None:
        _add(line, _("Unit"), str(event.deal.unit or event.deal.unit_text))
    return line


def _ended(event: LeadEvent) -> Line:
    lost = event.kind == EventKind.LOST
    reasons = vocabulary.LOST_REASONS if lost else vocabulary.INVALID_REASONS
    word = _words(reasons, event.value)
    title = _("Lost: %(reason)s") if lost else _("Invalid: %(reason)s")
    return Line(event, "circle-x" if lost else "ban", title % {"reason": word}, clause="SC-11")


def _flag(event: LeadEvent) -> Line:
    on = event.value == "1"
    if event.kind == EventKind.KEY:
        title = _("Flagged as key customer") if on else _("No longer a key customer")
        return Line(event, "star", title, clause="SC-2.3a")
    title = _("Weekly calls because of an objection") if on else _("No longer weekly")
    return Line(event, "calendar-time", title, clause="SC-2.3b")


def _plain(event: LeadEvent) -> Line:
    icon, title = _PLAIN.get(event.kind, ("circle-dot", event.kind))
    return Line(event, icon, str(title))


_CONTACT_ICONS = {
    "phone": "phone",
    "wechat": "brand-wechat",
    "sms": "message",
    "letter": "mail",
    "email": "mail",
    "home_visit": "home",
    "in_person": "user",
}
_PLAIN: dict[str, tuple[str, Text]] = {
    EventKind.REOPENED: ("refresh", gettext_lazy("Reopened")),
    EventKind.PHONE_REPAIRED: ("phone-check", gettext_lazy("A good number is known again")),
    EventKind.NO_PHONE: ("phone-off", gettext_lazy("No number was left")),
    EventKind.REVIEW_DONE: ("eye", gettext_lazy("Looked at again: the grade stays")),
    EventKind.APPOINTMENT_OFF: ("calendar-off", gettext_lazy("The customer called the visit off")),
    EventKind.ASSIGNED: ("user-check", pgettext_lazy("event", "Assigned")),
}
_WRITERS: dict[str, Callable[[LeadEvent], Line]] = {
    EventKind.CALL_IN: _call,
    EventKind.VISIT: _visit,
    EventKind.CONTACT: _contact,
    EventKind.GRADE: _grade,
    EventKind.QUALITY: _quality,
    EventKind.OBJECTION: _objection,
    EventKind.PREFERENCE: _preference,
    EventKind.KIND: _kind,
    EventKind.PUT_OFF: _put_off,
    EventKind.CATCH_UP: _catch_up,
    EventKind.DEAL: _deal,
    EventKind.LOST: _ended,
    EventKind.INVALID: _ended,
    EventKind.KEY: _flag,
    EventKind.WEEKLY: _flag,
}

"""The preparation sheet of one lead (SC-12): who, last contacts, interests, objections, occasions, script, message."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from crm.compose import Sender, TextRefused, compose, merge
from crm.models import Contact, CustomerPhone, Occasion, User
from crm.names import display_name
from crm.workdays import next_opening, window_now_open, windows_of
from leads import scripts, vocabulary
from leads.facts_lead import appointment_ahead
from leads.facts_today import last_contacts
from leads.models import CallTask, Lead, Objection, ObjectionAnswer, Script
from leads.rules_types import Adjust

CONTACTS = 3
FESTIVAL_DAYS = 21
SPOKEN = "zh-hans"  # scripts and messages are prescribed Chinese text, whatever the screen's language


@dataclass(frozen=True, slots=True)
class Answered:
    """An open objection and what to say to it."""

    objection: Objection
    answer: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a consultant has before them when they call. `owes_occasion`: the first occasion is what the
    call is for. `message` is the composed text, or "" with `refused` saying
    why there is none; `next_window` is when a window opens next, None while one is open (SC-8).
    """

    lead: Lead
    contacts: list[Contact]
    interests: list[str]
    objections: list[Answered]
    occasions: list[Occasion]
    days_since_visit: int | None
    script: list[tuple[str, str]]
    message: str
    #: the body alone, as the duty's standard text
    body: str
    refused: str
    owes_message: bool
    owes_occasion: bool
    number: str
    windows: str
    window_open: bool
    next_window: dt.datetime | None
    #: when the party is to visit, if a visit still ahead was arranged
    coming: dt.datetime | None


def sheet_of(lead: Lead, task: CallTask | None, *, by: User, at: dt.datetime) -> Sheet:
    """The sheet for a call to `lead`, for the duty `task` or for none. Ten queries, fifteen with a visit ahead."""
    zone = lead.project.zone
    today = at.astimezone(zone).date()
    contacts = last_contacts(lead, CONTACTS)
    interests = [row.point for row in lead.interests.all()]
    objections = _objections(lead)
    occasions = occasions_of(lead, today)
    if task is not None and task.occasion is not None:
        occasions = [task.occasion, *(row for row in occasions if row.pk != task.occasion_id)]
    key = script_key(lead, task)
    values = _values(lead, task, interests, objections, occasions, by)
    message, body, refused = _message(lead, key, values, by)
    windows = windows_of(lead.customer.windows or lead.project.windows)
    is_open = window_now_open(windows, at, zone) is not None
    phone = main_number(lead)
    return Sheet(
        lead=lead,
        contacts=contacts,
        interests=interests,
        objections=objections,
        occasions=occasions,
        days_since_visit=(today - lead.last_visit_at.astimezone(zone).date()).days
        if lead.last_visit_at
        else None,
        script=_spoken(lead, key, values),
        message=message,
        body=body,
        refused=refused,
        owes_message=_owes_message(task, contacts),
        owes_occasion=task is not None and task.occasion is not None,
        number=phone.e164 if phone else "",
        windows=", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in windows),
        window_open=is_open,
        next_window=None if is_open else next_opening(windows, at, zone),
        coming=appointment_ahead(lead, at),
    )


def main_number(lead: Lead) -> CustomerPhone | None:
    """The number to dial: the main one, else the oldest that is not known to be wrong."""
    rows = CustomerPhone.objects.filter(customer_id=lead.customer_id, live=True, bad_since=None)
    return rows.order_by("-is_main", "id").first()


def occasions_of(lead: Lead, today: dt.date) -> list[Occasion]:
    """Reasons to call that are not the sale (SC-9): what runs today, and the next festival within three weeks."""
    here = Q(project=lead.project_id) | Q(project=None)
    running = Q(starts_on__lte=today, ends_on__gte=today)
    festival = Q(
        kind=Occasion.Kind.FESTIVAL, starts_on__gt=today, starts_on__lte=today + dt.timedelta(FESTIVAL_DAYS)
    )
    found, coming = [], None
    for row in Occasion.objects.filter(here & (running | festival)).order_by("starts_on", "id"):
        if row.starts_on <= today:
            found.append(row)
        elif coming is None:
            coming = row
    return [*found, coming] if coming else found


def script_key(lead: Lead, task: CallTask | None) -> str:
    """Which script belongs to the call: the clause's, or the one of an arranged visit."""
    if task is None:
        return lead.clause or "SC-1.3"
    if task.kind == CallTask.Kind.MILESTONE:
        return scripts.MILESTONE
    for step in task.why.get("adjustments", ()):
        if step["kind"] == Adjust.APPOINTMENT:
            begins_at_midnight = task.opens_at.astimezone(lead.project.zone).time() == dt.time.min
            return scripts.APPOINTMENT if begins_at_midnight else scripts.NO_SHOW
    return task.clause


def _objections(lead: Lead) -> list[Answered]:
    rows = list(lead.objections.filter(dissolved_at=None))
    own = dict(
        ObjectionAnswer.objects.filter(
            project=lead.project_id, cause__in=[row.cause for row in rows]
        ).values_list("cause", "text")
    )
    return [Answered(row, own.get(row.cause) or scripts.ANSWERS.get(row.cause, "")) for row in rows]


def _values(
    lead: Lead,
    task: CallTask | None,
    interests: list[str],
    objections: list[Answered],
    occasions: list[Occasion],
    by: User,
) -> dict[str, str]:
    """The {fields} of scripts and messages, as they are spoken."""
    said = [vocabulary.label(vocabulary.INTERESTS, point, SPOKEN) for point in interests]
    causes = [vocabulary.label(vocabulary.CAUSES, row.objection.cause, SPOKEN) for row in objections]
    return {
        "name": display_name(lead.customer.name, lead.customer.salutation, SPOKEN),
        "project": lead.project.name,
        "consultant": str(by),
        "interests": "、".join(said),
        "objections": "、".join(causes),
        "occasion": occasions[0].title if occasions else "",
        "appointment": _appointment(lead, task),
    }


def spoken_values(lead: Lead, task: CallTask | None, *, by: User, at: dt.datetime) -> dict[str, str]:
    """The {fields} of scripts and messages for this lead and duty. Four queries at most."""
    occasions = occasions_of(lead, at.astimezone(lead.project.zone).date())
    if task is not None and task.occasion is not None:
        occasions = [task.occasion, *occasions]
    interests = [row.point for row in lead.interests.all()]
    return _values(lead, task, interests, _objections(lead), occasions, by)


def _appointment(lead: Lead, task: CallTask | None) -> str:
    steps = task.why.get("adjustments", ()) if task else ()
    event_id = next((step["event"] for step in steps if step["kind"] == Adjust.APPOINTMENT), None)
    event = lead.events.filter(pk=event_id).first() if event_id else None
    if event is None or event.appointment is None:
        return ""
    local = event.appointment.astimezone(lead.project.zone)
    return f"{local.month}月{local.day}日{local:%H:%M}"


def _spoken(lead: Lead, key: str, values: dict[str, str]) -> list[tuple[str, str]]:
    """The script as (stage, words); a project's own wording wins."""
    own = Script.objects.filter(project=lead.project_id, clause=key).values_list("text", flat=True).first()
    lines = scripts.render(own or scripts.SCRIPTS.get(key, ""), values).splitlines()
    return [
        (stage, words) if mark else ("", line)
        for line in lines
        for stage, mark, words in (line.partition("："),)
    ]


def _message(lead: Lead, key: str, values: dict[str, str], by: User) -> tuple[str, str, str]:
    """The text of a message for this duty (SC-10) and its body, or why there is none."""
    sender = Sender(lead.project.signature, lead.project.hotline, str(by))
    try:
        body = merge(scripts.MESSAGES.get(key) or scripts.MESSAGES["PX-2"], values)
        parts = compose(
            body,
            name=lead.customer.name,
            salutation=lead.customer.salutation,
            sender=sender,
            marketing=False,
        )
    except TextRefused as refusal:
        return "", "", refusal.message.in_language(SPOKEN)
    return parts.text, body, ""


def _owes_message(task: CallTask | None, contacts: list[Contact]) -> bool:
    """Whether the duty is done by a message: the customer's wish (SC-7), or PX-2's one SMS not yet sent."""
    if task is None:
        return False
    if task.channel == "message":
        return True
    sent = any(row.outcome == "sent" and row.at >= task.created_at for row in contacts)
    return task.clause == "PX-2" and not sent

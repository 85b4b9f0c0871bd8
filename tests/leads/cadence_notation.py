"""Reads the notation of cadence_cases.csv: a history as a manager would tell it, and what is to come of it.

History: events separated by ";", each "[day] [time] what". A day is "Mon 2" (March 2026, the weekday is checked),
"Apr 1" or "2025-12-31"; a missing day or time is that of the event before. Endings: "by wechat", "at home",
"visit Sat 14 10:00" (appointment arranged), "entered Thu 5 10:00" (late), "loaded Tue 10 09:00" (imported).
"as vip" first tells the kind. Every lead is Lin's from its first event unless the history itself assigns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from leads import policy as policies
from leads.rules_types import Event, History, PolicyVersion, ProjectClock

CLOCK = ProjectClock.of("Asia/Shanghai")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d+|\d{4}-\d\d-\d\d)"
TIME = r"\d\d:\d\d"
STAMP = re.compile(rf"(?:(?P<day>{DAY})(?: |$))?(?:(?P<time>{TIME})(?: |$))?")
ENDINGS = re.compile(
    rf" (?P<word>by|visit|entered|loaded|at) (?P<rest>{DAY} {TIME}|wechat|sms|letter|email|home|desk)$"
)
OUTCOMES = {
    "talked": "talked",
    "refused": "refused",
    "hung up": "hung_up",
    "no answer": "no_answer",
    "busy": "busy",
    "phone off": "phone_off",
    "suspended": "suspended",
    "message left": "message_left",
    "wrong number": "invalid_number",
    "wrong person": "wrong_person",
    "sent": "sent",
}
PREFERENCES = {
    "welcome": "welcome",
    "fewer": "fewer",
    "messages": "messages_only",
    "nothing": "do_not_contact",
}
KINDS = {"leader": "leader_referral", "vip": "vip", "ordinary": "ordinary"}
YES_NO = {"yes": "1", "no": "0"}
DATED = {
    "callback": ("contact", "callback_arranged"),
    "put": ("put_off", ""),
    "catch-up": ("catch_up", ""),
}
WORDS = {
    "prefers": ("preference", PREFERENCES),
    "kind": ("kind", KINDS),
    "key": ("key", YES_NO),
    "weekly": ("weekly", YES_NO),
    "grade": ("grade", {"A": "A", "B": "B", "C": "C", "D": "D", "none": ""}),
}
PLAIN = {
    "visit": ("visit", ""),
    "call": ("call_in", "not_taken"),
    "call talked": ("call_in", "talked"),
    "objection": ("objection", "raised"),
    "dissolved": ("objection", "dissolved"),
    "quality yes": ("quality", "quality"),
    "quality no": ("quality", "not_quality"),
    "pool": ("assigned", ""),
    "reopened": ("reopened", ""),
    "repaired": ("phone_repaired", ""),
    "no phone": ("no_phone", ""),
    "reviewed": ("review_done", ""),
    "appointment off": ("appointment_off", ""),
}


class WorkingWeek:
    """Monday to Friday are working days."""

    def add_working_days(self, day: date, count: int) -> date:
        while count:
            day += timedelta(days=1)
            count -= day.weekday() < 5
        return day


@dataclass
class Told:
    """A history as told, and the policy versions it mentions."""

    kind: str = "ordinary"
    events: list[Event] = field(default_factory=list)
    versions: list[PolicyVersion] = field(
        default_factory=lambda: [PolicyVersion(datetime(2020, 1, 1, tzinfo=UTC), 1, policies.Policy())]
    )

    @property
    def history(self) -> History:
        return History(sorted(self.events, key=lambda e: (e.at, e.id)), self.kind)


def read_day(text: str) -> date:
    """A day of the notation; a wrong weekday is an error of the table."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date.fromisoformat(text)
    name, number = text.split()
    if name in MONTHS:
        return date(2026, MONTHS.index(name) + 1, int(number))
    day = date(2026, 3, int(number))
    assert WEEKDAYS[day.weekday()] == name, f"{text}: that is a {WEEKDAYS[day.weekday()]}"
    return day


def read_moment(text: str, clock: ProjectClock = CLOCK) -> datetime:
    """A day and a time; without a time the closing of the day, 20:30."""
    if re.search(rf"{TIME}$", text):
        day, clock_time = text.rsplit(" ", 1)
        return clock.moment(read_day(day), time.fromisoformat(clock_time))
    return clock.closing(read_day(text))


def read_history(text: str, clock: ProjectClock = CLOCK) -> Told:
    """The whole history of one case, told in the days and times of a project's clock."""
    told = Told()
    day, at = date(2026, 3, 2), time(9)
    for phrase in filter(None, (part.strip() for part in text.split(";"))):
        if phrase.startswith("as "):
            told.kind = KINDS[phrase[3:]]
            continue
        stamp = STAMP.match(phrase)
        assert stamp is not None
        day = read_day(stamp["day"]) if stamp["day"] else day
        at = time.fromisoformat(stamp["time"]) if stamp["time"] else at
        moment = clock.moment(day, at)
        what = phrase[stamp.end() :]
        if what.startswith("policy "):
            _read_policy(told, what[7:], moment)
        else:
            told.events.append(_read_event(what, moment, len(told.events) + 1, clock))
    if told.events and not any(e.kind == "assigned" for e in told.events):
        first = min(told.events, key=lambda e: (e.at, e.id))
        told.events.append(first._replace(id=len(told.events) + 1, kind="assigned", value="lin"))
    return told


def _read_policy(told: Told, text: str, moment: datetime) -> None:
    changes = dict(pair.split("=") for pair in text.split())
    raw = policies.dump(told.versions[-1].policy) | changes
    told.versions.append(PolicyVersion(moment, len(told.versions) + 1, policies.parse(raw)))


def _read_event(what: str, moment: datetime, number: int, clock: ProjectClock) -> Event:
    extra: dict[str, object] = {}
    recorded, imported = moment, False
    while (ending := ENDINGS.search(what)) is not None:
        word, rest = ending["word"], ending["rest"]
        what = what[: ending.start()]
        if word in ("entered", "loaded"):
            recorded, imported = read_moment(rest, clock), word == "loaded"
        elif word == "visit":
            extra["appointment"] = read_moment(rest, clock)
        else:
            extra["channel"] = {"home": "home_visit", "desk": "in_person"}.get(rest, rest)
    kind, value, more = _read_what(what, clock)
    return Event(number, kind, moment, recorded, value, imported=imported, **{**extra, **more})  # type: ignore[arg-type]


def _read_what(what: str, clock: ProjectClock) -> tuple[str, str, dict[str, object]]:
    """(kind, value, further fields) of an event."""
    if what in PLAIN:
        return (*PLAIN[what], {})
    if what in OUTCOMES:
        return "contact", OUTCOMES[what], {}
    word, _, rest = what.partition(" ")
    if word in DATED:
        return (*DATED[word], {"due": read_moment(rest.removeprefix("off "), clock)})
    if word in WORDS:
        kind, table = WORDS[word]
        return kind, table[rest], {}
    if word == "deal":
        number, stage = rest.split(" ")
        return "deal", stage, {"ref": int(number)}
    if word == "undo":
        return "void", "", {"ref": int(rest)}
    assert word in ("lost", "invalid", "assigned"), f"not understood: {what}"
    return word, rest.lower(), {}

"""What became of a greeting or milestone call (SC-5): one table of cases, and what capacity does to them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from crm.workdays import Calendar
from leads.policy import Policy
from leads.rules_due import Terms
from leads.rules_occasions import OccasionCall, fate_of
from leads.rules_settle import Line, give_way
from leads.rules_types import Duty, Event, Plan, PolicyVersion, ProjectClock

CLOCK = ProjectClock.of("Asia/Shanghai")
FESTIVAL = dt.date(2026, 9, 25)  # 中秋
OPENS, DUE = CLOCK.midnight(FESTIVAL), CLOCK.closing(FESTIVAL)
WRONG_NUMBER = Duty("repair", "PX-1", OPENS, DUE, 1, FESTIVAL, 1, 1)
TERMS = Terms(PolicyVersion(OPENS - dt.timedelta(days=99), 1, Policy()), CLOCK, Calendar.from_rows([]))


def moment(text: str) -> dt.datetime:
    """ "25 10:30" of September, Shanghai time."""
    day, time = text.split()
    return CLOCK.moment(dt.date(2026, 9, int(day)), dt.time.fromisoformat(time))


def event(number: int, text: str, value: str = "talked", kind: str = "contact", **more: str) -> Event:
    return Event(number, kind, moment(text), moment(text), value, **more)  # type: ignore[arg-type]


# (what happened, the lead, the stored state, now) → state, closed, by, tries
CASES: dict[str, tuple[Any, ...]] = {
    "nothing yet": ([], {}, "open", "25 12:00", "", None, 0, 0),
    "talked on the day": ([event(1, "25 10:30")], {}, "open", "25 10:30", "done", "25 10:30", 1, 0),
    "refused is a conversation": (
        [event(1, "25 10:30", "refused")], {}, "open", "25 10:30", "done", "25 10:30", 1, 0,
    ),
    "an answered WeChat greets": (
        [event(1, "25 10:30", channel="wechat")], {}, "open", "25 10:30", "done", "25 10:30", 1, 0,
    ),
    "talked the day before": ([event(1, "24 16:00")], {}, "open", "25 12:00", "", None, 0, 0),
    "talked after closing": ([event(1, "25 20:31")], {}, "open", "25 20:31", "missed", "25 20:30", 0, 0),
    "came in person": ([event(1, "25 14:00", "", "visit")], {}, "open", "25 14:00", "done", "25 14:00", 1, 0),
    "rang and was taken": (
        [event(1, "25 09:00", "talked", "call_in")], {}, "open", "25 09:00", "done", "25 09:00", 1, 0,
    ),
    "rang, nobody took it": (
        [event(1, "25 09:00", "not_taken", "call_in")], {}, "open", "25 09:00", "", None, 0, 0,
    ),
    "tried twice": (
        [event(1, "25 10:30", "no_answer"), event(2, "25 16:00", "busy")], {}, "open", "25 16:00", "", None, 0, 2,
    ),
    "reached at the second try": (
        [event(1, "25 10:30", "no_answer"), event(2, "25 16:00")], {}, "open", "25 16:00", "done", "25 16:00", 2, 1,
    ),
    "a message sent is no call": ([event(1, "25 10:30", "sent", channel="sms")], {}, "open", "25 12:00", "", None, 0, 0),
    "the moment itself is past": ([], {}, "open", "25 20:30", "missed", "25 20:30", 0, 0),
    "a late sweep": ([], {}, "open", "28 09:00", "missed", "25 20:30", 0, 0),
    "lost before": ([], {"state": "lost"}, "open", "25 12:00", "superseded", "25 12:00", 0, 0),
    "do not contact": (
        [], {"preference": "do_not_contact"}, "open", "25 12:00", "superseded", "25 12:00", 0, 0,
    ),
    "messages only": ([], {"preference": "messages_only"}, "open", "25 12:00", "superseded", "25 12:00", 0, 0),
    "the only number is wrong": (
        [], {"repair": WRONG_NUMBER}, "open", "25 12:00", "superseded", "25 12:00", 0, 0,
    ),
    "the number is right again": ([], {}, "superseded", "25 12:00", "", None, 0, 0),
    "an owner after handover": ([], {"state": "closed"}, "open", "25 12:00", "", None, 0, 0),
    "taken back by the customer's wish": ([], {}, "superseded", "25 12:00", "", None, 0, 0),
    "a conversation that was taken back": ([], {}, "done", "25 12:00", "", None, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_sc_5_1_what_became_of_an_occasion_call(name: str) -> None:
    events, lead, stored, now, state, closed, by, tries = CASES[name]
    call = OccasionCall(OPENS, DUE, stored)
    fate = fate_of(call, events, Plan(**lead), TERMS, moment(now))
    assert fate is not None
    assert (fate.state, fate.closed_at, fate.closed_by, fate.tries) == (
        state, moment(closed) if closed else None, by, tries,
    )  # fmt: skip


@pytest.mark.parametrize("stored", ["missed", "superseded"])
@pytest.mark.parametrize("lead", [{}, {"state": "lost"}, {"preference": "do_not_contact"}])
def test_px_14_what_ended_by_its_moment_stays_on_record(stored: str, lead: dict[str, Any]) -> None:
    assert fate_of(OccasionCall(OPENS, DUE, stored), [], Plan(**lead), TERMS, moment("26 09:00")) is None


def test_px_2_the_next_try_is_another_slot_of_the_same_day() -> None:
    tried = [event(1, "25 10:30", "no_answer")]
    fate = fate_of(OccasionCall(OPENS, DUE), tried, Plan(), TERMS, moment("25 10:30"))
    assert fate is not None
    assert fate.next_try_at is not None
    assert moment("25 10:30") < fate.next_try_at <= DUE


def test_px_13_an_occasion_call_gives_way_to_nothing() -> None:
    lines = [
        Line(1, "greeting", "SC-5.1", DUE),
        Line(2, "cadence", "SC-2.3a", DUE),
        Line(3, "milestone", "SC-5.2", DUE),
    ]
    kept, late = give_way(lines, 2)
    assert ([line.key for line in kept], [line.key for line in late]) == ([1, 3], [2])

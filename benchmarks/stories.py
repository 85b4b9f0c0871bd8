"""Believable lives of leads: each consultant follows the plan that the rules make of what happened so far.

A story is told step by step: the rules say what is owed next, the consultant does it (mostly on the day, sometimes
late, sometimes nobody answers), and the rules are asked again. So what the stories amount to is what the product
would hold of such a year.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from benchmarks.ground import MOMENT, ZONE
from leads import rules
from leads.policy import Policy
from leads.rules_types import Event, History, PolicyVersion, ProjectClock

UTC = dt.UTC
CLOCK = ProjectClock.of("Asia/Shanghai")
VERSIONS = (PolicyVersion(dt.datetime(2020, 1, 1, tzinfo=UTC), 1, Policy()),)
LONGEST = 70  # contacts of one lead
OUTCOMES = ("talked",) * 12 + ("no_answer",) * 5 + ("busy", "callback_arranged", "refused", "hung_up")
NOW = MOMENT.astimezone(UTC)


@dataclass(slots=True)
class Story:
    """One lead: its consultant (an index, None for the pool) and what happened, in order."""

    consultant: int | None
    events: list[Event] = field(default_factory=list)

    def add(self, kind: str, at: dt.datetime, value: str = "", **more: object) -> None:
        self.events.append(Event(len(self.events) + 1, kind, at, at, value, **more))  # type: ignore[arg-type]

    @property
    def born(self) -> dt.datetime:
        return self.events[0].at


class WorkingWeek:
    """Monday to Friday."""

    def add_working_days(self, day: dt.date, count: int) -> dt.date:
        while count:
            day += dt.timedelta(days=1)
            count -= day.weekday() < 5
        return day


def tell(chance: random.Random, consultant: int) -> Story:
    """One lead from its registration to the benchmark's moment, or to its end."""
    age = min(chance.expovariate(1 / 130), 400.0)
    begun = _at(chance, MOMENT.date() - dt.timedelta(days=int(age)))
    pool = chance.random() < 0.02
    story = Story(None if pool else consultant)
    story.add("assigned", begun, "" if pool else "1")
    came = chance.random() < 0.6
    if came:
        _visit(story, chance, begun)
    else:
        story.add("call_in", begun, "not_taken")
    if not pool:
        _follow(story, chance, came)
    return story


def _at(chance: random.Random, day: dt.date, first: int = 9, last: int = 19) -> dt.datetime:
    local = dt.datetime(
        day.year, day.month, day.day, chance.randint(first, last), chance.randrange(60), tzinfo=ZONE
    )
    return min(local.astimezone(UTC), NOW - dt.timedelta(minutes=chance.randint(1, 90)))


def _visit(story: Story, chance: random.Random, at: dt.datetime) -> None:
    story.add("visit", at)
    story.add("grade", at, chance.choice("AABBBBBCCCDD"))


def _follow(story: Story, chance: random.Random, came: bool) -> None:
    """The consultant works the lead until the present, or until it ends."""
    diligence = chance.choice((0.9, 0.95, 0.97))
    bought = False
    for number in range(LONGEST):
        plan = rules.plan(History(story.events), VERSIONS, CLOCK, WorkingWeek())
        duty = plan.next_duty
        if duty is None:
            return
        last = story.events[-1].at
        when = _when(chance, duty.next_try_at or duty.due, max(last, duty.opens), diligence)
        if when >= NOW:
            return
        outcome = chance.choice(OUTCOMES)
        promised = when + dt.timedelta(days=chance.randint(1, 5)) if outcome == "callback_arranged" else None
        story.add("contact", when, outcome, due=promised)
        talked = outcome in ("talked", "callback_arranged")
        if talked and not came and plan.quality == "" and number < 2:
            story.add("quality", when, "quality" if chance.random() < 0.8 else "not_quality")
        if talked and not bought and chance.random() < 0.05:
            came, next_day = True, _at(chance, when.astimezone(ZONE).date() + dt.timedelta(days=2))
            if when < next_day < NOW:
                _visit(story, chance, next_day)
        elif talked and came and not bought and chance.random() < 0.02:
            bought = True
            story.add("deal", when, "subscribed", ref=1)
        elif not bought and chance.random() < 0.045:
            story.add("lost", when + dt.timedelta(minutes=5), "bought_elsewhere")
            return


def _when(chance: random.Random, due: dt.datetime, floor: dt.datetime, diligence: float) -> dt.datetime:
    """When the consultant gets to it: the day it is due, or some days late."""
    day = due.astimezone(ZONE).date()
    if chance.random() > diligence:
        day += dt.timedelta(days=chance.randint(1, 3))
    local = dt.datetime(
        day.year, day.month, day.day, chance.randint(9, 19), chance.randrange(60), tzinfo=ZONE
    )
    return max(local.astimezone(UTC), floor + dt.timedelta(minutes=1))

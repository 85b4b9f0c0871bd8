"""The yearly run of greetings (SC-5.1): planned ahead, planned once more on the day, sent; key customers called first.

1. Days ahead (policy `greeting_lead_days`): the run is drafted and planned, so that everybody sees whom it reaches; the
   calls of key customers stand on their consultants' lists for the day.
2. On the day, at the first tick after midnight: planned again, which adds who came meanwhile; then launched.
3. The evening's messages go only to key customers nobody talked to that day (the outbox asks the contact ledger).

Every step may be repeated: a run is opened once a festival and project, a plan inserts nobody twice, a festival greets
nobody twice. A tick that was missed is made up for while the day lasts; after it nothing goes out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import facts_greetings
from campaigns.facts_festivals import next_festival, own_texts
from campaigns.models import FestivalDay, Greeting
from campaigns.rules_greetings import greeting_body
from crm import outbox
from crm.actions import audit
from crm.actions.notices import Telling, tell
from crm.errors import RuleViolation
from crm.models import Membership, Project, SendRun, User
from crm.roles import Role
from crm.rules_messages import RunKind
from leads import facts
from leads.actions.occasion_calls import plan_calls, withdraw_calls
from leads.facts_cap import caps_of

CLAUSE = "SC-5.1"
CHUNK = 1000
REVIEW_DAYS = 21
"""So many days before a festival its reviewers hear that nobody has looked at its day."""


def plan_greeting(*, festival: FestivalDay, project: Project, at: dt.datetime) -> Greeting:
    """Plan, or plan once more, whom a project writes to and calls on a festival; `problem` says why it could not."""
    greeting, _new = Greeting.objects.get_or_create(festival=festival, project=project)
    if greeting.stopped_at is not None or not facts_greetings.is_draft(greeting):
        return greeting
    try:
        refuse_unreviewed(festival)
        _plan(greeting, at)
        problem = ""
    except RuleViolation as violation:
        problem = str(violation.text)[:300]
    greeting.problem = problem
    greeting.save(update_fields=["problem"])
    return greeting


def refuse_unreviewed(festival: FestivalDay) -> None:
    """A day that nobody reviewed is not greeted, nor one said together with it."""
    waiting = [row.name for row in (festival, *festival.includes.all()) if row.on and row.reviewed_at is None]
    if waiting:
        raise RuleViolation(
            _("Not reviewed in the table of festivals: %(names)s.") % {"names": "、".join(waiting)}, CLAUSE
        )


def _plan(greeting: Greeting, at: dt.datetime) -> None:
    festival, project = greeting.festival, greeting.project
    frame = facts.frame(project.pk, at)
    evening = frame.clock.moment(festival.day, frame.policy.greeting_unreached_from)
    greeting.run = _run_of(greeting, frame, at)
    outbox.plan(
        run=greeting.run,
        audience=facts_greetings.audience(project, evening),
        at=at,
        kept_free=next_festival(after=festival.day),
    )
    greeting.calls, greeting.planned_at = _plan_calls(greeting, frame, at), at
    greeting.save(update_fields=["run", "calls", "planned_at"])


def _run_of(greeting: Greeting, frame: facts.Frame, at: dt.datetime) -> SendRun:
    """The draft; made anew when the day or the text has changed since it was planned."""
    festival, project = greeting.festival, greeting.project
    approved, _waiting = own_texts(project)
    names = [festival.name, *(row.name for row in festival.includes.order_by("day", "pk") if row.on)]
    body = greeting_body(festival.code, names, approved)
    starts_at = frame.clock.moment(festival.day, frame.policy.greeting_from)
    old = greeting.run
    if old is not None and (old.body, old.starts_at) == (body, starts_at):
        return old
    if old is not None:
        drop_run(greeting, at=at)
    return outbox.open_run(
        project=project,
        kind=RunKind.FESTIVAL,
        title="、".join(names),
        body=body,
        starts_at=starts_at,
        expires_at=frame.clock.midnight(festival.day + dt.timedelta(days=1)),
        festival=festival.code,
        year=festival.day.year,
        clause=CLAUSE,
        consultant=facts_greetings.spokesperson(project),
        caps=caps_of(frame.policy),
        by=None,
        at=at,
    )


def drop_run(greeting: Greeting, *, at: dt.datetime) -> None:
    """Take a draft back: nothing of it was sent, its places in the cap are free again."""
    if greeting.run is None:
        return
    outbox.discard_plan(run_id=greeting.run.pk, at=at)
    outbox.cancel(run_id=greeting.run.pk, by=None, at=at)
    greeting.run = None
    greeting.save(update_fields=["run"])


def _plan_calls(greeting: Greeting, frame: facts.Frame, at: dt.datetime) -> int:
    """The calls of the day; who is no key customer any more is taken off the lists."""
    festival = greeting.festival
    occasion = festival.occasion
    assert occasion is not None, "a festival that is on has an occasion"
    wanted = list(facts_greetings.called_first(greeting.project).values_list("pk", flat=True))
    opens_at, due_at = frame.clock.midnight(festival.day), frame.clock.closing(festival.day)
    withdraw_calls(occasion=occasion, at=at, project=greeting.project, keep=wanted, reason="no_key_customer")
    return sum(
        plan_calls(occasion=occasion, clause=CLAUSE, lead_ids=part, opens_at=opens_at, due_at=due_at, at=at)
        for part in _parts(wanted)
    )


def _parts(ids: Sequence[int]) -> Iterator[list[int]]:
    rows = iter(ids)
    while part := list(islice(rows, CHUNK)):
        yield part


def launch_greeting(*, festival: FestivalDay, project: Project, at: dt.datetime) -> Greeting:
    """On the day: plan once more, then let it go; `problem` says why it could not."""
    greeting = plan_greeting(festival=festival, project=project, at=at)
    idle = greeting.problem or greeting.stopped_at is not None or not facts_greetings.is_draft(greeting)
    if greeting.run_id is None or idle:
        return greeting
    try:
        greeting.run = outbox.launch(run_id=greeting.run_id, by=None, at=at)
    except RuleViolation as violation:
        greeting.problem = str(violation.text)[:300]
        greeting.save(update_fields=["problem"])
    return greeting


@transaction.atomic
def stop_greeting(*, greeting_id: int, reason: str, by: User, at: dt.datetime) -> Greeting:
    """Greet nobody (or nobody more) on this day in this project: unsent messages and open calls are taken back."""
    greeting = (
        Greeting.objects.select_for_update(of=("self",))
        .select_related("festival", "project")
        .get(pk=greeting_id)
    )
    if not reason.strip():
        raise RuleViolation(
            _("Give the reason: every customer must be greeted on a festival."), CLAUSE, "reason"
        )
    if greeting.stopped_at is None:
        if greeting.run_id is not None:
            outbox.cancel(run_id=greeting.run_id, by=by, at=at)
        if greeting.festival.occasion is not None:
            withdraw_calls(
                occasion=greeting.festival.occasion, project=greeting.project, at=at, reason="stopped"
            )
        greeting.stopped_by, greeting.stopped_at, greeting.reason = by, at, reason.strip()[:200]
        greeting.save(update_fields=["stopped_by", "stopped_at", "reason"])
        audit.record(
            "greeting.stopped",
            by=by,
            at=at,
            project=greeting.project,
            target="greeting",
            target_id=greeting.pk,
        )
    return greeting


def tell_unreviewed(*, at: dt.datetime) -> int:
    """Whoever may review the table hears in time of the days that nobody has reviewed; once a day and person."""
    return tell(
        (
            Telling(
                user_id,
                None,
                "festival_unreviewed",
                f"festival:{festival.pk}:{festival.day}",
                {"name": festival.name, "day": festival.day.isoformat()},
                f"/campaigns/festivals/?year={festival.day.year}",
            )
            for festival in facts_greetings.unreviewed(at=at, days=REVIEW_DAYS)
            for user_id in _reviewers()
        ),
        at=at,
    )


def _reviewers() -> list[int]:
    roles = (Role.SALES_DIRECTOR.value, Role.SYSTEM_ADMINISTRATOR.value)
    holders = Membership.objects.filter(role__in=roles, active=True, user__is_active=True)
    return list(holders.values_list("user_id", flat=True).distinct())

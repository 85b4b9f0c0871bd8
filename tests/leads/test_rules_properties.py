"""What holds after any sequence of events (PX-10, PX-14 and the general rule of the cadence)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.states import Outcome
from leads import rules
from leads.policy import Policy
from leads.rules_bins import LeadRow, bin_of, row_of
from leads.rules_due import why_due
from leads.rules_types import Duty, Event, History, Plan, PolicyVersion
from leads.states import Bin
from tests.leads.cadence_notation import CLOCK, WorkingWeek

pytestmark = pytest.mark.pure
START = datetime(2026, 2, 25, 1, tzinfo=UTC)
BASE = PolicyVersion(datetime(2020, 1, 1, tzinfo=UTC), 1, Policy())
#: `--hypothesis-profile=thorough` looks longer; by default the suite of the rules runs in about two seconds
EXAMPLES = settings(max_examples=20 if settings().max_examples <= 100 else settings().max_examples)
TWICE = settings(max_examples=2 * EXAMPLES.max_examples)
EDITS = {"grade", "quality", "key", "weekly", "preference", "kind", "objection", "review_done"}
GAPS = st.one_of(
    st.sampled_from([0, 1, 5]), st.integers(1, 600), st.integers(600, 3000), st.integers(3000, 30000)
)
VALUES: dict[str, list[str]] = {
    "call_in": ["talked", "not_taken"],
    "visit": [""],
    "contact": [
        *Outcome,
        "no_answer",
        "no_answer",
        "no_answer",
        "talked",
        "talked",
        "talked",
        "callback_arranged",
    ],
    "appointment_off": [""],
    "grade": ["A", "B", "C", "D", ""],
    "quality": ["quality", "not_quality"],
    "key": ["1", "0"],
    "weekly": ["1", "0"],
    "objection": ["raised", "dissolved"],
    "preference": ["welcome", "welcome", "fewer", "messages_only", "do_not_contact"],
    "kind": ["ordinary", "ordinary", "leader_referral", "vip"],
    "put_off": [""],
    "assigned": ["lin", "mei", ""],
    "catch_up": [""],
    "deal": ["registered", "subscribed", "signed", "handed_over", "cancelled", "refunded"],
    "lost": ["price"],
    "invalid": ["advertising"],
    "reopened": [""],
    "phone_repaired": [""],
    "no_phone": [""],
    "review_done": [""],
}
KINDS = st.sampled_from([*VALUES, *["contact"] * 8, *["visit"] * 2, "call_in", *["grade"] * 3])


@st.composite
def events(draw: st.DrawFn, live_only: bool = False, late: bool = False) -> tuple[Event, ...]:
    """A history of up to 14 events; unless ``live_only`` some were loaded as history or entered late."""
    at, told = START, []
    loaded = START + timedelta(minutes=draw(st.integers(0, 40000)))
    for number in range(1, draw(st.integers(1, 14)) + 1):
        at += timedelta(minutes=draw(GAPS))
        kind = draw(KINDS)
        value = draw(st.sampled_from(VALUES[kind]))
        ahead = at + timedelta(minutes=draw(st.integers(1, 25000)))
        entered = (
            "live"
            if live_only and not late
            else draw(st.sampled_from(["live", "live", "live", "late", "loaded"]))
        )
        imported = entered == "loaded" and at < loaded and not live_only
        recorded = loaded if imported else at
        if entered == "late":
            recorded = at + timedelta(minutes=draw(st.integers(1, 9000)))
        told.append(
            Event(
                number,
                kind,
                at,
                recorded,
                value,
                due=ahead if kind in ("put_off", "catch_up") or value == "callback_arranged" else None,
                ref=draw(st.integers(1, 2)) if kind == "deal" else None,
                imported=imported,
                channel=draw(st.sampled_from(["phone", "phone", "phone", "wechat"])),
                appointment=ahead
                if kind in ("contact", "visit", "call_in") and draw(st.integers(0, 5)) == 0
                else None,
            )
        )
    return tuple(told)


@st.composite
def versions(draw: st.DrawFn) -> tuple[PolicyVersion, ...]:
    """The default policy, and sometimes another from some moment on."""
    if draw(st.booleans()):
        return (BASE,)
    other = replace(
        Policy(),
        key_interval_days=draw(st.integers(1, 6)),
        ordinary_interval_days=draw(st.integers(1, 12)),
        caller_second_days=draw(st.integers(1, 5)),
        visitor_second_days=draw(st.integers(1, 5)),
        after_handover_days=draw(st.sampled_from([0, 20])),
        closing_step=draw(st.sampled_from(["subscribed", "signed"])),
        closing_time=draw(
            st.sampled_from([BASE.policy.closing_time, BASE.policy.closing_time.replace(hour=19)])
        ),
    )
    return (BASE, PolicyVersion(START + timedelta(minutes=draw(st.integers(0, 40000))), 2, other))


def plan_of(
    told: Sequence[Event], policies: Sequence[PolicyVersion] = (BASE,), at: datetime | None = None
) -> Plan:
    """The plan at a moment, by default that of the last event: only versions in force by then."""
    until = at or (told[-1].at if told else START)
    known = [version for version in policies if version.effective_from <= until]
    return rules.plan(History(told), known or policies[:1], CLOCK, WorkingWeek())


def owed(plan: Plan) -> list[Duty]:
    return [*plan.open_duties, *([plan.upcoming] if plan.upcoming else [])]


@TWICE
@given(events(), versions(), st.integers(0, 60000))
def test_what_holds_of_every_plan(
    told: tuple[Event, ...], policies: tuple[PolicyVersion, ...], later: int
) -> None:
    """Several properties of one history: drawing it costs more than asking them all."""
    plan = plan_of(told, policies)
    check_duties_are_well_formed(plan)
    check_px_10_nobody_is_forgotten_and_nothing_is_owed_to_who_has_ended(plan)
    check_px_10_bins_are_total_and_agree_with_the_case_over_columns(plan, told, later)
    check_sc_13_the_why_of_every_duty_computes_its_due_moment_again(plan, policies)
    assert plan_of(list(told), policies) == plan, "the plan is a function of its history"


def check_duties_are_well_formed(plan: Plan) -> None:
    everything = [*owed(plan), *(past.duty for past in plan.closed)]
    assert len({duty.key for duty in everything}) == len(everything)
    for duty in everything:
        assert duty.opens <= duty.due
    for past in plan.closed:
        assert past.state != "missed" or past.duty.due < past.closed_at
        assert past.state != "superseded" or past.duty.due >= past.closed_at


def check_px_10_nobody_is_forgotten_and_nothing_is_owed_to_who_has_ended(plan: Plan) -> None:
    if plan.state != "live":
        assert owed(plan) == []
        assert plan.quiet_clause == ""
    else:
        assert (plan.cadence is None) == (plan.quiet_clause != "")
        assert plan.cadence is not None or plan.upcoming is None


def check_px_10_bins_are_total_and_agree_with_the_case_over_columns(
    plan: Plan, told: tuple[Event, ...], later: int
) -> None:
    row = row_of(plan, CLOCK)
    now = told[-1].at + timedelta(minutes=later)
    today = CLOCK.local_day(now)
    place = bin_of(row, now, today)
    assert place.bin == case_over(row, now)
    assert place.answers or place.bin in (Bin.LOST, Bin.INVALID, Bin.CLOSED)
    if place.bin in (Bin.WAITING, Bin.HELD):
        assert place.until is not None
        assert place.until > now
    if place.bin in (Bin.TASK_OPEN, Bin.MESSAGES_ONLY, Bin.REVIEW):
        assert place.clause


def check_sc_13_the_why_of_every_duty_computes_its_due_moment_again(
    plan: Plan, policies: tuple[PolicyVersion, ...]
) -> None:
    by_version = {version.version: version.policy for version in policies}
    for duty in [*owed(plan), *(past.duty for past in plan.closed)]:
        assert why_due(duty, CLOCK, by_version[duty.policy_version]) == duty.due


def case_over(row: LeadRow, now: datetime) -> Bin:
    """The SQL CASE of ``LeadQuerySet.with_bin``, told again: the first condition that holds decides."""
    quiet = row.due_at is None
    rejudge = row.rejudge_on is not None and row.rejudge_on <= CLOCK.local_day(now)
    cases = [
        (row.state == "invalid", Bin.INVALID),
        (row.state == "lost", Bin.LOST),
        (row.state == "closed", Bin.CLOSED),
        (row.consultant == "", Bin.POOL),
        (row.review_due_at is not None, Bin.REVIEW),
        (quiet and rejudge, Bin.REVIEW),
        (quiet and row.quiet_clause != "", Bin.MESSAGES_ONLY),
        (row.held_until is not None and row.held_until > now, Bin.HELD),
        (row.opens_at is not None and row.opens_at <= now, Bin.TASK_OPEN),
        (row.opens_at is not None and row.opens_at > now, Bin.WAITING),
    ]
    return next(bin_ for holds, bin_ in cases if holds)


@EXAMPLES
@given(events(live_only=True, late=True), versions())
def test_px_14_passed_due_moments_stay_on_record(
    told: tuple[Event, ...], policies: tuple[PolicyVersion, ...]
) -> None:
    for count, e in enumerate(told):
        before, after = plan_of(told[:count], policies, e.at), plan_of(told[: count + 1], policies)
        now_open = {(duty.key, duty.due) for duty in owed(after)}
        on_record = {(past.duty.key, past.duty.due) for past in after.closed}
        for duty in owed(before):
            if duty.due < e.at:
                assert (duty.key, duty.due) in now_open | on_record
        for past in before.closed:
            assert past in after.closed or past.state == "superseded"


@EXAMPLES
@given(events(live_only=True), versions())
def test_general_rule_an_edit_never_moves_a_date_away(
    told: tuple[Event, ...], policies: tuple[PolicyVersion, ...]
) -> None:
    plans = [plan_of(told[:count], policies[:1]) for count in range(len(told) + 1)]
    for (before, after), e in zip(pairwise(plans), told, strict=True):
        old, new = before.cadence, after.cadence
        if e.kind not in EDITS or old is None or new is None:
            continue
        if old.key in {past.duty.key for past in after.closed}:
            continue
        day = CLOCK.business_day(e.at)
        if old.due < e.at:
            assert (new.key, new.due) == (old.key, old.due)
        elif day not in (before.last_talk_day, before.last_visit_day):
            assert new.due <= old.due
            assert new.due == old.due or new.due >= CLOCK.closing(day)


@EXAMPLES
@given(events(live_only=True, late=True))
def test_no_new_date_lies_before_the_day_it_is_made(told: tuple[Event, ...]) -> None:
    plans = [plan_of(told[:count]) for count in range(len(told) + 1)]
    for (before, after), e in zip(pairwise(plans), told, strict=True):
        known = {(duty.key, duty.due) for duty in owed(before)}
        for duty in owed(after):
            if duty.kind != "promise" and (duty.key, duty.due) not in known:
                assert duty.due >= CLOCK.closing(CLOCK.business_day(e.recorded_at))


@EXAMPLES
@given(events(), versions(), st.integers(0, 13))
def test_an_objection_changes_nothing_that_is_owed(
    told: tuple[Event, ...], policies: tuple[PolicyVersion, ...], position: int
) -> None:
    at = told[min(position, len(told) - 1)].at
    order = sorted([*told, Event(1000, "objection", at, at, "raised")], key=lambda e: (e.at, e.id))
    plain, with_objection = plan_of(told, policies), plan_of(order, policies)
    assert owed(with_objection) == owed(plain)
    assert with_objection.closed == plain.closed


@EXAMPLES
@given(events(), st.sampled_from(["visit", "lost", "call_in"]))
def test_an_annulled_event_is_as_if_it_had_never_been(told: tuple[Event, ...], kind: str) -> None:
    last = told[-1]
    slip = Event(1000, kind, last.at, last.at, VALUES[kind][0])
    undo = Event(1001, "void", last.at, last.at, ref=1000)
    assert plan_of((*told, slip, undo)) == plan_of(told)

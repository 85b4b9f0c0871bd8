"""SC-6: the contact cap over one customer."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.contact_cap import (
    MARKETING,
    RANK,
    REASONS,
    Allowed,
    Caps,
    Decision,
    Held,
    Kind,
    Ledger,
    Means,
    Reason,
    Request,
    decide,
    first_free_day,
    first_free_days,
    share,
)

TODAY = date(2026, 3, 2)
CAPS = Caps()


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def ledger(*, talks: tuple[int, ...] = (), sms: tuple[int, ...] = (), tries: int = 0) -> Ledger:
    return Ledger(tuple(day(n) for n in talks), tuple(day(n) for n in sms), tries)


def call(kind: Kind) -> Request:
    return Request(kind)


def sms(kind: Kind) -> Request:
    return Request(kind, Means.SMS)


@pytest.mark.parametrize(
    ("had", "request_", "expected"),
    [
        (ledger(), call(Kind.PERIODIC), Allowed()),
        (ledger(talks=(0,)), call(Kind.PERIODIC), Held(day(1), Reason.TALKED_TODAY)),
        (ledger(talks=(-6, -3, -1)), call(Kind.PERIODIC), Held(day(1), Reason.TALKED_THIS_WEEK)),
        (ledger(talks=(-4, -3, -1)), call(Kind.PERIODIC), Held(day(3), Reason.TALKED_THIS_WEEK)),
        (ledger(talks=(-7, -3, -1)), call(Kind.PERIODIC), Allowed()),
        (ledger(tries=2), call(Kind.PERIODIC), Allowed()),
        (ledger(tries=3), call(Kind.PERIODIC), Held(day(1), Reason.TRIED_TODAY)),
        # Three tries today, and tomorrow the week is still full.
        (ledger(tries=3, talks=(-7, -5, -4)), call(Kind.PERIODIC), Held(day(1), Reason.TRIED_TODAY)),
        # Same-day duties and promises pass the cap, up to two conversations a day.
        (ledger(talks=(0,)), call(Kind.SAME_DAY_DUTY), Allowed()),
        (ledger(talks=(-3, -2, -1, 0)), call(Kind.PROMISE), Allowed()),
        (ledger(tries=5), call(Kind.PROMISE), Allowed()),
        (ledger(talks=(0, 0)), call(Kind.SAME_DAY_DUTY), Held(day(1), Reason.TALKED_TWICE_TODAY)),
        (ledger(talks=(0, 0)), call(Kind.PROMISE), Held(day(1), Reason.TALKED_TWICE_TODAY)),
        # What the law or a promised complaint reply asks for is never capped.
        (ledger(talks=(0, 0, 0, 0), tries=9), call(Kind.OWED_BY_LAW), Allowed()),
        (ledger(sms=(0, 0, 0, 0)), sms(Kind.OWED_BY_LAW), Allowed()),
        # Service calls are conversations; service messages are not marketing.
        (ledger(talks=(0,)), call(Kind.SERVICE), Held(day(1), Reason.TALKED_TODAY)),
        (ledger(sms=(0, -1, -2, -3)), sms(Kind.SERVICE), Allowed()),
        (ledger(sms=(0,)), sms(Kind.GREETING), Held(day(1), Reason.SMS_TODAY)),
        (ledger(sms=(-29, -20, -10, -1)), sms(Kind.BROADCAST), Held(day(1), Reason.SMS_THIS_MONTH)),
        (ledger(sms=(-30, -20, -10, -1)), sms(Kind.BROADCAST), Allowed()),
        (ledger(sms=(-5, -4, -3, -1)), sms(Kind.MILESTONE), Held(day(25), Reason.SMS_THIS_MONTH)),
        # The two means have separate caps.
        (ledger(talks=(0,)), sms(Kind.MILESTONE), Allowed()),
        (ledger(sms=(0,)), call(Kind.PERIODIC), Allowed()),
    ],
)
def test_sc_6_one_request(had: Ledger, request_: Request, expected: Decision) -> None:
    assert decide(had, request_, TODAY, CAPS) == expected


def test_sc_6_the_next_festival_is_reserved_ahead() -> None:
    three = ledger(sms=(-20, -10, -5))
    assert decide(three, sms(Kind.BROADCAST), TODAY, CAPS) == Allowed()
    # The greeting on day 5 would find four messages in thirty days: the broadcast waits until after it.
    held = decide(three, sms(Kind.BROADCAST), TODAY, CAPS, reserved=[day(5)])
    assert held == Held(day(10), Reason.RESERVED)
    # On day 12 one of the three has left the span, so there is room for both.
    assert decide(three, sms(Kind.BROADCAST), TODAY, CAPS, reserved=[day(12)]) == Allowed()
    assert decide(three, sms(Kind.GREETING), TODAY, CAPS, reserved=[day(5)]) == Allowed()
    assert decide(three, sms(Kind.SERVICE), TODAY, CAPS, reserved=[day(5)]) == Allowed()


def test_sc_6_a_festival_of_today_is_not_taken_by_a_broadcast() -> None:
    assert decide(ledger(), sms(Kind.BROADCAST), TODAY, CAPS, reserved=[TODAY]) == Held(
        day(1), Reason.RESERVED
    )


def test_sc_6_when_the_cap_is_short_service_festival_milestone_closed_care_broadcast() -> None:
    kinds = [Kind.BROADCAST, Kind.CLOSED_CARE, Kind.MILESTONE, Kind.GREETING]
    remaining = kinds
    while remaining:
        decisions = share(ledger(), [sms(kind) for kind in remaining], TODAY, CAPS)
        assert [isinstance(decision, Allowed) for decision in decisions] == [False] * (len(remaining) - 1) + [
            True
        ]
        remaining = remaining[:-1]
    assert share(ledger(), [call(Kind.GREETING), call(Kind.SERVICE)], TODAY, CAPS) == [
        Held(day(1), Reason.TALKED_TODAY),
        Allowed(),
    ]


def test_sc_6_case_20_a_same_day_duty_after_a_conversation_passes_and_a_third_does_not() -> None:
    had = ledger(talks=(0,), tries=1)
    first, second = share(had, [call(Kind.SAME_DAY_DUTY), call(Kind.PROMISE)], TODAY, CAPS)
    assert first == Allowed()
    assert second == Held(day(1), Reason.TALKED_TWICE_TODAY)


def test_sc_6_first_free_days_of_many_customers() -> None:
    histories = {1: [], 2: [TODAY], 3: [day(-6), day(-3), day(-1)], 4: [day(-3), day(-2), day(-1)]}
    assert first_free_days(histories, TODAY, CAPS) == {1: TODAY, 2: day(1), 3: day(1), 4: day(4)}


def test_sc_6_caps_come_from_the_policy() -> None:
    generous = Caps(conversations_a_day=2, conversations_a_week=9)
    assert decide(ledger(talks=(-1, -2, -3, 0)), call(Kind.PERIODIC), TODAY, generous) == Allowed()


def test_sc_6_every_reason_has_its_text_in_both_languages() -> None:
    assert set(REASONS) == set(Reason)
    assert all(text.en and text.zh for text in REASONS.values())


OFFSETS = st.lists(st.integers(-40, 0), max_size=8).map(tuple)
LEDGERS = st.builds(
    lambda talks, messages, tries: ledger(talks=talks, sms=messages, tries=tries),
    OFFSETS,
    OFFSETS,
    st.integers(0, 5),
)
REQUESTS = st.builds(Request, st.sampled_from(Kind), st.sampled_from(Means))


@given(LEDGERS, REQUESTS)
def test_sc_6_held_means_later_and_allowed_on_that_day_but_not_before(had: Ledger, request_: Request) -> None:
    decision = decide(had, request_, TODAY, CAPS)
    if isinstance(decision, Allowed):
        return
    assert decision.until > TODAY
    tomorrow = Ledger(had.conversations, had.marketing_sms, tries_today=0)
    for n in range(1, (decision.until - TODAY).days):
        assert isinstance(decide(tomorrow, request_, day(n), CAPS), Held)
    assert decide(tomorrow, request_, decision.until, CAPS) == Allowed()


@given(LEDGERS, st.lists(REQUESTS, max_size=12))
def test_sc_6_sharing_never_exceeds_the_caps_and_never_prefers_the_lower_rank(
    had: Ledger, requests: list[Request]
) -> None:
    decisions = share(had, requests, TODAY, CAPS)
    allowed = [
        request for request, decision in zip(requests, decisions, strict=True) if decision == Allowed()
    ]
    talks = had.conversations.count(TODAY)
    capped_calls = [one for one in allowed if one.means is Means.CALL and one.kind is not Kind.OWED_BY_LAW]
    assert len(capped_calls) <= max(0, CAPS.passing_conversations_a_day - talks)
    marketing = [one for one in allowed if one.means is Means.SMS and one.kind in MARKETING]
    assert len(marketing) <= max(0, CAPS.marketing_sms_a_day - had.marketing_sms.count(TODAY))
    held = [request for request, decision in zip(requests, decisions, strict=True) if decision != Allowed()]
    for one in marketing:
        assert all(RANK[one.kind] <= RANK[other.kind] for other in held if other.means is Means.SMS)


@given(OFFSETS)
def test_sc_6_a_periodic_call_is_allowed_on_the_first_free_day_and_on_none_before(
    offsets: tuple[int, ...],
) -> None:
    days = tuple(day(n) for n in offsets)
    free = first_free_day(days, TODAY, CAPS)
    assert decide(Ledger(days), call(Kind.PERIODIC), free, CAPS) == Allowed()
    for n in range((free - TODAY).days):
        assert isinstance(decide(Ledger(days), call(Kind.PERIODIC), day(n), CAPS), Held)

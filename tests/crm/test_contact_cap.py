"""SC-6: the contact cap over one customer."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.contact_cap import (
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


@given(OFFSETS)
def test_sc_6_a_periodic_call_is_allowed_on_the_first_free_day_and_on_none_before(
    offsets: tuple[int, ...],
) -> None:
    days = tuple(day(n) for n in offsets)
    free = first_free_day(days, TODAY, CAPS)
    assert decide(Ledger(days), call(Kind.PERIODIC), free, CAPS) == Allowed()
    for n in range((free - TODAY).days):
        assert isinstance(decide(Ledger(days), call(Kind.PERIODIC), day(n), CAPS), Held)

"""The states of a message, the marketing hours, and what a reply means."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from crm import labels_messages
from crm.rules_hours import Hours, next_opening, open_now
from crm.rules_messages import (
    CAPPED,
    MOVES,
    PRIORITY,
    Left,
    Refusal,
    RunKind,
    State,
    UnknownMove,
    check_move,
    printable,
    sources,
)
from crm.rules_replies import Meaning, meaning_of, opts_out

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENDS = {
    State.DELIVERED,
    State.UNDELIVERED,
    State.UNKNOWN_FINAL,
    State.SUPPRESSED,
    State.CANCELLED,
    State.EXPIRED,
}


def test_every_state_has_a_way_out_or_is_an_end() -> None:
    assert set(MOVES) == set(State)
    assert {state for state, targets in MOVES.items() if not targets} == ENDS
    assert len(printable().splitlines()) == len(State)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("held", "queued"), ("held", "expired"), ("claimed", "held"), ("claimed", "suppressed"),
        ("no_receipt", "delivered"), ("no_receipt", "undelivered"), ("queued", "claimed"), ("claimed", "sending"),
        ("sending", "accepted"), ("accepted", "delivered"), ("accepted", "undelivered"), ("accepted", "no_receipt"),
        ("sending", "refused"), ("sending", "unknown"), ("unknown", "accepted"), ("unknown", "queued"),
        ("unknown", "unknown_final"), ("queued", "held"), ("queued", "suppressed"), ("queued", "cancelled"),
        ("queued", "expired"), ("claimed", "queued"), ("sending", "queued"), ("refused", "queued"),
    ],
)  # fmt: skip
def test_the_moves_are_these(old: str, new: str) -> None:
    check_move(old, new)
    assert State(old) in sources(new)


def test_there_are_no_other_moves() -> None:
    assert sum(map(len, MOVES.values())) == 24
    with pytest.raises(UnknownMove):
        check_move("unknown", "sending")


def test_the_order_when_the_line_or_the_cap_is_short() -> None:
    order = sorted(set(PRIORITY) - {RunKind.TEST}, key=lambda kind: PRIORITY[kind])
    assert order == ["service", "festival", "milestone", "sales", "closed_care", "broadcast"]
    assert set(RunKind) - set(CAPPED) == {"service", "test"}


@pytest.mark.parametrize(
    ("hour", "minute", "opens"),
    [(8, 59, "2 09:00"), (9, 0, ""), (19, 59, ""), (20, 0, "3 09:00"), (23, 0, "3 09:00")],
)
def test_marketing_goes_from_nine_to_eight_local(hour: int, minute: int, opens: str) -> None:
    at = dt.datetime(2026, 3, 2, hour, minute, tzinfo=SHANGHAI)
    assert open_now(at, Hours(SHANGHAI)) == (opens == "")
    found = next_opening(at, Hours(SHANGHAI))
    assert found == at if not opens else f"{found:%-d %H:%M}" == opens


@pytest.mark.parametrize("word", ["R", "T", "TD", "N", "退订", "拒收", "取消", "不要再发", "别发了", "STOP"])
@pytest.mark.parametrize("form", ["{}", " {}\n", "　{}　"])
def test_only_the_exact_word_opts_out(word: str, form: str) -> None:
    assert meaning_of(form.format(word)) is Meaning.OPT_OUT
    assert meaning_of(form.format(word.lower())) is Meaning.OPT_OUT


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("ｔｄ", Meaning.OPT_OUT), ("ＳＴＯＰ", Meaning.OPT_OUT),
        ("OK thanks", Meaning.REPLY), ("取消明天的约", Meaning.REPLY), ("Not now", Meaning.REPLY), ("RR", Meaning.REPLY),
        ("", Meaning.REPLY), ("周六几点？", Meaning.REPLY), ("123210", Meaning.REPLY), ("没有毛病吧", Meaning.REPLY),
        ("请退订，谢谢", Meaning.OPT_OUT_IN_TEXT), ("麻烦别发了", Meaning.OPT_OUT_IN_TEXT),
        ("不要再发了", Meaning.OPT_OUT_IN_TEXT), ("我要拒收你们的短信", Meaning.OPT_OUT_IN_TEXT),
        ("再发我就投诉", Meaning.COMPLAINT), ("打12321", Meaning.COMPLAINT), ("我找工信部", Meaning.COMPLAINT),
        ("投诉！退订", Meaning.COMPLAINT), ("滚", Meaning.COMPLAINT),
    ],
)  # fmt: skip
def test_what_a_reply_means(text: str, meaning: Meaning) -> None:
    assert meaning_of(text) is meaning
    assert opts_out(meaning) == (meaning is not Meaning.REPLY)


def test_every_reason_has_words_and_a_carriers_own_code_is_named_as_such() -> None:
    for code in (*Left, *Refusal):
        assert labels_messages.why(code) not in ("", code.value, labels_messages.why("nonsense"))
    assert "UNDELIV:027" in labels_messages.why("UNDELIV:027")
    assert labels_messages.why("") == ""

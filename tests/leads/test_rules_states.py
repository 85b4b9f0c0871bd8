"""PX-1: whether a contact was effective follows from its outcome; every outcome is decided."""

from __future__ import annotations

import pytest

from crm.states import EFFECTIVE, UNANSWERED, WRONG_NUMBER, Outcome, is_effective


def test_px_1_every_outcome_is_of_exactly_one_sort() -> None:
    sorts = [EFFECTIVE, UNANSWERED, WRONG_NUMBER, {Outcome.SENT}]
    for outcome in Outcome:
        assert sum(outcome in sort for sort in sorts) == 1


@pytest.mark.parametrize(
    ("outcome", "effective"),
    [
        ("talked", True),
        ("callback_arranged", True),
        ("refused", True),
        ("hung_up", True),
        ("no_answer", False),
        ("message_left", False),
        ("wrong_person", False),
        ("sent", False),
        ("no such outcome", False),
    ],
)
def test_px_1_effectiveness_is_derived(outcome: str, effective: bool) -> None:
    assert is_effective(outcome) is effective

"""SC-12: a script for each clause, an answer for each objection, a message for each duty done by message."""

import pytest

from crm.compose import Sender, compose, merge, pieces
from leads.scripts import ANSWERS, FIELDS, KEYS, MESSAGES, SCRIPTS, render, unknown_fields
from leads.vocabulary import CAUSES

VALUES = {
    "name": "韩轩女士",
    "project": "云栖花园",
    "consultant": "林晓",
    "interests": "学校、采光",
    "objections": "价格",
    "occasion": "样板间开放",
    "appointment": "周六下午三点半",
}


@pytest.mark.parametrize("key", KEYS)
def test_sc_12_every_script_introduces_the_caller_and_merges_the_lead(key: str) -> None:
    spoken = render(SCRIPTS[key], VALUES)
    assert spoken.count("\n") >= 4
    assert "云栖花园" in spoken
    assert "林晓" in spoken
    assert "{" not in spoken
    assert unknown_fields(SCRIPTS[key]) == []


@pytest.mark.parametrize("key", ["SC-2.1", "SC-2.2", "SC-2.3a", "SC-4.1"])
def test_sc_2_1_the_sheet_goes_through_interests_and_objections(key: str) -> None:
    spoken = render(SCRIPTS[key], VALUES)
    assert "学校、采光" in spoken
    assert "价格" in spoken


@pytest.mark.parametrize("key", ["SC-1.1", "SC-1.2", "SC-1.3", "SC-2.1", "SC-2.2"])
def test_sc_1_1_callers_and_new_visitors_are_invited(key: str) -> None:
    assert "邀约：" in SCRIPTS[key]


def test_sc_12_every_script_field_is_used_somewhere() -> None:
    texts = "".join(SCRIPTS.values())
    assert [field for field in FIELDS if f"{{{field}}}" not in texts] == []


def test_sc_12_a_line_without_its_value_is_left_out_and_the_others_stay() -> None:
    without = {**VALUES, "objections": " ", "occasion": ""}
    full, short = (render(SCRIPTS["SC-2.2"], values).splitlines() for values in (VALUES, without))
    assert [line.split("：")[0] for line in full if line not in short] == ["抗性", "由头"]


def test_sc_12_a_value_is_not_a_template_again() -> None:
    assert render("您好，{name}", {"name": "{project}", "project": "秘密"}) == "您好，{project}"


def test_sc_12_unknown_fields_of_an_edited_script_are_named() -> None:
    assert unknown_fields("{name}，{price}，{}，{name.__class__}") == ["", "name.__class__", "price"]


def test_sc_12_every_objection_has_its_answer() -> None:
    assert set(ANSWERS) == set(CAUSES)
    assert len(set(ANSWERS.values())) == len(CAUSES)
    for answer in ANSWERS.values():
        assert [line.split("：")[0] for line in answer.splitlines()] == ["先认同", "问清楚", "回答", "推进"]


@pytest.mark.parametrize("key", KEYS)
def test_sc_7_every_duty_has_a_message_that_composes_and_stays_short(key: str) -> None:
    body = merge(MESSAGES[key], VALUES)
    sender = Sender("云栖花园", "0571-88880000", "林晓")
    parts = compose(body, name="韩轩", salutation="ms", sender=sender, marketing=True)
    assert pieces(parts.text).billed <= 3


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("SC-5.1", "SC-5.2", "appointment")])
def test_sc_7_a_standard_message_needs_nothing_that_a_lead_may_lack(key: str) -> None:
    assert merge(MESSAGES[key], {"project": "云栖花园", "consultant": "林晓"})

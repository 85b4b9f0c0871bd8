"""Chinese is the users' language: every text of the source has one, with the same placeholders, and it is compiled."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Message

from crm.management.commands import translations

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%s|%d")
REPAIR = "run `manage.py translations` and write what it names as untranslated"


def placeholders(message: Message) -> bool:
    """True when every form fills in what the English plural (or only) form fills in."""
    english = message.id if isinstance(message.id, str) else message.id[-1]
    wanted = sorted(set(PLACEHOLDER.findall(english)))
    return all(sorted(set(PLACEHOLDER.findall(text))) == wanted for text in translations.strings(message))


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return [message for message in translations.read_catalogue() if message.id]


def test_the_catalogue_holds_exactly_the_texts_of_the_source(messages: list[Message]) -> None:
    held = {
        translations.Text(message.id if isinstance(message.id, str) else tuple(message.id), message.context)
        for message in messages
    }
    source = translations.source_texts()
    assert len(source) > 1000
    assert (sorted(map(str, source - held)), sorted(map(str, held - source))) == ([], []), REPAIR


def test_every_text_is_translated(messages: list[Message]) -> None:
    missing = [message.id for message in messages if message.fuzzy or not translations.is_translated(message)]
    assert missing == [], REPAIR


def test_the_placeholders_are_the_same(messages: list[Message]) -> None:
    assert [message.id for message in messages if not placeholders(message)] == []


def test_a_lost_placeholder_is_noticed() -> None:
    assert placeholders(Message("%(n)s days", "%(n)s 天"))
    assert not placeholders(Message("%(n)s days", "天"))
    assert not placeholders(Message(("%(n)s day", "%(n)s days"), ("%(m)s 天",)))


def test_the_compiled_catalogue_is_the_written_one() -> None:
    assert translations.MO.read_bytes() == translations.as_mo(translations.catalogue()), REPAIR
    assert translations.PO.read_bytes() == translations.as_po(translations.catalogue()), REPAIR

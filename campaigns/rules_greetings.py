"""What a festival greeting says (SC-5.1): the standard texts, and what must not be said. Pure.

The texts are prescribed Chinese text in data/greetings.json; a project may write its own, approved by another person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from crm.bilingual import Bilingual
from crm.compose import check_body
from crm.festivals import KINDS

TOGETHER = "together"
"""The key of the text for festivals that are greeted in one message; it reads {festivals}."""
FIELD = "{festivals}"
CHEERFUL = frozenset(kind.code for kind in KINDS if kind.cheerful)
NOT_CHEERFUL_WORDS = "快乐"
WISHED_HEALTH = frozenset({"dragon_boat"})
"""端午 is wished 安康, never 快乐."""

STANDARD: Mapping[str, str] = MappingProxyType(
    json.loads((Path(__file__).parent / "data" / "greetings.json").read_text(encoding="utf-8"))
)

SLIP = Bilingual(
    "On the Dragon Boat Festival one wishes 安康, never 快乐.", "端午节祝“安康”，不说“快乐”，请修改。"
)
NO_FIELD = Bilingual(
    "Write {festivals} where the names of the festivals are to stand.",
    "请用 {festivals} 标出节日名称的位置。",
)


class GreetingRefused(ValueError):
    """A greeting that is not to be sent so; `message` for people."""

    def __init__(self, message: Bilingual) -> None:
        super().__init__(message.en)
        self.message = message


def check_greeting(code: str, body: str) -> None:
    """Raise GreetingRefused for a slip of manners, crm.compose.TextRefused for a body that cannot be composed."""
    check_body(body)
    if code in WISHED_HEALTH and NOT_CHEERFUL_WORDS in body:
        raise GreetingRefused(SLIP)
    if code == TOGETHER and FIELD not in body:
        raise GreetingRefused(NO_FIELD)


def greeting_body(code: str, names: Sequence[str], own: Mapping[str, str]) -> str:
    """The body for the festival `code`, greeted together with others when `names` (in order of days) has several.

    `own`: the project's approved texts by code.
    """
    if len(names) > 1:
        return (own.get(TOGETHER) or STANDARD[TOGETHER]).replace(FIELD, "、".join(names))
    return own.get(code) or STANDARD[code]

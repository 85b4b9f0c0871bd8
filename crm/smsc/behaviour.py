"""How the SMSC behaves: chances and delays, read from a JSON file whenever it changes: the knobs of a demo.

    {"answer_delay": 0.02, "receipt_delay": 2.0, "undelivered": 0.03, "reply": 0.02, "throttle": 0.0, "refuse": 0.0,
     "silent": 0.0, "cut": 0.0, "doubled": 0.1, "receipt_first": 0.05, "ends": {"0001": "silent"}}

`ends` fixes the fate of numbers by how they end: accept, undelivered, throttle, bad_number, blacklist, signature,
template, keyword, balance, silent, cut, reply:退订.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, fields
from pathlib import Path

CODES = {
    "throttle": 0x58,
    "bad_number": 0x0B,
    "blacklist": 0x401,
    "signature": 0x402,
    "template": 0x403,
    "keyword": 0x404,
    "balance": 0x405,
}
REPLIES = ("退订", "R", "好的，谢谢", "周六几点开始？", "还有三房吗", "不要再发了，谢谢", "再发我就投诉12321")


@dataclass
class Behaviour:
    """Delays in seconds, chances from 0 to 1."""

    answer_delay: float = 0.0
    receipt_delay: float = 0.5
    undelivered: float = 0.0
    reply: float = 0.0
    throttle: float = 0.0
    refuse: float = 0.0
    silent: float = 0.0
    cut: float = 0.0
    doubled: float = 0.0
    receipt_first: float = 0.0
    ends: dict[str, str] = field(default_factory=dict)

    def fate(self, to: str) -> str:
        """What happens to a message to this number."""
        for ending, fate in self.ends.items():
            if to.endswith(ending):
                return fate
        draw = random.random()  # noqa: S311 (a demo's dice)
        for fate in ("throttle", "silent", "cut", "undelivered"):
            chance = getattr(self, fate)
            if draw < chance:
                return fate
            draw -= chance
        if draw < self.refuse:
            return random.choice(("bad_number", "blacklist"))  # noqa: S311
        return "accept"

    def said(self, fate: str) -> str:
        """What the person answers, "" for nothing."""
        if fate.startswith("reply:"):
            return fate.removeprefix("reply:")
        happens = fate == "accept" and random.random() < self.reply  # noqa: S311
        return random.choice(REPLIES) if happens else ""  # noqa: S311

    def happens(self, chance: float) -> bool:
        return chance > 0 and random.random() < chance  # noqa: S311


class Control:
    """The behaviour in force; `path` may not exist, and a broken file leaves what was in force."""

    def __init__(self, path: Path | None, behaviour: Behaviour | None = None) -> None:
        self.path, self.behaviour, self.read_at = path, behaviour or Behaviour(), 0.0

    def refresh(self) -> None:
        """Read the file again if it changed."""
        if self.path is None:
            return
        try:
            changed = self.path.stat().st_mtime
            if changed == self.read_at:
                return
            values = json.loads(self.path.read_text())
            known = {each.name for each in fields(Behaviour)}
            self.behaviour = Behaviour(**{key: value for key, value in values.items() if key in known})
            self.read_at = changed
        except (OSError, ValueError, TypeError, AttributeError):
            return

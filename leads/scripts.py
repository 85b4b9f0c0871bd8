"""What to say (说辞): the standard script of each clause, the answer to each objection, the standard messages.

The texts are prescribed Chinese text, in data/scripts.json; a project may edit its own copy. Pure: read once
at import. A script is a list of spoken lines, "stage：words", with {fields} merged in from the lead.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from leads.vocabulary import CAUSES

#: Keys beside the clause ids: the confirming call before an appointment, the call after one not kept (PX-10).
APPOINTMENT = "appointment"
NO_SHOW = "no_show"
#: the clause of every call about a milestone, a leader's referral's (SC-3.1) too
MILESTONE = "SC-5.2"
KEYS = (
    "SC-1.1",
    "SC-1.2",
    "SC-1.3",
    "SC-2.1",
    "SC-2.2",
    "SC-2.3a",
    "SC-2.3b",
    "SC-2.4",
    "SC-3.1",
    "SC-4.1",
    "SC-4.2",
    "SC-5.1",
    "SC-5.2",
    "PX-1",
    "PX-2",
    APPOINTMENT,
    NO_SHOW,
)
FIELDS = ("name", "project", "consultant", "interests", "objections", "occasion", "appointment")

_FIELD = re.compile(r"\{([^{}]*)\}")


def _read() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    path = Path(__file__).parent / "data" / "scripts.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    scripts = {key: "\n".join(content["scripts"][key]) for key in KEYS}
    answers = {cause: "\n".join(content["answers"][cause]) for cause in CAUSES}
    return scripts, answers, {key: content["messages"][key] for key in KEYS}


_SCRIPTS, _ANSWERS, _MESSAGES = _read()
SCRIPTS: Mapping[str, str] = MappingProxyType(_SCRIPTS)
"""Key (a clause id, or one of the two above) to the standard call script (SC-12)."""
ANSWERS: Mapping[str, str] = MappingProxyType(_ANSWERS)
"""Cause of objection to the standard answer (SC-12)."""
MESSAGES: Mapping[str, str] = MappingProxyType(_MESSAGES)
"""Key to the standard body of a message, for duties done by message (SC-7); opening and ending come by SC-10."""


def render(text: str, values: Mapping[str, str]) -> str:
    """A script as it is spoken to one customer (SC-12): fields filled in.

    A line with a field that has no value is left out, so that nobody reads a gap aloud. Values are text,
    never templates again.
    """
    return "\n".join(
        _FIELD.sub(lambda match: values[match[1]].strip(), line)
        for line in text.splitlines()
        if all(values.get(field, "").strip() for field in _FIELD.findall(line))
    )


def unknown_fields(text: str) -> list[str]:
    """The {fields} of an edited script that nothing fills in; for the form that refuses it."""
    return sorted({field for field in _FIELD.findall(text) if field not in FIELDS})

"""How a text will read and what it is billed, while it is written: of a milestone, a correction, a greeting (SC-10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import get_language

from campaigns.facts_greetings import spokesperson
from crm.compose import OPT_OUT, Parts, Pieces, TextRefused, check_body, check_fields, merge, pieces, units
from crm.models import Gateway, Project
from crm.names import LONGEST, clean_name

SURNAME = "王**"


@dataclass(frozen=True, slots=True)
class TextSample:
    """One text as somebody reads it, and the length of the longest one; `refused` says why it is not composed."""

    text: str = ""
    characters: int = 0
    pieces: Pieces | None = None
    refused: str = ""


def text_sample(project: Project, body: str, values: Mapping[str, str]) -> TextSample:
    """The body with the {fields} of `values`, for the longest name and the project's speaker. Two queries."""
    line = Gateway.objects.filter(project=project, is_default=True).first()
    layout = line.layout if line else Gateway.Layout.HOUSE
    speaker = spokesperson(project)

    def written(name: str, said: str) -> str:
        sender = clean_name(project.signature), clean_name(project.hotline), speaker
        return Parts(f"{name}先生您好", said, *sender, OPT_OUT).text_for(layout)

    try:
        check_body(body)
        check_fields(body, values)
        said = merge(body.strip(), values)
        longest = written("宽" * LONGEST, said)
        return TextSample(written(SURNAME, said), units(longest), pieces(longest))
    except TextRefused as refused:
        why = refused.message.in_language(get_language() or "")
        return TextSample(refused=f"{why} ({refused.detail})" if refused.detail else why)

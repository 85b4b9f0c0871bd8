"""What an occasion is called in the reader's language."""

from __future__ import annotations

from django.utils.translation import get_language

from crm.festivals import KINDS
from crm.models import Occasion


def title_of(occasion: Occasion) -> str:
    """The title in the reader's language; only festivals have two."""
    names = {kind.name.zh: kind.name for kind in KINDS} if occasion.kind == Occasion.Kind.FESTIVAL else {}
    found = names.get(occasion.title)
    return found.in_language(get_language() or "") if found else occasion.title

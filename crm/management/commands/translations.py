"""Bring the Chinese catalogue in step with the source: collect every text, keep what is translated, compile.

Needed only by whoever changes a text. Babel does all of it; no gettext tools are installed. Dates and line numbers
stay out of the catalogue, so that a commit shows texts only.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

from crm import phones

ROOT = Path(__file__).resolve().parents[3]
LOCALE = "zh_Hans"
FOLDER = ROOT / "crm" / "locale" / LOCALE / "LC_MESSAGES"
PO = FOLDER / "django.po"
MO = FOLDER / "django.mo"
HEADERS = [
    ("Language", LOCALE),
    ("Plural-Forms", "nplurals=1; plural=0;"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
]
KEYWORDS: dict[str, Any] = {
    name + suffix: places
    for suffix in ("", "_lazy", "_noop")
    for name, places in (
        ("gettext", None),
        ("ngettext", (1, 2)),
        ("pgettext", ((1, "c"), 2)),
        ("npgettext", ((1, "c"), 2, 3)),
    )
} | {"_": None}


class Text(NamedTuple):
    """One text of the source; `id` is a pair (singular, plural) for a counted one."""

    id: str | tuple[str, ...]
    context: str | None = None


class Chinese(Catalog):
    """A catalogue whose header never changes by itself."""

    def __init__(self) -> None:
        super().__init__(locale=LOCALE, header_comment="", fuzzy=False)

    mime_headers = property(lambda self: HEADERS)


class Command(BaseCommand):
    help = "Collect the texts of the source into the Chinese catalogue and compile it; names what is untranslated."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = catalogue()
        FOLDER.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(as_po(found))
        MO.write_bytes(as_mo(found))
        for message in found:
            if message.id and not is_translated(message):
                self.stdout.write(f"untranslated: {message.id!r}")


def source_texts() -> set[Text]:
    """Every text of our Python and templates that reaches a screen through gettext."""
    texts = {
        Text(phones.message(problem)) for problem in phones.Problem
    }  # a pure table, translated at the edges
    for app in ("crm", "leads", "campaigns"):
        for path in sorted((ROOT / app).rglob("*.py")):
            texts.update(_texts_of(path.read_bytes()))
    for path in sorted((ROOT / "templates").rglob("*.*")):
        if path.is_file():
            texts.update(_texts_of(_as_python(path.read_text("utf-8"), str(path))))
    return texts


def catalogue() -> Chinese:
    """The texts of the source, sorted, with the translations the .po has for them."""
    known = read_catalogue() if PO.exists() else Chinese()
    found = Chinese()
    for text in sorted(
        source_texts(),
        key=lambda text: (text.id[0] if isinstance(text.id, tuple) else text.id, text.context or ""),
    ):
        old = known.get(text.id, text.context)
        forms = strings(old) if old is not None and not old.fuzzy else ("",)
        string = forms[:1] if isinstance(text.id, tuple) else forms[0]
        found.add(text.id, string, context=text.context)
    return found


def read_catalogue() -> Catalog:
    """The committed .po."""
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE, charset="utf-8")


def strings(message: Message) -> tuple[str, ...]:
    """The Chinese forms of one text; an untranslated one has ("",)."""
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(message.string or ("",))


def is_translated(message: Message) -> bool:
    """True when every form has a Chinese text."""
    return all(strings(message))


def as_po(found: Catalog) -> bytes:
    file = io.BytesIO()
    write_po(file, found, width=0, no_location=True, sort_output=False)
    return file.getvalue()


def as_mo(found: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, found)
    return file.getvalue()


def _texts_of(python: bytes) -> Iterator[Text]:
    for _line, text_id, _comments, context in extract("python", io.BytesIO(python), keywords=KEYWORDS):
        if text_id:
            yield Text(text_id if isinstance(text_id, str) else tuple(text_id), context)


def _as_python(template: str, origin: str) -> bytes:
    """A template as calls of gettext. Its indentation would be an error to Python's tokenizer and means nothing."""
    return "\n".join(line.strip() for line in templatize(template, origin=origin).splitlines()).encode()

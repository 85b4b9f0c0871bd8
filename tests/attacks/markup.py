"""Reads a page as a browser would and says what a strict policy forbids in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

RUNS = re.compile(r"^(on|hx-on|data-hx-on|hx-vars|data-hx-vars)")
"""Attributes whose value is code: of the browser, and of htmx."""
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "form": "action", "use": "href"}
"""What fetches something, or sends something somewhere."""
ADDRESSES = ("href", "src", "action", "formaction", "hx-get", "hx-post")
DATA = ("application/json", "application/ld+json")


@dataclass
class Form:
    action: str
    post: bool
    fields: set[str] = field(default_factory=set)


class PageReader(HTMLParser):
    """`problems` of one page, its forms, and every address in it."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.forms: list[Form] = []
        self.addresses: list[str] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "style" or (tag == "script" and not given.get("src") and given.get("type") not in DATA):
            self.problems.append(f"inline <{tag}>")
        if tag in ("object", "embed", "iframe", "base"):
            self.problems.append(f"<{tag}>")
        for name, value in given.items():
            target = value.strip().lower()
            if RUNS.match(name) or name == "style":
                self.problems.append(f"{name}= on <{tag}>")
            if name in ("href", "src", "action", "formaction") and target.startswith(
                ("javascript:", "vbscript:")
            ):
                self.problems.append(f"{name}={value} on <{tag}>")
            if name in ("hx-vals", "hx-headers") and target.startswith(("js:", "javascript:")):
                self.problems.append(f"{name} is code on <{tag}>")
        self.addresses += [given[name] for name in ADDRESSES if name in given]
        outward = given.get(LOADS.get(tag, ""), "")
        if re.match(r"(?i)([a-z]+:)?//", outward):
            self.problems.append(f"<{tag}> asks {outward}")
        self._form(tag, given)

    def _form(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "").lower() == "post")
            self.forms.append(self._open)
        elif self._open is not None and given.get("name"):
            self._open.fields.add(given["name"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def read(html: str) -> PageReader:
    reader = PageReader()
    reader.feed(html)
    reader.close()
    return reader

"""docs/security.md names tests that exist, for each line from the pages and from the API."""

from __future__ import annotations

import re

from tests.architecture.source import ROOT

TEXT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| ")][1:]
LINES = 26


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", TEXT))
    assert len(named) > 20
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_every_line_is_attacked_from_the_pages_and_from_the_api() -> None:
    assert len(ROWS) == LINES
    for line, pages, api, _found in ROWS:
        assert "test" in pages or "matrix" in pages, line
        assert "tests/" in api or "the same" in api or "callbacks" in line or "matrix" in api, line

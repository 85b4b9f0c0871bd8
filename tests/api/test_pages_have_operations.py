"""What a page can do the API can do: every address of a screen names its operations, or says why it has none."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from crm.views_api import described
from tests.access.world import API, routes

NO_SCREENS = ("admin/", "api/", "healthz", "metrics", "gateway/<uuid:key>/callback/")


def table() -> dict[str, tuple[list[str], str]]:
    """Address of a page to its operations and, where it has none, the reason."""
    with Path(__file__).with_name("pages.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {
        row["page"]: ([each for each in row["operations"].split(" + ") if each], row["why"]) for row in rows
    }
    assert len(found) == len(rows), "a page stands twice"
    return found


def test_every_page_names_its_operations_or_says_why_it_has_none() -> None:
    pages = {route for route in routes() if not route.startswith((API, *NO_SCREENS))}
    assert set(table()) == pages
    for page, (named, why) in table().items():
        assert bool(named) != bool(why), page


def test_every_operation_named_is_there_and_every_operation_is_named() -> None:
    paths: dict[str, Any] = described()["paths"]
    there = {
        f"{method.upper()} {path.removeprefix('/api/v1/')}"
        for path, methods in paths.items()
        for method in methods
    }
    named = {each for operations, _why in table().values() for each in operations}
    assert named - there == set()
    assert there - named == BEYOND_THE_PAGES


BEYOND_THE_PAGES = {
    "GET clauses/", "GET projects/{project}/sources/", "GET projects/{project}/consultants/",
    "GET runs/{run}/", "GET runs/{run}/messages/", "GET projects/{project}/messages/",
    "GET messages/{message}/", "GET messages/{message}/receipts/",
}  # fmt: skip
"""What programs need and people see elsewhere: as parts of pages, or as choices in forms."""

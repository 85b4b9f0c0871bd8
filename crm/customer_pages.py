"""Where a customer is worked on. The kernel has no such page; the app that has one says so when it starts."""

from __future__ import annotations

from collections.abc import Callable, Collection

from crm.models import User

Pages = Callable[[User, Collection[int]], dict[int, str]]
_known: list[Pages] = []


def register(pages: Pages) -> None:
    """`pages(user, customer_ids)`: the page of each customer whom this user may open. Plural: one query a list."""
    if pages not in _known:
        _known.append(pages)


def pages_of(user: User, customer_ids: Collection[int]) -> dict[int, str]:
    """The page of each of these customers, as far as there is one that the user may open."""
    found: dict[int, str] = {}
    for pages in _known if customer_ids else ():
        found |= pages(user, customer_ids)
    return found

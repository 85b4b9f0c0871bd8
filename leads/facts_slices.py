"""Dealing the rows of a register into slices for the load: whole parties in each, so that each can be written alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from leads.facts_parties import Survey
from leads.registers.kept import pack

SLICE = 1000
"""Rows of one transaction, roughly: the party that fills a slice is not cut in two."""
SHARES = 8
"""A smaller file has so many slices, lest one process end long before the other."""
LEAST = 200


class Dealt(NamedTuple):
    """A slice: how many rows it holds, refused ones included, and the rows, packed."""

    rows: int
    content: bytes


def deal(
    rows: Sequence[bytes], refused: Sequence[bytes], survey: Survey, households: Mapping[int, int]
) -> Iterator[Dealt]:
    """`rows` and `refused` are packed, in the order of the file; `survey` has seen `rows`.

    `households`: the database's party of a file's party, by the index of its first row.
    """
    members: dict[int, list[int]] = {}
    for index, number in enumerate(slice_numbers(survey.roots(), households)):
        members.setdefault(number, []).append(index)
    count = max(len(members), -(-len(refused) // SLICE))
    share = -(-len(refused) // count) if count else 0
    links, first_named = survey.links(), survey.first_named()
    for number in range(count):
        mine = members.get(number, [])
        late = refused[number * share : (number + 1) * share]
        names = {each.identity for index in mine for each in survey.numbers[index]}
        content = pack(
            [rows[index] for index in mine],
            late,
            {name: links[name] for name in names if name in links},
            {name: first_named[name] for name in names if name in first_named},
        )
        yield Dealt(len(mine) + len(late), content)


def slice_numbers(roots: Sequence[int], households: Mapping[int, int]) -> list[int]:
    """For each row its slice, filled in the order of the file. What is one party in the database is one here."""
    size = min(SLICE, max(LEAST, -(-len(roots) // SHARES)))
    first: dict[int, int] = {}
    parties = [first.setdefault(households[root], root) if root in households else root for root in roots]
    sizes = Counter(parties)
    slices: dict[int, int] = {}
    number, room = -1, 0
    for party in parties:
        if party not in slices:
            if room <= 0:
                number, room = number + 1, size
            slices[party] = number
            room -= sizes[party]
    return [slices[party] for party in parties]

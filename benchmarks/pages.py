"""How long the pages take, beside the floor: what they cannot do without.

.venv/bin/python -m benchmarks.pages --leads 20000 200000
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import multiprocessing
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.ground import MOMENT, folder_of, ground, load_average, say

if TYPE_CHECKING:
    from benchmarks.load import Loaded
    from benchmarks.measure import Figure, Visitor

SIZES = (20_000, 200_000)
ROUNDS = 60
PEOPLE = 12  # different consultants who ask in turn


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument(
        "--leads", type=int, nargs="*", default=SIZES, help="one or several sizes, multiples of 10,000"
    )
    words.add_argument("--one-project", action="store_true", help="all leads in one project")
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--data", type=Path, help="keep the databases here and measure on what is kept")
    asked = words.parse_args()
    today: dict[int, float] = {}
    for leads in asked.leads:
        # A process for each size: Django reads once where its database is.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            work = pool.submit(one_size, leads, asked.one_project, asked.rounds, asked.data)
            today[leads] = work.result()
    if len(today) > 1:
        first = min(today)
        for leads, took in sorted(today.items()):
            say(f"Today at {leads:,} leads: {took / today[first]:.2f} × that at {first:,}")


def one_size(leads: int, one_project: bool, rounds: int, data: Path | None) -> float:
    """Load or find this many leads and measure; returns the median of Today."""
    with ground(folder_of(data, leads, one_project)):
        from benchmarks.load import describe, load

        loaded = load(leads, one_project=one_project)
        describe(loaded)
        return tell(loaded, rounds)


def tell(loaded: Loaded, rounds: int) -> float:
    """Print the table; returns the median of Today."""
    from benchmarks.floors import floors
    from benchmarks.measure import HEAD, line, measure

    say(HEAD)
    floor = 1.0
    for name, ask in floors(loaded):
        found = measure(ask, rounds)
        floor = found.p50 if name.startswith("floor: a bare view") else floor
        line(name, found, floor)
    kept: dict[str, Figure] = {}
    for name, ask, expected in pages(loaded):
        kept[name] = measure(ask, rounds, expected)
        line(name, kept[name], floor)
    say(load_average())
    return kept["Today, a consultant's"].p50


def pages(loaded: Loaded) -> Iterator[tuple[str, Callable[[], Any], int]]:
    """(what, how to ask for it, the status it answers with)."""
    from benchmarks.measure import Visitor, in_turn
    from leads.models import Lead

    some = loaded.consultants[:: max(len(loaded.consultants) // PEOPLE, 1)][:PEOPLE]
    team = [Visitor(user) for user in some]
    manager, director = Visitor(loaded.managers[0]), Visitor(loaded.director)
    desk = Visitor(loaded.desks[0])

    def each(url: str) -> Callable[[], Any]:
        return in_turn([partial(visitor.ask, url) for visitor in team], 0)

    yield "Today, a consultant's", each("/today/"), 200
    yield "leads, a consultant's", each("/leads/"), 200
    yield "leads, a consultant's overdue, due first", each("/leads/?due=overdue&order=due"), 200
    mine = Lead.objects.filter(
        project__memberships__user=loaded.managers[0], state="live", consultant__isnull=False
    )
    known = list(
        mine.select_related("customer")
        .prefetch_related("customer__phones")
        .order_by("-visits", "pk")[:PEOPLE]
    )
    names = [lead.customer.name for lead in known]
    tails = [lead.customer.phones.all()[0].e164[-4:] for lead in known]

    def asked(visitor: Visitor, urls: list[str]) -> Callable[[], Any]:
        return in_turn([partial(visitor.ask, url) for url in urls], 0)

    yield "leads, a manager's", partial(manager.ask, "/leads/"), 200
    yield "leads, a manager's, grade A", partial(manager.ask, "/leads/?grade=A"), 200
    yield "leads, a manager's, overdue, due first", partial(manager.ask, "/leads/?due=overdue&order=due"), 200
    yield (
        "leads, a manager's, by stage and bin",
        partial(manager.ask, "/leads/?stage=visitor&bin=waiting"),
        200,
    )
    yield "search by name", asked(manager, [f"/leads/?q={name}" for name in names]), 200
    yield "search by the end of a number", asked(manager, [f"/leads/?q={tail}" for tail in tails]), 200
    yield "a lead", asked(manager, [f"/leads/{lead.pk}/" for lead in known]), 200
    yield "registering a visit", partial(register, desk, loaded), 302
    # By several desks in turn: each may look up sixty numbers a minute, and the clock stands still here.
    desks = [Visitor(user) for user in loaded.desks[:PEOPLE]]
    looks = [partial(each.ask, "/register/lookup/", {"phone": "13800138000"}) for each in desks]
    yield "looking a number up while it is typed", in_turn(looks, 0), 200
    yield "the desk's form", partial(desk.ask, "/register/visit/"), 200
    yield "a manager's home", partial(manager.ask, "/manager/"), 200
    yield "the director's home", partial(director.ask, "/manager/"), 200
    yield "funnel", partial(manager.ask, "/figures/funnel/"), 200
    yield "compliance", partial(manager.ask, "/figures/compliance/"), 200
    yield "assigning", partial(manager.ask, "/assigning/"), 200
    yield "the bell's poll", each("/notices/bell/"), 200


#: from another number on each time: those of an earlier run may be known on kept data
_numbers = itertools.count(17_000_000_000 + int(time.time()) % 10_000_000 * 97, 7)


def register(desk: Visitor, loaded: Loaded) -> tuple[int, bytes]:
    """A party nobody has heard of, with a grade and an appointment."""
    coming = MOMENT + dt.timedelta(days=3)
    return desk.ask(
        "/register/visit/",
        {
            "submission": str(uuid.uuid4()),
            "phone": str(next(_numbers)),
            "name": "王小明",
            "salutation": "mr",
            "consultant": str(loaded.consultants[1].pk),  # none of those whose Today is measured
            "grade": "A",
            "interests": ["school"],
            "wanted_type": "three_rooms",
            "appointment": f"{coming:%Y-%m-%dT%H:%M}",
        },
    )


if __name__ == "__main__":
    main()

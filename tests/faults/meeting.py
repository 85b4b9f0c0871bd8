"""Two deeds that meet: each in a connection of its own, made to wait for the same rows, in a chosen order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from crm.errors import RuleViolation
from tests.launch.product import until

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
Deed = Callable[[], object]


class Doer(threading.Thread):
    """Does one deed; `answer` is "done", or the code of the rule that forbade it. Anything else is kept as `problem`."""

    def __init__(self, deed: Deed) -> None:
        super().__init__(daemon=True)
        self.deed, self.answer, self.problem = deed, "", ""

    def run(self) -> None:
        try:
            self.deed()
            self.answer = "done"
        except RuleViolation as violation:
            self.answer = violation.code or violation.clause or "refused"
        except Exception as problem:  # noqa: BLE001 - shown by `meet`
            self.problem = repr(problem)
        finally:
            connection.close()


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return int(cursor.fetchone()[0])


def meet(held: Iterable[QuerySet[Any]], *deeds: Deed) -> list[str]:
    """Begin the deeds one after the other while `held` rows are locked, each as far as it comes; then let them go."""
    doers = [Doer(deed) for deed in deeds]
    with transaction.atomic():
        for rows in held:
            list(rows.select_for_update())
        for number, doer in enumerate(doers):
            doer.start()
            until(lambda wanted=number + 1, doer=doer: waiting() >= wanted or not doer.is_alive(), 10)  # type: ignore[misc]
    for doer in doers:
        doer.join(30)
        assert not doer.is_alive()
    problems = [doer.problem for doer in doers if doer.problem]
    assert problems == [], problems
    return [doer.answer for doer in doers]
